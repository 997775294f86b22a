package denokv

import (
	"context"
	"time"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/later"
	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// schedules is the store of a guild's schedules.
const schedules = kv.Reserved + "schedules"

// ScheduleEvent is the event of the schedules with this name.
func ScheduleEvent(name string) string { return schedulePrefix + name }

const (
	schedulePrefix  = catalog.SchedulePrefix
	maxScheduleName = 100
	maxScheduleData = 16 << 10 // All of a guild's fit into one frame.
	maxAhead        = 5 * 366 * 24 * time.Hour
	// maxSchedulePause is the longest pause between two tries.
	maxSchedulePause = time.Minute
)

type scheduleArgs struct {
	At   float64 `json:"at"` // Unix milliseconds.
	Name op.Text `json:"name"`
	Data op.Text `json:"data"` // Base64 of a clone.
}

func (f *family) schedule(ctx context.Context, guild snowflake.GuildID, a scheduleArgs) (any, error) {
	now := f.Clock.Now()
	switch n := utf8.RuneCountInString(string(a.Name)); {
	case n == 0 || n > maxScheduleName:
		return nil, op.Invalid("name", "a name has 1 to %d characters", maxScheduleName)
	case len(a.Data) > maxScheduleData*4/3+4:
		return nil, fault.New(fault.TooLarge, "the data of a schedule has more than %d bytes", maxScheduleData)
	case !(a.At >= 0 && a.At <= float64(now.Add(maxAhead).UnixMilli())):
		return nil, op.Invalid("at", "expected a moment within the next five years")
	}
	data, err := valueOf("data", string(a.Data))
	if err != nil {
		return nil, err
	}
	key, err := later.NewKey(time.UnixMilli(int64(a.At)))
	if err != nil {
		return nil, err
	}
	m := later.Message{Name: ScheduleEvent(string(a.Name)), Value: data, Backoff: later.DefaultBackoff(), At: int64(a.At)}
	put, err := m.Put(key)
	if err != nil {
		return nil, err
	}
	// Counting and adding are one step.
	defer f.scheduling.begin(guild)()
	all := later.All(f.Schedules)
	all.KeysOnly = true
	waiting, err := f.Store.ReadRanges(ctx, guild, schedules, []kv.Range{all})
	if err != nil {
		return nil, err
	}
	if len(waiting[0]) >= f.Schedules {
		return nil, fault.New(fault.QuotaExceeded, "%d schedules wait, which is the most allowed; cancel some first", f.Schedules)
	}
	if _, err := f.Store.Commit(ctx, guild, schedules, kv.Commit{Mutations: []kv.Mutation{put}}); err != nil {
		return nil, err
	}
	return map[string]string{"id": m.ID(key)}, nil
}

type cancelArgs struct {
	ID op.Text `json:"id"`
}

func (f *family) cancel(ctx context.Context, guild snowflake.GuildID, a cancelArgs) (any, error) {
	first := later.KeyOf(string(a.ID))
	if first == "" {
		return false, nil
	}
	for {
		p, err := f.find(ctx, guild, first)
		if err != nil || p == nil {
			return false, err
		}
		done, err := f.Store.Commit(ctx, guild, schedules, kv.Commit{
			Checks: []kv.Check{{Key: p.Key, Version: p.Version}}, Mutations: []kv.Mutation{{Kind: kv.Delete, Key: p.Key}},
		})
		if err != nil || done.OK {
			return done.OK, err
		}
		// It was tried meanwhile, and waits under another key or is gone.
	}
}

// find looks for a schedule under its first key, and among those that are due
// or will be tried again soon.
func (f *family) find(ctx context.Context, guild snowflake.GuildID, first string) (*kv.Pair, error) {
	const step = 1000
	soon := later.Until(f.Clock.Now().Add(2*maxSchedulePause), step)
	soon.KeysOnly = true
	for r := (kv.Range{Start: first, End: first + "\x00", Limit: step, KeysOnly: true}); ; r = soon {
		found, err := f.Store.ReadRanges(ctx, guild, schedules, []kv.Range{r})
		if err != nil {
			return nil, err
		}
		for i, p := range found[0] {
			if later.Same(p.Key, first) {
				return &found[0][i], nil
			}
		}
		switch {
		case r.End == first+"\x00": // Next is the first page of soon.
		case len(found[0]) < step:
			return nil, nil //nolint:nilnil // There is none.
		default:
			soon.Start = found[0][step-1].Key + "\x00"
		}
	}
}

type listArgs struct {
	Name op.Text `json:"name,omitempty"`
}

type listed struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	At   int64  `json:"at"`
	Data []byte `json:"data"`
}

func (f *family) list(ctx context.Context, guild snowflake.GuildID, a listArgs) (any, error) {
	return f.reading(ctx, guild, func() (any, error) { return f.listed(ctx, guild, a) })
}

func (f *family) listed(ctx context.Context, guild snowflake.GuildID, a listArgs) ([]listed, error) {
	waiting, err := f.waiting(ctx, guild)
	if err != nil {
		return nil, err
	}
	out := []listed{}
	for _, p := range waiting {
		m, err := later.Parse(p.Value)
		if err != nil {
			return nil, err
		}
		name := m.Name[min(len(schedulePrefix), len(m.Name)):]
		if a.Name == "" || name == string(a.Name) {
			out = append(out, listed{ID: m.ID(p.Key), Name: name, At: m.At, Data: []byte(m.Value)})
		}
	}
	return out, nil
}

// waiting reads all schedules, in steps that fit what is read at once.
func (f *family) waiting(ctx context.Context, guild snowflake.GuildID) ([]kv.Pair, error) {
	var out []kv.Pair
	for r := later.All(1000); ; r.Start = out[len(out)-1].Key + "\x00" {
		found, err := f.Store.ReadRanges(ctx, guild, schedules, []kv.Range{r})
		if err != nil {
			return nil, err
		}
		if out = append(out, found[0]...); len(found[0]) == 0 {
			return out, nil
		}
	}
}
