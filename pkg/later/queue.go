package later

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/kv"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Outcome is what became of a delivery.
type Outcome int

// The outcomes.
const (
	Unserved Outcome = iota // No handler began, or it was cut off without a fault of its own.
	Handled
	Failed // Also a handler that was cut off for what it did.
)

const (
	// atOnce is how many messages of a store are with its script at a time.
	atOnce = 16
	// again is the pause after a delivery that found no room, and after a store
	// that could not be used.
	again = time.Second
	// longest is the longest sleep: clocks of machines are set.
	longest = time.Minute
)

// Delivery is one message for a script.
type Delivery struct {
	Guild   snowflake.GuildID
	Name    string
	Payload []byte
	// Over must be called once.
	Over func(Outcome)
}

// Config of a Queue.
type Config struct {
	Store kv.Ordered
	Clock clock.Clock
	// Deliver hands a message to the guild's script. It is false when that has no
	// handler for it, and Over is not called then; Wake tells of a new one. It must
	// not wait.
	Deliver func(d Delivery) bool
	// Owns, if not nil, says which guilds' messages are this process's to deliver.
	// What changes that calls Hold or Release.
	Owns func(guild snowflake.GuildID) bool
	// Count, if not nil, is told what became of each delivery: "handled", "failed",
	// "undelivered" when it was the last try, "unserved".
	Count func(outcome string)
	Log   *zap.Logger
}

// Queue delivers what is due.
type Queue struct {
	cfg  Config
	work sync.WaitGroup // Deliveries that are being written down.
	wake chan struct{}

	mu     sync.Mutex // Guards the members below.
	lanes  map[kv.StoreName]*lane
	closed bool
	base   context.Context //nolint:containedctx // The queue's own life.
	cancel context.CancelFunc
}

// lane is a store with messages.
type lane struct {
	kv.StoreName

	next     int64               // When to look next, in Unix milliseconds; 0 is not before something changes.
	flight   map[string]struct{} // Keys that are with the script.
	unserved map[string]struct{} // Names that the script has no handler for.
	settled  map[string]struct{} // Keys that were done with since it is looked through: what was read may still have them.
	changed  bool                // Something came while it was looked through.
}

// New makes a queue; Load finds what earlier processes left.
func New(cfg Config) *Queue {
	if cfg.Count == nil {
		cfg.Count = func(string) {}
	}
	if cfg.Owns == nil {
		cfg.Owns = func(snowflake.GuildID) bool { return true }
	}
	q := &Queue{cfg: cfg, wake: make(chan struct{}, 1), lanes: map[kv.StoreName]*lane{}}
	q.base, q.cancel = context.WithCancel(context.Background())
	return q
}

// Load finds the messages of earlier processes.
func (q *Queue) Load(ctx context.Context) error {
	return q.Hold(ctx, func(snowflake.GuildID) bool { return true })
}

// Hold finds the messages of guilds that are this process's from now on.
func (q *Queue) Hold(ctx context.Context, of func(guild snowflake.GuildID) bool) error {
	names, err := q.cfg.Store.Holding(ctx, Prefix)
	if err != nil {
		return fmt.Errorf("find waiting messages: %w", err)
	}
	for _, n := range names {
		if of(n.Guild) {
			q.touch(n, 1)
		}
	}
	return nil
}

// Release leaves the messages of guilds to another process. Those that are with
// their scripts are written down when they come to their end.
func (q *Queue) Release(of func(guild snowflake.GuildID) bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for n := range q.lanes {
		if of(n.Guild) {
			delete(q.lanes, n)
		}
	}
}

// Committed is for kv.Config: it looks for messages among the keys.
// No keys are all keys.
func (q *Queue) Committed(guild snowflake.GuildID, store string, keys []string) {
	if len(keys) == 0 {
		q.touch(kv.StoreName{Guild: guild, Store: store}, 1)
	}
	for _, k := range keys {
		if strings.HasPrefix(k, Prefix) {
			q.touch(kv.StoreName{Guild: guild, Store: store}, max(due(k), 1))
		}
	}
}

// Wake says that the guild's script may have new handlers.
func (q *Queue) Wake(guild snowflake.GuildID) {
	q.mu.Lock()
	var names []kv.StoreName
	for n, l := range q.lanes {
		if n.Guild == guild && len(l.unserved) > 0 {
			l.unserved = map[string]struct{}{}
			names = append(names, n)
		}
	}
	q.mu.Unlock()
	for _, n := range names {
		q.touch(n, 1)
	}
}

// touch has the store looked through at the moment, or before.
func (q *Queue) touch(n kv.StoreName, at int64) {
	if !q.cfg.Owns(n.Guild) {
		return
	}
	q.mu.Lock()
	l, ok := q.lanes[n]
	if !ok {
		l = &lane{StoreName: n, flight: map[string]struct{}{}, unserved: map[string]struct{}{}, settled: map[string]struct{}{}}
		q.lanes[n] = l
	}
	l.changed = true
	if l.next == 0 || at < l.next {
		l.next = at
	}
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends.
func (q *Queue) Run(ctx context.Context) error {
	timer := q.cfg.Clock.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-q.wake:
		case <-ctx.Done():
			return nil
		}
		q.Tick(ctx)
		pause := longest
		if at := q.Next(); !at.IsZero() {
			pause = min(max(at.Sub(q.cfg.Clock.Now()), time.Millisecond), longest)
		}
		timer.Reset(pause)
	}
}

// Close ends what writes deliveries down and waits for it. What it did not get
// to is delivered again by the next process.
func (q *Queue) Close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.cancel()
	q.work.Wait()
}

// Settle waits until all that became of deliveries is written down.
func (q *Queue) Settle() { q.work.Wait() }

// Next is when something may be due, zero for never.
func (q *Queue) Next() (at time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range q.lanes {
		if t := time.UnixMilli(l.next); l.next != 0 && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	return at
}

// Tick delivers what is due now.
func (q *Queue) Tick(ctx context.Context) {
	now := q.cfg.Clock.Now().UnixMilli()
	q.mu.Lock()
	var ready []*lane
	for _, l := range q.lanes {
		if l.next != 0 && l.next <= now {
			l.next, l.changed, l.settled = 0, false, map[string]struct{}{}
			ready = append(ready, l)
		}
	}
	q.mu.Unlock()
	for _, l := range ready {
		next, err := q.look(ctx, l, now)
		if err != nil {
			if ctx.Err() == nil {
				q.cfg.Log.Error("messages are late: their store cannot be read; it is tried again", zap.Stringer("guild_id", l.Guild), zap.Error(err))
			}
			next = now + again.Milliseconds()
		}
		q.mu.Lock()
		switch {
		case next != 0 && (l.next == 0 || next < l.next):
			l.next = next
		case next == 0 && !l.changed && len(l.flight) == 0 && len(l.unserved) == 0:
			delete(q.lanes, l.StoreName)
		}
		q.mu.Unlock()
	}
}

// look delivers what is due in the store, and says when to look again.
func (q *Queue) look(ctx context.Context, l *lane, now int64) (next int64, err error) {
	start := Prefix
	for {
		found, err := q.cfg.Store.ReadRanges(ctx, l.Guild, l.Store, []kv.Range{{Start: start, End: end, Limit: 1}})
		if err != nil {
			return 0, err
		}
		if len(found[0]) == 0 {
			return 0, nil
		}
		p := found[0][0]
		if due(p.Key) > now {
			return due(p.Key), nil
		}
		start = p.Key + "\x00"
		if !q.send(l, p) {
			return 0, nil // There is no more room; one that ends makes some.
		}
	}
}

// send hands the message to the script. It is false when that has enough.
func (q *Queue) send(l *lane, p kv.Pair) (more bool) {
	m, err := Parse(p.Value)
	if err != nil {
		q.cfg.Log.Error("a message cannot be read and stays where it is", zap.Stringer("guild_id", l.Guild), zap.Error(err))
		return true
	}
	q.mu.Lock()
	_, out := l.flight[p.Key]
	if !out {
		_, out = l.settled[p.Key]
	}
	_, unserved := l.unserved[m.Name]
	full := len(l.flight) >= atOnce
	if !out && !unserved && !full {
		l.flight[p.Key] = struct{}{}
	}
	q.mu.Unlock()
	if out || unserved || full {
		return !full
	}
	payload, err := json.Marshal(map[string]any{"id": m.ID(p.Key), "value": []byte(m.Value), "at": m.At, "attempt": m.Tried + 1})
	if err == nil && q.cfg.Deliver(Delivery{Guild: l.Guild, Name: m.Name, Payload: payload, Over: func(o Outcome) { q.over(l, p, m, o) }}) {
		return true
	}
	q.mu.Lock()
	delete(l.flight, p.Key)
	l.unserved[m.Name] = struct{}{}
	q.mu.Unlock()
	return true
}

// over writes down what became of a delivery.
func (q *Queue) over(l *lane, p kv.Pair, m Message, o Outcome) {
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return
	}
	q.work.Add(1)
	q.mu.Unlock()
	go func() {
		defer q.work.Done()
		q.cfg.Count(m.outcome(o))
		settled := o != Unserved
		if settled {
			if err := q.settle(l, p, m, o); err != nil {
				// It is delivered once more: at least once.
				q.cfg.Log.Warn("the end of a message is not written down", zap.Stringer("guild_id", l.Guild), zap.Error(err))
				settled = false
			}
		}
		at := int64(1)
		if !settled {
			at = q.cfg.Clock.Now().Add(again).UnixMilli()
		}
		q.mu.Lock()
		delete(l.flight, p.Key)
		if settled {
			l.settled[p.Key] = struct{}{}
		}
		q.mu.Unlock()
		q.touch(l.StoreName, at)
	}()
}

func (q *Queue) settle(l *lane, p kv.Pair, m Message, o Outcome) error {
	c := kv.Commit{Mutations: []kv.Mutation{{Kind: kv.Delete, Key: p.Key}}, Uncounted: true}
	if o == Failed {
		var err error
		if c, err = m.failed(p.Key, p.Version, q.cfg.Clock.Now()); err != nil {
			return err
		}
	}
	_, err := q.cfg.Store.Commit(q.base, l.Guild, l.Store, c)
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}
