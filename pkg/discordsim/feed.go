package discordsim

import (
	"maps"
	"slices"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// The kinds of change that a feed tells of.
const (
	changeMessage = "message"
	changeDelete  = "delete"
	changeTyping  = "typing"
	changeGuild   = "guild"
)

// maxChanges is how many changes a feed remembers for readers that come back or
// are behind. It keeps ids only: what is there is read when it is sent.
const maxChanges = 1024

// change is one thing that people in a guild can see. What it was is not kept:
// of a message that changed twice, readers may see the last state twice.
type change struct {
	seq     uint64
	kind    string
	what    string // Of a guild: what of it changed.
	channel snowflake.ChannelID
	message snowflake.MessageID
	user    snowflake.UserID
	// seenBy is the only user who saw a message that is deleted.
	seenBy snowflake.UserID
}

// feed is what happened in a guild since somebody looked first. Sim.mu guards it.
type feed struct {
	last    uint64 // Number of the newest change.
	recent  []change
	changed chan struct{} // Closed at the next change; nil while nobody waits.
}

// note adds the change to the guild's feed, if anybody ever looked. Sim.mu is held.
func (g *guild) note(c change) {
	f := g.feed
	if f == nil {
		return
	}
	f.last++
	c.seq = f.last
	if len(f.recent) >= 2*maxChanges {
		f.recent = append(f.recent[:0], f.recent[len(f.recent)-maxChanges:]...)
	}
	f.recent = append(f.recent, c)
	f.wakeAll()
}

func (f *feed) wakeAll() {
	if f.changed != nil {
		close(f.changed)
		f.changed = nil
	}
}

// watch closes at the next change.
func (f *feed) watch() <-chan struct{} {
	if f.changed == nil {
		f.changed = make(chan struct{})
	}
	return f.changed
}

// since lists the changes after seq, at most maxChanges, without those that a
// later one makes needless; false means that some are not known any more.
func (f *feed) since(seq uint64) ([]change, bool) {
	behind := f.last - seq
	if seq > f.last || behind > uint64(min(len(f.recent), maxChanges)) { //nolint:gosec // Small.
		return nil, false
	}
	list := f.recent[len(f.recent)-int(behind):] //nolint:gosec // Checked above.
	seen := map[change]bool{}
	out := make([]change, 0, len(list))
	for _, c := range slices.Backward(list) {
		same := c
		same.seq = 0
		if !seen[same] {
			seen[same] = true
			out = append(out, c)
		}
	}
	slices.Reverse(out)
	return out, true
}

// noteMessage tells that a message is new or looks different.
func (m *message) noteMessage() {
	m.channel.guild.note(change{kind: changeMessage, channel: m.ChannelID, message: m.ID})
}

// noteGone tells that a message is deleted.
func (m *message) noteGone() {
	m.channel.guild.note(change{kind: changeDelete, channel: m.ChannelID, message: m.ID, seenBy: m.seenBy})
}

// noteCommands tells that commands changed: those of the guild, or everybody's.
func (s *Sim) noteCommands(g *guild) {
	if g != nil {
		g.note(change{kind: changeGuild, what: "commands"})
		return
	}
	for _, g := range s.guilds {
		g.note(change{kind: changeGuild, what: "commands"})
	}
}

// worldEvents are the dispatches after which a guild's summary reads otherwise.
var worldEvents = map[string]string{
	"CHANNEL_CREATE": "channels", "CHANNEL_UPDATE": "channels", "CHANNEL_DELETE": "channels",
	"THREAD_CREATE": "channels", "THREAD_UPDATE": "channels", "THREAD_DELETE": "channels",
	"GUILD_MEMBER_ADD": "members", "GUILD_MEMBER_UPDATE": "members", "GUILD_MEMBER_REMOVE": "members",
	"GUILD_ROLE_CREATE": "roles", "GUILD_ROLE_UPDATE": "roles", "GUILD_ROLE_DELETE": "roles",
	"GUILD_UPDATE": "guild", "GUILD_CREATE": "guild", "GUILD_DELETE": "guild",
	"GUILD_EMOJIS_UPDATE": "emojis", "GUILD_STICKERS_UPDATE": "stickers",
}

// noteEvent tells of what a dispatch says about the guild itself.
func (s *Sim) noteEvent(id snowflake.GuildID, name string) {
	if g := s.guilds[id]; g != nil && g.feed != nil {
		if what := worldEvents[name]; what != "" {
			g.note(change{kind: changeGuild, what: what})
		}
	}
}

// as is the message as one user sees it: reactions and votes of theirs are
// marked. The message itself stays as it is.
func (m *message) as(viewer snowflake.UserID) *message {
	p, polled := m.Poll.(*poll)
	if viewer == 0 || len(m.Reactions) == 0 && !polled {
		return m
	}
	c := *m
	c.Reactions = make([]*reaction, len(m.Reactions))
	for i, r := range m.Reactions {
		mine := *r
		mine.Me = slices.Contains(r.users, viewer)
		c.Reactions[i] = &mine
	}
	if polled {
		mine := *p
		mine.viewer = viewer
		mine.votes = maps.Clone(p.votes)
		c.Poll = &mine
	}
	return &c
}
