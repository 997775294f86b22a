package v8ops_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim/contract"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/scope"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/v8ops"
	"github.com/flora-runtime/flora-runtime/v8ops/outbound"
)

// patience bounds every wait; a test that reaches it has failed.
const patience = 30 * time.Second

// simulated is the table of ops on the simulated Discord, by the real REST,
// gateway and scope.
type simulated struct {
	t       *testing.T
	sim     *discordsim.Sim
	url     string
	rest    *discord.REST
	scope   *scope.Scope
	table   *op.Table
	tokens  chan interaction
	guilds  []snowflake.GuildID
	channel map[snowflake.GuildID]string
	members map[snowflake.GuildID]gjson.Result
}

// interaction is one that the gateway delivered.
type interaction struct{ ID, Token string }

// sink hands interactions on.
type sink struct {
	s     *simulated
	ready chan struct{}
}

func (*sink) Wants(t string) bool     { return t == "INTERACTION_CREATE" }
func (*sink) Join(snowflake.GuildID)  {}
func (*sink) Leave(snowflake.GuildID) {}
func (*sink) Denied(catalog.Intents)  {}
func (k *sink) Ready(json.RawMessage) { close(k.ready) }
func (k *sink) HandleEvent(_ context.Context, e discord.Event) {
	if id, token, ok := discord.InteractionToken(e); ok {
		k.s.scope.Remember(e.Guild, id, token, time.Now())
		k.s.tokens <- interaction{id.String(), token}
	}
}

func simulate(t *testing.T) *simulated {
	t.Helper()
	cfg := discordsim.Config{NoRateLimits: true}
	contract.Watch(t, &cfg)
	sim, err := discordsim.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim.Handler())
	sim.SetBaseURL(server.URL)
	s := &simulated{
		t: t, sim: sim, url: server.URL, tokens: make(chan interaction, 16),
		channel: map[snowflake.GuildID]string{}, members: map[snowflake.GuildID]gjson.Result{},
	}
	if s.rest, err = discord.NewREST(discord.RESTConfig{Base: server.URL + "/api/v10", Token: "token", GlobalLimit: -1}); err != nil {
		t.Fatal(err)
	}
	k := &sink{s: s, ready: make(chan struct{})}
	gateway, err := discord.NewGateway(discord.GatewayConfig{Token: "token", REST: s.rest}, k)
	if err != nil {
		t.Fatal(err)
	}
	s.scope = scope.New(scope.Config{REST: s.rest, State: gateway.State()})
	s.table, err = v8ops.Table(v8ops.Deps{KV: noKV, Discord: &outbound.Discord{REST: s.rest, Scope: s.scope, Application: gateway.Application}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- gateway.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("gateway: %v", err)
		}
		_ = sim.Close()
		server.Close()
	})
	select {
	case <-k.ready:
	case <-time.After(patience):
		t.Fatal("the gateway did not come up")
	}
	s.look()
	return s
}

// look learns the world's ids.
func (s *simulated) look() {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), "GET", s.url+"/sim", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // It was read.
	for _, g := range gjson.Get(text(s.t, res), "guilds").Array() {
		id, err := snowflake.ParseGuild(g.Get("id").String())
		if err != nil {
			s.t.Fatal(err)
		}
		s.guilds = append(s.guilds, id)
		s.channel[id] = g.Get(`channels.#(type==0).id`).String()
		s.members[id] = g.Get("members")
	}
}

// try runs an op for the first guild.
func (s *simulated) try(name string, args map[string]any) (gjson.Result, error) {
	s.t.Helper()
	o, ok := s.table.Lookup(name)
	if !ok {
		s.t.Fatalf("there is no op %s", name)
	}
	raw, err := json.Marshal(args)
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	v, err := o.Handler(ctx, op.Call{Guild: s.guilds[0], Args: raw})
	if err == nil {
		answered.Store(name, true)
	}
	if err != nil || v == nil {
		return gjson.Result{}, err
	}
	out, err := json.Marshal(v)
	return gjson.ParseBytes(out), err
}

func (s *simulated) must(name string, args map[string]any) gjson.Result {
	s.t.Helper()
	v, err := s.try(name, args)
	if err != nil {
		s.t.Fatalf("%s: %v", name, err)
	}
	return v
}

func (s *simulated) equal(what, got, want string) {
	s.t.Helper()
	if got != want {
		s.t.Errorf("%s is %q, want %q", what, got, want)
	}
}

// act does what a user does and answers it.
func (s *simulated) act(a discordsim.Action, answer func(interaction)) discordsim.Outcome {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	type result struct {
		out discordsim.Outcome
		err error
	}
	done := make(chan result, 1)
	go func() {
		out, err := s.sim.Act(ctx, s.guilds[0], a)
		done <- result{out, err}
	}()
	select {
	case i := <-s.tokens:
		answer(i)
	case r := <-done:
		s.t.Fatalf("the interaction did not come: %+v, %v", r.out, r.err)
	}
	r := <-done
	if r.err != nil {
		s.t.Fatal(r.err)
	}
	return r.out
}

func text(t *testing.T, res *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
