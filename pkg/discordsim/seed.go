package discordsim

import (
	"strconv"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// people are the users that exist from the start and are members of every
// initial guild: the first owns them, the second moderates, the rest are plain.
var people = []string{"owner", "moderator", "alice", "bob", "carol"}

// plainMember is the index in people of who speaks when nobody is named.
const plainMember = 2

// populate makes the initial world. Nothing in it depends on the time of day.
func (s *Sim) populate() {
	botID := fixedID(peopleIndex, uint64(len(people))+1)
	s.application = application{ID: snowflake.ApplicationID(botID), Flags: s.applicationFlags()}
	s.bot = &user{ID: snowflake.UserID(botID), Username: "flora", Discriminator: "0001", Bot: true}
	s.users[s.bot.ID] = s.bot
	for i, name := range people {
		u := &user{ID: snowflake.UserID(fixedID(peopleIndex, uint64(i)+1)), Username: name, Discriminator: "0"} //nolint:gosec // Small.
		s.users[u.ID] = u
	}
	for i := 1; i <= s.cfg.Guilds; i++ {
		s.foundGuild(i)
	}
}

// applicationFlags says which privileged intents were granted.
func (s *Sim) applicationFlags() int {
	flags := 1 << 23 // APPLICATION_COMMAND_BADGE
	for intent, flag := range map[int]int{intentPresences: 1 << 13, intentMembers: 1 << 15, intentMessageContent: 1 << 19} {
		if s.cfg.DeniedIntents&intent == 0 {
			flags |= flag
		}
	}
	return flags
}

func (s *Sim) foundGuild(index int) *guild {
	id := snowflake.GuildID(fixedID(index, seqGuild))
	return s.newGuild(id, "Guild "+strconv.Itoa(index),
		snowflake.ChannelID(fixedID(index, seqChannel)),
		snowflake.RoleID(fixedID(index, seqModerator)), snowflake.RoleID(fixedID(index, seqBotRole)))
}

// newGuild adds a guild with its first channel, roles and members to the world.
func (s *Sim) newGuild(id snowflake.GuildID, name string, general snowflake.ChannelID, mod, botRole snowflake.RoleID) *guild {
	g := &guild{
		ID: id, Name: name, OwnerID: s.person(0).ID, Joined: id.Time(),
		roles:    map[snowflake.RoleID]*role{},
		channels: map[snowflake.ChannelID]*channel{},
		members:  map[snowflake.UserID]*member{},
	}
	g.roles[snowflake.RoleID(id)] = &role{ID: snowflake.RoleID(id), Name: "@everyone", Permissions: permEveryone}
	g.roles[mod] = &role{ID: mod, Name: "Moderator", Position: 1, Permissions: permModerator}
	g.roles[botRole] = &role{
		ID: botRole, Name: s.bot.Username, Position: 2, Permissions: permBot, Managed: true,
		Tags: &roleTags{BotID: s.bot.ID},
	}
	for i := range people {
		m := newMember(s.person(i), id.Time())
		if i == 1 {
			m.Roles = append(m.Roles, mod)
		}
		g.members[m.User.ID] = m
	}
	bot := newMember(s.bot, id.Time())
	bot.Roles = append(bot.Roles, botRole)
	g.members[s.bot.ID] = bot

	s.guilds[id] = g
	s.guildOrder = append(s.guildOrder, g)
	s.addChannel(newChannel(g, general, channelText, "general"))
	return g
}

func (s *Sim) person(i int) *user {
	return s.users[snowflake.UserID(fixedID(peopleIndex, uint64(i)+1))] //nolint:gosec // Small.
}
