package discordsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// What a test of a script sets up and sees, beside what people do: a guild
// with nobody in it, people, roles and channels that come without an event, and
// everything that was said.

// stageRank is the bot's place among the roles of such a guild: above all that
// are made later.
const stageRank = 200

// Clear replaces the initial guilds by one with the given id, its owner, the
// bot and one channel. It is for before anybody has connected.
func (s *Sim) Clear(id snowflake.GuildID) (general snowflake.ChannelID, owner snowflake.UserID, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.conns) > 0 {
		return 0, 0, wrong("somebody is connected already")
	}
	s.guilds, s.guildOrder, s.channels = map[snowflake.GuildID]*guild{}, nil, map[snowflake.ChannelID]*channel{}
	general = snowflake.ChannelID(s.ids.next())
	g := s.newGuild(id, "Test guild", general, snowflake.RoleID(s.ids.next()), snowflake.RoleID(s.ids.next()))
	for _, r := range g.roles {
		switch {
		case r.Managed:
			r.Position = stageRank
		case r != g.everyone():
			delete(g.roles, r.ID)
		}
	}
	for user := range g.members {
		if user != g.OwnerID && user != s.bot.ID {
			delete(g.members, user)
		}
	}
	return general, g.OwnerID, nil
}

// Newcomer is somebody who comes into a guild.
type Newcomer struct {
	ID               snowflake.UserID // 0 makes one.
	Username         string
	GlobalName, Nick *string
	Bot              bool
	Roles            []snowflake.RoleID
	Silent           bool // The bot is not told.
}

// Join adds somebody to a guild.
func (s *Sim) Join(guild snowflake.GuildID, n Newcomer) (snowflake.UserID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guilds[guild]
	if g == nil {
		return 0, errUnknownGuild
	}
	if n.ID == 0 {
		n.ID = snowflake.UserID(s.ids.next())
	}
	if g.members[n.ID] != nil {
		return 0, refuse(409, 0, n.Username+" is a member already")
	}
	if _, banned := g.bans[n.ID]; banned {
		return 0, errUserBanned
	}
	for _, id := range n.Roles {
		if g.roles[id] == nil {
			return 0, absent(10011, "there is no role %s", id)
		}
	}
	u := &user{ID: n.ID, Username: n.Username, Discriminator: "0", GlobalName: n.GlobalName, Bot: n.Bot}
	s.users[u.ID] = u
	m := newMember(u, s.now())
	m.Nick, m.Roles = n.Nick, append(m.Roles, n.Roles...)
	g.members[u.ID] = m
	if !n.Silent {
		s.dispatch(g, "GUILD_MEMBER_ADD", struct {
			*member
			GuildID snowflake.GuildID `json:"guild_id"`
		}{m, g.ID})
	}
	return u.ID, nil
}

// Part lets somebody go.
func (s *Sim) Part(guild snowflake.GuildID, who snowflake.UserID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guilds[guild]
	if g == nil || g.members[who] == nil {
		return absent(10007, "guild %s has no member %s", guild, who)
	}
	if who == s.bot.ID || who == g.OwnerID {
		return wrong("neither the owner nor the bot can leave")
	}
	s.removeMember(g, g.members[who])
	return nil
}

// AddRole makes a role below the bot's. The bot is not told.
func (s *Sim) AddRole(guild snowflake.GuildID, name string, permissions uint64) (snowflake.RoleID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guilds[guild]
	if g == nil {
		return 0, errUnknownGuild
	}
	r := &role{ID: snowflake.RoleID(s.ids.next()), Name: name, Position: 1, Permissions: permission(permissions)}
	g.roles[r.ID] = r
	return r.ID, nil
}

// AddChannel makes a channel of the type. The bot is not told.
func (s *Sim) AddChannel(guild snowflake.GuildID, name string, kind int, topic *string, parent *snowflake.ChannelID) (snowflake.ChannelID, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guilds[guild]
	if g == nil {
		return 0, errUnknownGuild
	}
	if !slices.Contains([]int{channelText, channelVoice, channelCategory, 5, channelStage, channelForum}, kind) {
		return 0, wrong("a channel of type %d is not made here: threads are started from a message", kind)
	}
	if parent != nil && g.channels[*parent] == nil {
		return 0, absent(10003, "guild %s has no channel %s", guild, *parent)
	}
	c := newChannel(g, snowflake.ChannelID(s.ids.next()), kind, name)
	c.Topic, c.ParentID = topic, parent
	s.addChannel(c)
	return c.ID, nil
}

// Reply is Say as an answer to a message, if there is one.
func (s *Sim) Reply(guild snowflake.GuildID, channel snowflake.ChannelID, author, content, to string) (json.RawMessage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch, err := s.channelOf(guild, channel)
	if err != nil {
		return nil, err
	}
	m, err := s.say(ch, sayRequest{Content: content, Author: author, ReplyTo: to})
	if err != nil {
		return nil, err
	}
	return mustEncode(m), nil
}

func (s *Sim) channelOf(guild snowflake.GuildID, id snowflake.ChannelID) (*channel, error) {
	g := s.guilds[guild]
	if g == nil {
		return nil, errUnknownGuild
	}
	if ch := g.channels[id]; ch != nil {
		return ch, nil
	}
	return nil, absent(10003, "guild %s has no channel %s", guild, id)
}

// React lets somebody put an emoji under a message, or take it away.
func (s *Sim) React(guild snowflake.GuildID, channel snowflake.ChannelID, message snowflake.MessageID, author, emoji string, add bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	ch, err := s.channelOf(guild, channel)
	if err != nil {
		return err
	}
	m := ch.messages.get(message)
	if m == nil {
		return absent(10008, "channel %s has no message %s", channel, message)
	}
	who, err := s.speaker(ch.guild, author)
	if err != nil {
		return err
	}
	e, err := s.parseEmoji(emoji)
	if err != nil {
		return wrong("emoji %q is neither a unicode emoji nor name:id of one of the guild", clip(emoji))
	}
	if add {
		return s.react(m, e, who.User)
	}
	s.unreact(m, e, who.User.ID)
	return nil
}

// Emit sends an event to the sessions of the guild. It changes nothing in the
// world.
func (s *Sim) Emit(guild snowflake.GuildID, kind string, data map[string]any) error {
	if catalog.ByType(kind) == nil {
		return fmt.Errorf("%s is no event of a guild", kind)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guilds[guild]
	if g == nil {
		return errUnknownGuild
	}
	s.inventing = true
	defer func() { s.inventing = false }()
	s.dispatch(g, kind, data)
	return nil
}

// Deed is something that a person did to the bot.
type Deed struct {
	sim *Sim
	in  *interaction
}

// Begin is Act without waiting for an answer.
func (s *Sim) Begin(guild snowflake.GuildID, a Action) (*Deed, error) {
	in, err := s.start(guild, a)
	if err != nil {
		return nil, err
	}
	return &Deed{s, in}, nil
}

// Outcome is what the person sees by now; answered is false while the bot has
// not answered.
func (d *Deed) Outcome() (o Outcome, answered bool) {
	d.sim.mu.Lock()
	defer d.sim.mu.Unlock()
	return d.sim.outcome(d.in), d.in.answer != 0
}

// Source is the id of the message whose component was used, or below which the
// modal was opened; 0 if there is none.
func (d *Deed) Source() snowflake.MessageID {
	if d.in.source == nil {
		return 0
	}
	return d.in.source.ID
}

// Messages are all that can be seen by anybody in the guild's channels, as
// Discord writes them, those that only one sees included.
func (s *Sim) Messages(guild snowflake.GuildID) []json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guilds[guild]
	if g == nil {
		return nil
	}
	var all []*message
	for _, ch := range g.channels {
		all = append(all, ch.messages.list...)
	}
	slices.SortFunc(all, func(a, b *message) int {
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	out := make([]json.RawMessage, len(all))
	for i, m := range all {
		out[i] = mustEncode(m)
	}
	return out
}

// Members are the guild's, as Discord writes them.
func (s *Sim) Members(guild snowflake.GuildID) []json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guilds[guild]
	if g == nil {
		return nil
	}
	list := g.sortedMembers()
	out := make([]json.RawMessage, len(list))
	for i, m := range list {
		out[i] = mustEncode(m)
	}
	return out
}

// Reason is what was wrong with something that a person was to do, without
// Discord's numbers.
func Reason(err error) string {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e.Message
	}
	return err.Error()
}
