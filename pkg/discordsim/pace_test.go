package discordsim_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

// shardOf is what IDENTIFY says of a shard.
func shardOf(n, of int) object { return object{"shard": []int{n, of}} }

func TestRecommendedShards(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{Guilds: 1, Shards: 6, MaxConcurrency: 3, SessionStarts: 50})
	got := w.must(200, "GET", "/gateway/bot", nil)
	limit, _ := got["session_start_limit"].(object)
	if intOf(got["shards"]) != 6 || intOf(limit["max_concurrency"]) != 3 || intOf(limit["total"]) != 50 || intOf(limit["remaining"]) != 50 {
		t.Errorf("/gateway/bot: %v", got)
	}
}

// TestIdentifiesOfAClass: shards 0 and 2 are of one class where two may identify
// at the same time.
func TestIdentifiesOfAClass(t *testing.T) {
	t.Parallel()
	clock := newFakeClock()
	w := newWorld(t, discordsim.Config{Guilds: 4, MaxConcurrency: 2, Now: clock.Now})
	identify := func(shard int) *client {
		c := w.dial("v=10")
		c.want(10)
		c.identify(guilds, shardOf(shard, 4))
		return c
	}
	identify(0).event("READY")
	identify(1).event("READY")
	early := identify(2)
	if d := early.want(9).D; string(d) != "false" {
		t.Errorf("too early: INVALID_SESSION has %s, want false", d)
	}
	clock.Advance(4999 * time.Millisecond)
	early.identify(guilds, shardOf(2, 4))
	early.want(9)
	clock.Advance(time.Millisecond)
	early.identify(guilds, shardOf(2, 4)) // The connection is good for another one.
	early.event("READY")
	var gateway struct{ Identifies, Refused int }
	_, body := w.control("GET", "/gateway", nil)
	if err := json.Unmarshal(body, &gateway); err != nil || gateway.Identifies != 3 || gateway.Refused != 2 {
		t.Errorf("%s (%v), want 3 sessions and 2 refused", body, err)
	}
}

func TestIdentifiesWithoutRateLimits(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		every time.Duration
		op    int
	}{{"not said", 0, 0}, {"said", time.Hour, 9}} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, discordsim.Config{NoRateLimits: true, IdentifyEvery: row.every})
			w.login(0)
			c := w.dial("v=10")
			c.want(10)
			c.identify(0, nil)
			c.want(row.op)
		})
	}
}

// TestTheDaysSessions: one IDENTIFY too many ends every session, and the token
// with it.
func TestTheDaysSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{SessionStarts: 2})
	first := w.login(guilds)
	w.resumes(first) // Which costs nothing.
	status, body := w.control("POST", "/gateway", object{"action": "starts", "remaining": 1})
	if status != http.StatusOK {
		t.Fatalf("%d %s", status, body)
	}
	second := w.dial("v=10")
	second.want(10)
	second.identify(guilds, nil)
	second.event("READY")
	if n := intOf(at(w.must(200, "GET", "/gateway/bot", nil), "session_start_limit", "remaining")); n != 0 {
		t.Errorf("%d are left, want 0", n)
	}
	w.control("POST", "/gateway", object{"action": "starts", "remaining": 0})
	third := w.dial("v=10")
	third.want(10)
	third.identify(guilds, nil)
	if got := third.closed(); got != 4004 {
		t.Errorf("one too many is closed with %d, want 4004", got)
	}
	if got := second.closed(); got != 4004 {
		t.Errorf("the session before it is closed with %d, want 4004", got)
	}
	w.refused(401, 0, "GET", "/gateway/bot", nil)
	w.control("POST", "/gateway", object{"action": "starts", "remaining": 1})
	w.login(guilds)
}

func TestStartsAreChecked(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	for _, body := range []object{{"action": "starts"}, {"action": "starts", "remaining": -1}, {"action": "starts", "remaining": 1001}, {"action": "drop", "remaining": 5}} {
		if status, answer := w.control("POST", "/gateway", body); status != http.StatusBadRequest {
			t.Errorf("%v: %d %s", body, status, answer)
		}
	}
}

// life is a row of GET /sim/gateway/connections.
type life struct {
	Connection int
	Session    string `json:"session_id"`
	Shard      [2]int
	Resumed    bool
	Ended      *time.Time
	Enter      int
	Leave      int
}

func (w *world) lives() []life {
	w.t.Helper()
	var out []life
	status, body := w.control("GET", "/gateway/connections", nil)
	if err := json.Unmarshal(body, &out); err != nil || status != http.StatusOK {
		w.t.Fatalf("%d %s %v", status, body, err)
	}
	return out
}

// resumes goes on with the client's session on another connection while it lives.
func (w *world) resumes(c *client) *client {
	w.t.Helper()
	r := w.resume(c)
	r.until("RESUMED")
	return r
}

// TestConnectionsOfAShard: Discord lets two sessions of a shard live and gives
// events to both; a RESUME takes its session from the connection that had it.
func TestConnectionsOfAShard(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	one, other := w.login(guilds|guildMessages), w.login(guilds|guildMessages)
	id := w.say("", "to both")
	one.event("MESSAGE_CREATE")
	other.event("MESSAGE_CREATE")
	third := w.resumes(one)
	if got := one.closed(); got != 4000 {
		t.Errorf("the connection that was resumed elsewhere is closed with %d", got)
	}
	id2 := w.say("", "to both again")
	third.event("MESSAGE_CREATE")
	other.event("MESSAGE_CREATE")
	lives := w.lives()
	for i := range lives {
		if (lives[i].Ended != nil) != (lives[i].Leave != 0) {
			t.Errorf("%+v", lives[i])
		}
		lives[i].Ended = nil
	}
	want := []life{
		{Connection: 1, Session: one.session, Shard: [2]int{0, 1}, Enter: 1, Leave: 3},
		{Connection: 2, Session: other.session, Shard: [2]int{0, 1}, Enter: 2},
		{Connection: 3, Session: one.session, Shard: [2]int{0, 1}, Resumed: true, Enter: 4},
	}
	if diff := cmp.Diff(want, lives); diff != "" {
		t.Errorf("(-want +got): %s", diff)
	}
	var sent []discordsim.Dispatch
	_, body := w.control("GET", "/gateway/dispatches?event=MESSAGE_CREATE", nil)
	if err := json.Unmarshal(body, &sent); err != nil {
		t.Fatalf("%v %s", err, body)
	}
	got := map[string]int{}
	for _, d := range sent {
		if d.Session == one.session && d.Replayed {
			t.Errorf("nothing was missed, but %+v", d)
		}
		got[d.ID] += 1 << d.Connection
	}
	if diff := cmp.Diff(map[string]int{id: 1<<1 | 1<<2, id2: 1<<3 | 1<<2}, got); diff != "" {
		t.Errorf("who got which message (-want +got): %s", diff)
	}
}

// TestDispatchesOfAReplay: an event that nobody was there for is told of once as
// missed and once as replayed.
func TestDispatchesOfAReplay(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(guilds | guildMessages)
	c.drop()
	w.disconnected()
	id := w.say("", "missed")
	w.resumes(c)
	var sent []discordsim.Dispatch
	_, body := w.control("GET", "/gateway/dispatches?event=MESSAGE_CREATE&limit=10", nil)
	if err := json.Unmarshal(body, &sent); err != nil || len(sent) != 2 {
		t.Fatalf("%v %s", err, body)
	}
	if d := sent[0]; d.ID != id || d.Guild != w.guild || d.Connection != 0 || d.Replayed {
		t.Errorf("missed: %+v", d)
	}
	if d := sent[1]; d.ID != id || d.Connection != 2 || !d.Replayed || d.Seq != sent[0].Seq {
		t.Errorf("replayed: %+v", d)
	}
	_, body = w.control("GET", "/gateway/dispatches?after="+jsonNumber(sent[0].Number)+"&limit=1", nil)
	if err := json.Unmarshal(body, &sent); err != nil || len(sent) != 1 || sent[0].Number != 5 {
		t.Errorf("after a number: %v %s", err, body)
	}
}

func jsonNumber(n int64) string {
	b, _ := json.Marshal(n) // A number.
	return string(b)
}

// TestStoriesOfInteractions: each request about an interaction is remembered,
// those that are refused too.
func TestStoriesOfInteractions(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	w.must(200, "PUT", "/applications/"+w.app+w.inGuild("/commands"), []object{{"name": "hello", "description": "Says hello"}})
	sent, err := w.sim.Act(t.Context(), snowflakeOf(t, w.guild), discordsim.Action{Command: "hello", Detach: true})
	if err != nil || sent.Type != "sent" {
		t.Fatalf("%+v %v", sent, err)
	}
	i := c.until("INTERACTION_CREATE").object(t)
	if i["id"] != sent.InteractionID.String() {
		t.Errorf("interaction %v is sent, and %s told", i["id"], sent.InteractionID)
	}
	callback := "/interactions/" + textOf(i["id"]) + "/" + textOf(i["token"]) + "/callback"
	w.must(204, "POST", callback, object{"type": 5})
	w.refused(400, 40060, "POST", callback, object{"type": 4, "data": object{"content": "again"}})
	webhook := "/webhooks/" + w.app + "/" + textOf(i["token"])
	w.must(200, "PATCH", webhook+"/messages/@original", object{"content": "at last"})
	w.must(200, "POST", webhook, object{"content": "and more"})
	var stories []struct {
		ID      string
		Guild   string `json:"guild_id"`
		Command string
		Answer  int
		Answers int
		Edits   int
		Steps   []struct {
			Request string
			From    string
			Status  int
			Code    int
		}
	}
	_, body := w.control("GET", "/interactions", nil)
	if err := json.Unmarshal(body, &stories); err != nil || len(stories) != 1 {
		t.Fatalf("%v %s", err, body)
	}
	s := stories[0]
	if s.ID != i["id"] || s.Guild != w.guild || s.Command != "hello" || s.Answer != 5 || s.Answers != 2 || s.Edits != 2 {
		t.Errorf("%+v", s)
	}
	var steps []object
	for _, st := range s.Steps {
		if st.From == "" {
			t.Errorf("nobody sent %+v", st)
		}
		steps = append(steps, object{"request": st.Request, "status": st.Status, "code": st.Code})
	}
	const message = "/webhooks/{webhook}/{token}"
	want := []object{
		{"request": "POST /interactions/{interaction}/{token}/callback", "status": 204, "code": 0},
		{"request": "POST /interactions/{interaction}/{token}/callback", "status": 400, "code": 40060},
		{"request": "PATCH " + message + "/messages/{message}", "status": 200, "code": 0},
		{"request": "POST " + message, "status": 200, "code": 0},
	}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("steps (-want +got): %s", diff)
	}
	if _, body := w.control("GET", "/interactions?after="+s.ID, nil); string(body) != "[]" {
		t.Errorf("after the last: %s", body)
	}
}
