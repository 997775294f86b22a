package discordsim

import (
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// discordEpoch is the first second of 2015, in Unix milliseconds.
const discordEpoch = 1420070400000

// idSource makes strictly increasing ids out of the time. Sim.mu guards it.
type idSource struct {
	now  func() time.Time
	last uint64
}

func (s *idSource) next() uint64 {
	ms := s.now().UnixMilli() - discordEpoch
	id := uint64(max(ms, 1)) << 22 //nolint:gosec // Not negative.
	if id <= s.last {
		id = s.last + 1
	}
	s.last = id
	return id
}

// foundation is when the initial guilds were made. Their ids come from it and
// from their index alone, so they are the same in every run.
var foundation = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

// The parts of a guild that exist from the start, as the low bits of their ids.
const (
	seqGuild = iota
	seqChannel
	seqModerator
	seqBotRole
)

// peopleIndex is the index whose ids are given to users; guilds start at 1.
const peopleIndex = 0

// fixedID makes the id of part seq of the guild with that index. One
// millisecond lies between two guilds, so they spread evenly over any number
// of shards.
func fixedID(index int, seq uint64) uint64 {
	t := foundation.Add(time.Duration(index) * time.Millisecond)
	return uint64(t.UnixMilli()-discordEpoch)<<22 | seq //nolint:gosec // After 2015.
}

func timestamp(t time.Time) string {
	return t.UTC().Format("2006-01-02T15:04:05.000000+00:00")
}

func messageTime(id snowflake.MessageID) string { return timestamp(id.Time()) }

// ptr is the address of a copy of v, for fields that can be null.
func ptr[T any](v T) *T { return &v }
