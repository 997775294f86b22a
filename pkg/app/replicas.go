package app

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/replica"
	"github.com/flora-runtime/flora-runtime/pkg/store/redis"
	"github.com/flora-runtime/flora-runtime/pkg/telemetry"
)

// openReplicas joins the processes that serve the bot together, if there are to
// be several.
func (rt *runtime) openReplicas(token string) error {
	c := rt.cfg.Replicas
	if !c.Enabled {
		return nil
	}
	self, err := rt.replica()
	if err != nil {
		return err
	}
	log := rt.log.Named("replicas")
	identity := discord.Identity(token, rt.rest.Base())
	store, err := redis.NewReplicas(redis.Config{URL: rt.cfg.Cache.URL, Log: log}, identity)
	if err != nil {
		return err
	}
	rt.life.release("replicas' store", store.Close)
	rt.replicas, err = replica.New(replica.Config{
		Store: store, Member: self, Identity: identity, Lease: time.Duration(c.LeaseMS) * time.Millisecond, Log: log,
		Meter: telemetry.NewReplicas(rt.stats, replica.Causes()),
	})
	if err != nil {
		return err
	}
	rt.life.run("replicas", rt.replicas.Run)
	return nil
}

// replica is who this process is to the others.
func (rt *runtime) replica() (replica.Member, error) {
	m := replica.Member{Name: rt.cfg.Replicas.Name, URL: rt.cfg.Replicas.URL}
	if m.Name == "" {
		name, err := os.Hostname()
		if err != nil {
			return m, fmt.Errorf("the machine does not say its name; set replicas.name: %w", err)
		}
		m.Name = name
	}
	if m.URL == "" {
		bound, err := netip.ParseAddrPort(rt.listen.Addr().String())
		if err != nil {
			return m, fmt.Errorf("the API's port is not known; set replicas.url: %w", err)
		}
		addresses, err := net.InterfaceAddrs()
		if err != nil {
			return m, fmt.Errorf("the machine does not say its addresses; set replicas.url: %w", err)
		}
		m.URL = "http://" + net.JoinHostPort(ownAddress(bound.Addr(), addresses).String(), strconv.Itoa(int(bound.Port())))
	}
	return m, nil
}

// ownAddress is where others reach what listens on bound: there, or, when that is
// everywhere, at the first of the machine's addresses that is not its own only.
func ownAddress(bound netip.Addr, machine []net.Addr) netip.Addr {
	if !bound.IsUnspecified() {
		return bound.Unmap()
	}
	for _, a := range machine {
		prefix, err := netip.ParsePrefix(a.String())
		if ip := prefix.Addr().Unmap(); err == nil && ip.IsGlobalUnicast() && (ip.Is4() || bound.Is6()) {
			return ip
		}
	}
	return netip.MustParseAddr(loopback)
}
