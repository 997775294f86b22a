package bot_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// surroundings is an environment that a test changes.
type surroundings struct {
	mu    sync.Mutex // Guards the members below.
	env   map[snowflake.GuildID][]wire.Variable
	reply string
	away  bool
}

func (s *surroundings) Load(context.Context, snowflake.GuildID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.away {
		return fault.New(fault.Unavailable, "the database cannot be reached")
	}
	return nil
}

func (s *surroundings) Env(g snowflake.GuildID) []wire.Variable {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.env[g]
}

func (s *surroundings) ErrorReply(snowflake.GuildID) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reply
}

func (s *surroundings) set(g snowflake.GuildID, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.env[g] = []wire.Variable{{Name: "KEY", Value: key, Secret: true}, {Name: "MODE", Value: "mode of " + key}}
}

func TestTheEnvironmentFollows(t *testing.T) {
	t.Parallel()
	env := &surroundings{env: map[snowflake.GuildID][]wire.Variable{}, away: true}
	w := newWorld(t, options{env: env})
	env.set(guildB, "theirs")
	tell := `console.log("top " + secrets.get("KEY"));
		on("messageCreate", (ctx) => console.log(ctx.msg.content + " " + secrets.get("KEY") + ", " + Deno.env.get("MODE")));`
	w.deploy(guildA, tell)
	w.deploy(guildB, tell)
	w.wait(guildA, 1, "top undefined")
	w.wait(guildA, 1, "secrets and variables could not be read just now")
	w.wait(guildB, 1, "top theirs")
	for i := range 3 {
		env.set(guildA, fmt.Sprintf("k%d", i))
		w.bot.Refresh(guildA)
		w.message(guildA, "says")
		w.wait(guildA, 1, fmt.Sprintf("says k%d, mode of k%d", i, i))
	}
	w.bot.Refresh(guildB + 1) // Nobody has heard of it.
	w.message(guildB, "says")
	w.wait(guildB, 1, "says theirs, mode of theirs")
	w.deploy(guildA, tell)
	w.wait(guildA, 1, "top k2")
}

// TestAChangeDuringTheLoad reaches the script that is being loaded.
func TestAChangeDuringTheLoad(t *testing.T) {
	t.Parallel()
	env := &surroundings{env: map[snowflake.GuildID][]wire.Variable{}}
	w := newWorld(t, options{env: env})
	done := make(chan error, 1)
	go func() {
		_, err := w.tryDeploy(guildA, `console.log("begins " + secrets.get("KEY")); await kv.store("s").get("gate"); console.log("goes on with " + secrets.get("KEY"));`)
		done <- err
	}()
	w.ops.wait(t, 1, "get gate")
	env.set(guildA, "late")
	w.bot.Refresh(guildA)
	w.ops.release("gate")
	w.within("the deploy", func() {
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	w.wait(guildA, 1, "begins undefined")
	w.wait(guildA, 1, "goes on with late")
}

func TestErrorReplies(t *testing.T) {
	t.Parallel()
	replies := make(chan string, 100)
	env := &surroundings{reply: "Sorry."}
	refusing := op.Define("op_send_interaction_response", op.Interaction, func(context.Context, snowflake.GuildID, tokenArgs) (any, error) {
		return nil, fault.New(fault.InvalidInput, "an embed is too long")
	})
	w := newWorld(t, options{
		env: env, ops: []op.Op{refusing}, limits: func(l *bot.Limits) { l.Dispatch = 300 * time.Millisecond },
		respond: func(_ context.Context, guild snowflake.GuildID, id snowflake.InteractionID, token, text string) error {
			replies <- fmt.Sprint(guild, id, token, text)
			if token == "token-unheard" {
				return fault.New(fault.DiscordHTTP, "Unknown interaction")
			}
			return nil
		},
	})
	w.deploy(guildA, `for (const event of ["interactionCreate", "componentInteraction", "modalSubmit", "autocomplete"]) on(event, async (ctx) => {
		const name = ctx.msg.commandName ?? event;
		if (name === "answered") await ctx.defer();
		if (name === "racing") void ctx.defer();
		if (name === "slow") await new Promise(() => {});
		if (name === "well") return;
		if (name === "refused") await ctx.reply("x");
		throw new Error("failed " + name);
	});
	on("messageCreate", () => { throw new Error("failed message"); });`)
	failed := 0
	fail := func(name string, kind int) {
		t.Helper()
		failed++
		w.event(guildA, "INTERACTION_CREATE", map[string]any{
			"id": fmt.Sprint(5 + failed), "application_id": "6", "type": kind, "token": "token-" + name, "channel_id": "2",
			"data": map[string]any{"id": "7", "name": name, "type": 1, "custom_id": "c"}, "member": map[string]any{"user": map[string]any{"id": "3", "username": "u"}},
		})
	}
	got := func(want string) {
		t.Helper()
		select {
		case r := <-replies:
			if r != want {
				t.Errorf("replied %q, want %q", r, want)
			}
		case <-time.After(patience):
			t.Fatalf("there was no reply; want %q", want)
		}
	}
	fail("first", 2)
	got(fmt.Sprint(guildA, 6, "token-first", "Sorry."))
	fail("refused", 2)
	got(fmt.Sprint(guildA, 7, "token-refused", "Sorry."))
	fail("button", 3)
	got(fmt.Sprint(guildA, 8, "token-button", "Sorry."))
	fail("modal", 5)
	got(fmt.Sprint(guildA, 9, "token-modal", "Sorry."))
	fail("unheard", 2)
	got(fmt.Sprint(guildA, 10, "token-unheard", "Sorry."))
	w.wait(guildA, 1, "the error reply could not be sent: Unknown interaction")
	fail("slow", 2)
	got(fmt.Sprint(guildA, 11, "token-slow", "Sorry."))
	// Where there is none.
	fail("answered", 2)
	w.wait(guildA, 1, "failed answered")
	fail("racing", 2)
	w.wait(guildA, 1, "failed racing")
	fail("choices", 4)
	w.wait(guildA, 1, "failed choices")
	w.message(guildA, "x")
	w.wait(guildA, 1, "failed message")
	fail("well", 2)
	env.mu.Lock()
	env.reply = ""
	env.mu.Unlock()
	fail("off", 2)
	w.wait(guildA, 1, "failed off")
	w.within("the core to close", w.bot.Close)
	if n := len(replies); n != 0 {
		t.Errorf("%d more replies, the first %s", n, <-replies)
	}
}

// TestALostHandlerIsExcused is about an interaction whose script came to its end.
func TestALostHandlerIsExcused(t *testing.T) {
	t.Parallel()
	replies := make(chan string, 10)
	w := newWorld(t, options{
		env:    &surroundings{reply: "Sorry."},
		limits: func(l *bot.Limits) { l.Script.MemoryBytes = 16 << 20 },
		respond: func(_ context.Context, _ snowflake.GuildID, _ snowflake.InteractionID, token, text string) error {
			replies <- token + text
			return nil
		},
	})
	w.deploy(guildA, `on("interactionCreate", () => { const a = []; for (;;) a.push(new Array(1000).fill(1)); });`)
	w.interaction(guildA, "greedy")
	if diff := cmp.Diff("token-greedySorry.", <-replies); diff != "" {
		t.Error(diff)
	}
}
