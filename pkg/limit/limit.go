// Package limit names the limits that a guild's script can run into, for its
// log and for the metrics, and has the token bucket that some of them are.
package limit

import (
	"slices"
	"time"
)

// Name is a limit's name, as metrics show it.
type Name string

// The limits; docs/limits.md describes each.
const (
	TurnCPU      Name = "turn_cpu"
	CronCPU      Name = "cron_cpu"
	LoadCPU      Name = "load_cpu"
	DispatchTime Name = "dispatch_time"
	LoadTime     Name = "load_time"
	Memory       Name = "memory"
	Buffers      Name = "buffers"
	PendingOps   Name = "pending_ops"
	OpBytes      Name = "op_bytes"
	OpRate       Name = "op_rate"
	Timers       Name = "timers"
	LogLines     Name = "log_lines"
	Rejections   Name = "rejections"
	Declarations Name = "declarations"
	Queue        Name = "queue"
	ScriptBytes  Name = "script_bytes"
	CryptoCPU    Name = "crypto_cpu"
)

// All lists the names.
func All() []Name {
	return []Name{
		TurnCPU, CronCPU, LoadCPU, DispatchTime, LoadTime, Memory, Buffers, PendingOps, OpBytes, OpRate, Timers, LogLines, Rejections,
		Declarations, Queue, ScriptBytes, CryptoCPU,
	}
}

// Known reports whether there is such a limit.
func Known(n Name) bool { return slices.Contains(All(), n) }

// Error is an error that is a limit's doing.
type Error struct {
	Limit Name
	Text  string
}

// Error is the text.
func (e *Error) Error() string { return e.Text }

// Bucket holds tokens that come back at a steady rate. The zero Bucket is full.
// It is for one goroutine, or under a lock.
type Bucket struct {
	spent float64 // Below 0 it never is; beyond the burst it is debt.
	at    time.Time
}

// Take takes n tokens of a bucket of this rate and size. When they are not
// there, it takes them on credit if they come back within patience, and gives
// how long that takes. Otherwise it takes nothing, and ok is false.
func (b *Bucket) Take(now time.Time, n, perSecond, burst float64, patience time.Duration) (wait time.Duration, ok bool) {
	if passed := now.Sub(b.at).Seconds(); passed > 0 {
		b.spent = max(0, b.spent-passed*perSecond)
		b.at = now
	}
	if debt := b.spent + n - burst; debt > 0 {
		wait = time.Duration(debt / perSecond * float64(time.Second))
	}
	if wait > patience {
		return wait, false
	}
	b.spent += n
	return wait, true
}
