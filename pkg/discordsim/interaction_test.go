package discordsim_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

// acting is a world with a bot that is logged in, a registered command and a
// panel of components.
type acting struct {
	*world
	clock *fakeClock
	bot   *client
}

func newActing(t *testing.T) *acting {
	t.Helper()
	clock := newFakeClock()
	w := newWorld(t, discordsim.Config{NoRateLimits: true, Now: clock.Now, AnswerWithin: patience})
	w.must(200, "PUT", "/applications/"+w.app+w.inGuild("/commands"), []object{
		{"name": "hello", "description": "Says hello"},
		{"name": "find", "description": "Finds", "options": []object{{"type": 3, "name": "what", "description": "What", "autocomplete": true, "required": true}}},
	})
	return &acting{w, clock, w.login(guilds)}
}

// answer is what Act came to.
type answer struct {
	outcome discordsim.Outcome
	err     error
}

// act starts an action and returns the interaction that the bot got.
func (a *acting) act(action discordsim.Action) (object, <-chan answer) {
	a.t.Helper()
	done := make(chan answer, 1)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	a.t.Cleanup(cancel)
	go func() {
		o, err := a.sim.Act(ctx, snowflakeOf(a.t, a.guild), action)
		done <- answer{o, err}
	}()
	return a.bot.until("INTERACTION_CREATE").object(a.t), done
}

func (a *acting) see(done <-chan answer) discordsim.Outcome {
	a.t.Helper()
	got := <-done
	if got.err != nil {
		a.t.Fatal(got.err)
	}
	return got.outcome
}

func callback(i object) string {
	return "/interactions/" + textOf(i["id"]) + "/" + textOf(i["token"]) + "/callback"
}

func (a *acting) webhook(i object, rest string) string {
	return "/webhooks/" + a.app + "/" + textOf(i["token"]) + rest
}

// panel posts a message with components as the bot and returns its id.
func (a *acting) panel() string {
	a.t.Helper()
	m := a.must(200, "POST", a.inChannel("/messages"), object{"content": "panel", "components": []object{
		{"type": 1, "components": []object{
			{"type": 2, "style": 1, "label": "x", "custom_id": "press"},
			{"type": 2, "style": 1, "label": "x", "custom_id": "off", "disabled": true},
		}},
		{"type": 1, "components": []object{{"type": 3, "custom_id": "pick", "max_values": 2, "options": []object{
			{"label": "Red", "value": "red"}, {"label": "Blue", "value": "blue"},
		}}}},
		{"type": 1, "components": []object{{"type": 5, "custom_id": "who"}}},
	}})
	return textOf(m["id"])
}

func TestCommandIsAnswered(t *testing.T) {
	t.Parallel()
	a := newActing(t)
	i, done := a.act(discordsim.Action{Command: "hello", Author: "bob"})
	for path, want := range map[string]any{
		"type": 2.0, "version": 1.0, "guild_id": a.guild, "channel_id": a.channel, "application_id": a.app, "locale": "en-US", "context": 0.0,
	} {
		if i[path] != want {
			t.Errorf("%s is %v, want %v", path, i[path], want)
		}
	}
	if at(i, "member", "user", "username") != "bob" || at(i, "data", "name") != "hello" || at(i, "channel", "id") != a.channel {
		t.Errorf("interaction: %v", i)
	}
	if p := textOf(at(i, "member", "permissions")); p == "" || p == "0" {
		t.Errorf("the member's permissions are %q", p)
	}
	got := a.must(200, "POST", callback(i)+"?with_response=true", object{"type": 4, "data": object{"content": "hi"}})
	if at(got, "interaction", "id") != i["id"] || at(got, "resource", "message", "content") != "hi" || at(got, "interaction", "response_message_ephemeral") != false {
		t.Errorf("callback: %v", got)
	}
	o := a.see(done)
	if o.Type != "message" || o.Content != "hi" || o.Ephemeral {
		t.Errorf("outcome: %+v", o)
	}
	var m object
	if err := json.Unmarshal(o.Message, &m); err != nil {
		t.Fatal(err)
	}
	if intOf(m["type"]) != 20 || at(m, "interaction_metadata", "user", "username") != "bob" || m["webhook_id"] != a.app {
		t.Errorf("message: %v", m)
	}
	if shown := a.must(200, "GET", a.webhook(i, "/messages/@original"), nil); shown["id"] != m["id"] {
		t.Errorf("@original: %v", shown)
	}
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{NoRateLimits: true, AnswerWithin: 20 * time.Millisecond})
	w.must(201, "POST", "/applications/"+w.app+"/commands", object{"name": "hello", "description": "x"})
	c := w.login(guilds)
	status, body := w.control("POST", "/guilds/"+w.guild+"/interactions", object{"command": "hello"})
	if got := w.decode(body); status != 200 || got["type"] != "error" || got["error"] != "The application did not respond" {
		t.Errorf("%d %s", status, body)
	}
	w.refused(404, 10062, "POST", callback(c.event("INTERACTION_CREATE").object(t)), object{"type": 4, "data": object{"content": "late"}})
}

func TestClocks(t *testing.T) {
	t.Parallel()
	reply := object{"type": 4, "data": object{"content": "hi"}}
	t.Run("first answer", func(t *testing.T) {
		t.Parallel()
		a := newActing(t)
		in, _ := a.act(discordsim.Action{Command: "hello"})
		a.clock.Advance(patience)
		a.must(204, "POST", callback(in), reply)
		late, _ := a.act(discordsim.Action{Command: "hello"})
		a.clock.Advance(patience + time.Millisecond)
		a.refused(404, 10062, "POST", callback(late), reply)
	})
	t.Run("token", func(t *testing.T) {
		t.Parallel()
		a := newActing(t)
		i, _ := a.act(discordsim.Action{Command: "hello"})
		a.must(204, "POST", callback(i), reply)
		a.clock.Advance(15 * time.Minute)
		a.must(200, "PATCH", a.webhook(i, "/messages/@original"), object{"content": "still"})
		a.clock.Advance(time.Millisecond)
		a.refused(401, 50027, "PATCH", a.webhook(i, "/messages/@original"), object{"content": "too late"})
		a.refused(401, 50027, "POST", a.webhook(i, ""), object{"content": "too late"})
		_, _ = a.act(discordsim.Action{Command: "hello"}) // The old one is forgotten.
		a.refused(401, 50027, "GET", a.webhook(i, "/messages/@original"), nil)
	})
}

func TestCallbackRefused(t *testing.T) {
	t.Parallel()
	a := newActing(t)
	i, _ := a.act(discordsim.Action{Command: "hello"})
	wrongToken := "/interactions/" + textOf(i["id"]) + "/other/callback"
	for _, row := range []struct {
		name   string
		path   string
		body   any
		status int
		code   int
	}{
		{"unknown interaction", "/interactions/7/x/callback", object{"type": 5}, 404, 10062},
		{"wrong token", wrongToken, object{"type": 5}, 404, 10062},
		{"no type", callback(i), object{}, 400, 50035},
		{"unknown type", callback(i), object{"type": 77}, 400, 50035},
		{"update of nothing", callback(i), object{"type": 7, "data": object{"content": "x"}}, 400, 50035},
		{"choices for a command", callback(i), object{"type": 8, "data": object{"choices": []object{}}}, 400, 50035},
		{"nothing to show", callback(i), object{"type": 4}, 400, 50006},
		{"data is no object", callback(i), object{"type": 4, "data": "hi"}, 400, 50035},
		{"content too long", callback(i), object{"type": 4, "data": object{"content": strings.Repeat("x", 2001)}}, 400, 50035},
		{"modal without components", callback(i), object{"type": 9, "data": object{"custom_id": "m", "title": "t"}}, 400, 50035},
		{"follow-up before the answer", a.webhook(i, ""), object{"content": "x"}, 404, 10015},
	} {
		t.Run(row.name, func(t *testing.T) {
			a.refused(row.status, row.code, "POST", row.path, row.body)
		})
	}
	a.must(204, "POST", callback(i), object{"type": 5})
	a.refused(400, 40060, "POST", callback(i), object{"type": 5})
	a.refused(404, 10008, "GET", a.webhook(i, "/messages/7"), nil)
	a.refused(401, 50027, "POST", "/webhooks/"+a.app+"/nothing", object{"content": "x"})
}

func TestDeferredAnswer(t *testing.T) {
	t.Parallel()
	a := newActing(t)
	i, done := a.act(discordsim.Action{Command: "hello", Wait: true})
	a.must(204, "POST", callback(i), object{"type": 5, "data": object{"flags": 64}})
	select {
	case got := <-done:
		t.Fatalf("it did not wait: %+v", got)
	default:
	}
	first := a.must(200, "POST", a.webhook(i, ""), object{"content": "first"})
	if intOf(first["flags"]) != 64 {
		t.Errorf("the first follow-up takes the place of the deferred answer, still ephemeral: %v", first)
	}
	if o := a.see(done); o.Type != "message" || o.Content != "first" || !o.Ephemeral {
		t.Errorf("outcome: %+v", o)
	}
	second := a.must(200, "POST", a.webhook(i, ""), object{"content": "second"})
	if second["id"] == first["id"] || at(second, "message_reference", "message_id") != first["id"] {
		t.Errorf("second follow-up: %v", second)
	}
	path := a.webhook(i, "/messages/"+textOf(second["id"]))
	if got := a.must(200, "PATCH", path, object{"content": "changed"}); got["content"] != "changed" {
		t.Errorf("edited follow-up: %v", got)
	}
	a.must(204, "DELETE", path, nil)
	a.refused(404, 10008, "GET", path, nil)
	a.must(204, "DELETE", a.webhook(i, "/messages/@original"), nil)
	a.refused(404, 10008, "GET", a.webhook(i, "/messages/@original"), nil)
}

func TestDeferredOnly(t *testing.T) {
	t.Parallel()
	a := newActing(t)
	i, done := a.act(discordsim.Action{Command: "hello"})
	a.must(204, "POST", callback(i), object{"type": 5})
	if o := a.see(done); o.Type != "deferred" {
		t.Errorf("outcome: %+v", o)
	}
	i, done = a.act(discordsim.Action{Command: "hello", Wait: true, WaitMS: 1})
	a.must(204, "POST", callback(i), object{"type": 5})
	if o := a.see(done); o.Type != "deferred" {
		t.Errorf("outcome after having waited in vain: %+v", o)
	}
}

func TestEphemeralMessages(t *testing.T) {
	t.Parallel()
	a := newActing(t)
	i, done := a.act(discordsim.Action{Command: "hello", Author: "alice"})
	a.must(204, "POST", callback(i), object{"type": 4, "data": object{"content": "psst", "flags": 64, "components": []object{
		{"type": 1, "components": []object{{"type": 2, "style": 1, "label": "x", "custom_id": "press"}}},
	}}})
	o := a.see(done)
	if !o.Ephemeral || o.Content != "psst" {
		t.Errorf("outcome: %+v", o)
	}
	var m object
	if err := json.Unmarshal(o.Message, &m); err != nil {
		t.Fatal(err)
	}
	id := textOf(m["id"])
	a.refused(404, 10008, "GET", a.inChannel("/messages/"+id), nil)
	if list := a.list(a.inChannel("/messages")); len(list) != 0 {
		t.Errorf("everybody sees %v", list)
	}
	for as, want := range map[string]bool{"": false, "?as=bob": false, "?as=alice": true} {
		if _, body := a.control("GET", a.messages()+as, nil); strings.Contains(string(body), "psst") != want {
			t.Errorf("%q sees %s", as, body)
		}
	}
	if _, err := a.sim.Act(t.Context(), snowflakeOf(t, a.guild), discordsim.Action{CustomID: "press", MessageID: id, Author: "bob"}); err == nil {
		t.Error("bob pressed a button that only alice sees")
	}
	press, done := a.act(discordsim.Action{CustomID: "press", MessageID: id, Author: "alice"})
	a.must(204, "POST", callback(press), object{"type": 7, "data": object{"content": "pressed", "components": []object{}}})
	if o := a.see(done); o.Type != "update" || o.Content != "pressed" || !o.Ephemeral {
		t.Errorf("outcome: %+v", o)
	}
}

func TestComponents(t *testing.T) {
	t.Parallel()
	a := newActing(t)
	id := a.panel()
	t.Run("button updates", func(t *testing.T) {
		i, done := a.act(discordsim.Action{CustomID: "press", MessageID: id})
		if at(i, "data", "component_type") != 2.0 || at(i, "message", "id") != id || intOf(i["type"]) != 3 {
			t.Errorf("interaction: %v", i)
		}
		a.must(204, "POST", callback(i), object{"type": 7, "data": object{"content": "updated"}})
		if o := a.see(done); o.Type != "update" || o.Content != "updated" {
			t.Errorf("outcome: %+v", o)
		}
	})
	t.Run("deferred update", func(t *testing.T) {
		i, done := a.act(discordsim.Action{CustomID: "press", MessageID: id, Wait: true})
		a.must(204, "POST", callback(i), object{"type": 6})
		a.must(200, "PATCH", a.webhook(i, "/messages/@original"), object{"content": "at last"})
		if o := a.see(done); o.Type != "update" || o.Content != "at last" {
			t.Errorf("outcome: %+v", o)
		}
	})
	t.Run("string select", func(t *testing.T) {
		i, done := a.act(discordsim.Action{CustomID: "pick", MessageID: id, Values: []string{"blue", "red"}})
		if diff := cmp.Diff([]any{"blue", "red"}, at(i, "data", "values")); diff != "" {
			t.Errorf("values (-want +got): %s", diff)
		}
		a.must(204, "POST", callback(i), object{"type": 4, "data": object{"content": "ok"}})
		o := a.see(done)
		var m object
		if err := json.Unmarshal(o.Message, &m); err != nil || at(m, "message_reference", "message_id") != id || intOf(m["type"]) != 19 {
			t.Errorf("the answer is no reply to the panel: %v", m)
		}
	})
	t.Run("user select", func(t *testing.T) {
		i, _ := a.act(discordsim.Action{CustomID: "who", MessageID: id, Values: []string{"bob"}})
		if at(i, "data", "resolved", "users", a.users["bob"], "username") != "bob" || at(i, "data", "resolved", "members", a.users["bob"], "permissions") == nil {
			t.Errorf("resolved: %v", at(i, "data"))
		}
	})
}

func TestModal(t *testing.T) {
	t.Parallel()
	a := newActing(t)
	id := a.panel()
	open := func(components []object) object {
		i, done := a.act(discordsim.Action{CustomID: "press", MessageID: id})
		a.must(204, "POST", callback(i), object{"type": 9, "data": object{"custom_id": "form", "title": "A form", "components": components}})
		if o := a.see(done); o.Type != "modal" || !strings.Contains(string(o.Modal), `"custom_id":"form"`) {
			t.Fatalf("outcome: %+v", o)
		}
		return i
	}
	open([]object{
		{"type": 1, "components": []object{{"type": 4, "custom_id": "name", "label": "Name", "style": 1, "min_length": 2, "max_length": 5}}},
		{"type": 1, "components": []object{{"type": 4, "custom_id": "why", "label": "Why", "style": 2, "required": false}}},
		{"type": 18, "label": "Colour", "component": object{"type": 3, "custom_id": "colour", "options": []object{{"label": "Red", "value": "red"}}}},
	})
	text := func(s string) json.RawMessage { return json.RawMessage(`"` + s + `"`) }
	for name, fields := range map[string]map[string]json.RawMessage{
		"missing":       {},
		"too short":     {"name": text("x"), "colour": text("red")},
		"too long":      {"name": text("abcdef"), "colour": text("red")},
		"no text":       {"name": json.RawMessage(`7`), "colour": text("red")},
		"unknown field": {"name": text("Eve"), "colour": text("red"), "age": text("7")},
		"unknown value": {"name": text("Eve"), "colour": text("blue")},
	} {
		if _, err := a.sim.Act(t.Context(), snowflakeOf(t, a.guild), discordsim.Action{Modal: "form", Fields: fields}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	i, done := a.act(discordsim.Action{Modal: "form", Fields: map[string]json.RawMessage{"name": text("Eve"), "colour": text("red")}})
	want := []any{
		object{"type": 1.0, "id": 1.0, "components": []any{object{"type": 4.0, "id": 2.0, "custom_id": "name", "value": "Eve"}}},
		object{"type": 1.0, "id": 3.0, "components": []any{object{"type": 4.0, "id": 4.0, "custom_id": "why", "value": ""}}},
		object{"type": 18.0, "id": 5.0, "component": object{"type": 3.0, "id": 6.0, "custom_id": "colour", "values": []any{"red"}}},
	}
	if diff := cmp.Diff(want, at(i, "data", "components")); diff != "" || at(i, "message", "id") != id {
		t.Errorf("submitted (-want +got): %s in %v", diff, i)
	}
	a.must(204, "POST", callback(i), object{"type": 7, "data": object{"content": "thanks"}})
	if o := a.see(done); o.Type != "update" || o.Content != "thanks" {
		t.Errorf("outcome: %+v", o)
	}
	if _, err := a.sim.Act(t.Context(), snowflakeOf(t, a.guild), discordsim.Action{Modal: "form"}); err == nil {
		t.Error("a modal was submitted twice")
	}
}

func TestAutocomplete(t *testing.T) {
	t.Parallel()
	a := newActing(t)
	i, done := a.act(discordsim.Action{Command: "find", Focused: "what", Options: json.RawMessage(`{"what":"re"}`)})
	want := []any{object{"name": "what", "type": 3.0, "value": "re", "focused": true}}
	if diff := cmp.Diff(want, at(i, "data", "options")); diff != "" || intOf(i["type"]) != 4 {
		t.Errorf("options (-want +got): %s in %v", diff, i)
	}
	a.refused(400, 50035, "POST", callback(i), object{"type": 4, "data": object{"content": "x"}})
	a.refused(400, 50035, "POST", callback(i), object{"type": 8, "data": object{"choices": []object{{"name": "Red"}}}})
	a.must(204, "POST", callback(i), object{"type": 8, "data": object{"choices": []object{{"name": "Red", "value": "red"}}}})
	if o := a.see(done); o.Type != "autocomplete" || string(o.Choices) != `[{"name":"Red","value":"red"}]` {
		t.Errorf("outcome: %+v", o)
	}
}

func TestActEndsWithItsContext(t *testing.T) {
	t.Parallel()
	a := newActing(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := a.sim.Act(ctx, snowflakeOf(t, a.guild), discordsim.Action{Command: "hello"})
		done <- err
	}()
	a.bot.until("INTERACTION_CREATE")
	cancel()
	if err := <-done; err == nil {
		t.Error("no error")
	}
}
