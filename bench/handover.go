package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/bench/internal/report"
	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/store/postgres"
)

const (
	// handoverLease is the lease of the shards, in milliseconds.
	handoverLease = 1000
	// handoverShards is how many there are; each of two replicas has one.
	handoverShards = 2
	// handoverPause is the time between two messages of a guild.
	handoverPause = 10 * time.Millisecond
	// handoverLimit bounds one handover.
	handoverLimit = 2 * time.Minute
)

// handover measures how long a shard's events wait when the process that has it is
// killed or told to stop: from the signal to the first answer to an event that
// another connection got.
func (b *bench) handover(ctx context.Context) error {
	for _, way := range []struct {
		name   string
		signal syscall.Signal
	}{{"killed", syscall.SIGKILL}, {"told to stop", syscall.SIGTERM}} {
		our, err := b.handovers(ctx, 2, way.signal)
		if err != nil {
			return err
		}
		base, err := b.handovers(ctx, 1, way.signal)
		if err != nil {
			return err
		}
		row := report.Row{
			Group: "handover", Name: "first event after a shard's process was " + way.name, Unit: "ms",
			Note: fmt.Sprintf("2 replicas, lease %d ms", handoverLease), Baseline: "one process, started again",
			Value: stats.Of(our), Base: stats.Of(base),
		}
		b.report.Add(row)
		row.Name = "p99 of the " + row.Name
		row.Value, row.Base = stats.Of([]float64{stats.Percentile(our, 0.99)}), stats.Of([]float64{stats.Percentile(base, 0.99)})
		b.report.Add(row)
	}
	return nil
}

// crew is one bot, which so many processes serve together.
type crew struct {
	b     *bench
	sim   *simulator
	token string
	ports []string
	env   []string
	ends  []func() // In the order in which they were made.
	run   []*process
	at    place // Records before it are old.
}

// handovers measures some, of a crew of its own.
func (b *bench) handovers(ctx context.Context, count int, signal syscall.Signal) (took []float64, err error) {
	c := &crew{b: b, run: make([]*process, count)}
	defer func() {
		for i := len(c.ends) - 1; i >= 0; i-- {
			c.ends[i]()
		}
	}()
	if err := c.prepare(ctx, count); err != nil {
		return nil, err
	}
	for i := range c.run {
		if err := c.start(ctx, i); err != nil {
			return nil, err
		}
	}
	f := &flora{process: c.run[0], url: c.address(0), token: c.token}
	if err := f.deploy(ctx, c.sim.guilds, "main.js", pongBot); err != nil {
		return nil, err
	}
	for round := range b.plan.handovers + 1 { // The first warms up.
		one, err := c.round(ctx, round%count, signal)
		if err != nil {
			return nil, fmt.Errorf("round %d: %w", round, err)
		}
		if round > 0 {
			took = append(took, stats.Milliseconds(one))
		}
	}
	return took, nil
}

// prepare starts what the processes stand on. A process alone has all of it in a
// folder.
func (c *crew) prepare(ctx context.Context, count int) error {
	var err error
	if c.sim, err = c.b.startSimulator(ctx, handoverShards, "--shards", strconv.Itoa(handoverShards)); err != nil {
		return err
	}
	c.ends = append(c.ends, c.sim.stop)
	server, err := c.server(dbtest.StartPostgres)
	if err != nil {
		return err
	}
	store, err := postgres.Open(ctx, postgres.Config{URL: server.URL})
	if err != nil {
		return fmt.Errorf("open the database: %w", err)
	}
	owner := auth.Owner{UserID: c.sim.guilds[0].Members[0].ID, Username: "bench"}
	c.token, _, err = auth.NewTokens(store, clock.Real, zap.NewNop()).Create(ctx, "bench", owner)
	if err := errors.Join(err, store.Close()); err != nil {
		return fmt.Errorf("make an API token: %w", err)
	}
	cache, err := c.server(dbtest.StartRedis)
	if err != nil {
		return err
	}
	c.env = append(ownEnvironment(),
		"FLORA_DISCORD_API_BASE="+c.sim.url+"/api/v10", "DISCORD_TOKEN=a.b.c", "DISCORD_CLIENT_ID=1", "DISCORD_CLIENT_SECRET=s",
		"FLORA_DISCORD_GLOBAL_LIMIT=0", "FLORA_DISCORD_INTENTS=guild_messages,message_content",
		"API_SECRET="+strings.Repeat("s", 32), "SECRETS_MASTER_KEY="+strings.Repeat("ab", 32), "API_ADDRESS=127.0.0.1",
		"DATABASE_URL="+server.URL, "CACHE_URL="+cache.URL, "FLORA_RUNTIME_MAX_WORKERS=1")
	if count > 1 {
		c.env = append(c.env, "FLORA_KV_ENGINE=postgres", "FLORA_REPLICAS_ENABLED=true", "FLORA_REPLICAS_LEASE_MS="+strconv.Itoa(handoverLease))
	}
	for range count {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return fmt.Errorf("find a port: %w", err)
		}
		_, port, err := net.SplitHostPort(l.Addr().String())
		if err := errors.Join(err, l.Close()); err != nil {
			return fmt.Errorf("find a port: %w", err)
		}
		c.ports = append(c.ports, port)
	}
	return nil
}

func (c *crew) server(start func() (*dbtest.Server, error)) (*dbtest.Server, error) {
	s, err := start()
	if err != nil {
		return nil, err
	}
	c.ends = append(c.ends, func() { _ = s.Remove() })
	return s, nil
}

func (c *crew) address(i int) string { return "http://127.0.0.1:" + c.ports[i] }

// start starts process i and waits until it is ready.
func (c *crew) start(ctx context.Context, i int) error {
	data := fmt.Sprintf("%s/crew-%s", c.b.tmp, c.ports[i])
	if err := os.MkdirAll(data, 0o750); err != nil {
		return fmt.Errorf("make a data folder: %w", err)
	}
	cmd := command(ctx, c.b.runtime, "serve")
	cmd.Dir = data
	cmd.Env = append(slices.Clone(c.env), "FLORA_DATA_DIR="+data, "API_PORT="+c.ports[i])
	if len(c.run) > 1 {
		cmd.Env = append(cmd.Env, "FLORA_REPLICAS_NAME=bench-"+strconv.Itoa(i), "FLORA_REPLICAS_URL="+c.address(i))
	}
	p, err := start(cmd)
	if err != nil {
		return err
	}
	c.run[i] = p
	c.ends = append(c.ends, p.stop)
	_, err = p.ready(ctx)
	return err
}

// round ends process i while people talk in all guilds, and gives how long it took
// until somebody else answered there. Then the process is back.
func (c *crew) round(whole context.Context, i int, signal syscall.Signal) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(whole, handoverLimit)
	defer cancel()
	if err := c.settled(ctx); err != nil {
		return 0, err
	}
	if err := c.position(ctx); err != nil {
		return 0, err
	}
	began := time.Now()
	if err := c.run[i].cmd.Process.Signal(signal); err != nil {
		return 0, fmt.Errorf("end %s: %w", c.run[i].name, err)
	}
	restarted := make(chan error, 1)
	again := func() {
		<-c.run[i].ended
		restarted <- c.start(whole, i) // It outlives the round.
	}
	if len(c.run) == 1 {
		go again() // It is its own successor.
	}
	ended, err := c.talk(ctx)
	if len(c.run) > 1 {
		go again()
	}
	if failed := <-restarted; err == nil {
		err = failed
	}
	return ended.Sub(began), err
}

// settled waits until each process has its part of the shards, and has had for a
// while.
func (c *crew) settled(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	var since time.Time
	for last := -1; ; {
		var lives []struct {
			Connection int
			Ended      *time.Time
		}
		if err := call(ctx, http.MethodGet, c.sim.url+"/sim/gateway/connections", "", nil, &lives); err != nil {
			return err
		}
		open := 0
		for _, l := range lives {
			if l.Ended == nil {
				open++
			}
		}
		if open != handoverShards || len(lives) != last {
			last, since = len(lives), time.Now()
		}
		if time.Since(since) > 2*handoverLease*time.Millisecond {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("wait for the shards: %w", ctx.Err())
		}
	}
}

// place is where the simulator's records end.
type place struct {
	connection        uint64
	request, dispatch int64
}

// position takes the records in up to their end.
func (c *crew) position(ctx context.Context) error {
	var lives []struct{ Connection uint64 }
	if err := call(ctx, http.MethodGet, c.sim.url+"/sim/gateway/connections", "", nil, &lives); err != nil {
		return err
	}
	for _, l := range lives {
		c.at.connection = max(c.at.connection, l.Connection)
	}
	requests, given, err := c.news(ctx)
	if n := len(requests); n > 0 {
		c.at.request = requests[n-1].Seq
	}
	if n := len(given); n > 0 {
		c.at.dispatch = given[n-1].Number
	}
	return err
}

// news are the records after the position.
func (c *crew) news(ctx context.Context) (requests []discordsim.Request, given []discordsim.Dispatch, err error) {
	err = call(ctx, http.MethodGet, fmt.Sprintf("%s/sim/requests?after=%d", c.sim.url, c.at.request), "", nil, &requests)
	if err == nil {
		err = call(ctx, http.MethodGet, fmt.Sprintf("%s/sim/gateway/dispatches?after=%d", c.sim.url, c.at.dispatch), "", nil, &given)
	}
	return requests, given, err
}

// talk says something in each guild again and again until a message is answered
// that a connection got which is new. It gives when that was. With several
// processes one guild's connection stays.
func (c *crew) talk(ctx context.Context) (time.Time, error) {
	tick := time.NewTicker(handoverPause)
	defer tick.Stop()
	for n := 0; ; n++ {
		for _, g := range c.sim.guilds {
			at := c.sim.url + "/sim/guilds/" + g.ID + "/channels/" + g.Channels[0].ID + "/messages"
			if err := call(ctx, http.MethodPost, at, "", map[string]string{"content": "!ping"}, nil); err != nil {
				return time.Time{}, err
			}
		}
		if n%20 == 0 {
			if at, err := c.answered(ctx); err != nil || !at.IsZero() {
				return at, err
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("wait for an answer: %w", ctx.Err())
		}
	}
}

// answered is when the first answer came to a message that a new connection got;
// no time if none did.
func (c *crew) answered(ctx context.Context) (time.Time, error) {
	requests, given, err := c.news(ctx)
	if err != nil {
		return time.Time{}, err
	}
	theirs := map[string]bool{}
	for _, d := range given {
		if d.Connection > c.at.connection && d.Event == "MESSAGE_CREATE" {
			theirs[d.ID] = true
		}
	}
	for _, r := range requests {
		var reply struct {
			To struct {
				ID string `json:"message_id"`
			} `json:"message_reference"`
		}
		if r.Status < http.StatusMultipleChoices && json.Unmarshal(r.Body, &reply) == nil && theirs[reply.To.ID] {
			return r.At, nil
		}
	}
	return time.Time{}, nil
}
