package discordsim

import (
	"encoding/json"
	"slices"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// The kinds of application command.
const (
	commandChat    = 1
	commandUser    = 2
	commandMessage = 3
)

// The types of command options.
const (
	optionSubcommand  = 1
	optionGroup       = 2
	optionString      = 3
	optionInteger     = 4
	optionBoolean     = 5
	optionUser        = 6
	optionChannel     = 7
	optionRole        = 8
	optionMentionable = 9
	optionNumber      = 10
	optionAttachment  = 11
)

const (
	maxChatCommands  = 100
	maxOtherCommands = 15
)

// command is a registered application command as Discord writes it.
type command struct {
	ID               snowflake.CommandID     `json:"id"`
	ApplicationID    snowflake.ApplicationID `json:"application_id"`
	Version          uint64String            `json:"version"`
	GuildID          *snowflake.GuildID      `json:"guild_id,omitempty"`
	DefaultNeeds     *permission             `json:"default_member_permissions"`
	Type             int                     `json:"type"`
	Name             string                  `json:"name"`
	NameIn           map[string]string       `json:"name_localizations"`
	Description      string                  `json:"description"`
	DescriptionIn    map[string]string       `json:"description_localizations"`
	DMPermission     *bool                   `json:"dm_permission,omitempty"`
	Contexts         []int64                 `json:"contexts"`
	IntegrationTypes []int64                 `json:"integration_types"`
	Options          []*commandOption        `json:"options,omitempty"`
	NSFW             bool                    `json:"nsfw"`
}

// commandOption is an option, a subcommand or a group of subcommands.
type commandOption struct {
	Type          int               `json:"type"`
	Name          string            `json:"name"`
	NameIn        map[string]string `json:"name_localizations,omitempty"`
	Description   string            `json:"description"`
	DescriptionIn map[string]string `json:"description_localizations,omitempty"`
	Required      bool              `json:"required,omitempty"`
	Choices       []commandChoice   `json:"choices,omitempty"`
	Options       []*commandOption  `json:"options,omitempty"`
	ChannelTypes  []int64           `json:"channel_types,omitempty"`
	MinValue      json.Number       `json:"min_value,omitempty"`
	MaxValue      json.Number       `json:"max_value,omitempty"`
	MinLength     *int64            `json:"min_length,omitempty"`
	MaxLength     *int64            `json:"max_length,omitempty"`
	Autocomplete  bool              `json:"autocomplete,omitempty"`
}

type commandChoice struct {
	Name   string            `json:"name"`
	NameIn map[string]string `json:"name_localizations,omitempty"`
	Value  any               `json:"value"`
}

// commandSet are the commands of one scope, the application or a guild.
type commandSet struct {
	list []*command
	// rules are the permissions of commands in the guild, by the command's id or
	// the application's.
	rules map[uint64][]commandRule
}

// commandRule allows or denies a command to a role (1), a user (2) or in a channel (3).
type commandRule struct {
	ID      uint64String `json:"id"`
	Type    int          `json:"type"`
	Allowed bool         `json:"permission"`
}

func (cs *commandSet) get(id snowflake.CommandID) *command {
	for _, c := range cs.list {
		if c.ID == id {
			return c
		}
	}
	return nil
}

func (cs *commandSet) named(kind int, name string) *command {
	for _, c := range cs.list {
		if c.Type == kind && c.Name == name {
			return c
		}
	}
	return nil
}

func (cs *commandSet) remove(c *command) {
	cs.list = slices.DeleteFunc(cs.list, func(o *command) bool { return o == c })
	delete(cs.rules, uint64(c.ID))
}

// room refuses one more command of the kind when there are too many.
func (cs *commandSet) room(kind int) error {
	n := 0
	for _, c := range cs.list {
		if c.Type == kind {
			n++
		}
	}
	switch {
	case kind == commandChat && n >= maxChatCommands:
		return errMaxCommands
	case kind != commandChat && n >= maxOtherCommands:
		return errMaxOtherCommands
	}
	return nil
}

// commandFor finds the command that a member of the guild sees under the name:
// the guild's own goes before the global one.
func (s *Sim) commandFor(g *guild, kind int, name string) *command {
	if c := g.commands.named(kind, name); c != nil {
		return c
	}
	return s.commands.named(kind, name)
}

// mayUse reports whether the member may use the command in the channel.
func (s *Sim) mayUse(c *command, m *member, ch *channel) bool {
	g := ch.guild
	have := g.permissionsIn(ch, m, s.now())
	switch {
	case have&permAdministrator != 0 || m.User.ID == g.OwnerID:
		return true
	case have&permUseCommands == 0:
		return false
	}
	own := g.commands.rules[uint64(c.ID)]
	all := g.commands.rules[uint64(s.application.ID)]
	if allowed, known := ruleFor(own, g, ch, m); known {
		return allowed
	}
	if allowed, known := ruleFor(all, g, ch, m); known && !allowed {
		return false
	}
	if c.DefaultNeeds == nil {
		return true
	}
	return *c.DefaultNeeds != 0 && have&*c.DefaultNeeds == *c.DefaultNeeds
}

// ruleFor weighs the rules: a channel's denial first, then the user's own rule,
// then those of the roles, of which one that allows is enough.
func ruleFor(rules []commandRule, g *guild, ch *channel, m *member) (allowed, known bool) {
	for _, r := range rules {
		if r.Type == 3 && !r.Allowed && (uint64(r.ID) == uint64(ch.ID) || uint64(r.ID) == uint64(g.ID)-1) {
			return false, true
		}
	}
	for _, r := range rules {
		switch {
		case r.Type == 2 && uint64(r.ID) == uint64(m.User.ID):
			return r.Allowed, true
		case r.Type == 1 && (uint64(r.ID) == uint64(g.ID) || m.hasRole(snowflake.RoleID(r.ID))):
			allowed, known = allowed || r.Allowed, true
		}
	}
	return allowed, known
}
