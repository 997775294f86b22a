package discordsim_test

import (
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

// sent is the event of a control request.
func (w *world) sent(eventType string, data object) {
	w.t.Helper()
	if status, body := w.control("POST", "/guilds/"+w.guild+"/events", object{"type": eventType, "data": data}); status >= 300 {
		w.t.Fatalf("%s: %d %s", eventType, status, body)
	}
}

// Every event of the catalog comes with any of its intents, and without them it
// does not.
func TestEveryEventIsSentByItsIntents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{NoRateLimits: true})
	all := w.login(int(catalog.Known()))
	for _, e := range catalog.Events() {
		w.sent(e.Type, object{"mark": e.Names[0]})
		if got := all.event(e.Type).object(t); got[e.Guild] != w.guild || got["mark"] != e.Names[0] {
			t.Errorf("%s: %v", e.Type, got)
		}
	}
	none := w.login(0)
	for _, e := range catalog.Events() {
		w.sent(e.Type, object{})
		if e.Intents == 0 {
			none.event(e.Type)
		}
	}
	none.nothing()
	// Each intent alone brings its events and no others.
	for bit := catalog.Intents(2); bit <= catalog.All; bit <<= 1 {
		if bit&catalog.All == 0 {
			continue
		}
		c := w.login(int(bit))
		for _, e := range catalog.Events() {
			w.sent(e.Type, object{})
			if e.Intents == 0 || e.Intents&bit != 0 {
				c.event(e.Type)
			}
		}
		c.nothing()
		c.drop()
	}
}

func TestSentEventsAreReplayed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{NoRateLimits: true})
	c := w.login(everything)
	c.drop()
	w.sent("GUILD_BAN_ADD", object{"user": object{"id": "5"}})
	again := w.resume(c)
	if e := again.event("GUILD_BAN_ADD"); e.S != c.seq+1 {
		t.Errorf("its number is %d, want %d", e.S, c.seq+1)
	}
	again.event("RESUMED")
}

// What people wrote is left out for bots without the intent, except where they
// are mentioned or wrote it themselves.
func TestSentMessagesAreStripped(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{NoRateLimits: true})
	reads, blind := w.login(guilds|guildMessages|messageContent|1<<21), w.login(guilds|guildMessages|1<<21)
	_, body := w.control("GET", "", nil)
	bot := at(w.decode(body), "bot", "id")
	for _, c := range []struct {
		name, event string
		data        object
		seen        bool
	}{
		{"somebody's", "MESSAGE_CREATE", object{"author": object{"id": "5"}, "content": "secret", "embeds": []any{object{}}, "poll": object{}}, false},
		{"an edit", "MESSAGE_UPDATE", object{"author": object{"id": "5"}, "content": "secret"}, false},
		{"the bot's own", "MESSAGE_CREATE", object{"author": object{"id": bot}, "content": "secret"}, true},
		{"one that mentions the bot", "MESSAGE_CREATE", object{"author": object{"id": "5"}, "mentions": []any{object{"id": bot}}, "content": "secret"}, true},
		{"a blocked one", "AUTO_MODERATION_ACTION_EXECUTION", object{"user_id": "5", "content": "secret", "matched_content": "secret"}, false},
	} {
		w.sent(c.event, c.data)
		if got := reads.event(c.event).object(t); got["content"] != "secret" {
			t.Errorf("%s: %v with the intent", c.name, got)
		}
		got := blind.event(c.event).object(t)
		if (got["content"] == "secret") != c.seen || !c.seen && (got["poll"] != nil || got["matched_content"] == "secret") {
			t.Errorf("%s: %v without the intent", c.name, got)
		}
		if list, ok := got["embeds"].([]any); ok && len(list) > 0 {
			t.Errorf("%s: embeds %v", c.name, list)
		}
	}
}
