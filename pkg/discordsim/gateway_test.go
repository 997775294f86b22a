package discordsim_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

func TestLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{Guilds: 3})
	c := w.dial("v=10&encoding=json")
	hello := c.want(10).object(t)
	if intOf(hello["heartbeat_interval"]) != 41250 {
		t.Errorf("heartbeat_interval: %v", hello)
	}
	c.identify(guilds|guildMessages, nil)
	ready := c.event("READY")
	if ready.S != 1 {
		t.Errorf("READY has sequence number %d, want 1", ready.S)
	}
	d := ready.object(t)
	if at(d, "user", "id") != w.app || at(d, "application", "id") != w.app || d["v"] != 10.0 {
		t.Errorf("READY: %v", d)
	}
	list, _ := d["guilds"].([]any)
	if diff := cmp.Diff(object{"id": w.guild, "unavailable": true}, list[0]); diff != "" || len(list) != 3 {
		t.Errorf("guilds of READY (-want +got): %s in %v", diff, list)
	}
	if url := textOf(d["resume_gateway_url"]); url != "ws"+strings.TrimPrefix(w.base, "http")+"/gateway" {
		t.Errorf("resume_gateway_url: %s", url)
	}
	for n := range 3 {
		p := c.event("GUILD_CREATE")
		if p.S != int64(n)+2 {
			t.Errorf("sequence number %d, want %d", p.S, n+2)
		}
		g := p.object(t)
		if at(g, "channels", 0, "name") != "general" || at(g, "roles", 0, "name") != "@everyone" || intOf(g["member_count"]) != 6 {
			t.Errorf("GUILD_CREATE: %v", g)
		}
		if members, _ := g["members"].([]any); len(members) != 1 || at(members, 0, "user", "id") != w.app {
			t.Errorf("without the presences intent only the bot is a member of GUILD_CREATE: %v", members)
		}
	}
	c.nothing()
}

func TestGatewayAddress(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	_, body := w.request("GET", w.base+"/api/v10/gateway", nil)
	want := `{"url":"ws` + strings.TrimPrefix(w.base, "http") + `/gateway"}`
	if string(body) != want {
		t.Errorf("got %s, want %s", body, want)
	}
	got := w.must(200, "GET", "/gateway/bot", nil)
	if intOf(got["shards"]) != 1 || intOf(at(got, "session_start_limit", "remaining")) != 1000 {
		t.Errorf("/gateway/bot: %v", got)
	}
	w.login(guilds)
	got = w.must(200, "GET", "/gateway/bot", nil)
	if intOf(at(got, "session_start_limit", "remaining")) != 999 {
		t.Errorf("/gateway/bot after a login: %v", got)
	}
	w.sim.SetBaseURL("https://sim.example")
	if url := w.must(200, "GET", "/gateway/bot", nil)["url"]; url != "wss://sim.example/gateway" {
		t.Errorf("url behind TLS: %v", url)
	}
}

func TestCloseCodes(t *testing.T) {
	t.Parallel()
	identify := func(more object) func(*client) {
		return func(c *client) { c.identify(guilds, more) }
	}
	for _, row := range []struct {
		name  string
		query string
		do    func(*client)
		want  int
	}{
		{"unknown version", "v=6", func(*client) {}, 4012},
		{"unknown encoding", "encoding=etf", func(*client) {}, 4002},
		{"unknown compression", "compress=zstd-stream", func(*client) {}, 4002},
		{"no json", "v=10", func(c *client) { _ = c.ws.WriteMessage(1, []byte("hello")) }, 4002},
		{"no opcode", "v=10", func(c *client) { _ = c.ws.WriteMessage(1, []byte(`{"d":1}`)) }, 4002},
		{"too large", "v=10", func(c *client) { c.send(1, strings.Repeat("x", 5000)) }, 4002},
		{"unknown opcode", "v=10", func(c *client) { c.send(99, nil) }, 4001},
		{"not authenticated", "v=10", func(c *client) { c.send(3, object{}) }, 4003},
		{"wrong token", "v=10", identify(object{"token": "other"}), 4004},
		{"identified twice", "v=10", func(c *client) { c.identify(guilds, nil); c.identify(guilds, nil) }, 4005},
		{"no properties", "v=10", func(c *client) { c.send(2, object{"token": "token", "intents": 1}) }, 4002},
		{"no intents", "v=10", identify(object{"intents": nil}), 4013},
		{"unknown intents", "v=10", identify(object{"intents": 1 << 30}), 4013},
		{"denied intents", "v=10", identify(object{"intents": guilds | guildPresences}), 4014},
		{"shard out of range", "v=10", identify(object{"shard": []int{2, 2}}), 4010},
		{"no shards", "v=10", identify(object{"shard": []int{0, 0}}), 4010},
		{"resume with a wrong token", "v=10", func(c *client) {
			c.send(6, object{"token": "other", "session_id": "x", "seq": 1})
		}, 4004},
		{"resume without a sequence number", "v=10", func(c *client) {
			c.send(6, object{"token": "token", "session_id": "x"})
		}, 4002},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, discordsim.Config{Token: "token", DeniedIntents: guildPresences})
			c := w.dial(row.query)
			row.do(c)
			if got := c.closed(); got != row.want {
				t.Errorf("got %d, want %d", got, row.want)
			}
		})
	}
}

func TestTooManySends(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{})
	c := w.login(guilds)
	for range 119 {
		c.send(1, nil)
	}
	for range 119 {
		c.want(11)
	}
	c.send(1, nil)
	if got := c.closed(); got != 4008 {
		t.Errorf("got %d, want 4008", got)
	}
}

func TestShardingRequired(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{Guilds: 2501})
	if n := intOf(w.must(200, "GET", "/gateway/bot", nil)["shards"]); n != 2 {
		t.Errorf("%d shards are proposed, want 2", n)
	}
	c := w.dial("v=10")
	c.identify(guilds, nil)
	if got := c.closed(); got != 4011 {
		t.Errorf("got %d, want 4011", got)
	}
}

func TestShards(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{Guilds: 4})
	var clients [2]*client
	for n := range clients {
		c := w.dial("v=10")
		c.want(10)
		c.identify(guilds|guildMessages|messageContent, object{"shard": []int{n, 2}})
		ready := c.event("READY").object(t)
		if diff := cmp.Diff([]any{float64(n), 2.0}, ready["shard"]); diff != "" {
			t.Errorf("shard (-want +got): %s", diff)
		}
		if list, _ := ready["guilds"].([]any); len(list) != 2 {
			t.Errorf("shard %d has %d guilds of 4", n, len(list))
		}
		c.event("GUILD_CREATE")
		c.event("GUILD_CREATE")
		clients[n] = c
	}
	w.say("", "hello")
	first := int(snowflakeOf(t, w.guild)>>22) % 2 // Discord's own rule.
	if m := clients[first].event("MESSAGE_CREATE").object(t); m["content"] != "hello" {
		t.Errorf("message: %v", m)
	}
	clients[1-first].nothing()
}

func TestHeartbeats(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(guilds)
	c.send(1, c.seq)
	c.want(11)
	if n, err := w.sim.FailGateway(discordsim.GatewayFault{Kind: "heartbeat"}); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	c.want(1)
	if _, err := w.sim.FailGateway(discordsim.GatewayFault{Kind: "mute"}); err != nil {
		t.Fatal(err)
	}
	c.send(1, c.seq)
	w.must(200, "PATCH", "/users/@me", object{"username": "other"})
	c.event("USER_UPDATE") // The heartbeat before it was not acknowledged.
}

func TestSilentClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{HeartbeatInterval: 10 * time.Millisecond})
	c := w.login(guilds)
	if got := c.closed(); got != 4009 {
		t.Errorf("got %d, want 4009", got)
	}
}

func TestIntents(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	for _, row := range []struct {
		name    string
		intents int
		content string
		want    string
		absent  bool
	}{
		{"content", guildMessages | messageContent, "hello", "hello", false},
		{"no content", guildMessages, "hello", "", false},
		{"mentioned", guildMessages, "hello <@" + w.app + ">", "hello <@" + w.app + ">", false},
		{"no messages", messageContent, "hello", "", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := w.login(guilds | row.intents)
			w.say("alice", row.content)
			if row.absent {
				c.nothing()
				return
			}
			m := c.event("MESSAGE_CREATE").object(t)
			if m["content"] != row.want || at(m, "author", "username") != "alice" || m["guild_id"] != w.guild || at(m, "member", "roles") == nil {
				t.Errorf("got %v, want content %q", m, row.want)
			}
		})
	}
}

func TestPresencesShowMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{Guilds: 1})
	c := w.dial("v=10")
	c.want(10)
	c.identify(guilds|guildMembers|guildPresences, nil)
	g := c.until("GUILD_CREATE").object(t)
	members, _ := g["members"].([]any)
	presences, _ := g["presences"].([]any)
	if len(members) != 6 || len(presences) != 6 {
		t.Errorf("%d members and %d presences, want 6", len(members), len(presences))
	}
}

func TestResume(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	w.must(200, "PUT", "/applications/"+w.app+w.inGuild("/commands"), []object{{"name": "hello", "description": "Says hello"}})
	before := c.seq
	c.drop()
	w.disconnected()
	w.say("", "first")
	go w.sim.Act(t.Context(), snowflakeOf(t, w.guild), discordsim.Action{Command: "hello"}) //nolint:errcheck // It is answered below.
	w.pushed(c.session, before+2)
	r := w.resume(c)
	m := r.event("MESSAGE_CREATE")
	if m.S != before+1 || m.object(t)["content"] != "first" {
		t.Errorf("replayed: %+v", m)
	}
	i := r.event("INTERACTION_CREATE")
	if i.S != before+2 || at(i.object(t), "data", "name") != "hello" {
		t.Errorf("replayed: %+v", i)
	}
	if p := r.event("RESUMED"); p.S != before+3 {
		t.Errorf("RESUMED has sequence number %d, want %d", p.S, before+3)
	}
	w.must(204, "POST", "/interactions/"+textOf(i.object(t)["id"])+"/"+textOf(i.object(t)["token"])+"/callback",
		object{"type": 4, "data": object{"content": "hi"}})
	if m := r.event("MESSAGE_CREATE").object(t); m["content"] != "hi" {
		t.Errorf("after the resume: %v", m)
	}
}

func TestResumeRefused(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		do   func(w *world, clock *fakeClock, c *client)
		op   int
		code int
	}{
		{"unknown session", func(_ *world, _ *fakeClock, c *client) { c.session = "unknown" }, 9, 0},
		{"sequence number ahead", func(_ *world, _ *fakeClock, c *client) { c.seq += 10 }, 0, 4007},
		{"too late", func(_ *world, clock *fakeClock, _ *client) { clock.Advance(6 * time.Minute) }, 9, 0},
		{"replay buffer overrun", func(w *world, _ *fakeClock, _ *client) {
			for range 6 {
				w.say("", "x")
			}
		}, 9, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			clock := newFakeClock()
			w := newWorld(t, discordsim.Config{NoRateLimits: true, Now: clock.Now, ReplayEvents: 5})
			c := w.login(everything)
			c.drop()
			w.disconnected()
			row.do(w, clock, c)
			r := w.resume(c)
			if row.code != 0 {
				if got := r.closed(); got != row.code {
					t.Errorf("got %d, want %d", got, row.code)
				}
				return
			}
			if p := r.want(row.op); string(p.D) != "false" {
				t.Errorf("op 9 with %s, want false", p.D)
			}
			r.identify(guilds, nil) // The connection goes on with a new session.
			r.event("READY")
		})
	}
}

func TestPoliteCloseEndsTheSession(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	for code, resumable := range map[int]bool{1000: false, 1001: false, 4000: true} {
		c := w.login(guilds)
		_ = c.ws.WriteControl(8, closeMessage(code), time.Now().Add(patience))
		w.disconnected()
		r := w.resume(c)
		if p := r.next(); (p.T == "RESUMED") != resumable {
			t.Errorf("after %d: op %d %s", code, p.Op, p.T)
		}
		r.drop()
		w.disconnected()
	}
}

func TestScriptedGateway(t *testing.T) {
	t.Parallel()
	resumes := func(w *world, c *client) {
		c.drop()
		w.disconnected()
		w.resume(c).event("RESUMED")
	}
	for _, row := range []struct {
		name  string
		body  object
		check func(w *world, c *client)
	}{
		{"drop", object{"action": "drop"}, func(w *world, c *client) {
			if got := c.closed(); got != 1006 {
				w.t.Errorf("got %d, want a broken connection", got)
			}
			resumes(w, c)
		}},
		{"drop with a code", object{"action": "drop", "code": 4000}, func(w *world, c *client) {
			if got := c.closed(); got != 4000 {
				w.t.Errorf("got %d, want 4000", got)
			}
			resumes(w, c)
		}},
		{"drop with a code that ends the session", object{"action": "drop", "code": 4009}, func(w *world, c *client) {
			if got := c.closed(); got != 4009 {
				w.t.Errorf("got %d, want 4009", got)
			}
			w.resume(c).want(9)
		}},
		{"forget", object{"action": "drop", "forget": true}, func(w *world, c *client) {
			c.closed()
			w.resume(c).want(9)
		}},
		{"reconnect", object{"action": "reconnect"}, func(w *world, c *client) {
			c.want(7)
			resumes(w, c)
		}},
		{"invalid session, resumable", object{"action": "invalid_session", "resumable": true}, func(w *world, c *client) {
			if p := c.want(9); string(p.D) != "true" {
				w.t.Errorf("op 9 with %s, want true", p.D)
			}
			c.send(6, object{"token": "token", "session_id": c.session, "seq": c.seq})
			c.event("RESUMED")
		}},
		{"invalid session", object{"action": "invalid_session"}, func(w *world, c *client) {
			if p := c.want(9); string(p.D) != "false" {
				w.t.Errorf("op 9 with %s, want false", p.D)
			}
			c.identify(guilds, nil)
			if id := c.event("READY").object(w.t)["session_id"]; id == c.session {
				w.t.Error("the old session came back")
			}
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := quiet(t)
			w.t = t
			c := w.login(guilds)
			if status, body := w.control("POST", "/gateway", row.body); status != http.StatusOK || string(body) != `{"connections":1}` {
				t.Fatalf("%d %s", status, body)
			}
			row.check(w, c)
		})
	}
}

func TestScriptedShard(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{Guilds: 4})
	var clients [2]*client
	for n := range clients {
		clients[n] = w.dial("v=10")
		clients[n].want(10)
		clients[n].identify(0, object{"shard": []int{n, 2}})
		clients[n].event("READY")
	}
	w.control("POST", "/gateway", object{"action": "reconnect", "shard": 1})
	clients[1].want(7)
	clients[0].nothing()
}

func TestCompression(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	t.Run("zlib-stream", func(t *testing.T) {
		c := w.dial("v=10&encoding=json&compress=zlib-stream")
		c.want(10)
		c.identify(everything, nil)
		c.event("READY")
		c.event("GUILD_CREATE")
		c.event("GUILD_CREATE")
		long := strings.Repeat("long ", 300)
		w.say("", long)
		if m := c.event("MESSAGE_CREATE").object(t); m["content"] != strings.TrimSpace(long) {
			t.Errorf("content: %v", m["content"])
		}
		c.nothing()
	})
	t.Run("payloads", func(t *testing.T) {
		c := w.dial("v=10&encoding=json")
		c.want(10)
		c.identify(everything, object{"compress": true})
		c.event("READY")
		c.event("GUILD_CREATE") // It is large, so it comes packed.
		c.event("GUILD_CREATE")
		w.say("", "short")
		c.event("MESSAGE_CREATE")
	})
}

func TestRequestMembers(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(guilds | guildMembers)
	for _, row := range []struct {
		name    string
		request object
		want    []string
		missing []any
	}{
		{"all", object{"query": "", "limit": 0}, []string{"owner", "moderator", "alice", "bob", "carol", "flora"}, []any{}},
		{"prefix", object{"query": "AL", "limit": 5}, []string{"alice"}, []any{}},
		{"limit", object{"query": "", "limit": 2}, []string{"owner", "moderator"}, []any{}},
		{"ids", object{"user_ids": []string{w.users["bob"], "7"}}, []string{"bob"}, []any{"7"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			row.request["guild_id"], row.request["nonce"] = w.guild, row.name
			c.send(8, row.request)
			d := c.event("GUILD_MEMBERS_CHUNK").object(t)
			var names []string
			list, _ := d["members"].([]any)
			for _, m := range list {
				names = append(names, textOf(at(m, "user", "username")))
			}
			if diff := cmp.Diff(row.want, names); diff != "" {
				t.Errorf("members (-want +got): %s", diff)
			}
			if diff := cmp.Diff(row.missing, d["not_found"]); diff != "" {
				t.Errorf("not_found (-want +got): %s", diff)
			}
			if d["nonce"] != row.name || intOf(d["chunk_count"]) != 1 {
				t.Errorf("chunk: %v", d)
			}
		})
	}
}

func TestGuildsComeAndGo(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	status, body := w.control("POST", "/guilds", object{"name": "Another"})
	if status != http.StatusCreated {
		t.Fatalf("%d %s", status, body)
	}
	id := textOf(w.decode(body)["id"])
	if g := c.event("GUILD_CREATE").object(t); g["id"] != id || g["name"] != "Another" {
		t.Errorf("GUILD_CREATE: %v", g)
	}
	w.control("POST", "/guilds/"+id+"/outage", nil)
	if d := c.event("GUILD_DELETE").object(t); d["id"] != id || d["unavailable"] != true {
		t.Errorf("GUILD_DELETE: %v", d)
	}
	w.control("DELETE", "/guilds/"+id+"/outage", nil)
	if g := c.event("GUILD_CREATE").object(t); g["id"] != id {
		t.Errorf("GUILD_CREATE: %v", g)
	}
	w.control("DELETE", "/guilds/"+id, nil)
	if d := c.event("GUILD_DELETE").object(t); d["id"] != id || d["unavailable"] != nil {
		t.Errorf("GUILD_DELETE: %v", d)
	}
	w.refused(404, 10004, "GET", "/guilds/"+id, nil)
	ids := []string{}
	for _, g := range w.list("/users/@me/guilds") {
		ids = append(ids, textOf(g["id"]))
	}
	if slices.Contains(ids, id) || len(ids) != 2 {
		t.Errorf("guilds after the departure: %v", ids)
	}
}

func TestCloseEndsConnections(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(guilds)
	done := make(chan error, 1)
	go func() { done <- w.sim.Close() }()
	if got := c.closed(); got != 1001 {
		t.Errorf("got %d, want 1001", got)
	}
	_ = c.ws.Close()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("Close does not return")
	}
	w.refused(503, 0, "GET", "/users/@me", nil)
}

func TestVoiceState(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(guilds | 1<<7)
	voice := textOf(w.must(201, "POST", w.inGuild("/channels"), object{"name": "voice", "type": 2})["id"])
	c.event("CHANNEL_CREATE")
	c.send(3, object{"status": "idle", "afk": false, "since": nil, "activities": []any{}})
	c.send(4, object{"guild_id": w.guild, "channel_id": voice, "self_mute": true, "self_deaf": false})
	if e := c.event("VOICE_STATE_UPDATE").object(t); e["channel_id"] != voice || e["user_id"] != w.app || e["self_mute"] != true || e["session_id"] != c.session {
		t.Errorf("event: %v", e)
	}
	c.send(4, object{"guild_id": w.guild, "channel_id": nil})
	if e := c.event("VOICE_STATE_UPDATE").object(t); e["channel_id"] != nil {
		t.Errorf("event: %v", e)
	}
	c.send(3, "idle")
	if got := c.closed(); got != 4002 {
		t.Errorf("got %d, want 4002", got)
	}
}
