package discord

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

// settled waits until the sessions bring what is wanted.
func (w *world) settled() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 20*time.Second)
	defer cancel()
	if !w.gateway.Settled(ctx, w.guilds[0].ID) {
		w.t.Fatalf("the sessions lack intents: %+v", w.gateway.Status())
	}
}

func (w *world) asks(want, missing catalog.Intents) {
	w.t.Helper()
	if got, lacking := w.gateway.Intents(); got != want || lacking != missing {
		w.t.Errorf("asks for %s and misses %s, want %s and %s", got, lacking, want, missing)
	}
}

func TestGatewayAsksForWhatIsWanted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{})
	w.cfg.Intents, w.cfg.Privileged, w.cfg.GatherIntents = 0, catalog.MessageContent, 50*time.Millisecond
	w.start()
	w.settled()
	w.say(0, "nobody asked for messages")
	// What comes close together is one new session, and what cannot be had none.
	w.gateway.Want(catalog.GuildMessages | catalog.MessageContent)
	w.gateway.Want(catalog.GuildMessageReactions | catalog.GuildPresences)
	w.settled()
	w.say(0, "heard")
	w.sink.waitMessages(t, "heard")
	w.identifies(2)
	const all = catalog.Guilds | catalog.GuildMessages | catalog.MessageContent | catalog.GuildMessageReactions
	w.asks(all, catalog.GuildPresences)
	w.gateway.Want(catalog.GuildMessages | catalog.GuildPresences)
	w.settled()
	w.say(0, "heard by the same session")
	w.sink.waitMessages(t, "heard", "heard by the same session")
	w.identifies(2)
	if len(w.sink.joined)+len(w.sink.left) > 0 || len(w.sink.ready) != 1 {
		t.Errorf("a new session is news to scripts: joined %v, left %v, ready %d", w.sink.joined, w.sink.left, len(w.sink.ready))
	}
}

// A session that an earlier process began is resumed before it is replaced.
func TestGatewayResumesBeforeItAsksForMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{})
	w.cfg.Sessions = FileSessions{Dir: filepath.Join(t.TempDir(), "sessions")}
	w.start()
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	w.say(0, "meanwhile")
	w.cfg.Intents |= catalog.GuildMessageReactions
	w.start()
	w.settled()
	w.say(0, "after")
	w.sink.waitMessages(t, "meanwhile", "after")
	w.identifies(2)
	// With what it has now, the next process only resumes.
	if err := w.stop(); err != nil {
		t.Fatal(err)
	}
	w.cfg.Intents &^= catalog.GuildMessageReactions
	w.start()
	w.settled()
	w.say(0, "again")
	w.sink.waitMessages(t, "again")
	w.identifies(2)
}

func TestGatewayAsksOnlyForWhatTheApplicationHas(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{DeniedIntents: int(catalog.GuildMembers)})
	w.cfg.Intents |= catalog.GuildMembers | catalog.GuildPresences
	w.start()
	const all = catalog.Guilds | catalog.GuildMessages | catalog.MessageContent | catalog.GuildPresences
	w.asks(all, catalog.GuildMembers)
	if got := w.gateway.Missing(catalog.GuildMembers | catalog.MessageContent); got != catalog.GuildMembers {
		t.Errorf("misses %s", got)
	}
	if w.logs.FilterMessageSnippet("refuses").Len() > 0 {
		t.Error("Discord was asked for it all the same")
	}
}

func TestGatewayGivesDeniedIntentsUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		denied         catalog.Intents
		from, then     catalog.Intents // Wanted from the start, and later.
		refused, asked catalog.Intents
		identifies     int
	}{
		{
			name: "at the first connection", denied: catalog.MessageContent, from: catalog.MessageContent | catalog.GuildMembers,
			refused: catalog.MessageContent | catalog.GuildMembers, asked: catalog.Guilds | catalog.GuildMessages, identifies: 1,
		},
		{
			name: "those that worked before stay", denied: catalog.GuildMembers, from: catalog.MessageContent, then: catalog.GuildMembers,
			refused: catalog.GuildMembers, asked: catalog.Guilds | catalog.GuildMessages | catalog.MessageContent, identifies: 2,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, discordsim.Config{DeniedIntents: int(c.denied)})
			// The application does not tell which intents it has.
			if err := w.sim.FailRequests(discordsim.RequestFault{
				Route: "/oauth2/applications/@me", Count: 1, Status: 200, Body: []byte(`{"id":"` + w.sim.ApplicationID().String() + `"}`),
			}); err != nil {
				t.Fatal(err)
			}
			w.cfg.Intents = catalog.GuildMessages | c.from
			w.start()
			if c.then != 0 {
				w.gateway.Want(c.then)
			}
			w.sink.wait(t, "the refusal", func() bool { return w.sink.denied == c.refused })
			w.settled()
			w.asks(c.asked, c.refused)
			w.identifies(c.identifies)
			if n := w.logs.FilterMessageSnippet("refuses privileged intents").Len(); n != 1 {
				t.Errorf("%d log lines about it", n)
			}
			w.say(0, "goes on")
			w.sink.wait(t, "a message", func() bool { return len(w.sink.got) == 1 })
		})
	}
}
