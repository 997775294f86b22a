// Package stats summarises repeated measurements: a median, and the range that
// the middle of them lies in, which says how far the median is to be trusted.
package stats

import (
	"math"
	"slices"
	"time"
)

// Summary is what repetitions of one measurement came to.
type Summary struct {
	Median float64 `json:"median"`
	// Low and High are the 10th and 90th percentile; with few repetitions that
	// is the lowest and the highest.
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	N    int     `json:"n"`
}

// Of summarises values; it leaves them as they are.
func Of(values []float64) Summary {
	s := slices.Sorted(slices.Values(values))
	return Summary{Median: median(s), Low: percentile(s, 0.1), High: percentile(s, 0.9), N: len(s)}
}

// median is that of sorted values; of two in the middle, their mean.
func median(sorted []float64) float64 {
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// Percentile is the value that the share q of the values does not exceed.
func Percentile(values []float64, q float64) float64 {
	return percentile(slices.Sorted(slices.Values(values)), q)
}

// percentile is the value that the share q of the sorted values does not
// exceed (nearest rank).
func percentile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

// Spread is half the range between Low and High as a share of the median.
func (s Summary) Spread() float64 {
	if s.Median == 0 || s.N < 2 {
		return 0
	}
	return (s.High - s.Low) / 2 / math.Abs(s.Median)
}

// Plus is the sum of two independent measurements: the medians and the ranges
// are added.
func (s Summary) Plus(o Summary) Summary {
	return Summary{Median: s.Median + o.Median, Low: s.Low + o.Low, High: s.High + o.High, N: min(s.N, o.N)}
}

// Milliseconds is a duration as a number.
func Milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
