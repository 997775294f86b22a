// Package conduct is the record of a guild's script: whether it brought its
// worker down, is only suspected of it, or burns its CPU limit again and again,
// and what follows from that: pauses, running apart, quarantine. It decides and
// remembers; it neither loads nor stops anything.
package conduct

import (
	"slices"
	"time"
)

const (
	// Window is how long a strike counts.
	Window = 10 * time.Minute
	// Strikes within the window quarantine the guild.
	Strikes = 3
	// Suspicion is how long a script runs apart that was executing when its
	// worker died for an unclear reason.
	Suspicion = time.Minute

	// kept bounds the strikes that are remembered for those who ask.
	kept = 10

	// A script that ran into its CPU limit freeHits times within hitWindow waits
	// longer and longer between its events; strikeHits are a strike.
	hitWindow  = 2 * time.Minute
	freeHits   = 3
	strikeHits = 10
	firstGap   = time.Second
	maxGap     = 30 * time.Second
)

// pauses are waited before a script with so many strikes is loaded again.
var pauses = []time.Duration{0, time.Second, 5 * time.Second}

// Strike is a thing that a script did to others.
type Strike struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// Record is a guild's. It is not safe for concurrent use.
type Record struct {
	past        []Strike // The latest, for those who ask.
	counted     []time.Time
	apart       time.Time // Until then it runs apart for what it did.
	suspected   time.Time // Until then it runs apart to find out.
	hits        []time.Time
	gap         time.Duration
	quarantined time.Time
}

// Strike charges the script. With counts, three in ten minutes quarantine it;
// without, it only runs apart: what did it does not serve.
func (r *Record) Strike(now time.Time, reason string, counts bool) (quarantined bool) {
	r.past = append(r.past, Strike{now.UTC(), reason})
	if len(r.past) > kept {
		r.past = slices.Clone(r.past[len(r.past)-kept:])
	}
	r.apart = now.Add(Window)
	if !counts || r.Quarantined() {
		return false
	}
	r.counted = append(within(r.counted, now, Window), now)
	if len(r.counted) < Strikes {
		return false
	}
	r.quarantined = now
	return true
}

// Suspect has the script run apart for a while.
func (r *Record) Suspect(now time.Time) { r.suspected = now.Add(Suspicion) }

// Overrun notes that the script was stopped at its CPU limit. gap is how long
// its next event is to wait; strike says that it is enough.
func (r *Record) Overrun(now time.Time) (gap time.Duration, strike bool) {
	r.hits = append(within(r.hits, now, hitWindow), now)
	n := len(r.hits) - freeHits
	switch {
	case len(r.hits) >= strikeHits:
		r.hits, r.gap = nil, 0
		return 0, true
	case n <= 0:
		r.gap = 0
		return 0, false
	}
	r.gap = min(firstGap<<(n-1), maxGap)
	return r.gap, false
}

// Pause is what is waited before the script is loaded again.
func (r *Record) Pause(now time.Time) time.Duration {
	n := len(within(r.counted, now, Window))
	return pauses[min(n, len(pauses)-1)]
}

// Guilty reports whether the script must not run beside others.
func (r *Record) Guilty(now time.Time) bool { return now.Before(r.apart) }

// Suspected reports whether it would better not.
func (r *Record) Suspected(now time.Time) bool { return now.Before(r.suspected) }

// ApartUntil is when it may be with the others again.
func (r *Record) ApartUntil() time.Time {
	if r.suspected.After(r.apart) {
		return r.suspected
	}
	return r.apart
}

// Quarantined reports whether the script must not run at all.
func (r *Record) Quarantined() bool { return !r.quarantined.IsZero() }

// Since is when the quarantine began.
func (r *Record) Since() time.Time { return r.quarantined }

// Past gives the latest strikes, the oldest first.
func (r *Record) Past() []Strike { return slices.Clone(r.past) }

// Deployed begins anew with a new script, which still runs apart for as long as
// the old one had to: a guild cannot wash itself clean by deploying.
func (r *Record) Deployed() {
	*r = Record{past: r.past, apart: r.apart, suspected: r.suspected}
}

// Release forgets everything but the past.
func (r *Record) Release() { *r = Record{past: r.past} }

// within drops what is older than the window.
func within(times []time.Time, now time.Time, window time.Duration) []time.Time {
	return slices.DeleteFunc(times, func(t time.Time) bool { return now.Sub(t) > window })
}
