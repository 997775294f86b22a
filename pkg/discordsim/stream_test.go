package discordsim_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// heard is one event of a stream.
type heard struct {
	id, name string
	data     object
}

// listener reads a stream.
type listener struct {
	t    *testing.T
	body *bufio.Scanner
	end  func()
}

func (w *world) listen(query, lastID string) *listener {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	req, err := http.NewRequestWithContext(ctx, "GET", w.base+"/sim/guilds/"+w.guild+"/stream"+query, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	res, err := caller.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "text/event-stream" {
		w.t.Fatalf("stream: %d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	l := &listener{t: w.t, body: bufio.NewScanner(res.Body)}
	l.body.Buffer(nil, 1<<20)
	l.end = func() { cancel(); _ = res.Body.Close() }
	w.t.Cleanup(l.end)
	return l
}

// next is the next event; its name is "" when the stream has ended.
func (l *listener) next() heard {
	l.t.Helper()
	var h heard
	for l.body.Scan() {
		line := l.body.Text()
		switch key, value, _ := strings.Cut(line, ": "); {
		case line == "" && h.name != "":
			return h
		case key == "id":
			h.id = value
		case key == "event":
			h.name = value
		case key == "data":
			if err := json.Unmarshal([]byte(value), &h.data); err != nil {
				l.t.Fatalf("%v: %s", err, value)
			}
		}
	}
	return heard{}
}

// until reads on to an event of the name that the check accepts.
func (l *listener) until(name string, check func(object) bool) heard {
	l.t.Helper()
	for {
		h := l.next()
		if h.name == "" {
			l.t.Fatalf("the stream ended without %s", name)
		}
		if h.name == name && (check == nil || check(h.data)) {
			return h
		}
	}
}

func TestStreamTellsWhatChanges(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	l := w.listen("?as=bob", "")
	l.until("ready", nil)
	id := w.say("alice", "hello\nthere")
	if h := l.next(); h.name != "message" || h.data["content"] != "hello\nthere" {
		t.Fatalf("got %+v", h)
	}
	one := w.messages() + "/" + id
	w.control("PATCH", one, object{"content": "other"})
	l.until("message", func(m object) bool { return m["content"] == "other" && m["edited_timestamp"] != nil })
	for _, row := range []struct {
		author string
		mine   bool
	}{{"alice", false}, {"bob", true}} {
		w.control("PUT", one+"/reactions", object{"emoji": "👍", "author": row.author})
		l.until("message", func(m object) bool { return at(m, "reactions", 0, "me") == row.mine })
	}
	w.control("POST", "/guilds/"+w.guild+"/members", object{"username": "dave"})
	l.until("guild", func(d object) bool { return d["changed"] == "members" })
	w.rest("PUT", "/applications/"+w.app+"/commands", []object{{"name": "new", "description": "x"}})
	l.until("guild", func(d object) bool { return d["changed"] == "commands" })
	w.rest("POST", "/channels/"+w.channel+"/typing", nil)
	l.until("typing", func(d object) bool { return d["channel_id"] == w.channel })
	w.control("DELETE", one, nil)
	l.until("delete", func(d object) bool { return d["id"] == id })
	w.control("DELETE", "/guilds/"+w.guild+"/members/bob", nil)
	l.until("left", nil)
	if h := l.next(); h.name != "" {
		t.Errorf("%+v came after the end", h)
	}
}

func TestStreamGoesOn(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	l := w.listen("", "")
	l.until("ready", nil)
	w.say("alice", "one")
	seen := l.until("message", nil)
	l.end()
	w.say("alice", "two")
	again := w.listen("", seen.id)
	again.until("ready", nil)
	if h := again.next(); h.data["content"] != "two" {
		t.Errorf("got %+v", h)
	}
	for _, id := range []string{"nonsense", "0-0", strings.Split(seen.id, "-")[0] + "-99999999", "-1"} {
		if h := w.listen("", id).next(); h.name != "reload" {
			t.Errorf("from %q: got %+v", id, h)
		}
	}
	for n := range 2100 {
		if _, err := w.sim.Say(snowflakeOf(t, w.guild), snowflake.ChannelID(snowflakeOf(t, w.channel)), "alice", strconv.Itoa(n)); err != nil {
			t.Fatal(err)
		}
	}
	late := w.listen("", seen.id)
	if h := late.next(); h.name != "reload" {
		t.Errorf("after too many: got %+v", h)
	}
}

// TestStreamKeepsSecrets lets bob get an ephemeral answer: alice must not see it.
func TestStreamKeepsSecrets(t *testing.T) {
	t.Parallel()
	a := newActing(t)
	bob, alice, all := a.listen("?as=bob", ""), a.listen("?as=alice", ""), a.listen("", "")
	in, done := a.act(discordsim.Action{Command: "hello", Author: "bob"})
	a.must(204, "POST", "/interactions/"+textOf(in["id"])+"/"+textOf(in["token"])+"/callback", object{"type": 4, "data": object{"content": "psst", "flags": 64}})
	a.see(done)
	psst := bob.until("message", func(m object) bool { return m["content"] == "psst" })
	a.control("DELETE", a.messages()+"/"+textOf(psst.data["id"]), nil)
	bob.until("delete", func(m object) bool { return m["id"] == psst.data["id"] })
	a.say("alice", "loud")
	for _, l := range []*listener{alice, all} {
		for h := l.next(); h.data["content"] != "loud"; h = l.next() {
			if h.data["id"] == psst.data["id"] || h.name == "" {
				t.Fatalf("somebody else sees %+v", h)
			}
		}
	}
}

func TestStreamsAreBoundedAndEnd(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	for _, row := range []struct {
		path   string
		status int
	}{
		{"/guilds/1/stream", 404},
		{"/guilds/x/stream", 400},
		{"/guilds/" + w.guild + "/stream?as=nobody", 400},
	} {
		if status, _ := w.control("GET", row.path, nil); status != row.status {
			t.Errorf("%s: got %d, want %d", row.path, status, row.status)
		}
	}
	var open []*listener
	for range 64 {
		open = append(open, w.listen("", ""))
	}
	if status, _ := w.control("GET", "/guilds/"+w.guild+"/stream", nil); status != 503 {
		t.Errorf("one too many: got %d", status)
	}
	w.sim.EndStreams()
	for _, l := range open {
		l.until("ready", nil)
		if h := l.next(); h.name != "" {
			t.Fatalf("%+v came after the end", h)
		}
	}
	if status, _ := w.control("GET", "/guilds/"+w.guild+"/stream", nil); status != 503 {
		t.Errorf("after the end: got %d", status)
	}
}

// TestFilesOfPeople attaches files to a message, and gives one as an option.
func TestFilesOfPeople(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	file := object{"filename": "a b#.txt", "content_type": "text/plain", "data": "aGVsbG8="}
	status, body := w.control("POST", w.messages(), object{"attachments": []object{file}})
	var m struct {
		Attachments []struct {
			URL  string
			Size int
		}
	}
	if err := json.Unmarshal(body, &m); err != nil || status != 200 || len(m.Attachments) != 1 || m.Attachments[0].Size != 5 {
		t.Fatalf("%d %s", status, body)
	}
	if _, text := w.request("GET", m.Attachments[0].URL, nil); string(text) != "hello" {
		t.Errorf("got %q", text)
	}
	for name, bad := range map[string]any{
		"slash": object{"filename": "a/b"}, "no name": object{"data": ""}, "no base64": object{"filename": "a", "data": "%"}, "unknown": object{"filename": "a", "x": 1},
	} {
		if status, _ := w.control("POST", w.messages(), object{"content": "x", "attachments": []any{bad}}); status != 400 {
			t.Errorf("%s: got %d", name, status)
		}
	}
}

func TestFileAsAnOption(t *testing.T) {
	t.Parallel()
	w, bot := optionsWorld(t)
	file := object{"filename": "f.txt", "content_type": "text/plain", "data": "aGVsbG8="}
	w.control("POST", "/guilds/"+w.guild+"/interactions", object{"command": "all", "options": object{"text": "abc", "file": file}})
	data := bot.until("INTERACTION_CREATE").object(t)["data"]
	list, _ := at(data, "options").([]any)
	id := textOf(at(data, "options", len(list)-1, "value"))
	got := at(data, "resolved", "attachments", id)
	if at(got, "filename") != "f.txt" || intOf(at(got, "size")) != 5 {
		t.Fatalf("got %v", data)
	}
	if _, text := w.request("GET", textOf(at(got, "url")), nil); string(text) != "hello" {
		t.Errorf("got %q", text)
	}
}
