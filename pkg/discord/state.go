package discord

import (
	"slices"
	"sync"

	"github.com/flora-runtime/flora-runtime/pkg/discord/internal/jsonscan"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// maxGuildChannels is how many channels and threads are kept of a guild;
	// Discord allows 500 channels and 1,000 active threads.
	maxGuildChannels = 5000
	// maxChannels is how many are kept in all. What is left out is still found,
	// by a request.
	maxChannels = 2_000_000
	// maxGone is how many guilds that were left are remembered.
	maxGone = 10_000
)

// Channel is what the gateway's state keeps of a channel or thread.
type Channel struct {
	ID     snowflake.ChannelID
	Guild  snowflake.GuildID
	Parent snowflake.ChannelID // The category, or the channel of a thread.
	Type   uint8               // Discord's number.
}

// IsThread reports whether the channel is a thread.
func (c Channel) IsThread() bool { return IsThreadType(int64(c.Type)) }

// IsThreadType reports whether Discord's channel type is one of the threads'.
func IsThreadType(t int64) bool { return t >= 10 && t <= 12 }

// State is which guilds the bot is in and which channels they have, as far as
// the gateway told. After a RESUME in a new process the channels of a guild are
// unknown until something happens to them.
type State struct {
	mu       sync.RWMutex // Guards the members below.
	guilds   map[snowflake.GuildID]*members
	channels map[snowflake.ChannelID]Channel
	gone     map[snowflake.GuildID]struct{} // Left since the start.
	watchers []func(snowflake.ChannelID)
	known    chan struct{}
	once     sync.Once
	shards   map[int]bool // Those whose guilds are kept, and whether all of them are known.
}

// members are a guild's channels.
type members struct {
	shard    int
	channels map[snowflake.ChannelID]struct{}
}

func newState() *State {
	return &State{
		guilds: map[snowflake.GuildID]*members{}, channels: map[snowflake.ChannelID]Channel{}, gone: map[snowflake.GuildID]struct{}{},
		known: make(chan struct{}), shards: map[int]bool{},
	}
}

// Known is closed once every guild of this process's shards is known: when all of
// them were connected, and after a RESUME in a new process when REST has told.
func (s *State) Known() <-chan struct{} { return s.known }

func (s *State) complete() { s.once.Do(func() { close(s.known) }) }

// Channel gives what is known of a channel or thread.
func (s *State) Channel(id snowflake.ChannelID) (Channel, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	c, ok := s.channels[id]
	return c, ok
}

// Has reports whether the bot is known to be in the guild.
func (s *State) Has(id snowflake.GuildID) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.guilds[id] != nil
}

// Guilds lists the guilds that the bot is in, by id.
func (s *State) Guilds() []snowflake.GuildID {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]snowflake.GuildID, 0, len(s.guilds))
	for id := range s.guilds {
		out = append(out, id)
	}
	slices.Sort(out)
	return out
}

// Channels lists the known channels and threads of a guild, by id.
func (s *State) Channels(guild snowflake.GuildID) []Channel {
	s.mu.RLock()
	defer s.mu.RUnlock()
	g := s.guilds[guild]
	if g == nil {
		return nil
	}
	out := make([]Channel, 0, len(g.channels))
	for id := range g.channels {
		out = append(out, s.channels[id])
	}
	slices.SortFunc(out, func(a, b Channel) int { return int(int64(a.ID) - int64(b.ID)) }) //nolint:gosec // Ids are below 2^63.
	return out
}

// OnDelete calls f, which must not wait, for every channel and thread that is
// deleted, before scripts hear of it.
func (s *State) OnDelete(f func(snowflake.ChannelID)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watchers = append(s.watchers, f)
}

// stateEvents are the types that the state needs whether scripts do or not.
var stateEvents = map[string]func(*State, int, snowflake.GuildID, []byte) (join, leave bool){
	"GUILD_CREATE":     (*State).guildCreate,
	"GUILD_DELETE":     (*State).guildDelete,
	"CHANNEL_CREATE":   (*State).channelUpdate,
	"CHANNEL_UPDATE":   (*State).channelUpdate,
	"CHANNEL_DELETE":   (*State).channelDelete,
	"THREAD_CREATE":    (*State).channelUpdate,
	"THREAD_UPDATE":    (*State).channelUpdate,
	"THREAD_DELETE":    (*State).channelDelete,
	"THREAD_LIST_SYNC": (*State).threadSync,
}

// add makes the guild known and reports whether it was not. s.mu is held.
func (s *State) add(shard int, id snowflake.GuildID) (*members, bool) {
	delete(s.gone, id)
	g := s.guilds[id]
	if g != nil {
		return g, false
	}
	g = &members{shard: shard, channels: map[snowflake.ChannelID]struct{}{}}
	s.guilds[id] = g
	return g, true
}

// remove forgets the guild. s.mu is held.
func (s *State) remove(id snowflake.GuildID) {
	if g := s.guilds[id]; g != nil {
		for c := range g.channels {
			delete(s.channels, c)
		}
		delete(s.guilds, id)
	}
	if len(s.gone) < maxGone {
		s.gone[id] = struct{}{}
	}
}

// put keeps a channel. s.mu is held.
func (s *State) put(g *members, c Channel) {
	if _, known := g.channels[c.ID]; !known && (len(g.channels) >= maxGuildChannels || len(s.channels) >= maxChannels) {
		return
	}
	g.channels[c.ID] = struct{}{}
	s.channels[c.ID] = c
}

// drop forgets a channel. s.mu is held.
func (s *State) drop(g *members, id snowflake.ChannelID) {
	if _, ours := g.channels[id]; ours {
		delete(g.channels, id)
		delete(s.channels, id)
	}
}

// readChannel reads a channel object; archived is set for threads that are.
func readChannel(guild snowflake.GuildID, raw []byte) (c Channel, archived bool) {
	c.Guild = guild
	jsonscan.Members(raw, func(key, value []byte) bool {
		switch string(key) {
		case "id":
			c.ID = snowflake.ChannelID(jsonscan.ID(value))
		case "parent_id":
			c.Parent = snowflake.ChannelID(jsonscan.ID(value))
		case "type":
			c.Type = uint8(min(max(jsonscan.Int(value), 0), 255)) //nolint:gosec // Bounded.
		case "thread_metadata":
			archived = jsonscan.True(jsonscan.Get(value, "archived"))
		}
		return true
	})
	return c, archived
}

// readChannels reads a list of channel objects.
func readChannels(guild snowflake.GuildID, raw []byte) []Channel {
	var out []Channel
	jsonscan.Elements(raw, func(value []byte) bool {
		if c, archived := readChannel(guild, value); !c.ID.IsZero() && !archived {
			out = append(out, c)
		}
		return len(out) < maxGuildChannels
	})
	return out
}

func (s *State) guildCreate(shard int, id snowflake.GuildID, d []byte) (join, leave bool) {
	var channels []Channel
	var unavailable bool
	jsonscan.Members(d, func(key, value []byte) bool {
		switch string(key) {
		case "channels", "threads":
			channels = append(channels, readChannels(id, value)...)
		case "unavailable":
			unavailable = jsonscan.True(value)
		}
		return true
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	g, added := s.add(shard, id)
	if unavailable {
		return added, false
	}
	for c := range g.channels {
		delete(s.channels, c)
	}
	clear(g.channels)
	for _, c := range channels {
		s.put(g, c)
	}
	return added, false
}

// guildDelete is the bot's leaving, or, with unavailable, an outage, during
// which everything stays as it is.
func (s *State) guildDelete(_ int, id snowflake.GuildID, d []byte) (join, leave bool) {
	if jsonscan.True(jsonscan.Get(d, "unavailable")) {
		return false, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.remove(id)
	return false, true
}

// channelUpdate takes channels and threads, new and changed. Archived threads
// are let go: a guild may have any number of them.
func (s *State) channelUpdate(shard int, guild snowflake.GuildID, d []byte) (join, leave bool) {
	c, archived := readChannel(guild, d)
	if c.ID.IsZero() || guild.IsZero() {
		return false, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, added := s.add(shard, guild)
	if archived {
		s.drop(g, c.ID)
	} else {
		s.put(g, c)
	}
	return added, false
}

func (s *State) channelDelete(_ int, guild snowflake.GuildID, d []byte) (join, leave bool) {
	id := snowflake.ChannelID(jsonscan.ID(jsonscan.Get(d, "id")))
	s.mu.Lock()
	gone := []snowflake.ChannelID{id}
	if g := s.guilds[guild]; g != nil {
		for c := range g.channels {
			if ch := s.channels[c]; ch.Parent == id && ch.IsThread() {
				gone = append(gone, c)
			}
		}
		for _, c := range gone {
			s.drop(g, c)
		}
	}
	watchers := s.watchers
	s.mu.Unlock()
	for _, f := range watchers {
		for _, c := range gone {
			f(c)
		}
	}
	return false, false
}

// threadSync replaces the threads of some channels, or of all.
func (s *State) threadSync(shard int, guild snowflake.GuildID, d []byte) (join, leave bool) {
	if guild.IsZero() {
		return false, false
	}
	threads := readChannels(guild, jsonscan.Get(d, "threads"))
	var parents map[snowflake.ChannelID]bool
	if list := jsonscan.Get(d, "channel_ids"); list != nil {
		parents = map[snowflake.ChannelID]bool{}
		jsonscan.Elements(list, func(value []byte) bool {
			parents[snowflake.ChannelID(jsonscan.ID(value))] = true
			return len(parents) < maxGuildChannels
		})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, added := s.add(shard, guild)
	for id := range g.channels {
		if c := s.channels[id]; c.IsThread() && (parents == nil || parents[c.Parent]) {
			s.drop(g, id)
		}
	}
	for _, c := range threads {
		s.put(g, c)
	}
	return added, false
}

// begin takes the guilds that READY lists for a shard. It gives those that the
// shard had before and has no more.
func (s *State) begin(shard int, guilds []snowflake.GuildID) (left []snowflake.GuildID) {
	now := make(map[snowflake.GuildID]struct{}, len(guilds))
	for _, id := range guilds {
		now[id] = struct{}{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, g := range s.guilds {
		if _, still := now[id]; g.shard == shard && !still {
			left = append(left, id)
		}
	}
	for _, id := range left {
		s.remove(id)
	}
	return left
}

// admit makes the listed guilds known and gives the ones that are new.
func (s *State) admit(shard int, guilds []snowflake.GuildID) (joined []snowflake.GuildID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range guilds {
		if _, added := s.add(shard, id); added {
			joined = append(joined, id)
		}
	}
	return joined
}

// seed makes guilds known that REST listed, unless they were left meanwhile or are
// not wanted.
func (s *State) seed(guilds []snowflake.GuildID, shardOf func(snowflake.GuildID) (shard int, wanted bool)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range guilds {
		shard, wanted := shardOf(id)
		if _, ours := s.shards[shard]; !wanted || !ours {
			continue
		}
		if _, left := s.gone[id]; !left {
			s.add(shard, id)
		}
	}
}
