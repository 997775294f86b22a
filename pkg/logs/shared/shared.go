// Package shared gives the log of a guild whose lines several replicas have: each
// keeps those that it wrote itself, on its own disk. Whose turn it was when is in a
// store that all reach, so that ids only rise from turn to turn, and that lines of
// a replica which cannot be asked are said to be missing.
package shared

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/logs"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// Ahead is how far the bases of a shard's turns are apart at least: more lines
	// than a turn has.
	Ahead = 1_000_000_000
	// beginTime bounds what events wait for when a shard comes.
	beginTime = time.Second
	// againEvery is the pause before a turn is noted again that could not be, and
	// renewEvery the age of one that gets another base, long before it has written
	// as many lines as it may.
	againEvery = 2 * time.Second
	renewEvery = 24 * time.Hour
)

// Turn is a time in which a shard's guilds wrote their lines at one replica, up to
// the next turn.
type Turn struct {
	Base    uint64 // Its lines have ids above it.
	Replica string
	At      time.Time
}

// Turns is where they are noted.
type Turns interface {
	// BeginTurn notes a turn of the shard and gives its base: at least least, and
	// Ahead above all of the shard's before.
	BeginTurn(ctx context.Context, shard, of int, replica string, least uint64) (base uint64, err error)
	// LogTurns gives the turns of a shard that are remembered, in their order.
	LogTurns(ctx context.Context, shard, of int) ([]Turn, error)
}

// Part is what one replica has of a guild's log.
type Part struct {
	Lines []logs.Entry `json:"lines"`
	// Lost is how many lines are not kept any more before the first, after the id
	// that was asked for.
	Lost uint64 `json:"lost"`
}

// Answer is a part of another replica, or why there is none.
type Answer struct {
	Replica string
	Part    Part
	Err     error
}

// Config of a Log.
type Config struct {
	Local *logs.Hub
	Self  string // This replica.
	Turns Turns
	// Ask asks all other replicas that live.
	Ask   func(ctx context.Context, guild snowflake.GuildID, q logs.Query) []Answer
	Clock clock.Clock
	Log   *zap.Logger
}

// Log is the log of all guilds.
type Log struct {
	cfg Config

	mu    sync.Mutex // Guards the members below.
	of    int
	begun map[int]*turn // By shard: what is this replica's.
}

// turn is one of this replica's.
type turn struct {
	base  uint64
	at    time.Time
	noted bool
}

// New makes a log.
func New(cfg Config) *Log {
	if cfg.Clock == nil {
		cfg.Clock = clock.Real
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	return &Log{cfg: cfg, begun: map[int]*turn{}}
}

// shardOf is the guild's shard.
func shardOf(guild snowflake.GuildID, of int) int {
	return int(uint64(guild) >> 22 % uint64(of)) //nolint:gosec // Below of.
}

func guildsOf(shard, of int) func(snowflake.GuildID) bool {
	return func(guild snowflake.GuildID) bool { return shardOf(guild, of) == shard }
}

// Begin is called before a shard's guilds write here. While the store is away, ids
// go on far above the machine's clock, and Run notes the turn later.
func (l *Log) Begin(ctx context.Context, shard, of int) {
	t := &turn{at: l.cfg.Clock.Now()}
	l.mu.Lock()
	l.of, l.begun[shard] = of, t
	l.mu.Unlock()
	limited, cancel := context.WithTimeout(ctx, beginTime)
	defer cancel()
	l.note(limited, shard, of, t)
}

// note gives the turn its base.
func (l *Log) note(ctx context.Context, shard, of int, t *turn) {
	highest := l.cfg.Local.Highest()
	base, err := l.cfg.Turns.BeginTurn(ctx, shard, of, l.cfg.Self, highest)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.begun[shard] != t {
		return // It is over.
	}
	if err != nil {
		if t.base > 0 {
			return
		}
		l.cfg.Log.Warn("whose turn it is to write the log lines of a shard is not noted yet: the database does not answer", zap.Int("shard_id", shard), zap.Error(err))
		base = max(highest, uint64(max(t.at.UnixMicro(), 0))) + Ahead //nolint:gosec // Not negative.
	}
	if t.base == 0 {
		t.base = base
	}
	t.noted = err == nil
	l.cfg.Local.Raise(base, guildsOf(shard, of))
}

// End is called when a shard goes: who reads its guilds' logs here is told so.
func (l *Log) End(shard int) {
	l.mu.Lock()
	of := l.of
	delete(l.begun, shard)
	l.mu.Unlock()
	if of > 0 {
		l.cfg.Local.Part(guildsOf(shard, of))
	}
}

// Run notes what could not be noted, and renews what is old, until ctx ends.
func (l *Log) Run(ctx context.Context) error {
	for clock.Sleep(ctx, l.cfg.Clock, againEvery) {
		l.mu.Lock()
		due := map[int]*turn{}
		for shard, t := range l.begun {
			if !t.noted || l.cfg.Clock.Now().Sub(t.at) > renewEvery {
				due[shard] = t
			}
		}
		of := l.of
		l.mu.Unlock()
		for shard, t := range due {
			limited, cancel := context.WithTimeout(ctx, beginTime)
			l.note(limited, shard, of, t)
			cancel()
			l.mu.Lock()
			if t.noted {
				t.at = l.cfg.Clock.Now()
			}
			l.mu.Unlock()
		}
	}
	return nil
}

// Since is the id above which all lines of the guild are written here, for as long
// as its shard is this replica's.
func (l *Log) Since(guild snowflake.GuildID) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.of > 0 {
		if t := l.begun[shardOf(guild, l.of)]; t != nil {
			return t.base
		}
	}
	return 0
}

// Here is what this replica has of a guild's log.
func (l *Log) Here(guild snowflake.GuildID, q logs.Query) Part {
	p := Part{Lines: l.cfg.Local.Lines(guild, q)}
	if q.After > 0 && len(p.Lines) > 0 {
		p.Lost = l.cfg.Local.Lost(guild, q.After, p.Lines[0].ID)
	}
	return p
}

// Lines gives lines of a guild, the oldest first, like the hub's, whoever wrote
// them. A line of the runtime stands where some may be missing; lost is how many
// more are not kept, before the first that is given, or between those.
func (l *Log) Lines(ctx context.Context, guild snowflake.GuildID, q logs.Query) (lines []logs.Entry, lost uint64) {
	if q.Limit <= 0 {
		return []logs.Entry{}, 0
	}
	here := l.Here(guild, q)
	answers := l.cfg.Ask(ctx, guild, q)
	parts := []Part{here}
	silent := map[string]error{}
	spoke := map[string]bool{l.cfg.Self: true}
	for _, a := range answers {
		if a.Err != nil {
			silent[a.Replica] = a.Err
			continue
		}
		spoke[a.Replica] = true
		parts = append(parts, a.Part)
	}
	for _, p := range parts {
		lines = append(lines, p.Lines...)
	}
	lines = append(lines, l.missing(ctx, guild, spoke, silent, q)...)
	slices.SortStableFunc(lines, func(a, b logs.Entry) int { return cmp.Compare(a.ID, b.ID) })
	lines = slices.CompactFunc(lines, func(a, b logs.Entry) bool { return a.ID == b.ID })
	if q.After > 0 {
		lines = lines[:min(len(lines), q.Limit)]
	} else {
		lines = lines[max(0, len(lines)-q.Limit):]
	}
	if len(lines) == 0 {
		return []logs.Entry{}, 0
	}
	for _, p := range parts {
		if len(p.Lines) > 0 && p.Lines[0].ID <= lines[len(lines)-1].ID {
			lost += p.Lost
		}
	}
	return lines, lost
}

// missing gives a notice for each row of turns whose replicas could not be asked.
// Its id is the base of the first, which no line has.
func (l *Log) missing(ctx context.Context, guild snowflake.GuildID, spoke map[string]bool, silent map[string]error, q logs.Query) []logs.Entry {
	l.mu.Lock()
	of := l.of
	l.mu.Unlock()
	if of == 0 {
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, beginTime)
	defer cancel()
	turns, err := l.cfg.Turns.LogTurns(limited, shardOf(guild, of), of)
	if err != nil {
		l.cfg.Log.Warn("it is not known whose log lines are missing: the database does not answer", zap.Error(err))
		return nil
	}
	var out []logs.Entry
	for i := 0; i < len(turns); i++ {
		if spoke[turns[i].Replica] {
			continue
		}
		first := i
		var names []string
		for ; i < len(turns) && !spoke[turns[i].Replica]; i++ {
			if !slices.Contains(names, turns[i].Replica) {
				names = append(names, turns[i].Replica)
			}
		}
		text := "from " + moment(turns[first].At) + " on"
		if i < len(turns) {
			text = "from " + moment(turns[first].At) + " to " + moment(turns[i].At)
		}
		why := "away"
		if len(names) == 1 && silent[names[0]] != nil {
			why = "not answering"
		}
		be := "is"
		if len(names) > 1 {
			be = "are"
		}
		e := logs.Entry{
			ID: turns[first].Base, Timestamp: turns[first].At.UnixMilli(), Level: "warn", Target: logs.TargetRuntime, GuildID: guild.String(),
			Message: fmt.Sprintf("lines %s may be missing here: they are at %s, which %s %s", text, replicas(names), be, why),
		}
		if e.ID > q.After && e.Passes(q.Level) {
			out = append(out, e)
		}
	}
	return out
}

func replicas(names []string) string {
	const most = 3
	more := ""
	if len(names) > most {
		names, more = names[:most], fmt.Sprintf(" and %d more", len(names)-most)
	}
	word := "replica "
	if len(names) > 1 {
		word = "replicas "
	}
	return word + strings.Join(names, ", ") + more
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
