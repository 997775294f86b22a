package bot_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/conduct"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// registry stands for a guild's slash commands at Discord.
type registry struct {
	mu   sync.Mutex // Guards the members below.
	list []string
	fail error
}

func (r *registry) sync(_ context.Context, _ snowflake.GuildID, commands json.RawMessage) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, string(commands))
	return r.fail
}

func (r *registry) last() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.list) == 0 {
		return ""
	}
	return r.list[len(r.list)-1]
}

func TestADeletedDeploymentIsGone(t *testing.T) {
	t.Parallel()
	commands := &registry{}
	w := newWorld(t, options{sync: commands.sync})
	ctx := context.Background()
	if _, err := w.bot.Undeploy(ctx, guildA); !fault.Is(err, fault.NotFound) {
		t.Fatalf("deleting nothing gives %v", err)
	}
	rev := w.deploy(guildA, says("one")+`cron("daily", "0 0 * * *", () => {}); createBot({ slashCommands: [slash({ name: "hi", description: "d", run() {} })] });`)
	if !strings.Contains(commands.last(), `"hi"`) || w.job(guildA, "daily").Next.IsZero() {
		t.Fatalf("commands %s, job %+v", commands.last(), w.job(guildA, "daily"))
	}
	w.message(guildA, "before")
	w.wait(guildA, 1, "one before")
	warnings, err := w.bot.Undeploy(ctx, guildA)
	if err != nil || len(warnings) > 0 {
		t.Fatalf("%v, %q", err, warnings)
	}
	if commands.last() != "[]" || len(w.crons.Jobs(guildA)) > 0 {
		t.Errorf("commands %s, jobs %+v", commands.last(), w.crons.Jobs(guildA))
	}
	if s := w.bot.Status(guildA); s.State != conduct.None || s.Revision != "" {
		t.Errorf("status %+v", s)
	}
	if w.bot.Wants("MESSAGE_CREATE") {
		t.Error("messages are still wanted")
	}
	if _, err := w.store.Current(ctx, guildA); !fault.Is(err, fault.NotFound) {
		t.Errorf("current: %v", err)
	}
	// Neither the bot's return nor a new start brings it back.
	w.bot.Leave(guildA)
	w.bot.Join(guildA)
	done, err := w.bot.LoadAll(ctx)
	if err != nil {
		t.Fatal(err)
	}
	w.within("the guilds to load", func() { <-done })
	w.until("nothing to serve", func() bool { return w.bot.Status(guildA).State == conduct.None })
	if _, err := w.bot.Undeploy(ctx, guildA); !fault.Is(err, fault.NotFound) {
		t.Errorf("deleting again gives %v", err)
	}
	// The history is there, and so is the way back.
	old, err := w.store.Revision(ctx, guildA, rev.ID)
	if err != nil {
		t.Fatal(err)
	}
	back, err := w.bot.Deploy(ctx, deploy.Request{Guild: guildA, Entry: old.Entry, Bundle: &old.Bundle, Source: "api", RollbackOf: old.ID, Actor: old.Actor})
	if err != nil || back.RollbackOf != rev.ID || back.BaseRevisionID != "" {
		t.Fatalf("%+v, %v", back, err)
	}
	w.message(guildA, "after")
	w.wait(guildA, 1, "one after")
}

func TestCommandsThatStayAreAWarning(t *testing.T) {
	t.Parallel()
	commands := &registry{}
	w := newWorld(t, options{sync: commands.sync})
	w.deploy(guildA, says("one"))
	commands.fail = errors.New("Discord is away")
	warnings, err := w.bot.Undeploy(context.Background(), guildA)
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "Discord is away") {
		t.Errorf("%q, %v", warnings, err)
	}
	w.wait(guildA, 1, "slash commands were not removed")
}

// impatient is a store whose caller goes away at a certain call.
type impatient struct {
	deploy.Store

	mu   sync.Mutex // Guards the members below.
	at   string
	gone context.CancelFunc
}

func (s *impatient) leave(at string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.at == at && s.gone != nil {
		s.gone()
	}
}

func (s *impatient) Current(ctx context.Context, guild snowflake.GuildID) (deploy.Revision, error) {
	s.leave("current")
	return s.Store.Current(ctx, guild)
}

func (s *impatient) PutRevision(ctx context.Context, r deploy.Revision) error {
	s.leave("put")
	err := s.Store.PutRevision(ctx, r)
	s.leave("stored")
	return err
}

func (s *impatient) Delete(ctx context.Context, guild snowflake.GuildID) error {
	s.leave("delete")
	err := s.Store.Delete(ctx, guild)
	s.leave("deleted")
	return err
}

// TestACallerThatLeavesLeavesNoHalf ends the caller's context at every step of
// deploys and deletions, and at random moments: what runs is what is stored.
func TestACallerThatLeavesLeavesNoHalf(t *testing.T) {
	t.Parallel()
	store := &impatient{}
	w := newWorld(t, options{store: func(s deploy.Store) deploy.Store { store.Store = s; return store }})
	rounds := 40
	if os.Getenv("FLORA_SOAK") != "" {
		rounds = 500
	}
	steps := []string{"current", "put", "stored", "delete", "deleted", "random", "random", "never"}
	ended := map[string]int{}
	for round := range rounds {
		ctx, cancel := context.WithCancel(context.Background())
		step := steps[rand.IntN(len(steps))]
		store.mu.Lock()
		store.at, store.gone = step, cancel
		store.mu.Unlock()
		if step == "random" {
			time.AfterFunc(rand.N(20*time.Millisecond), cancel)
		}
		var err error
		if rand.IntN(4) == 0 {
			_, err = w.bot.Undeploy(ctx, guildA)
		} else {
			script := fmt.Sprintf("// round %d\n", round)
			if rand.IntN(4) == 0 {
				script = "throw new Error('broken')"
			}
			_, err = w.bot.Deploy(ctx, deploy.Request{Guild: guildA, Entry: "main.js", Bundle: &script, Source: "test", Actor: deploy.Actor{Type: deploy.ActorSystem}})
		}
		cancel()
		if err == nil {
			ended["well"]++
		} else {
			ended[string(fault.From(err).Code)]++
		}
		stored, err := store.Store.Current(context.Background(), guildA)
		if err != nil && !fault.Is(err, fault.NotFound) {
			t.Fatal(err)
		}
		if got := w.bot.Status(guildA).Revision; got != stored.ID {
			t.Fatalf("round %d, gone at %s: %q runs, %q is stored", round, step, got, stored.ID)
		}
	}
	t.Log(ended)
	h, err := store.History(context.Background(), guildA, deploy.Cursor{}, rounds)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(h, func(r deploy.Revision) bool { return r.Status == deploy.Success }) || ended["well"] == 0 {
		t.Errorf("nothing was deployed: %v", ended)
	}
}
