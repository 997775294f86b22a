package discordsim_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

// replying is a bot that answers every "!ping" until its connection ends. It
// counts the events that it gets.
func (w *world) replying(intents int) (events map[string]int, stop func()) {
	c := w.login(intents)
	events = map[string]int{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			_ = c.ws.SetReadDeadline(time.Now().Add(patience))
			var p payload
			if err := c.ws.ReadJSON(&p); err != nil {
				return
			}
			events[p.T]++
			var m struct {
				ID, Content string
				Channel     string `json:"channel_id"`
			}
			if json.Unmarshal(p.D, &m) != nil || m.Content != "!ping" {
				continue
			}
			status, _ := w.rest("POST", "/channels/"+m.Channel+"/messages", object{"content": "pong", "message_reference": object{"message_id": m.ID}})
			if status != 200 {
				return
			}
		}
	}()
	return events, func() {
		c.drop()
		<-done
	}
}

func TestFlood(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		flood   discordsim.Flood
		replies int
		want    map[string]int
	}{
		{"closed loop", discordsim.Flood{Count: 50, Guilds: 2, InFlight: 4}, 50, map[string]int{"MESSAGE_CREATE": 100}},
		{"rate", discordsim.Flood{Count: 20, Rate: 10_000, Await: true}, 20, map[string]int{"MESSAGE_CREATE": 40}},
		{"rush", discordsim.Flood{Count: 30, Await: true}, 30, map[string]int{"MESSAGE_CREATE": 60}},
		{"unanswered, with a last one", discordsim.Flood{Count: 500, Content: "noise", Last: "!ping"}, 0, map[string]int{"MESSAGE_CREATE": 502}},
		{"one guild passed over", discordsim.Flood{Count: 20, Skip: 1, Await: true}, 20, map[string]int{"MESSAGE_CREATE": 40}},
		{"another event", discordsim.Flood{Count: 300, Guilds: 2, Event: "TYPING_START", Last: "!ping"}, 0, map[string]int{"TYPING_START": 300, "MESSAGE_CREATE": 2}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := quiet(t)
			w.t = t
			events, stop := w.replying(everything)
			status, body := w.control("POST", "/flood", row.flood)
			if status != 200 {
				t.Fatalf("%d %s", status, body)
			}
			var got discordsim.FloodResult
			if err := json.Unmarshal(body, &got); err != nil {
				t.Fatal(err)
			}
			if got.Sent != row.flood.Count || got.Replies != row.replies || got.Unanswered != 0 || got.ElapsedMS <= 0 {
				t.Errorf("result: %s", body)
			}
			if l := got.Latency; row.replies > 0 && (l.P50 <= 0 || l.P90 < l.P50 || l.P99 < l.P90 || l.Max < l.P99) {
				t.Errorf("latency: %+v", l)
			}
			w.eventually("the bot's last message comes back to it", func() bool {
				_, body := w.control("GET", "/gateway", nil)
				return intOf(at(w.decode(body), "sessions", 0, "seq")) >= row.want["MESSAGE_CREATE"]+row.want["TYPING_START"]+3
			})
			w.sim.Close() //nolint:errcheck // The connection's close frame tells the bot to stop reading.
			stop()
			for name, n := range row.want {
				if events[name] != n {
					t.Errorf("the bot saw %d of %s, want %d", events[name], name, n)
				}
			}
		})
	}
}

func TestFloodIsGivenUp(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	w.login(everything) // It answers nothing.
	got, err := w.sim.RunFlood(t.Context(), discordsim.Flood{Count: 10, InFlight: 3, IdleMS: 1})
	if err != nil || got.Sent != 3 || got.Unanswered != 3 || got.Replies != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = w.sim.RunFlood(t.Context(), discordsim.Flood{Count: 10, Content: "noise", Last: "!ping", IdleMS: 1})
	if err != nil || got.Sent != 10 || got.Unanswered != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, f := range []discordsim.Flood{{Count: 10, InFlight: 3}, {Count: 1000, Rate: 1}, {Count: 1000, Content: "x", Last: "y"}} {
		if _, err := w.sim.RunFlood(ctx, f); !errors.Is(err, context.Canceled) {
			t.Errorf("%+v: %v, want the end of its context", f, err)
		}
	}
}

func TestFloodRespectsIntents(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(guilds | guildMessages)
	if _, err := w.sim.RunFlood(t.Context(), discordsim.Flood{Count: 2, Content: "secret"}); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if m := c.event("MESSAGE_CREATE").object(t); m["content"] != "" {
			t.Errorf("content without the intent: %v", m)
		}
	}
	d := w.login(guilds)
	if _, err := w.sim.RunFlood(t.Context(), discordsim.Flood{Count: 2}); err != nil {
		t.Fatal(err)
	}
	d.nothing()
	m := c.event("MESSAGE_CREATE").object(t)
	if got := w.must(200, "GET", w.inChannel("/messages/"+textOf(m["id"])), nil); got["timestamp"] != m["timestamp"] || got["content"] != "!ping" {
		t.Errorf("the message of the event %v reads back as %v", m, got)
	}
}
