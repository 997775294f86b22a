package limit_test

import (
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/limit"
)

func TestBucket(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	var b limit.Bucket
	for i, row := range []struct {
		name     string
		after    time.Duration
		n        float64
		patience time.Duration
		wait     time.Duration
		ok       bool
	}{
		{"a full bucket", 0, 20, 0, 0, true},
		{"an empty one", 0, 1, 0, 100 * time.Millisecond, false},
		{"what was refused was not taken", 0, 1, 0, 100 * time.Millisecond, false},
		{"on credit", 0, 5, time.Second, 500 * time.Millisecond, true},
		{"more credit", 0, 5, time.Second, time.Second, true},
		{"too much", 0, 1, time.Second, 1100 * time.Millisecond, false},
		{"a debt is paid first", time.Second, 1, 0, 100 * time.Millisecond, false},
		{"then there are tokens", 100 * time.Millisecond, 1, 0, 0, true},
		{"a clock that goes back gives none", -time.Hour, 1, 0, 100 * time.Millisecond, false},
		{"it does not overflow", 48 * time.Hour, 20, 0, 0, true},
		{"not even then", 0, 1, 0, 100 * time.Millisecond, false},
		{"parts", 10 * time.Millisecond, 0.1, 0, 0, true},
	} {
		now = now.Add(row.after)
		wait, ok := b.Take(now, row.n, 10, 20, row.patience)
		if d := wait - row.wait; ok != row.ok || d.Abs() > time.Microsecond {
			t.Errorf("%d: %s: got %s %t, want %s %t", i, row.name, wait, ok, row.wait, row.ok)
		}
	}
}

func TestNamesAreDistinct(t *testing.T) {
	t.Parallel()
	seen := map[limit.Name]bool{}
	for _, n := range limit.All() {
		if seen[n] || !limit.Known(n) {
			t.Errorf("%q is there twice or not known", n)
		}
		seen[n] = true
	}
	if limit.Known("made up") {
		t.Error("a made up name is known")
	}
}
