package discordsim

import (
	"math/bits"
	"time"
)

// subBuckets is how finely a histogram divides each power of two: values come
// back at most 1/64 too high.
const subBuckets = 64

// histogram counts durations in buckets of constant relative width, so that
// any number of them takes the same room.
type histogram struct {
	counts [64 * subBuckets]uint32
	n      int
	sum    time.Duration
	max    time.Duration
}

// bucketOf is the bucket of a duration in nanoseconds.
func bucketOf(ns uint64) int {
	if ns < subBuckets {
		return int(ns) //nolint:gosec // Below 64.
	}
	shift := bits.Len64(ns) - 7                               // The seven leading bits say which bucket.
	return (shift+1)*subBuckets + int(ns>>shift) - subBuckets //nolint:gosec // Seven bits.
}

// upperBound is the longest duration of a bucket.
func upperBound(bucket int) time.Duration {
	if bucket < subBuckets {
		return time.Duration(bucket)
	}
	shift := bucket/subBuckets - 1
	return time.Duration((uint64(bucket%subBuckets+subBuckets)+1)<<shift - 1) //nolint:gosec // Buckets come from durations.
}

func (h *histogram) add(d time.Duration) {
	d = max(d, 0)
	h.counts[bucketOf(uint64(d))]++ //nolint:gosec // Not negative.
	h.n++
	h.sum += d
	h.max = max(h.max, d)
}

// quantile is the duration that the share q of the values does not exceed.
func (h *histogram) quantile(q float64) time.Duration {
	if h.n == 0 {
		return 0
	}
	rank := max(1, int(q*float64(h.n)+0.999999))
	seen := 0
	for i, c := range h.counts {
		if seen += int(c); seen >= rank {
			return min(upperBound(i), h.max)
		}
	}
	return h.max
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Round(time.Microsecond)) / float64(time.Millisecond)
}
