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
	// Window is how long a strike counts, and how long a script runs apart after
	// its first. Each further one within memoryOfStrikes doubles that.
	Window = 10 * time.Minute
	// MaxApart is the longest that it runs apart after a strike.
	MaxApart        = 6 * time.Hour
	memoryOfStrikes = 7 * 24 * time.Hour
	// Strikes within the window quarantine the guild.
	Strikes = 3
	// Suspicion is how long a script runs apart that was executing when its
	// worker died for an unclear reason. Each further one within
	// memoryOfDoubts doubles that.
	Suspicion = time.Minute
	// MaxSuspicion is the longest that it runs apart for a suspicion.
	MaxSuspicion   = time.Hour
	memoryOfDoubts = 24 * time.Hour

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
var pauses = []time.Duration{0, time.Second, 5 * time.Second, 30 * time.Second}

// Strike is a thing that a script did to others.
type Strike struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
}

// Record is a guild's. It is not safe for concurrent use.
type Record struct {
	past        []Strike    // The latest, for those who ask.
	struck      []time.Time // All strikes.
	paused      []time.Time // Those that the script waits for.
	counted     []time.Time // Those that count towards a quarantine.
	doubts      []time.Time
	apart       time.Time // Until then it runs apart for what it did.
	suspected   time.Time // Until then it runs apart to find out.
	hits        []time.Time
	gap         time.Duration
	quarantined time.Time
}

// Weight is what a strike leads to.
type Weight int

// The weights.
const (
	// Trial is of a script that does not serve: the guild's scripts run apart.
	Trial Weight = iota
	// Doubtful is of one that ran beside others which run apart, too: it is also
	// loaded again with a pause.
	Doubtful
	// Certain counts towards a quarantine, too.
	Certain
)

// Strike charges the script.
func (r *Record) Strike(now time.Time, reason string, weight Weight) (quarantined bool) {
	r.past = append(r.past, Strike{now.UTC(), reason})
	if len(r.past) > kept {
		r.past = slices.Clone(r.past[len(r.past)-kept:])
	}
	note(&r.struck, now, memoryOfStrikes)
	r.apart = now.Add(doubled(Window, len(r.struck)-1, MaxApart))
	if weight == Trial || r.Quarantined() {
		return false
	}
	note(&r.paused, now, Window)
	if weight == Doubtful {
		return false
	}
	if note(&r.counted, now, Window); len(r.counted) < Strikes {
		return false
	}
	r.quarantined = now
	return true
}

// Suspect has the script run apart, and gives for how long. Who is suspected
// again and again runs apart for longer and longer: one that only misbehaves
// among others has less and less time to.
func (r *Record) Suspect(now time.Time) time.Duration {
	note(&r.doubts, now, memoryOfDoubts)
	d := doubled(Suspicion, len(r.doubts)-1, MaxSuspicion)
	r.suspected = now.Add(d)
	return d
}

// doubled is d, twice as much for each of the times, and at most the last.
func doubled(d time.Duration, times int, most time.Duration) time.Duration {
	for range times {
		if d *= 2; d >= most {
			return most
		}
	}
	return d
}

// Overrun notes that the script was stopped at its CPU limit. gap is how long
// its next event is to wait; strike says that it is enough.
func (r *Record) Overrun(now time.Time) (gap time.Duration, strike bool) {
	note(&r.hits, now, hitWindow)
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
	n := len(within(r.paused, now, Window))
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
	*r = Record{past: r.past, struck: r.struck, doubts: r.doubts, apart: r.apart, suspected: r.suspected}
}

// Release forgets everything but the past.
func (r *Record) Release() { *r = Record{past: r.past} }

// note adds the time to those that are no older than the window, and keeps the
// latest of them.
func note(times *[]time.Time, now time.Time, window time.Duration) {
	all := append(within(*times, now, window), now)
	*times = all[max(0, len(all)-2*kept):]
}

// within gives those of the times that are no older than the window; they are
// in order.
func within(times []time.Time, now time.Time, window time.Duration) []time.Time {
	for len(times) > 0 && now.Sub(times[0]) > window {
		times = times[1:]
	}
	return times
}
