package discordsim

import (
	"cmp"
	"slices"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// archiveAfter are the minutes after which a thread may archive itself.
var archiveAfter = []int64{60, 1440, 4320, 10080}

// newThread adds a thread to the world with its owner in it, without telling
// anybody. With id 0 it gets its own; a thread of a message has the message's.
func (s *Sim) newThread(parent *channel, kind int, name string, owner snowflake.UserID, id snowflake.ChannelID) *channel {
	if id == 0 {
		id = snowflake.ChannelID(s.ids.next())
	}
	now := timestamp(s.now())
	minutes := 1440
	if parent.DefaultAutoArchiveDuration != nil {
		minutes = *parent.DefaultAutoArchiveDuration
	}
	t := &channel{
		ID: id, Type: kind, GuildID: parent.GuildID, Name: name, ParentID: &parent.ID, guild: parent.guild,
		threadPart: &threadPart{OwnerID: owner, Metadata: threadMetadata{
			AutoArchiveDuration: minutes, ArchiveTimestamp: now, CreateTimestamp: now,
		}},
		threadMembers: map[snowflake.UserID]*threadMember{},
	}
	if kind == channelPrivateThread {
		t.Metadata.Invitable = ptr(true)
	}
	if parent.guild.members[owner] != nil {
		s.enterThread(t, owner)
	}
	s.addChannel(t)
	return t
}

func (s *Sim) enterThread(t *channel, id snowflake.UserID) *threadMember {
	m := &threadMember{ID: t.ID, UserID: id, JoinTimestamp: timestamp(s.now())}
	t.threadMembers[id] = m
	t.MemberCount = len(t.threadMembers)
	return m
}

// announceThread tells the sessions about a new thread.
func (s *Sim) announceThread(t *channel) {
	d := struct {
		*channel
		New    bool          `json:"newly_created"`
		Member *threadMember `json:"member,omitempty"`
	}{t, true, t.threadMembers[s.bot.ID]}
	s.dispatchIn(t, "THREAD_CREATE", d)
}

// threadMembersChanged tells the sessions who came and went. Without the
// members intent a session hears of the bot only.
func (s *Sim) threadMembersChanged(t *channel, added *threadMember, removed snowflake.UserID) {
	d := map[string]any{"id": t.ID, "guild_id": t.GuildID, "member_count": t.MemberCount}
	who := removed
	if added != nil {
		who = added.UserID
		d["added_members"] = []any{s.threadMemberDocument(t, added, true)}
	} else {
		d["removed_member_ids"] = []snowflake.UserID{removed}
	}
	if s.botNeedsIn(t, permViewChannel) != nil && who != s.bot.ID {
		return
	}
	s.dispatchIf(t.GuildID, "THREAD_MEMBERS_UPDATE", d, func(ss *session) bool {
		return ss.intents&intentMembers != 0 || who == s.bot.ID
	})
}

func (s *Sim) threadMemberDocument(t *channel, m *threadMember, whole bool) any {
	if !whole {
		return m
	}
	return struct {
		*threadMember
		Member   *member `json:"member,omitempty"`
		Presence any     `json:"presence"`
	}{m, t.guild.members[m.UserID], nil}
}

// enliven unarchives a thread that somebody writes in, and lets them join it.
func (s *Sim) enliven(ch *channel, by snowflake.UserID) {
	if !ch.isThread() {
		return
	}
	if ch.threadMembers[by] == nil && ch.guild.members[by] != nil {
		s.threadMembersChanged(ch, s.enterThread(ch, by), 0)
	}
	if !ch.Metadata.Archived {
		return
	}
	ch.Metadata.Archived = false
	ch.Metadata.ArchiveTimestamp = timestamp(s.now())
	s.dispatchIn(ch, "THREAD_UPDATE", ch)
}

// threadsOf lists the threads below a channel, or of the guild when parent is
// nil, that accept takes; the newest first.
func (g *guild) threadsOf(parent *channel, accept func(*channel) bool) []*channel {
	out := []*channel{}
	for _, t := range g.channels {
		if t.isThread() && (parent == nil || *t.ParentID == parent.ID) && accept(t) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, func(a, b *channel) int { return cmp.Compare(b.ID, a.ID) })
	return out
}
