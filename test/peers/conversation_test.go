package peers_test

import (
	"encoding/json"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

const createMessage = "POST /channels/{channel}/messages"

// TestConversation is the same for every library.
func TestConversation(t *testing.T) {
	t.Parallel()
	for _, script := range []string{"discordjs.cjs", "eris.cjs"} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			s := perform(t, script, discordsim.Config{})
			ready := s.hear("ready")
			if ready["user"] != s.sim.ApplicationID().String() || ready["guilds"] != 2.0 {
				t.Fatalf("login: %v", ready)
			}
			talk(s)
			command(s)
			panel(s)
			comeBack(s)
		})
	}
}

// TestShards: a library of two shards, which Discord lets identify one after the
// other, answers in the guilds of both, and resumes one that breaks.
func TestShards(t *testing.T) {
	t.Parallel()
	for _, script := range []string{"discordjs.cjs", "eris.cjs"} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			s := perform(t, script, discordsim.Config{Shards: 2, MaxConcurrency: 1})
			if ready := s.hear("ready"); ready["guilds"] != 2.0 {
				t.Fatalf("login: %v", ready)
			}
			s.identifies(2, 2)
			for n := range s.places {
				s.goTo(n)
				s.pong()
			}
			s.call("POST", "/sim/gateway", map[string]any{"action": "drop", "shard": 1})
			if line := s.hear("resumed"); line["shard"] != 1.0 {
				t.Errorf("resumed: %v, want shard 1", line)
			}
			for n := range s.places {
				s.goTo(n)
				s.pong()
			}
			s.identifies(2, 2)
			var gateway struct{ Refused int }
			_, body := s.call("GET", "/sim/gateway", nil)
			if err := json.Unmarshal(body, &gateway); err != nil || gateway.Refused != 0 {
				t.Errorf("%s %v, want that no IDENTIFY came too early", body, err)
			}
		})
	}
}

// pong has a message answered.
func (s *stage) pong() {
	s.t.Helper()
	id := s.say("!ping")
	s.after(createMessage)
	last := s.history()
	if m := last[len(last)-1]; m.Content != "pong" || m.Reference == nil || m.Reference.ID != id {
		s.t.Errorf("the answer: %+v", m)
	}
}

// talk has a message answered, a reaction, a pin and a thread.
func talk(s *stage) {
	s.t.Helper()
	id := s.say("!ping")
	s.after(createMessage)
	last := s.history()
	if m := last[len(last)-1]; m.Content != "pong" || !m.Author.Bot || m.Reference == nil || m.Reference.ID != id {
		s.t.Errorf("the answer: %+v", m)
	}
	id = s.say("!react")
	s.after("POST /channels/{channel}/messages/{message}/threads")
	s.after(createMessage)
	for _, m := range s.history() {
		if m.ID == id && (len(m.Reactions) != 1 || !m.Pinned || m.Thread == nil || m.Thread.Name != "a thread") {
			s.t.Errorf("reaction, pin and thread: %+v", m)
		}
	}
}

// command uses slash commands, one of which answers late.
func command(s *stage) {
	s.t.Helper()
	o := s.act(map[string]any{"command": "greet", "options": map[string]any{"who": "bob", "times": 2}})
	if o.Type != "message" || o.Content != "hello bob x2" {
		s.t.Errorf("greet: %+v", o)
	}
	o = s.act(map[string]any{"command": "slow"})
	if o.Type != "deferred" || !o.Ephemeral {
		s.t.Errorf("slow: %+v", o)
	}
	s.after("POST /webhooks/{webhook}/{token}") // Its follow-up.
	o = s.act(map[string]any{"command": "slow", "wait": true})
	if o.Type != "message" || o.Content != "at last" || !o.Ephemeral {
		s.t.Errorf("slow, waited for: %+v", o)
	}
	s.after("POST /webhooks/{webhook}/{token}")
}

// panel presses a button, uses a select and fills a modal in.
func panel(s *stage) {
	s.t.Helper()
	p := s.act(map[string]any{"command": "panel"}).Message
	if len(p.Components) != 2 {
		s.t.Fatalf("panel: %+v", p)
	}
	o := s.act(map[string]any{"custom_id": "pick", "message_id": p.ID, "values": []string{"red"}})
	if o.Type != "message" || o.Content != "picked red" || !o.Ephemeral {
		s.t.Errorf("select: %+v", o)
	}
	o = s.act(map[string]any{"custom_id": "ask", "message_id": p.ID})
	if o.Type != "modal" || o.Modal.CustomID != "form" {
		s.t.Errorf("modal: %+v", o)
	}
	o = s.act(map[string]any{"modal": "form", "fields": map[string]any{"name": "Eve"}})
	if o.Type != "message" || o.Content != "form says Eve" {
		s.t.Errorf("submitted: %+v", o)
	}
	o = s.act(map[string]any{"custom_id": "press", "message_id": p.ID})
	if o.Type != "update" || o.Content != "pressed by alice" || o.Message.ID != p.ID || len(o.Message.Components) != 0 {
		s.t.Errorf("button: %+v", o)
	}
}

// comeBack breaks the connection in three ways. What is said meanwhile is
// answered after a resume.
func comeBack(s *stage) {
	s.t.Helper()
	for _, action := range []string{"drop", "reconnect"} {
		s.call("POST", "/sim/gateway", map[string]any{"action": action})
		id := s.say("!ping")
		s.hear("resumed")
		s.after(createMessage)
		last := s.history()
		if m := last[len(last)-1]; m.Content != "pong" || m.Reference == nil || m.Reference.ID != id {
			s.t.Errorf("after %s: %+v", action, m)
		}
		s.identifies(1, 1)
	}
	s.call("POST", "/sim/gateway", map[string]any{"action": "invalid_session"})
	s.identifies(2, 1)
	id := s.say("!ping")
	s.after(createMessage)
	last := s.history()
	if m := last[len(last)-1]; m.Content != "pong" || m.Reference == nil || m.Reference.ID != id {
		s.t.Errorf("after a new session: %+v", m)
	}
}
