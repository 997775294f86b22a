package app

import (
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/config"
)

func TestRequiredOfReplicas(t *testing.T) {
	t.Parallel()
	complete := config.Default()
	complete.Discord.BotToken, complete.Discord.ClientID, complete.Discord.ClientSecret = "t", "1", "s"
	complete.API.Secret, complete.Secrets.MasterKey = strings.Repeat("a", 32), strings.Repeat("b", 64)
	complete.Storage.Embedded = true
	if err := required(complete); err != nil {
		t.Fatalf("one process alone: %v", err)
	}
	complete.Replicas.Enabled = true
	complete.Database.URL, complete.Cache.URL, complete.KV.Engine = "postgres://h/d", "redis://h", config.EnginePostgres
	if err := required(complete); err != nil {
		t.Fatalf("one of several: %v", err)
	}
	for name, row := range map[string]struct {
		change func(c *config.Config)
		want   string
	}{
		"no database":     {func(c *config.Config) { c.Database.URL = "" }, "database.url is not set, and replicas.enabled needs it"},
		"data of its own": {func(c *config.Config) { c.KV.Engine = config.EnginePebble }, `kv.engine is "pebble", and replicas.enabled needs "postgres"`},
		"no cache":        {func(c *config.Config) { c.Cache.URL = "" }, "cache.url is not set, and replicas.enabled needs it"},
	} {
		c := complete
		row.change(&c)
		if err := required(c); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", name, err, row.want)
		}
	}
}

func TestOwnAddress(t *testing.T) {
	t.Parallel()
	address := func(text string) net.Addr {
		ip, network, err := net.ParseCIDR(text)
		if err != nil {
			t.Fatal(err)
		}
		return &net.IPNet{IP: ip, Mask: network.Mask}
	}
	machine := []net.Addr{address("127.0.0.1/8"), address("::1/128"), address("fe80::1/64"), address("fd00::2/64"), address("10.1.2.3/16"), address("192.0.2.1/24")}
	for name, row := range map[string]struct {
		bound   string
		machine []net.Addr
		want    string
	}{
		"everywhere":                   {"0.0.0.0", machine, "10.1.2.3"},
		"everywhere, the newer too":    {"::", machine, "fd00::2"},
		"one address":                  {"192.0.2.1", machine, "192.0.2.1"},
		"this machine only":            {"127.0.0.1", machine, "127.0.0.1"},
		"a machine that knows no more": {"0.0.0.0", machine[:3], "127.0.0.1"},
	} {
		if got := ownAddress(netip.MustParseAddr(row.bound), row.machine); got.String() != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}
