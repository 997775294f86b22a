package discordsim_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// every is every intent that Discord has.
const every = 1<<17 - 1 | 1<<20 | 1<<21 | 1<<24 | 1<<25

// What a guild has is told to the sessions when it comes, changes and goes.
func TestThingsTellTheSessions(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(every)
	png := "data:audio/mpeg;base64,SUQz"
	begin := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	for _, tt := range []struct {
		path, id string
		make     object
		change   object
		status   int
		events   [3]string
	}{
		{"/soundboard-sounds", "sound_id", object{"name": "horn", "sound": png}, object{"volume": 0.5}, 201,
			[3]string{"GUILD_SOUNDBOARD_SOUND_CREATE", "GUILD_SOUNDBOARD_SOUND_UPDATE", "GUILD_SOUNDBOARD_SOUND_DELETE"}},
		{"/scheduled-events", "id", object{"name": "e", "entity_type": 3, "privacy_level": 2, "scheduled_start_time": begin, "scheduled_end_time": time.Now().Add(2 * time.Hour).UTC().Format(time.RFC3339), "entity_metadata": object{"location": "x"}}, object{"name": "f"}, 200,
			[3]string{"GUILD_SCHEDULED_EVENT_CREATE", "GUILD_SCHEDULED_EVENT_UPDATE", "GUILD_SCHEDULED_EVENT_DELETE"}},
		{"/auto-moderation/rules", "id", object{"name": "r", "event_type": 1, "trigger_type": 3, "actions": []object{{"type": 1}}}, object{"enabled": true}, 200,
			[3]string{"AUTO_MODERATION_RULE_CREATE", "AUTO_MODERATION_RULE_UPDATE", "AUTO_MODERATION_RULE_DELETE"}},
	} {
		id := textOf(w.must(tt.status, "POST", w.inGuild(tt.path), tt.make)[tt.id])
		made := c.until(tt.events[0])
		if got := textOf(w.decode(made.D)[tt.id]); got != id {
			t.Errorf("%s: %s %q, want %q", tt.path, tt.events[0], got, id)
		}
		w.must(200, "PATCH", w.inGuild(tt.path+"/"+id), tt.change)
		c.until(tt.events[1])
		w.must(204, "DELETE", w.inGuild(tt.path+"/"+id), nil)
		c.until(tt.events[2])
		if status, _ := w.rest("GET", w.inGuild(tt.path+"/"+id), nil); status != 404 {
			t.Errorf("%s: what was deleted is there: %d", tt.path, status)
		}
	}
}

func TestFormsOfThings(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	past := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339)
	soon := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	voice := textOf(w.must(201, "POST", w.inGuild("/channels"), object{"name": "v", "type": 2})["id"])
	event := func(change object) object {
		out := object{"name": "e", "entity_type": 2, "privacy_level": 2, "scheduled_start_time": soon, "channel_id": voice}
		for k, v := range change {
			out[k] = v
		}
		return out
	}
	for _, tt := range []struct {
		name, method, path string
		body               object
		code               int
	}{
		{"an event in the past", "POST", "/scheduled-events", event(object{"scheduled_start_time": past}), 50035},
		{"an event that ends first", "POST", "/scheduled-events", event(object{"scheduled_end_time": past}), 50035},
		{"an event in another kind of channel", "POST", "/scheduled-events", event(object{"channel_id": w.channel}), 50035},
		{"an event nowhere", "POST", "/scheduled-events", event(object{"entity_type": 3}), 50035},
		{"an event without a name", "POST", "/scheduled-events", event(object{"name": nil}), 50035},
		{"a rule that alerts nowhere", "POST", "/auto-moderation/rules", object{"name": "r", "event_type": 1, "trigger_type": 3, "actions": []object{{"type": 2, "metadata": object{"channel_id": "7"}}}}, 50035},
		{"a rule of no kind", "POST", "/auto-moderation/rules", object{"name": "r", "event_type": 1, "trigger_type": 2, "actions": []object{{"type": 1}}}, 50035},
		{"a sound that is a picture", "POST", "/soundboard-sounds", object{"name": "s", "sound": "data:image/png;base64,iVBO"}, 50035},
		{"a sticker without a file", "POST", "/stickers", object{"name": "st", "tags": "t"}, 50035},
		{"a welcome to a channel that is not there", "PATCH", "/welcome-screen", object{"welcome_channels": []object{{"channel_id": "7", "description": "d"}}}, 50035},
		{"a widget of a channel that is not there", "PATCH", "/widget", object{"channel_id": "7"}, 50035},
		{"a system channel that is not there", "PATCH", "", object{"system_channel_id": "7"}, 50035},
		{"questions about a channel that is not there", "PUT", "/onboarding", object{"default_channel_ids": []string{"7"}}, 50035},
		{"invites off for a year", "PUT", "/incident-actions", object{"invites_disabled_until": time.Now().Add(365 * 24 * time.Hour).UTC().Format(time.RFC3339)}, 50035},
		{"pruning for a year", "POST", "/prune", object{"days": 365}, 50035},
	} {
		if status, out := w.rest(tt.method, w.inGuild(tt.path), tt.body); status != 400 || intOf(out["code"]) != tt.code {
			t.Errorf("%s: %d %v", tt.name, status, out)
		}
	}
	w.must(200, "POST", w.inGuild("/templates"), object{"name": "t"})
	w.refused(400, 30031, "POST", w.inGuild("/templates"), object{"name": "t"})
	rule := object{"name": "r", "event_type": 1, "trigger_type": 3, "actions": []object{{"type": 1}}}
	w.must(200, "POST", w.inGuild("/auto-moderation/rules"), rule)
	w.refused(400, 30034, "POST", w.inGuild("/auto-moderation/rules"), rule)
	w.refused(400, 50024, "POST", "/stage-instances", object{"channel_id": voice, "topic": "t"})
	w.refused(404, 10067, "GET", "/stage-instances/"+voice, nil)
	w.refused(404, 10065, "GET", w.inGuild("/voice-states/@me"), nil)
	w.refused(400, 40032, "PATCH", w.inGuild("/members/"+w.users["bob"]), object{"mute": true})
	w.refused(400, 50024, "POST", w.inChannel("/followers"), object{"webhook_channel_id": w.channel})
}

// The audit log says who did what to whom, and finds it by each of them.
func TestAuditLog(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(every)
	role := textOf(w.must(200, "POST", w.inGuild("/roles"), object{"name": "r"}, "X-Audit-Log-Reason", "needed%20%C3%BC")["id"])
	w.must(204, "DELETE", w.inGuild("/members/"+w.users["bob"]), nil)
	w.must(204, "DELETE", w.inGuild("/roles/"+role), nil)
	for {
		p, err := c.read()
		if err != nil {
			t.Fatal(err)
		}
		if p.T == "GUILD_AUDIT_LOG_ENTRY_CREATE" {
			if e := w.decode(p.D); intOf(e["action_type"]) != 30 || e["guild_id"] != w.guild || e["reason"] != "needed ü" {
				t.Errorf("the event: %v", e)
			}
			break
		}
	}
	for query, want := range map[string]int{"": 3, "?action_type=20": 1, "?target_id=" + role: 2, "?limit=1": 1, "?user_id=" + w.users["bob"]: 0, "?after=1&limit=2": 2} {
		if got := lengthOf(w.must(200, "GET", w.inGuild("/audit-logs"+query), nil)["audit_log_entries"]); got != want {
			t.Errorf("%s: %d entries, want %d", query, got, want)
		}
	}
}

func TestPollVotes(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	poll := object{"question": object{"text": "q"}, "answers": []object{{"poll_media": object{"text": "a"}}, {"poll_media": object{"text": "b", "emoji": object{"id": nil, "name": "🅱"}}}}, "duration": 1}
	m := w.must(200, "POST", w.inChannel("/messages"), object{"poll": poll})
	if at(m, "poll", "answers", 1, "poll_media", "emoji", "name") != "🅱" {
		t.Errorf("the answer's emoji: %v", m["poll"])
	}
	w.refused(400, 50035, "POST", w.inChannel("/messages"), object{"poll": object{"question": object{"text": "q"}, "answers": []object{{"poll_media": object{"text": "a", "emoji": "🅱"}}}}})
	vote := func(message, who string, answer int) error {
		return w.sim.Vote(id[snowflake.GuildID](t, w.guild), id[snowflake.ChannelID](t, w.channel), id[snowflake.MessageID](t, message), who, answer)
	}
	for _, who := range []string{"bob", "alice", "bob"} {
		if err := vote(textOf(m["id"]), who, 1); err != nil {
			t.Fatal(err)
		}
	}
	path := w.inChannel("/polls/" + textOf(m["id"]))
	if got := lengthOf(w.must(200, "GET", path+"/answers/1", nil)["users"]); got != 2 {
		t.Errorf("%d voters", got)
	}
	w.refused(404, 10102, "GET", path+"/answers/3", nil)
	if over := w.must(200, "POST", path+"/expire", nil); at(over, "poll", "results", "is_finalized") != true || intOf(at(over, "poll", "results", "answer_counts", 0, "count")) != 2 {
		t.Errorf("an ended poll: %v", over["poll"])
	}
	w.refused(400, 520001, "POST", path+"/expire", nil)
	if vote(textOf(m["id"]), "carol", 1) == nil || vote("7", "carol", 1) == nil {
		t.Error("a vote in what is no open poll")
	}
	w.refused(400, 520006, "POST", w.inChannel("/polls/"+w.say("bob", "x")+"/expire"), nil)
}

// Members come into voice, are moved and go, and stages are opened in it.
func TestVoice(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(every)
	guild := id[snowflake.GuildID](t, w.guild)
	stage := textOf(w.must(201, "POST", w.inGuild("/channels"), object{"name": "s", "type": 13})["id"])
	voice := textOf(w.must(201, "POST", w.inGuild("/channels"), object{"name": "v", "type": 2})["id"])
	if w.sim.Connect(guild, "bob", id[snowflake.ChannelID](t, w.channel)) == nil {
		t.Error("somebody speaks in a text channel")
	}
	if err := w.sim.Connect(guild, "bob", id[snowflake.ChannelID](t, stage)); err != nil {
		t.Fatal(err)
	}
	if v := w.decode(c.until("VOICE_STATE_UPDATE").D); v["channel_id"] != stage || v["suppress"] != true {
		t.Errorf("a listener: %v", v)
	}
	w.must(200, "POST", "/stage-instances", object{"channel_id": stage, "topic": "t"})
	c.until("STAGE_INSTANCE_CREATE")
	w.refused(400, 150006, "POST", "/stage-instances", object{"channel_id": stage, "topic": "t"})
	bob := w.inGuild("/members/" + w.users["bob"])
	w.must(200, "PATCH", bob, object{"channel_id": voice, "deaf": true})
	if v := w.decode(c.until("VOICE_STATE_UPDATE").D); v["channel_id"] != voice || v["deaf"] != true {
		t.Errorf("moved: %v", v)
	}
	w.refused(404, 10003, "PATCH", bob, object{"channel_id": w.channel})
	w.must(200, "PATCH", bob, object{"channel_id": nil})
	if v := w.decode(c.until("VOICE_STATE_UPDATE").D); v["channel_id"] != nil {
		t.Errorf("disconnected: %v", v)
	}
	w.refused(400, 40032, "PATCH", bob, object{"channel_id": voice})
}

// People vote, speak and attend by the control surface, too.
func TestPeopleActInWhatGuildsHave(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	poll := object{"question": object{"text": "q"}, "answers": []object{{"poll_media": object{"text": "a"}}}, "duration": 1}
	m := textOf(w.must(200, "POST", w.inChannel("/messages"), object{"poll": poll})["id"])
	voice := textOf(w.must(201, "POST", w.inGuild("/channels"), object{"name": "v", "type": 2})["id"])
	at := func(hours int) string {
		return time.Now().Add(time.Duration(hours) * time.Hour).UTC().Format(time.RFC3339)
	}
	event := textOf(w.must(200, "POST", w.inGuild("/scheduled-events"), object{
		"name": "e", "entity_type": 3, "privacy_level": 2, "scheduled_start_time": at(1), "scheduled_end_time": at(2), "entity_metadata": object{"location": "x"},
	})["id"])
	for _, tt := range []struct {
		path   string
		body   object
		status int
	}{
		{w.messages() + "/" + m + "/votes", object{"answer": 1, "author": "bob"}, 204},
		{w.messages() + "/" + m + "/votes", object{"answer": 9}, 404},
		{w.messages() + "/7/votes", object{"answer": 1}, 404},
		{"/guilds/" + w.guild + "/voice", object{"channel": voice, "author": "bob"}, 204},
		{"/guilds/" + w.guild + "/voice", object{"channel": w.channel}, 404},
		{"/guilds/7/voice", object{"channel": voice}, 404},
		{"/guilds/" + w.guild + "/scheduled-events/" + event + "/users", object{"author": "bob"}, 204},
		{"/guilds/" + w.guild + "/scheduled-events/7/users", object{}, 404},
		{"/guilds/" + w.guild + "/scheduled-events/x/users", object{}, 400},
	} {
		if status, text := w.control("PUT", tt.path, tt.body); status != tt.status {
			t.Errorf("%s %v: %d %s, want %d", tt.path, tt.body, status, text, tt.status)
		}
	}
	if got := lengthOf(w.must(200, "GET", w.inChannel("/polls/"+m+"/answers/1"), nil)["users"]); got != 1 {
		t.Errorf("%d votes", got)
	}
	if got := w.must(200, "GET", w.inGuild("/voice-states/"+w.users["bob"]), nil)["channel_id"]; got != voice {
		t.Errorf("bob is in %v", got)
	}
	if got := w.list(w.inGuild("/scheduled-events/" + event + "/users")); len(got) != 1 {
		t.Errorf("%d are interested", len(got))
	}
	if status, text := w.control("PUT", "/guilds/"+w.guild+"/voice", object{"author": "bob"}); status != 204 {
		t.Errorf("leaving: %d %s", status, text)
	}
	w.refused(404, 10065, "GET", w.inGuild("/voice-states/"+w.users["bob"]), nil)
}

func id[T ~uint64](t *testing.T, text string) T {
	t.Helper()
	n, err := snowflake.ParseGuild(text)
	if err != nil {
		t.Fatal(err)
	}
	return T(n)
}

// A recording has every request and event, one a line.
func TestRecord(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := newWorld(t, discordsim.Config{NoRateLimits: true, Record: dir})
	w.login(everything)
	w.must(200, "POST", w.inChannel("/messages"), object{"content": "x"})
	w.must(200, "PATCH", w.inGuild(""), object{"name": "xx"})
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%d recordings: %v", len(files), err)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"method":"POST","path":"/channels/` + w.channel + `/messages","body":{"content":"x"},"status":200,"answer":{"id"`, `{"event":"GUILD_UPDATE","data":{`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("there is no %s in\n%s", part, text)
		}
	}
	if _, err := discordsim.New(discordsim.Config{Record: "/nowhere/at/all"}); err == nil {
		t.Error("it records into a folder that is not there")
	}
}
