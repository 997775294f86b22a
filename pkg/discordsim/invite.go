package discordsim

import (
	"slices"
	"time"
)

// maxInvites is how many invites a guild can have.
const maxInvites = 1000

// invite lets people into a guild.
type invite struct {
	code      string
	channel   *channel
	inviter   *user
	maxAge    int
	maxUses   int
	temporary bool
	made      time.Time
}

// document is the invite as everybody may see it.
func (i *invite) document() map[string]any {
	g := i.channel.guild
	d := map[string]any{
		"type": 0, "code": i.code, "inviter": i.inviter, "expires_at": nil,
		"guild": map[string]any{
			"id": g.ID, "name": g.Name, "icon": g.Icon, "description": g.Description, "banner": nil, "splash": nil,
			"features": []string{}, "verification_level": 0, "vanity_url_code": nil, "nsfw": false, "nsfw_level": 0, "premium_subscription_count": 0,
		},
		"guild_id": g.ID,
		"channel":  map[string]any{"id": i.channel.ID, "name": i.channel.Name, "type": i.channel.Type},
	}
	if i.maxAge > 0 {
		d["expires_at"] = timestamp(i.made.Add(time.Duration(i.maxAge) * time.Second))
	}
	return d
}

// metadata adds what only who manages the channel may see.
func (i *invite) metadata() map[string]any {
	d := i.document()
	d["uses"], d["max_uses"], d["max_age"] = 0, i.maxUses, i.maxAge
	d["temporary"], d["created_at"] = i.temporary, timestamp(i.made)
	return d
}

func (i *invite) over(now time.Time) bool {
	return i.maxAge > 0 && !now.Before(i.made.Add(time.Duration(i.maxAge)*time.Second))
}

// invitesOf lists the invites that are good, of a channel or of the guild when
// ch is nil, from the oldest.
func (s *Sim) invitesOf(g *guild, ch *channel) []any {
	var list []*invite
	for code, i := range g.invites {
		switch {
		case i.over(s.now()):
			delete(g.invites, code)
		case ch == nil || i.channel == ch:
			list = append(list, i)
		}
	}
	slices.SortFunc(list, func(a, b *invite) int { return a.made.Compare(b.made) })
	out := []any{}
	for _, i := range list {
		out = append(out, i.metadata())
	}
	return out
}

func (s *Sim) listChannelInvites(c *call) (any, error) {
	ch, err := c.pathChannel(permManageChannels)
	if err != nil {
		return nil, err
	}
	return s.invitesOf(ch.guild, ch), nil
}

func (s *Sim) listGuildInvites(c *call) (any, error) {
	g, err := c.pathGuild()
	if err != nil {
		return nil, err
	}
	if err := s.botNeeds(g, permManageGuild); err != nil {
		return nil, err
	}
	return s.invitesOf(g, nil), nil
}

func (s *Sim) createInvite(c *call) (any, error) {
	ch, err := c.pathChannel(permCreateInvite)
	if err != nil {
		return nil, err
	}
	f, err := c.form()
	if err != nil {
		return nil, err
	}
	i := &invite{code: randomHex(4), channel: ch, inviter: s.bot, maxAge: 86400, made: s.now()}
	if n, ok := f.number("max_age", 0, 604800); ok {
		i.maxAge = int(n)
	}
	if n, ok := f.number("max_uses", 0, 100); ok {
		i.maxUses = int(n)
	}
	i.temporary, _ = f.flag("temporary")
	if err := f.err(); err != nil {
		return nil, err
	}
	if ch.isThread() || ch.Type == channelCategory {
		return nil, errChannelType
	}
	if len(s.invitesOf(ch.guild, nil)) >= maxInvites {
		return nil, errMaxInvites
	}
	if ch.guild.invites == nil {
		ch.guild.invites = map[string]*invite{}
	}
	ch.guild.invites[i.code] = i
	d := i.metadata()
	d["channel_id"] = ch.ID
	s.dispatchIn(ch, "INVITE_CREATE", d)
	return i.metadata(), nil
}

// findInvite finds the invite of the path.
func (c *call) findInvite() (*invite, error) {
	code := c.param("code")
	for _, g := range c.sim.guildOrder {
		if i := g.invites[code]; i != nil && !i.over(c.sim.now()) {
			c.guild = g
			return i, nil
		}
	}
	return nil, errUnknownInvite
}

func (s *Sim) getInvite(c *call) (any, error) {
	i, err := c.findInvite()
	if err != nil {
		return nil, err
	}
	d := i.document()
	if c.queryFlag("with_counts") {
		d["approximate_member_count"] = len(i.channel.guild.members)
		d["approximate_presence_count"] = len(i.channel.guild.members)
	}
	return d, nil
}

func (s *Sim) deleteInvite(c *call) (any, error) {
	i, err := c.findInvite()
	if err != nil {
		return nil, err
	}
	ch := i.channel
	if s.botNeedsIn(ch, permManageChannels) != nil && s.botNeeds(ch.guild, permManageGuild) != nil {
		return nil, errMissingPermissions
	}
	delete(ch.guild.invites, i.code)
	s.dispatchIn(ch, "INVITE_DELETE", map[string]any{"guild_id": ch.GuildID, "channel_id": ch.ID, "code": i.code})
	return i.document(), nil
}
