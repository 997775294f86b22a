package scope_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/scope"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const mine, theirs = snowflake.GuildID(1), snowflake.GuildID(2)

type rest struct {
	mu    sync.Mutex
	paths []string
	docs  map[string]string
	fail  error
}

func (r *rest) Do(_ context.Context, q discord.Request) (json.RawMessage, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.paths = append(r.paths, q.Guild.String()+q.Path)
	if r.fail != nil {
		return nil, r.fail
	}
	if doc, ok := r.docs[q.Path]; ok {
		return json.RawMessage(doc), nil
	}
	return nil, fault.New(fault.DiscordHTTP, "Discord HTTP error (404)").With("status", 404)
}

type state struct {
	channels map[snowflake.ChannelID]discord.Channel
	deleted  func(snowflake.ChannelID)
}

func (s *state) Channel(id snowflake.ChannelID) (discord.Channel, bool) {
	c, ok := s.channels[id]
	return c, ok
}
func (s *state) OnDelete(f func(snowflake.ChannelID)) { s.deleted = f }

func make3(t *testing.T) (*scope.Scope, *rest, *state, *clock.Fake) {
	t.Helper()
	r := &rest{docs: map[string]string{
		"/channels/12": `{"id":"12","guild_id":"1"}`, "/channels/22": `{"id":"22","guild_id":"2"}`,
		"/channels/33": `{"id":"33","type":1}`, "/webhooks/15": `{"id":"15","guild_id":"1"}`, "/webhooks/25": `{"id":"25","guild_id":"2"}`,
	}}
	st := &state{channels: map[snowflake.ChannelID]discord.Channel{11: {ID: 11, Guild: mine}, 21: {ID: 21, Guild: theirs}}}
	c := clock.NewFake(time.Unix(1_800_000_000, 0))
	return scope.New(scope.Config{REST: r, State: st, Clock: c}), r, st, c
}

func TestChannels(t *testing.T) {
	t.Parallel()
	s, r, _, _ := make3(t)
	want := scope.Forbidden().Error()
	for name, row := range map[string]struct {
		id snowflake.ChannelID
		ok bool
	}{
		"own, known": {11, true}, "foreign, known": {21, false}, "own, asked": {12, true}, "foreign, asked": {22, false},
		"private": {33, false}, "unknown": {99, false}, "none": {0, false},
	} {
		for range 3 {
			p, err := s.Channel(t.Context(), mine, row.id)
			if (err == nil) != row.ok || row.ok && p.ID() != row.id {
				t.Fatalf("%s: got %v, %v", name, p, err)
			}
			if err != nil && (err.Error() != want || !fault.Is(err, fault.ScopeForbidden)) {
				t.Fatalf("%s: the refusal tells more than the others: %v", name, err)
			}
		}
	}
	if len(r.paths) != 4 {
		t.Fatalf("Discord was asked %q, want each unknown thing once", r.paths)
	}
}

func TestWebhooks(t *testing.T) {
	t.Parallel()
	s, r, _, _ := make3(t)
	if p, err := s.Webhook(t.Context(), mine, 15); err != nil || p.ID() != 15 {
		t.Fatalf("got %v, %v", p, err)
	}
	for _, id := range []snowflake.WebhookID{25, 99} {
		if _, err := s.Webhook(t.Context(), mine, id); !fault.Is(err, fault.ScopeForbidden) {
			t.Fatalf("%d: got %v", id, err)
		}
	}
	if got := strings.Join(r.paths, " "); got != "1/webhooks/15 1/webhooks/25 1/webhooks/99" {
		t.Fatalf("Discord was asked %q", got)
	}
}

func TestRefusalsAndProofsAge(t *testing.T) {
	t.Parallel()
	s, r, st, c := make3(t)
	ask := func() error { _, err := s.Channel(t.Context(), mine, 12); return err }
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	st.deleted(12)
	delete(r.docs, "/channels/12")
	if err := ask(); err == nil {
		t.Fatal("a deleted channel is still proven")
	}
	r.docs["/channels/12"] = `{"guild_id":"1"}`
	if err := ask(); err == nil {
		t.Fatal("the refusal was not remembered")
	}
	c.Advance(time.Minute)
	if err := ask(); err != nil {
		t.Fatalf("the refusal was remembered for too long: %v", err)
	}
	delete(r.docs, "/channels/12")
	c.Advance(11 * time.Minute)
	if err := ask(); err == nil {
		t.Fatal("the proof was remembered for too long")
	}
}

func TestFailuresAreNoRefusals(t *testing.T) {
	t.Parallel()
	s, r, _, _ := make3(t)
	r.fail = fault.New(fault.DiscordHTTP, "Discord HTTP error (502)").With("status", 502)
	if _, err := s.Channel(t.Context(), mine, 12); !fault.Is(err, fault.DiscordHTTP) {
		t.Fatalf("got %v", err)
	}
	r.fail = nil
	if _, err := s.Channel(t.Context(), mine, 12); err != nil {
		t.Fatalf("the failure was remembered: %v", err)
	}
}

// slow holds questions back until it is let go.
type slow struct {
	rest
	asked chan struct{}
	free  chan struct{}
}

func (r *slow) Do(ctx context.Context, q discord.Request) (json.RawMessage, error) {
	r.asked <- struct{}{}
	select {
	case <-r.free:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return r.rest.Do(ctx, q)
}

func TestWhoGivesUpTakesNobodyAlong(t *testing.T) {
	t.Parallel()
	r := &slow{rest: rest{docs: map[string]string{"/channels/12": `{"guild_id":"1"}`}}, asked: make(chan struct{}, 9), free: make(chan struct{})}
	s := scope.New(scope.Config{REST: r, State: &state{}})
	ctx, cancel := context.WithCancel(t.Context())
	ask := func(ctx context.Context, to chan<- error) { _, err := s.Channel(ctx, mine, 12); to <- err }
	first, second := make(chan error, 1), make(chan error, 1)
	go ask(ctx, first)
	<-r.asked
	go ask(t.Context(), second)
	cancel()
	if err := <-first; !fault.Is(err, fault.Timeout) {
		t.Errorf("who gave up got %v", err)
	}
	close(r.free)
	if err := <-second; err != nil {
		t.Errorf("the other got %v", err)
	}
}

func TestAGuildCannotEnumerate(t *testing.T) {
	t.Parallel()
	s, r, _, c := make3(t)
	var last error
	for id := range snowflake.ChannelID(200) {
		_, last = s.Channel(t.Context(), mine, 1000+id)
	}
	if len(r.paths) != 60 || !fault.Is(last, fault.RateLimited) {
		t.Fatalf("%d questions, then %v", len(r.paths), last)
	}
	if _, err := s.Channel(t.Context(), theirs, 22); err != nil {
		t.Fatalf("another guild is limited too: %v", err)
	}
	c.Advance(time.Minute)
	if _, err := s.Channel(t.Context(), mine, 12); err != nil {
		t.Fatal(err)
	}
}

// TestOwnThingsAreNoEnumeration has a guild name what is its own and the gateway's
// state does not have, as after a restart that resumed the session: many handlers
// at once, and many channels.
func TestOwnThingsAreNoEnumeration(t *testing.T) {
	t.Parallel()
	s, r, _, _ := make3(t)
	for n := range 200 {
		r.docs[fmt.Sprintf("/channels/%d", 1000+n)] = `{"guild_id":"1"}`
	}
	ask := func(id snowflake.ChannelID) {
		if _, err := s.Channel(t.Context(), mine, id); err != nil {
			t.Errorf("channel %d: %v", id, err)
		}
	}
	r.mu.Lock() // Discord takes its time.
	var all sync.WaitGroup
	for range 200 {
		all.Go(func() { ask(12) })
	}
	time.AfterFunc(10*time.Millisecond, r.mu.Unlock)
	all.Wait()
	if len(r.paths) != 1 {
		t.Errorf("Discord was asked %d times about one channel", len(r.paths))
	}
	for n := range 200 {
		ask(snowflake.ChannelID(1000 + n))
	}
}

// TestTokensOfOtherProcesses: an interaction that another process received may be
// answered here, by its guild and in its time.
func TestTokensOfOtherProcesses(t *testing.T) {
	t.Parallel()
	c := clock.NewFake(time.Unix(1_800_000_000, 0))
	asked := 0
	s := scope.New(scope.Config{
		State: &state{}, Clock: c,
		Recall: func(guild snowflake.GuildID, token string) (snowflake.InteractionID, time.Time, bool) {
			asked++
			return 5, time.Unix(1_800_000_000, 0), guild == mine && token == "secret"
		},
	})
	for range 2 {
		if err := s.CheckAnswer(mine, 5, "secret"); err != nil {
			t.Fatal(err)
		}
	}
	if asked != 1 {
		t.Errorf("the others were asked %d times", asked)
	}
	for name, err := range map[string]error{
		"foreign": s.Check(theirs, "secret"), "made up": s.Check(mine, "guess"), "empty": s.Check(mine, ""), "another id": s.CheckAnswer(mine, 6, "secret"),
	} {
		if !fault.Is(err, fault.ScopeForbidden) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	c.Advance(15 * time.Minute)
	if s.Check(mine, "secret") == nil {
		t.Error("the token outlived its 15 minutes")
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	s, _, _, c := make3(t)
	s.Remember(mine, 5, "secret", c.Now())
	if err := s.Check(mine, "secret"); err != nil {
		t.Fatal(err)
	}
	if err := s.CheckAnswer(mine, 5, "secret"); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"foreign": s.Check(theirs, "secret"), "made up": s.Check(mine, "guess"), "empty": s.Check(mine, ""),
		"another interaction's id": s.CheckAnswer(mine, 6, "secret"), "a foreign answer": s.CheckAnswer(theirs, 5, "secret"),
	} {
		if !fault.Is(err, fault.ScopeForbidden) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	c.Advance(15 * time.Minute)
	if err := s.Check(mine, "secret"); err == nil {
		t.Fatal("the token outlived its 15 minutes")
	}
	for n := range 6000 {
		s.Remember(mine, 5, fmt.Sprint("t", n), c.Now())
	}
	if s.Check(mine, "t0") == nil || s.Check(mine, "t5999") != nil {
		t.Fatal("the oldest must go first, the newest stay")
	}
	s.Forget(mine)
	if s.Check(mine, "t5999") == nil {
		t.Fatal("the guild is not forgotten")
	}
}
