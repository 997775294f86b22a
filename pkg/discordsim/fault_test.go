package discordsim_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

func TestScriptedRequests(t *testing.T) {
	t.Parallel()
	const create = "POST /channels/{channel}/messages"
	for _, row := range []struct {
		name   string
		fault  object
		status int
		body   string
		made   bool
	}{
		{"bad gateway", object{"route": create, "status": 502}, 502, `{"message":"502: Bad Gateway","code":0}`, false},
		{"done, but the answer is lost", object{"route": create, "status": 502, "done": true}, 502, `{"message":"502: Bad Gateway","code":0}`, true},
		{"body", object{"route": create, "status": 500, "body": object{"x": 1}}, 500, `{"x":1}`, false},
		{"rate limit", object{"route": create, "status": 429, "retry_after": 1.5, "global": true}, 429, `{"message":"You are being rate limited.","retry_after":1.5,"global":true}`, false},
		{"path", object{"route": "/channels/", "status": 503}, 503, `{"message":"503: Service Unavailable","code":0}`, false},
		{"any", object{"status": 504}, 504, `{"message":"504: Gateway Timeout","code":0}`, false},
		{"another route", object{"route": "GET /users/@me", "status": 502}, 200, "", true},
		{"delay", object{"route": create, "delay_ms": 1}, 200, "", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := quiet(t)
			w.t = t
			if status, body := w.control("POST", "/faults", row.fault); status != http.StatusNoContent {
				t.Fatalf("%d %s", status, body)
			}
			resp, body := w.request("POST", w.base+"/api/v10"+w.inChannel("/messages"), object{"content": "x"}, "Authorization", "Bot x")
			if resp.StatusCode != row.status || row.body != "" && string(body) != row.body {
				t.Errorf("got %d %s, want %d %s", resp.StatusCode, body, row.status, row.body)
			}
			if row.status == 429 && (resp.Header.Get("Retry-After") != "2" || resp.Header.Get("X-RateLimit-Global") != "true") {
				t.Errorf("headers: %v", resp.Header)
			}
			w.control("DELETE", "/faults", nil)
			if made := len(w.list(w.inChannel("/messages"))) == 1; made != row.made {
				t.Errorf("made: %v, want %v", made, row.made)
			}
		})
	}
}

func TestFaultsAreCounted(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	if err := w.sim.FailRequests(discordsim.RequestFault{Status: 502, Count: 2}); err != nil {
		t.Fatal(err)
	}
	if _, body := w.control("GET", "/faults", nil); !strings.Contains(string(body), `"count":2`) {
		t.Errorf("the script: %s", body)
	}
	for _, want := range []int{502, 502, 200} {
		w.must(want, "GET", "/users/@me", nil)
	}
}

func TestDroppedRequests(t *testing.T) {
	t.Parallel()
	for _, done := range []bool{false, true} {
		w := quiet(t)
		if err := w.sim.FailRequests(discordsim.RequestFault{Drop: true, Done: done}); err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(t.Context(), "POST", w.base+"/api/v10"+w.inChannel("/messages"), strings.NewReader(`{"content":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bot x")
		req.Header.Set("Content-Type", "application/json")
		if resp, err := caller.Do(req); err == nil {
			_ = resp.Body.Close()
			t.Errorf("an answer came: %d", resp.StatusCode)
		}
		if made := len(w.list(w.inChannel("/messages"))) == 1; made != done {
			t.Errorf("done %v: the message is there: %v", done, made)
		}
	}
}

// TestControlRefused sends what is wrong to every control route: the answer is
// JSON with a message and a code, and nothing in the world changes.
func TestControlRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{NoRateLimits: true, Guilds: 2})
	w.must(201, "POST", w.commands(), object{"name": "hello", "description": "x"})
	m := w.must(200, "POST", w.inChannel("/messages"), object{"content": "panel", "components": []object{{"type": 1, "components": []object{
		{"type": 2, "style": 1, "label": "x", "custom_id": "off", "disabled": true}, {"type": 2, "style": 1, "label": "x", "custom_id": "on"},
	}}, {"type": 1, "components": []object{{"type": 3, "custom_id": "pick", "options": []object{{"label": "A", "value": "a"}}}}}}})
	panel := textOf(m["id"])
	guild := "/guilds/" + w.guild
	for _, row := range []struct {
		name   string
		method string
		path   string
		body   any
		status int
		text   string
	}{
		{"unknown path", "GET", "/nothing", nil, 404, "no such path"},
		{"other method", "PUT", "/guilds", nil, 405, "PUT"},
		{"limit", "GET", "?limit=x", nil, 400, "limit"},
		{"after", "GET", "?after=x", nil, 400, "after"},
		{"unknown guild", "GET", "/guilds/7", nil, 404, "no guild 7"},
		{"guild id", "GET", "/guilds/abc", nil, 400, "not a guild id"},
		{"guild name", "POST", "/guilds", object{"name": "x"}, 400, "2 to 100"},
		{"no json", "POST", w.messages(), "{", 400, "JSON"},
		{"no object", "POST", w.messages(), "[]", 400, "object"},
		{"null", "POST", "/guilds", "null", 400, "object"},
		{"two objects", "POST", w.messages(), `{"content":"x"}{"content":"x"}`, 400, "JSON"},
		{"unknown key", "POST", w.messages(), object{"content": "x", "contents": "y"}, 400, `"contents"`},
		{"wrong kind", "POST", w.messages(), object{"content": 7}, 400, "content must be a string"},
		{"no content", "POST", w.messages(), object{}, 400, "content"},
		{"blank content", "POST", w.messages(), object{"content": " "}, 400, "content"},
		{"long content", "POST", w.messages(), object{"content": strings.Repeat("x", 2001)}, 400, "2000"},
		{"too large", "POST", w.messages(), strings.Repeat(" ", 9<<20), 413, "bytes"},
		{"unknown author", "POST", w.messages(), object{"content": "x", "author": "nobody"}, 400, "nobody"},
		{"unknown channel", "POST", guild + "/channels/7/messages", object{"content": "x"}, 404, "no channel 7"},
		{"reply to nothing", "POST", w.messages(), object{"content": "x", "reply_to": "7"}, 404, "no message 7"},
		{"list as nobody", "GET", w.messages() + "?as=nobody", nil, 400, "nobody"},
		{"list limit", "GET", w.messages() + "?limit=99999", nil, 400, "limit"},
		{"edit the bot's message", "PATCH", w.messages() + "/" + panel, object{"content": "x"}, 403, "members"},
		{"delete nothing", "DELETE", w.messages() + "/7", nil, 404, "no message 7"},
		{"bad emoji", "PUT", w.messages() + "/" + panel + "/reactions", object{"emoji": "smile"}, 400, "smile"},
		{"nothing to do", "POST", guild + "/interactions", object{}, 400, "one of"},
		{"two things to do", "POST", guild + "/interactions", object{"command": "hello", "custom_id": "on"}, 400, "one of"},
		{"unknown command", "POST", guild + "/interactions", object{"command": "none"}, 404, "none"},
		{"no message", "POST", guild + "/interactions", object{"custom_id": "on"}, 400, "message_id"},
		{"unknown message", "POST", guild + "/interactions", object{"custom_id": "on", "message_id": "7"}, 404, "no message 7"},
		{"unknown component", "POST", guild + "/interactions", object{"custom_id": "none", "message_id": panel}, 404, "none"},
		{"disabled", "POST", guild + "/interactions", object{"custom_id": "off", "message_id": panel}, 400, "disabled"},
		{"values for a button", "POST", guild + "/interactions", object{"custom_id": "on", "message_id": panel, "values": []string{"a"}}, 400, "values"},
		{"no values", "POST", guild + "/interactions", object{"custom_id": "pick", "message_id": panel}, 400, "from 1 to 1"},
		{"unknown value", "POST", guild + "/interactions", object{"custom_id": "pick", "message_id": panel, "values": []string{"b"}}, 400, `"b"`},
		{"no modal", "POST", guild + "/interactions", object{"modal": "form"}, 404, "form"},
		{"wait", "POST", guild + "/interactions", object{"command": "hello", "wait_ms": -1}, 400, "wait_ms"},
		{"where", "POST", guild + "/interactions", object{"command": "hello", "channel": "7"}, 404, "no channel 7"},
		{"join under a bad name", "POST", guild + "/members", object{"username": "A b"}, 400, "username"},
		{"join twice", "POST", guild + "/members", object{"username": "bob"}, 409, "bob"},
		{"unknown member leaves", "DELETE", guild + "/members/nobody", nil, 404, "nobody"},
		{"the owner leaves", "DELETE", guild + "/members/owner", nil, 400, "owner"},
		{"event name", "POST", guild + "/events", object{"type": "nope!", "data": object{}}, 400, "type"},
		{"event of no guild", "POST", guild + "/events", object{"type": "USER_UPDATE", "data": object{}}, 400, "no guild"},
		{"event of another guild", "POST", guild + "/events", object{"type": "TYPING_START", "data": object{"guild_id": "7"}}, 400, "data.guild_id"},
		{"event data", "POST", guild + "/events", object{"type": "TYPING_START", "data": 7}, 400, "data"},
		{"fault of nothing", "POST", "/faults", object{}, 400, "status"},
		{"fault status", "POST", "/faults", object{"status": 99}, 400, "status"},
		{"fault count", "POST", "/faults", object{"status": 502, "count": -1}, 400, "count"},
		{"fault delay", "POST", "/faults", object{"delay_ms": 600001}, 400, "delay_ms"},
		{"gateway action", "POST", "/gateway", object{"action": "explode"}, 400, "action"},
		{"gateway code", "POST", "/gateway", object{"action": "drop", "code": 7}, 400, "code"},
		{"requests", "GET", "/requests?limit=-1", nil, 400, "limit"},
		{"attachment", "GET", "/attachments/7/7/x", nil, 404, "attachment"},
		{"flood of nothing", "POST", "/flood", object{}, 400, "count"},
		{"flood over too many guilds", "POST", "/flood", object{"count": 1, "guilds": 3}, 400, "guilds"},
		{"flood rate", "POST", "/flood", object{"count": 1, "rate": -1}, 400, "rate"},
		{"flood both ways", "POST", "/flood", object{"count": 1, "rate": 1, "in_flight": 1}, 400, "not both"},
		{"flood with a last one that waits anyway", "POST", "/flood", object{"count": 1, "await": true, "last": "x"}, 400, "last"},
		{"flood author", "POST", "/flood", object{"count": 1, "author": "nobody"}, 400, "nobody"},
		{"flood of a bad event", "POST", "/flood", object{"count": 1, "event": "x"}, 400, "event"},
		{"flood of bad data", "POST", "/flood", object{"count": 1, "event": "TYPING_START", "data": []int{1}}, 400, "data"},
	} {
		t.Run(row.name, func(t *testing.T) {
			before := w.snapshot()
			status, body := w.control(row.method, row.path, row.body)
			var got struct {
				Message *string
				Code    *int
			}
			if err := json.Unmarshal(body, &got); err != nil || got.Message == nil || got.Code == nil {
				t.Fatalf("%d without message and code: %s", status, body)
			}
			if status != row.status || !strings.Contains(*got.Message, row.text) {
				t.Errorf("got %d %s, want %d with %q", status, body, row.status, row.text)
			}
			if after := w.snapshot(); after != before {
				t.Errorf("the world changed from %s to %s", before, after)
			}
		})
	}
}

// snapshot is what the control surface shows of the world.
func (w *world) snapshot() string {
	w.t.Helper()
	var all strings.Builder
	for _, path := range []string{"", w.messages(), "/faults"} {
		_, body := w.control("GET", path, nil)
		all.Write(body)
	}
	return all.String()
}

func TestOtherSitesAreRefused(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	for origin, want := range map[string]int{"https://evil.example": 403, w.base: 200, "": 200} {
		var headers []string
		if origin != "" {
			headers = []string{"Origin", origin}
		}
		if resp, _ := w.request("GET", w.base+"/sim", nil, headers...); resp.StatusCode != want {
			t.Errorf("from %q: %d, want %d", origin, resp.StatusCode, want)
		}
	}
}

func TestControlWorld(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{Guilds: 3, NoRateLimits: true})
	_, body := w.control("GET", "?limit=1&after="+w.guild, nil)
	doc := w.decode(body)
	if intOf(doc["total_guilds"]) != 3 || at(doc, "guilds", 0, "name") != "Guild 2" || doc["application_id"] != w.app || doc["api_base"] != w.base+"/api/v10" {
		t.Errorf("GET /sim: %s", body)
	}
	if users, _ := doc["users"].([]any); len(users) != 6 {
		t.Errorf("users: %v", users)
	}
	w.must(201, "POST", w.commands(), object{"name": "hello", "description": "x"})
	_, body = w.control("GET", "/guilds/"+w.guild, nil)
	if got := w.decode(body); at(got, "commands", 0, "name") != "hello" || at(got, "members", 0, "username") != "owner" {
		t.Errorf("GET /sim/guilds/...: %s", body)
	}
}

func TestPeopleActThroughControl(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	id := w.say("bob", "one")
	c.event("MESSAGE_CREATE")
	status, body := w.control("PATCH", w.messages()+"/"+id, object{"content": "two"})
	if status != 200 || w.decode(body)["content"] != "two" {
		t.Errorf("edit: %d %s", status, body)
	}
	if e := c.event("MESSAGE_UPDATE").object(t); e["content"] != "two" || e["edited_timestamp"] == nil {
		t.Errorf("event: %v", e)
	}
	status, body = w.control("POST", w.messages(), object{"author": w.users["carol"], "content": "three", "reply_to": id})
	if got := w.decode(body); status != 200 || at(got, "referenced_message", "content") != "two" || at(got, "author", "username") != "carol" {
		t.Errorf("reply: %d %s", status, body)
	}
	c.event("MESSAGE_CREATE")
	w.control("PUT", w.messages()+"/"+id+"/reactions", object{"emoji": "👍"})
	c.event("MESSAGE_REACTION_ADD")
	w.control("DELETE", w.messages()+"/"+id+"/reactions", object{"emoji": "👍"})
	c.event("MESSAGE_REACTION_REMOVE")
	_, body = w.control("GET", w.messages()+"?after="+id, nil)
	var list []object
	if err := json.Unmarshal(body, &list); err != nil || len(list) != 1 || list[0]["content"] != "three" {
		t.Errorf("after the first: %s", body)
	}
	w.control("DELETE", w.messages()+"/"+id, nil)
	c.event("MESSAGE_DELETE")
	w.control("POST", "/guilds/"+w.guild+"/events", object{"type": "GUILD_UPDATE", "data": object{"x": 1}})
	if e := c.event("GUILD_UPDATE").object(t); e["id"] != w.guild || intOf(e["x"]) != 1 {
		t.Errorf("event: %v", e)
	}
	if err := w.sim.Depart(snowflakeOf(t, w.guild), true); err != nil {
		t.Fatal(err)
	}
	c.event("GUILD_DELETE")
	if err := w.sim.Arrive(snowflakeOf(t, w.guild)); err != nil {
		t.Fatal(err)
	}
	c.event("GUILD_CREATE")
	if w.sim.Depart(7, false) == nil || w.sim.Arrive(7) == nil {
		t.Error("an unknown guild came or went")
	}
	if _, err := w.sim.Say(7, 7, "", "x"); err == nil {
		t.Error("somebody spoke in an unknown guild")
	}
	if status, body := w.control("GET", "/requests?after=99&wait_ms=1", nil); status != 200 || string(body) != "[]" {
		t.Errorf("no requests: %d %s", status, body)
	}
}
