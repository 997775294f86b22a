package discordsim_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
)

func TestGuild(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	g := w.must(200, "GET", w.inGuild("?with_counts=true"), nil)
	if g["name"] != "Guild 1" || g["owner_id"] != w.users["owner"] || intOf(g["approximate_member_count"]) != 6 {
		t.Errorf("guild: %v", g)
	}
	if g = w.must(200, "PATCH", w.inGuild(""), object{"name": "Other", "description": "d"}); g["name"] != "Other" || g["description"] != "d" {
		t.Errorf("guild: %v", g)
	}
	if e := c.event("GUILD_UPDATE").object(t); e["name"] != "Other" {
		t.Errorf("event: %v", e)
	}
	w.refused(400, 50035, "PATCH", w.inGuild(""), object{"name": "x"})
	w.refused(404, 10004, "GET", "/guilds/7", nil)
}

func TestChannels(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	category := w.must(201, "POST", w.inGuild("/channels"), object{"name": "Group", "type": 4})
	c.event("CHANNEL_CREATE")
	ch := w.must(201, "POST", w.inGuild("/channels"), object{
		"name": "Some Talk", "topic": "of this", "parent_id": category["id"], "rate_limit_per_user": 5, "nsfw": true,
		"permission_overwrites": []object{{"id": w.users["bob"], "type": 1, "allow": "0", "deny": "2048"}},
	})
	if ch["name"] != "some-talk" || ch["topic"] != "of this" || ch["parent_id"] != category["id"] || intOf(ch["position"]) != 2 || ch["nsfw"] != true {
		t.Errorf("channel: %v", ch)
	}
	if e := c.event("CHANNEL_CREATE").object(t); e["id"] != ch["id"] || at(e, "permission_overwrites", 0, "deny") != "2048" {
		t.Errorf("event: %v", e)
	}
	id := textOf(ch["id"])
	if got := w.must(200, "GET", "/channels/"+id, nil); !cmp.Equal(got, ch) {
		t.Errorf("read back: %s", cmp.Diff(ch, got))
	}
	if got := w.must(200, "PATCH", "/channels/"+id, object{"name": "talk", "topic": nil}); got["name"] != "talk" || got["topic"] != nil {
		t.Errorf("edited: %v", got)
	}
	c.event("CHANNEL_UPDATE")
	w.must(204, "PATCH", w.inGuild("/channels"), []object{{"id": id, "position": 0}})
	if e := c.event("CHANNEL_UPDATE").object(t); intOf(e["position"]) != 0 {
		t.Errorf("moved: %v", e)
	}
	if list := w.list(w.inGuild("/channels")); len(list) != 3 {
		t.Errorf("channels: %v", list)
	}
	w.must(200, "DELETE", "/channels/"+textOf(category["id"]), nil)
	c.event("CHANNEL_DELETE")
	if e := c.event("CHANNEL_UPDATE").object(t); e["id"] != id || e["parent_id"] != nil {
		t.Errorf("the orphan: %v", e)
	}
	w.must(200, "DELETE", "/channels/"+id, nil)
	c.event("CHANNEL_DELETE")
	w.refused(404, 10003, "GET", "/channels/"+id, nil)
	voice := w.must(201, "POST", w.inGuild("/channels"), object{"name": "Voice Room", "type": 2, "bitrate": 8000, "user_limit": 3})
	if voice["name"] != "Voice Room" || intOf(voice["bitrate"]) != 8000 || intOf(voice["user_limit"]) != 3 {
		t.Errorf("voice channel: %v", voice)
	}
}

func TestChannelsRefused(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	for _, row := range []struct {
		name string
		body object
		path string
		code string
	}{
		{"no name", object{}, "name", "BASE_TYPE_REQUIRED"},
		{"long name", object{"name": fmt.Sprintf("%0101d", 0)}, "name", "BASE_TYPE_BAD_LENGTH"},
		{"unknown type", object{"name": "x", "type": 99}, "type", "BASE_TYPE_CHOICES"},
		{"parent is no category", object{"name": "x", "parent_id": w.channel}, "parent_id", "CHANNEL_PARENT_INVALID"},
		{"slow mode", object{"name": "x", "rate_limit_per_user": 21601}, "rate_limit_per_user", "NUMBER_TYPE_MAX"},
		{"archive duration", object{"name": "x", "default_auto_archive_duration": 61}, "default_auto_archive_duration", "BASE_TYPE_CHOICES"},
	} {
		got := w.refused(400, 50035, "POST", w.inGuild("/channels"), row.body)
		if code := formError(got, row.path); code != row.code {
			t.Errorf("%s: the error at %s is %q, want %q", row.name, row.path, code, row.code)
		}
	}
	if list := w.list(w.inGuild("/channels")); len(list) != 1 {
		t.Errorf("channels: %v", list)
	}
}

func TestThreads(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	message := w.say("alice", "x")
	c.event("MESSAGE_CREATE")
	th := w.must(201, "POST", w.inChannel("/messages/"+message+"/threads"), object{"name": "talk", "auto_archive_duration": 60})
	if th["id"] != message || intOf(th["type"]) != 11 || th["parent_id"] != w.channel || intOf(at(th, "thread_metadata", "auto_archive_duration")) != 60 {
		t.Errorf("thread: %v", th)
	}
	if e := c.event("THREAD_CREATE").object(t); e["newly_created"] != true || at(e, "member", "user_id") != w.app {
		t.Errorf("event: %v", e)
	}
	if e := c.event("MESSAGE_UPDATE").object(t); intOf(e["flags"]) != 32 || at(e, "thread", "id") != message {
		t.Errorf("event: %v", e)
	}
	w.refused(400, 160004, "POST", w.inChannel("/messages/"+message+"/threads"), object{"name": "again"})
	thread := "/channels/" + message
	w.must(200, "POST", thread+"/messages", object{"content": "in it"})
	c.event("MESSAGE_CREATE")
	w.must(204, "PUT", thread+"/thread-members/"+w.users["bob"], nil)
	if e := c.event("THREAD_MEMBERS_UPDATE").object(t); at(e, "added_members", 0, "user_id") != w.users["bob"] || intOf(e["member_count"]) != 2 {
		t.Errorf("event: %v", e)
	}
	if list := w.list(thread + "/thread-members"); len(list) != 2 {
		t.Errorf("members: %v", list)
	}
	w.must(204, "DELETE", thread+"/thread-members/"+w.users["bob"], nil)
	c.event("THREAD_MEMBERS_UPDATE")
	w.refused(404, 10007, "GET", thread+"/thread-members/"+w.users["bob"], nil)
	w.must(204, "DELETE", thread+"/thread-members/@me", nil)
	c.event("THREAD_MEMBERS_UPDATE")
	w.must(204, "PUT", thread+"/thread-members/@me", nil)
	c.event("THREAD_MEMBERS_UPDATE")
	if got := w.must(200, "PATCH", thread, object{"archived": true, "name": "old"}); at(got, "thread_metadata", "archived") != true || got["name"] != "old" {
		t.Errorf("archived: %v", got)
	}
	c.event("THREAD_UPDATE")
	w.refused(400, 50083, "PUT", thread+"/thread-members/"+w.users["carol"], nil)
	w.refused(400, 50083, "PATCH", thread, object{"name": "x"})
	if got := w.must(200, "GET", w.inChannel("/threads/archived/public"), nil); at(got, "threads", 0, "id") != message {
		t.Errorf("archived threads: %v", got)
	}
	w.must(200, "POST", thread+"/messages", object{"content": "awake"})
	if e := c.event("THREAD_UPDATE").object(t); at(e, "thread_metadata", "archived") != false {
		t.Errorf("a message reopens: %v", e)
	}
	c.event("MESSAGE_CREATE")
	if got := w.must(200, "GET", w.inGuild("/threads/active"), nil); at(got, "threads", 0, "id") != message || at(got, "members", 0, "user_id") != w.app {
		t.Errorf("active threads: %v", got)
	}
	w.must(200, "DELETE", thread, nil)
	if e := c.event("THREAD_DELETE").object(t); e["id"] != message {
		t.Errorf("event: %v", e)
	}
	w.refused(404, 10003, "GET", thread, nil)
	w.refused(400, 50024, "PUT", w.inChannel("/thread-members/@me"), nil)
}

func TestThreadsWithoutMessage(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	private := w.must(201, "POST", w.inChannel("/threads"), object{"name": "secret"})
	if intOf(private["type"]) != 12 || at(private, "thread_metadata", "invitable") != true {
		t.Errorf("private thread: %v", private)
	}
	public := w.must(201, "POST", w.inChannel("/threads"), object{"name": "open", "type": 11})
	list := w.list(w.inChannel("/messages"))
	if intOf(list[0]["type"]) != 18 || at(list[0], "message_reference", "channel_id") != public["id"] {
		t.Errorf("the notice: %v", list)
	}
	w.refused(400, 50035, "POST", w.inChannel("/threads"), object{"name": "x", "type": 0})
	w.refused(400, 50024, "POST", w.inChannel("/threads"), object{"name": "x", "type": 10})
	forum := textOf(w.must(201, "POST", w.inGuild("/channels"), object{"name": "forum", "type": 15})["id"])
	w.refused(400, 50035, "POST", "/channels/"+forum+"/threads", object{"name": "post"})
	w.refused(400, 50008, "POST", "/channels/"+forum+"/messages", object{"content": "x"})
	post := w.must(201, "POST", "/channels/"+forum+"/threads", object{"name": "post", "message": object{"content": "first"}})
	if at(post, "message", "content") != "first" || at(post, "message", "id") != post["id"] {
		t.Errorf("post: %v", post)
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	alice := w.inGuild("/members/" + w.users["alice"])
	if m := w.must(200, "GET", alice, nil); at(m, "user", "username") != "alice" {
		t.Errorf("member: %v", m)
	}
	if list := w.list(w.inGuild("/members?limit=1000")); len(list) != 6 {
		t.Errorf("%d members", len(list))
	}
	if list := w.list(w.inGuild("/members/search?query=mod")); len(list) != 1 {
		t.Errorf("found: %v", list)
	}
	m := w.must(200, "PATCH", alice, object{"nick": "Al", "roles": []string{w.roles["Moderator"]}})
	if m["nick"] != "Al" || !cmp.Equal(m["roles"], []any{w.roles["Moderator"]}) {
		t.Errorf("edited: %v", m)
	}
	if e := c.event("GUILD_MEMBER_UPDATE").object(t); e["nick"] != "Al" || e["guild_id"] != w.guild {
		t.Errorf("event: %v", e)
	}
	w.must(204, "DELETE", alice+"/roles/"+w.roles["Moderator"], nil)
	c.event("GUILD_MEMBER_UPDATE")
	w.must(204, "PUT", alice+"/roles/"+w.roles["Moderator"], nil)
	c.event("GUILD_MEMBER_UPDATE")
	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	if m = w.must(200, "PATCH", alice, object{"communication_disabled_until": until}); m["communication_disabled_until"] == nil {
		t.Errorf("timed out: %v", m)
	}
	status, body := w.control("POST", w.messages(), object{"author": "alice", "content": "x"})
	if status != http.StatusForbidden {
		t.Errorf("alice spoke in her time-out: %d %s", status, body)
	}
	c.event("GUILD_MEMBER_UPDATE")
	if m = w.must(200, "PATCH", w.inGuild("/members/@me"), object{"nick": "Flo"}); m["nick"] != "Flo" {
		t.Errorf("own nick: %v", m)
	}
	c.event("GUILD_MEMBER_UPDATE")
	w.must(204, "DELETE", w.inGuild("/members/"+w.users["bob"]), nil)
	if e := c.event("GUILD_MEMBER_REMOVE").object(t); at(e, "user", "id") != w.users["bob"] {
		t.Errorf("event: %v", e)
	}
	w.refused(404, 10007, "GET", w.inGuild("/members/"+w.users["bob"]), nil)
	w.refused(404, 10013, "GET", w.inGuild("/members/7"), nil)
	if status, body := w.control("POST", "/guilds/"+w.guild+"/members", object{"username": "bob"}); status != http.StatusCreated {
		t.Errorf("bob comes back: %d %s", status, body)
	}
	c.event("GUILD_MEMBER_ADD")
	if status, _ := w.control("DELETE", "/guilds/"+w.guild+"/members/bob", nil); status != http.StatusNoContent {
		t.Errorf("bob leaves: %d", status)
	}
	c.event("GUILD_MEMBER_REMOVE")
}

func TestMembersRefused(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	alice := w.inGuild("/members/" + w.users["alice"])
	owner := w.inGuild("/members/" + w.users["owner"])
	me := w.inGuild("/members/" + w.app)
	for _, row := range []struct {
		name   string
		method string
		path   string
		body   any
		status int
		code   int
	}{
		{"the owner's nick", "PATCH", owner, object{"nick": "x"}, 403, 50013},
		{"kick the owner", "DELETE", owner, nil, 403, 50013},
		{"ban the owner", "PUT", w.inGuild("/bans/" + w.users["owner"]), nil, 403, 50013},
		{"time the owner out", "PATCH", owner, object{"communication_disabled_until": "2030-01-01T00:00:00Z"}, 400, 50035},
		{"kick itself", "DELETE", me, nil, 403, 50013},
		{"the bot's own role", "PUT", alice + "/roles/" + w.roles["flora"], nil, 403, 50013},
		{"everyone's role", "PUT", alice + "/roles/" + w.guild, nil, 403, 50013},
		{"unknown role", "PUT", alice + "/roles/7", nil, 404, 10011},
		{"unknown roles", "PATCH", alice, object{"roles": []string{"7"}}, 400, 50035},
		{"long nick", "PATCH", alice, object{"nick": fmt.Sprintf("%033d", 0)}, 400, 50035},
		{"long time-out", "PATCH", alice, object{"communication_disabled_until": time.Now().Add(29 * 24 * time.Hour).Format(time.RFC3339)}, 400, 50035},
		{"no time", "PATCH", alice, object{"communication_disabled_until": "later"}, 400, 50035},
		{"mute without voice", "PATCH", alice, object{"mute": true}, 400, 40032},
		{"no query", "GET", w.inGuild("/members/search"), nil, 400, 50035},
		{"ban of nobody", "PUT", w.inGuild("/bans/7"), nil, 404, 10013},
		{"ban that is none", "DELETE", w.inGuild("/bans/" + w.users["alice"]), nil, 404, 10026},
		{"deletion too far back", "PUT", w.inGuild("/bans/" + w.users["alice"]), object{"delete_message_seconds": 604801}, 400, 50035},
	} {
		t.Run(row.name, func(t *testing.T) {
			w.refused(row.status, row.code, row.method, row.path, row.body)
		})
	}
	if m := w.must(200, "GET", alice, nil); m["nick"] != nil || lengthOf(m["roles"]) != 0 {
		t.Errorf("refused changes were made: %v", m)
	}
}

func TestMembersNeedTheIntent(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{DeniedIntents: guildMembers})
	w.refused(403, 50001, "GET", w.inGuild("/members"), nil)
}

func TestBans(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	spam := w.say("alice", "spam")
	c.event("MESSAGE_CREATE")
	ban := w.inGuild("/bans/" + w.users["alice"])
	w.must(204, "PUT", ban, object{"delete_message_seconds": 3600}, "X-Audit-Log-Reason", "spam%21")
	if e := c.event("MESSAGE_DELETE_BULK").object(t); !cmp.Equal(e["ids"], []any{spam}) {
		t.Errorf("event: %v", e)
	}
	c.event("GUILD_BAN_ADD")
	c.event("GUILD_MEMBER_REMOVE")
	if b := w.must(200, "GET", ban, nil); b["reason"] != "spam!" || at(b, "user", "username") != "alice" {
		t.Errorf("ban: %v", b)
	}
	if list := w.list(w.inGuild("/bans")); len(list) != 1 {
		t.Errorf("bans: %v", list)
	}
	if status, _ := w.control("POST", "/guilds/"+w.guild+"/members", object{"username": "alice"}); status != http.StatusForbidden {
		t.Errorf("a banned user joined: %d", status)
	}
	w.must(204, "DELETE", ban, nil)
	c.event("GUILD_BAN_REMOVE")
	w.refused(404, 10026, "GET", ban, nil)
	got := w.must(200, "POST", w.inGuild("/bulk-ban"), object{"user_ids": []string{w.users["bob"], w.users["owner"]}})
	if !cmp.Equal(got, object{"banned_users": []any{w.users["bob"]}, "failed_users": []any{w.users["owner"]}}) {
		t.Errorf("bulk ban: %v", got)
	}
	w.refused(400, 500000, "POST", w.inGuild("/bulk-ban"), object{"user_ids": []string{w.users["owner"]}})
}

func TestRoles(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	r := w.must(200, "POST", w.inGuild("/roles"), object{"name": "Guide", "color": 255, "hoist": true, "permissions": "2048"})
	if r["name"] != "Guide" || intOf(r["position"]) != 1 || r["permissions"] != "2048" || intOf(at(r, "colors", "primary_color")) != 255 {
		t.Errorf("role: %v", r)
	}
	c.until("GUILD_ROLE_CREATE")
	id := textOf(r["id"])
	if got := w.must(200, "PATCH", w.inGuild("/roles/"+id), object{"name": "Aide"}); got["name"] != "Aide" || got["permissions"] != "2048" {
		t.Errorf("edited: %v", got)
	}
	c.event("GUILD_ROLE_UPDATE")
	w.must(204, "PUT", w.inGuild("/members/"+w.users["bob"]+"/roles/"+id), nil)
	c.event("GUILD_MEMBER_UPDATE")
	w.must(200, "PATCH", w.inGuild("/roles"), []object{{"id": id, "position": 2}, {"id": w.roles["Moderator"], "position": 1}})
	names := ""
	for _, r := range w.list(w.inGuild("/roles")) {
		names += textOf(r["name"]) + " "
	}
	if names != "@everyone Moderator Aide flora " {
		t.Errorf("roles in order: %s", names)
	}
	w.refused(403, 50013, "PATCH", w.inGuild("/roles/"+w.roles["flora"]), object{"name": "x"})
	w.refused(403, 50013, "POST", w.inGuild("/roles"), object{"permissions": "8"})
	w.refused(403, 50013, "PATCH", w.inGuild("/roles"), []object{{"id": id, "position": 9}})
	w.refused(404, 10011, "PATCH", w.inGuild("/roles"), []object{{"id": "7", "position": 1}})
	w.refused(404, 10011, "GET", w.inGuild("/roles/7"), nil)
	w.refused(400, 50028, "DELETE", w.inGuild("/roles/"+w.guild), nil)
	w.must(204, "DELETE", w.inGuild("/roles/"+id), nil)
	c.until("GUILD_ROLE_DELETE")
	if m := w.must(200, "GET", w.inGuild("/members/"+w.users["bob"]), nil); lengthOf(m["roles"]) != 0 {
		t.Errorf("bob still has the role: %v", m)
	}
}

func TestChannelPermissionsBindTheBot(t *testing.T) {
	t.Parallel()
	const view, send, embed, attach, react, manage, history = 1 << 10, 1 << 11, 1 << 14, 1 << 15, 1 << 6, 1 << 13, 1 << 16
	file, kind := multipart(t, object{"content": "x"}, map[string]string{"a": "b"})
	for _, row := range []struct {
		name   string
		deny   int
		method string
		path   string
		body   any
		code   int
	}{
		{"read a channel", view, "GET", "", nil, 50001},
		{"send", send, "POST", "/messages", object{"content": "x"}, 50013},
		{"send unseen", view, "POST", "/messages", object{"content": "x"}, 50001},
		{"embed", embed, "POST", "/messages", object{"embeds": []object{{"title": "x"}}}, 50013},
		{"attach", attach, "POST", "/messages", file, 50013},
		{"react", react, "PUT", "/messages/{m}/reactions/%F0%9F%91%8D/@me", nil, 50013},
		{"react without history", history, "PUT", "/messages/{m}/reactions/%F0%9F%91%8D/@me", nil, 50013},
		{"delete another's", manage, "DELETE", "/messages/{m}", nil, 50013},
		{"pin", manage | 1<<51, "PUT", "/pins/{m}", nil, 50013},
		{"read a message", history, "GET", "/messages/{m}", nil, 50013},
		{"edit the channel", 1 << 4, "PATCH", "", object{"name": "x"}, 50013},
		{"delete the channel", 1 << 4, "DELETE", "", nil, 50013},
		{"webhook", 1 << 29, "POST", "/webhooks", object{"name": "x"}, 50013},
		{"invite", 1 << 0, "POST", "/invites", object{}, 50013},
		{"public thread", 1 << 35, "POST", "/messages/{m}/threads", object{"name": "x"}, 50013},
		{"private thread", 1 << 36, "POST", "/threads", object{"name": "x"}, 50013},
		{"overwrite", 1 << 28, "PUT", "/permissions/{g}", object{"type": 0}, 50013},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			w := quiet(t)
			w.t = t
			id := w.say("alice", "x")
			w.must(204, "PUT", w.inChannel("/permissions/"+w.app), object{"type": 1, "deny": fmt.Sprint(row.deny)})
			path := replace(row.path, "{m}", id, "{g}", w.guild)
			var headers []string
			if row.name == "attach" {
				headers = []string{"Content-Type", kind}
			}
			w.refused(403, row.code, row.method, w.inChannel(path), row.body, headers...)
		})
	}
}

func TestOverwrites(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	everyone := w.inChannel("/permissions/" + w.guild)
	w.must(204, "PUT", everyone, object{"type": 0, "deny": "2048"})
	status, body := w.control("POST", w.messages(), object{"author": "bob", "content": "x"})
	if status != http.StatusForbidden {
		t.Errorf("bob spoke: %d %s", status, body)
	}
	w.must(204, "DELETE", everyone, nil)
	w.say("bob", "x")
	w.refused(404, 10009, "DELETE", everyone, nil)
	w.refused(404, 10011, "PUT", w.inChannel("/permissions/7"), object{"type": 0})
	w.refused(404, 10013, "PUT", w.inChannel("/permissions/7"), object{"type": 1})
	w.refused(400, 50035, "PUT", everyone, object{"type": 9})
	w.refused(400, 50035, "PUT", everyone, object{})
	w.refused(403, 50013, "PUT", everyone, object{"type": 0, "allow": "8"})
}

func TestUnseenChannelsTellNothing(t *testing.T) {
	t.Parallel()
	w := quiet(t)
	c := w.login(everything)
	w.must(204, "PUT", w.inChannel("/permissions/"+w.app), object{"type": 1, "deny": "1024"})
	c.event("CHANNEL_UPDATE")
	w.say("alice", "psst")
	c.nothing()
}

func TestInvites(t *testing.T) {
	t.Parallel()
	clock := newFakeClock()
	w := newWorld(t, discordsim.Config{NoRateLimits: true, Now: clock.Now})
	c := w.login(everything)
	i := w.must(200, "POST", w.inChannel("/invites"), object{"max_age": 60, "max_uses": 3})
	code := textOf(i["code"])
	if e := c.event("INVITE_CREATE").object(t); e["code"] != code || e["channel_id"] != w.channel {
		t.Errorf("event: %v", e)
	}
	if got := w.must(200, "GET", "/invites/"+code+"?with_counts=true", nil); at(got, "guild", "id") != w.guild || intOf(got["approximate_member_count"]) != 6 {
		t.Errorf("invite: %v", got)
	}
	if list := w.list(w.inGuild("/invites")); len(list) != 1 || intOf(list[0]["max_uses"]) != 3 {
		t.Errorf("invites: %v", list)
	}
	clock.Advance(time.Minute)
	w.refused(404, 10006, "GET", "/invites/"+code, nil)
	if list := w.list(w.inChannel("/invites")); len(list) != 0 {
		t.Errorf("invites: %v", list)
	}
	code = textOf(w.must(200, "POST", w.inChannel("/invites"), object{"max_age": 0})["code"])
	clock.Advance(1000 * time.Hour)
	w.must(200, "DELETE", "/invites/"+code, nil)
	c.until("INVITE_DELETE")
	w.refused(400, 50035, "POST", w.inChannel("/invites"), object{"max_age": -1})
}
