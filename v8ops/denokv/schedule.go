package denokv

import (
	"context"
	"time"
	"unicode/utf8"

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
	schedulePrefix  = "__schedule:"
	maxScheduleName = 100
	maxScheduleData = 16 << 10
	maxAhead        = 5 * 366 * 24 * time.Hour
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
	put, err := later.Message{Name: ScheduleEvent(string(a.Name)), Value: data, Backoff: later.DefaultBackoff(), At: int64(a.At)}.Put(key)
	if err != nil {
		return nil, err
	}
	f.scheduling.Lock()
	defer f.scheduling.Unlock()
	waiting, err := f.waiting(ctx, guild, f.Schedules)
	if err != nil {
		return nil, err
	}
	if len(waiting) >= f.Schedules {
		return nil, fault.New(fault.QuotaExceeded, "%d schedules wait, which is the most allowed; cancel some first", f.Schedules)
	}
	if _, err := f.Store.Commit(ctx, guild, schedules, kv.Commit{Mutations: []kv.Mutation{put}}); err != nil {
		return nil, err
	}
	return map[string]string{"id": later.ID(key)}, nil
}

// waiting reads schedules, in steps that fit what is read at once.
func (f *family) waiting(ctx context.Context, guild snowflake.GuildID, limit int) ([]kv.Pair, error) {
	const step = 100
	var out []kv.Pair
	r := later.All(step)
	for len(out) < limit {
		found, err := f.Store.ReadRanges(ctx, guild, schedules, []kv.Range{r})
		if err != nil {
			return nil, err
		}
		out = append(out, found[0]...)
		if len(found[0]) < step {
			break
		}
		r.Start = out[len(out)-1].Key + "\x00"
	}
	return out, nil
}

type cancelArgs struct {
	ID op.Text `json:"id"`
}

func (f *family) cancel(ctx context.Context, guild snowflake.GuildID, a cancelArgs) (any, error) {
	waiting, err := f.waiting(ctx, guild, 1<<30)
	if err != nil {
		return nil, err
	}
	for _, p := range waiting {
		if later.ID(p.Key) != string(a.ID) {
			continue
		}
		done, err := f.Store.Commit(ctx, guild, schedules, kv.Commit{
			Checks: []kv.Check{{Key: p.Key, Version: p.Version}}, Mutations: []kv.Mutation{{Kind: kv.Delete, Key: p.Key}},
		})
		return done.OK, err
	}
	return false, nil
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
	waiting, err := f.waiting(ctx, guild, 1<<30)
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
			out = append(out, listed{ID: later.ID(p.Key), Name: name, At: m.At, Data: []byte(m.Value)})
		}
	}
	return out, nil
}
