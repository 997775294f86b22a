package conduct_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/conduct"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func TestStrikes(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		after       []time.Duration // Of each strike, since the one before.
		weight      conduct.Weight
		quarantined bool
		pause       time.Duration
	}{
		"none":                     {nil, conduct.Certain, false, 0},
		"one":                      {[]time.Duration{0}, conduct.Certain, false, time.Second},
		"two":                      {[]time.Duration{0, time.Minute}, conduct.Certain, false, 5 * time.Second},
		"three":                    {[]time.Duration{0, time.Minute, time.Minute}, conduct.Certain, true, 30 * time.Second},
		"three in eleven minutes":  {[]time.Duration{0, time.Minute, 10 * time.Minute}, conduct.Certain, false, 5 * time.Second},
		"many, each alone":         {[]time.Duration{0, 11 * time.Minute, 11 * time.Minute, 11 * time.Minute}, conduct.Certain, false, time.Second},
		"three that do not serve":  {[]time.Duration{0, time.Second, time.Second}, conduct.Trial, false, 0},
		"four, in doubt":           {make([]time.Duration, 4), conduct.Doubtful, false, 30 * time.Second},
		"more than are remembered": {make([]time.Duration, 40), conduct.Trial, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var r conduct.Record
			now, ends := start, 0
			for _, d := range row.after {
				now = now.Add(d)
				if r.Strike(now, "crash", row.weight) {
					ends++
				}
			}
			if r.Quarantined() != row.quarantined || (ends == 1) != row.quarantined {
				t.Errorf("quarantined: %t, said %d times", r.Quarantined(), ends)
			}
			if got := r.Pause(now); got != row.pause {
				t.Errorf("the pause is %s, want %s", got, row.pause)
			}
			if guilty := r.Guilty(now.Add(conduct.Window - 1)); guilty != (len(row.after) > 0) {
				t.Errorf("guilty: %t", guilty)
			}
			if r.Guilty(now.Add(conduct.MaxApart)) {
				t.Error("guilty for ever")
			}
			if got, want := len(r.Past()), min(len(row.after), 10); got != want {
				t.Errorf("%d strikes are remembered, want %d", got, want)
			}
		})
	}
}

func TestADeploymentReleasesButDoesNotWashClean(t *testing.T) {
	t.Parallel()
	var r conduct.Record
	for range conduct.Strikes {
		r.Strike(start, "crash", conduct.Certain)
	}
	r.Deployed()
	if r.Quarantined() || r.Pause(start) != 0 || !r.Guilty(start) || len(r.Past()) != conduct.Strikes {
		t.Errorf("after a deployment: %+v", r)
	}
	r.Release()
	if r.Quarantined() || r.Guilty(start) || len(r.Past()) != conduct.Strikes {
		t.Errorf("after a release: %+v", r)
	}
}

func TestSuspicionPasses(t *testing.T) {
	t.Parallel()
	var r conduct.Record
	r.Suspect(start)
	if !r.Suspected(start) || r.Guilty(start) || r.Suspected(start.Add(conduct.Suspicion)) || r.ApartUntil() != start.Add(conduct.Suspicion) {
		t.Errorf("got %+v", r)
	}
	r.Strike(start, "crash", conduct.Certain)
	if r.ApartUntil() != start.Add(conduct.Window) {
		t.Errorf("apart until %s", r.ApartUntil())
	}
}

// TestDoubtAddsUp is of a script that misbehaves only among others: each time
// that it is one of several suspects keeps it away for longer.
func TestDoubtAddsUp(t *testing.T) {
	t.Parallel()
	var r conduct.Record
	now := start
	var got []time.Duration
	for range 9 {
		got = append(got, r.Suspect(now)/time.Minute)
		now = r.ApartUntil()
	}
	if diff := cmp.Diff([]time.Duration{1, 2, 4, 8, 16, 32, 60, 60, 60}, got); diff != "" {
		t.Error(diff)
	}
	if got := r.Suspect(now.Add(25 * time.Hour)); got != conduct.Suspicion {
		t.Errorf("a day later it is suspected for %s", got)
	}
}

// TestStrikesAddUp is of a script that waits until it is among others again.
func TestStrikesAddUp(t *testing.T) {
	t.Parallel()
	var r conduct.Record
	now := start
	var got []time.Duration
	for range 8 {
		r.Strike(now, "crash", conduct.Certain)
		got = append(got, r.ApartUntil().Sub(now)/time.Minute)
		now = r.ApartUntil()
	}
	if diff := cmp.Diff([]time.Duration{10, 20, 40, 80, 160, 320, 360, 360}, got); diff != "" {
		t.Error(diff)
	}
	r.Deployed()
	if !r.Guilty(now.Add(-1)) {
		t.Error("a deployment washes it clean")
	}
	r.Release()
	if r.Strike(now, "crash", conduct.Certain); r.ApartUntil().Sub(now) != conduct.Window {
		t.Errorf("after a release it is apart until %s", r.ApartUntil())
	}
}

func TestOverrunsAreThrottledAndThenAStrike(t *testing.T) {
	t.Parallel()
	var r conduct.Record
	want := []time.Duration{0, 0, 0, 1, 2, 4, 8, 16, 30, 0}
	var got []time.Duration
	for i := range want {
		gap, strike := r.Overrun(start.Add(time.Duration(i) * time.Second))
		got = append(got, gap/time.Second)
		if strike != (i == len(want)-1) {
			t.Errorf("hit %d is a strike: %t", i+1, strike)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	// Now and then is no trouble.
	for i := range 100 {
		if gap, strike := r.Overrun(start.Add(time.Duration(i) * time.Minute)); gap != 0 || strike {
			t.Fatalf("hit %d: %s, %t", i, gap, strike)
		}
	}
}
