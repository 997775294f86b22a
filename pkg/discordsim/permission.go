package discordsim

import (
	"strconv"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// permission is a set of Discord permissions; in JSON it is a decimal string.
type permission uint64

// The permissions that the simulator checks or grants.
const (
	permCreateInvite        permission = 1 << 0
	permKickMembers         permission = 1 << 1
	permBanMembers          permission = 1 << 2
	permAdministrator       permission = 1 << 3
	permManageChannels      permission = 1 << 4
	permManageGuild         permission = 1 << 5
	permAddReactions        permission = 1 << 6
	permViewAuditLog        permission = 1 << 7
	permViewChannel         permission = 1 << 10
	permSendMessages        permission = 1 << 11
	permSendTTS             permission = 1 << 12
	permManageMessages      permission = 1 << 13
	permEmbedLinks          permission = 1 << 14
	permAttachFiles         permission = 1 << 15
	permReadHistory         permission = 1 << 16
	permMentionEveryone     permission = 1 << 17
	permExternalEmojis      permission = 1 << 18
	permConnect             permission = 1 << 20
	permSpeak               permission = 1 << 21
	permMuteMembers         permission = 1 << 22
	permDeafenMembers       permission = 1 << 23
	permMoveMembers         permission = 1 << 24
	permUseVAD              permission = 1 << 25
	permChangeNickname      permission = 1 << 26
	permManageNicknames     permission = 1 << 27
	permManageRoles         permission = 1 << 28
	permManageWebhooks      permission = 1 << 29
	permManageExpressions   permission = 1 << 30
	permUseCommands         permission = 1 << 31
	permManageThreads       permission = 1 << 34
	permCreatePublicThread  permission = 1 << 35
	permCreatePrivateThread permission = 1 << 36
	permSendInThreads       permission = 1 << 38
	permModerateMembers     permission = 1 << 40
	permCreateExpressions   permission = 1 << 43
	permCreateEvents        permission = 1 << 44
	permManageEvents        permission = 1 << 33
	permRequestToSpeak      permission = 1 << 32
	permUseSoundboard       permission = 1 << 42
	permSetVoiceStatus      permission = 1 << 48
	permPinMessages         permission = 1 << 51

	permAll permission = 1<<52 - 1

	permEveryone = permCreateInvite | permAddReactions | permViewChannel | permSendMessages |
		permEmbedLinks | permAttachFiles | permReadHistory | permMentionEveryone | permExternalEmojis |
		permConnect | permSpeak | permUseVAD | permChangeNickname | permUseCommands |
		permCreatePublicThread | permCreatePrivateThread | permSendInThreads

	permModerator = permKickMembers | permManageMessages | permModerateMembers | permManageThreads

	// permBot is everything short of ADMINISTRATOR, so that overwrites and the
	// hierarchy still bind the bot.
	permBot = permAll &^ permAdministrator

	// permTimedOut is what a member in time-out keeps.
	permTimedOut = permViewChannel | permReadHistory
)

// MarshalText writes the decimal form.
func (p permission) MarshalText() ([]byte, error) {
	return strconv.AppendUint(nil, uint64(p), 10), nil
}

// overwrite is one permission overwrite of a channel, for a role (0) or a member (1).
type overwrite struct {
	ID    uint64String `json:"id"`
	Type  int          `json:"type"`
	Allow permission   `json:"allow"`
	Deny  permission   `json:"deny"`
}

// uint64String is an id of no particular kind.
type uint64String uint64

// MarshalText writes the decimal form.
func (u uint64String) MarshalText() ([]byte, error) {
	return strconv.AppendUint(nil, uint64(u), 10), nil
}

// basePermissions are m's permissions in the guild, before any channel.
func (g *guild) basePermissions(m *member) permission {
	if m.User.ID == g.OwnerID {
		return permAll
	}
	p := g.roles[snowflake.RoleID(g.ID)].Permissions
	for _, id := range m.Roles {
		if r := g.roles[id]; r != nil {
			p |= r.Permissions
		}
	}
	if p&permAdministrator != 0 {
		return permAll
	}
	return p
}

// permissionsIn are m's permissions in the channel at the time now.
func (g *guild) permissionsIn(ch *channel, m *member, now time.Time) permission {
	p := g.basePermissions(m)
	if p&permAdministrator != 0 {
		return p
	}
	p = applyOverwrites(p, g, ch.overwriteSource(g), m)
	if m.timedOut(now) {
		p &= permTimedOut
	}
	if p&permViewChannel == 0 {
		return 0
	}
	speak := permSendMessages
	if ch.isThread() {
		speak = permSendInThreads
	}
	if p&speak == 0 {
		p &^= permMentionEveryone | permSendTTS | permAttachFiles | permEmbedLinks
	}
	return p
}

func applyOverwrites(p permission, g *guild, ows []overwrite, m *member) permission {
	var allow, deny permission
	for _, o := range ows {
		if o.Type == 0 && uint64(o.ID) == uint64(g.ID) {
			p = p&^o.Deny | o.Allow
		}
	}
	for _, o := range ows {
		if o.Type == 0 && uint64(o.ID) != uint64(g.ID) && m.hasRole(snowflake.RoleID(o.ID)) {
			allow |= o.Allow
			deny |= o.Deny
		}
	}
	p = p&^deny | allow
	for _, o := range ows {
		if o.Type == 1 && uint64(o.ID) == uint64(m.User.ID) {
			p = p&^o.Deny | o.Allow
		}
	}
	return p
}

// rank is the position of m's highest role; the owner stands above everybody.
func (g *guild) rank(m *member) int {
	if m.User.ID == g.OwnerID {
		return 1 << 30
	}
	top := 0
	for _, id := range m.Roles {
		if r := g.roles[id]; r != nil {
			top = max(top, r.Position)
		}
	}
	return top
}

// outranks reports whether the bot may act on the member.
func (g *guild) outranks(actor, target *member) bool {
	return g.rank(actor) > g.rank(target)
}

// botNeeds refuses unless the bot has p in the guild.
func (s *Sim) botNeeds(g *guild, p permission) error {
	if g.basePermissions(g.members[s.bot.ID])&p != p {
		return errMissingPermissions
	}
	return nil
}

// botHasIn reports whether the bot sees the channel and has p in it.
func (s *Sim) botHasIn(ch *channel, p permission) bool { return s.botNeedsIn(ch, p) == nil }

// botNeedsIn refuses unless the bot sees the channel and has p in it.
func (s *Sim) botNeedsIn(ch *channel, p permission) error {
	have := ch.guild.permissionsIn(ch, ch.guild.members[s.bot.ID], s.now())
	if have&permViewChannel == 0 {
		return errMissingAccess
	}
	if ch.Type == channelPrivateThread && have&permManageThreads == 0 && ch.threadMembers[s.bot.ID] == nil {
		return errMissingAccess
	}
	if have&p != p {
		return errMissingPermissions
	}
	return nil
}
