package discordsim

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

func TestPermissionsIn(t *testing.T) {
	t.Parallel()
	const role1, role2 = 101, 102
	now := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	future, past := timestamp(now.Add(time.Hour)), timestamp(now.Add(-time.Hour))
	base := permViewChannel | permSendMessages | permReadHistory
	for _, row := range []struct {
		name       string
		roles      []snowflake.RoleID
		owner      bool
		until      *string
		overwrites []overwrite
		thread     bool
		want       permission
	}{
		{name: "everyone's", want: base},
		{name: "the owner has all", owner: true, overwrites: []overwrite{{ID: 1, Deny: permAll}}, want: permAll},
		{name: "a role adds", roles: []snowflake.RoleID{role1}, want: base | permManageMessages},
		{name: "an administrator has all", roles: []snowflake.RoleID{role2}, overwrites: []overwrite{{ID: 1, Deny: permAll}}, want: permAll},
		{name: "everyone is denied", overwrites: []overwrite{{ID: 1, Deny: permReadHistory}}, want: base &^ permReadHistory},
		{name: "a role is allowed what everyone is denied", roles: []snowflake.RoleID{role1},
			overwrites: []overwrite{{ID: role1, Allow: permReadHistory}, {ID: 1, Deny: permReadHistory}}, want: base | permManageMessages},
		{name: "a role that the member does not have", overwrites: []overwrite{{ID: role1, Deny: base}}, want: base},
		{name: "the member's own overwrite is last", roles: []snowflake.RoleID{role1},
			overwrites: []overwrite{{ID: 9, Type: 1, Deny: permManageMessages}, {ID: role1, Allow: permManageMessages}}, want: base},
		{name: "who does not see the channel can do nothing", overwrites: []overwrite{{ID: 1, Deny: permViewChannel}}, want: 0},
		{name: "who cannot speak cannot attach", overwrites: []overwrite{{ID: 1, Allow: permAttachFiles, Deny: permSendMessages}}, want: permViewChannel | permReadHistory},
		{name: "in a thread another permission speaks", thread: true, overwrites: []overwrite{{ID: 1, Allow: permSendInThreads | permAttachFiles, Deny: permSendMessages}},
			want: permViewChannel | permReadHistory | permSendInThreads | permAttachFiles},
		{name: "timed out", until: &future, roles: []snowflake.RoleID{role1}, want: permViewChannel | permReadHistory},
		{name: "timed out until now", until: &past, want: base},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			g := &guild{ID: 1, OwnerID: 8, roles: map[snowflake.RoleID]*role{
				1: {ID: 1, Permissions: base}, role1: {ID: role1, Permissions: permManageMessages}, role2: {ID: role2, Permissions: permAdministrator},
			}, channels: map[snowflake.ChannelID]*channel{}}
			m := &member{User: &user{ID: 9}, Roles: row.roles, DisabledUntil: row.until}
			if row.owner {
				m.User.ID = 8
			}
			ch := newChannel(g, 2, channelText, "general")
			ch.PermissionOverwrites = row.overwrites
			g.channels[2] = ch
			if row.thread {
				ch = &channel{ID: 3, Type: channelPublicThread, ParentID: &ch.ID, guild: g, threadPart: &threadPart{}}
			}
			if got := g.permissionsIn(ch, m, now); got != row.want {
				t.Errorf("got %b, want %b", got, row.want)
			}
		})
	}
}

// plainMessage is a message without its hand-written encoding.
type plainMessage message

func TestMessageEncoding(t *testing.T) {
	t.Parallel()
	s, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	g := s.guildOrder[0]
	ch := g.sortedChannels(false)[0]
	target, err := s.say(ch, sayRequest{Content: "plain"})
	if err != nil {
		t.Fatal(err)
	}
	full := s.newMessage(ch, s.bot)
	full.Content = "\"quoted\" \\ <b>&amp; \u2028 \x01 \xff é 👍\n"
	full.Attachments = []*attachment{{ID: 5, Filename: "a<b", Size: 3, Description: ptr("d")}}
	full.Embeds = []any{map[string]any{"title": "t", "color": 5}}
	full.Mentions, full.MentionRoles, full.MentionEveryone = []*user{s.bot, s.person(1)}, []snowflake.RoleID{1, 2}, true
	full.Pinned, full.TTS, full.EditedTimestamp, full.Flags = true, true, ptr("now"), 64
	full.Components = []any{map[string]any{"type": 1}}
	full.Reactions = []*reaction{{Count: 1, Emoji: emojiRef{Name: "👍"}, BurstColors: []string{}}}
	full.WebhookID, full.ApplicationID = ptr(snowflake.WebhookID(7)), ptr(uint64String(8))
	full.Interaction, full.Metadata = map[string]any{"id": 1}, map[string]any{"id": 2}
	full.Snapshots, full.Nonce, full.Poll = []any{1}, "n", map[string]any{"question": "?"}
	full.Thread = s.newThread(ch, channelPublicThread, "thread", s.bot.ID, 0)
	s.refer(full, target, 0)
	for name, m := range map[string]*message{"plain": target, "full": full} {
		want, err := encodeJSON((*plainMessage)(m))
		if err != nil {
			t.Fatal(err)
		}
		if got := mustEncode(m); string(got) != string(want) {
			t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
		}
		var event map[string]json.RawMessage
		if err := json.Unmarshal(messageEvent(m), &event); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		who, err := encodeJSON(g.members[m.by].withoutUser())
		if err != nil {
			t.Fatal(err)
		}
		if string(event["member"]) != string(who) || string(event["guild_id"]) != `"`+g.ID.String()+`"` || string(event["channel_type"]) != "0" {
			t.Errorf("%s: the event's own fields: member %s, want %s", name, event["member"], who)
		}
	}
}

func TestHistogram(t *testing.T) {
	t.Parallel()
	var h histogram
	for n := 1; n <= 1000; n++ {
		h.add(time.Duration(n) * time.Millisecond)
	}
	for q, want := range map[float64]time.Duration{0.5: 500 * time.Millisecond, 0.9: 900 * time.Millisecond, 0.99: 990 * time.Millisecond, 1: time.Second} {
		if got := h.quantile(q); got < want || got > want+want/32 {
			t.Errorf("quantile %v is %v, want %v at most 3%% too high", q, got, want)
		}
	}
	if h.max != time.Second || h.n != 1000 {
		t.Errorf("max %v of %d", h.max, h.n)
	}
	if empty := (&histogram{}); empty.quantile(0.5) != 0 {
		t.Error("an empty histogram has a quantile")
	}
	for _, d := range []time.Duration{0, 1, 63, 64, 65, 1 << 40, 1<<63 - 1} {
		if got := upperBound(bucketOf(uint64(d))); got < d || got-d > d/64+1 {
			t.Errorf("%d falls into a bucket up to %d", d, got)
		}
	}
}

func TestRouteTree(t *testing.T) {
	t.Parallel()
	var root tree
	for _, pattern := range []string{"GET /a/{x}", "GET /a/pins", "DELETE /a/{x}/reactions", "DELETE /a/pins/{y}", "PUT /a/pins/{y}"} {
		method, path, _ := strings.Cut(pattern, " ")
		root.add(&route{method: method, pattern: path, name: pattern})
	}
	for _, row := range []struct {
		method string
		path   []string
		want   string
		values []string
		known  bool
	}{
		{"GET", []string{"a", "1"}, "GET /a/{x}", []string{"1"}, true},
		{"GET", []string{"a", "pins"}, "GET /a/pins", nil, true},
		{"DELETE", []string{"a", "1", "reactions"}, "DELETE /a/{x}/reactions", []string{"1"}, true},
		{"DELETE", []string{"a", "pins", "reactions"}, "DELETE /a/pins/{y}", []string{"reactions"}, true},
		{"PUT", []string{"a", "1", "reactions"}, "", nil, true},
		{"GET", []string{"a", ""}, "", nil, false},
		{"GET", []string{"b"}, "", nil, false},
		{"GET", []string{"a", "1", "2"}, "", nil, false},
	} {
		rt, values, known := root.find(row.method, row.path, nil)
		name := ""
		if rt != nil {
			name = rt.name
		}
		if name != row.want || known != row.known || rt != nil && len(values) != len(row.values) {
			t.Errorf("%s %v: got %q %v %v, want %q %v", row.method, row.path, name, values, known, row.want, row.values)
		}
	}
}

// TestDocs holds docs/simulator.md to the control routes: each is there with
// its method and path, and no other.
func TestDocs(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/simulator.md")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile(`\{[^}]*\}`)
	var documented, routed []string
	for _, m := range regexp.MustCompile("`([A-Z]+ /sim[^`?]*)[^`]*`").FindAllStringSubmatch(string(text), -1) {
		documented = append(documented, name.ReplaceAllString(m[1], "{}"))
	}
	s := &Sim{}
	for r := range s.controlRoutes().handlers {
		routed = append(routed, name.ReplaceAllString(r.method+" /sim"+r.pattern, "{}"))
	}
	slices.Sort(documented)
	slices.Sort(routed)
	if diff := cmp.Diff(routed, documented); diff != "" {
		t.Errorf("the routes and docs/simulator.md differ (-routes +documented):\n%s", diff)
	}
}
