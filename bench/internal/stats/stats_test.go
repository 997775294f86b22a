package stats

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOf(t *testing.T) {
	t.Parallel()
	ten := []float64{10, 9, 8, 7, 6, 5, 4, 3, 2, 1}
	for name, row := range map[string]struct {
		in   []float64
		want Summary
	}{
		"one":                        {[]float64{3}, Summary{3, 3, 3, 1}},
		"three: the range is whole":  {[]float64{5, 1, 2}, Summary{2, 1, 5, 3}},
		"an even number: the mean":   {[]float64{1, 2, 4, 100}, Summary{3, 1, 100, 4}},
		"ten: the outermost are cut": {ten, Summary{5.5, 1, 9, 10}},
	} {
		if diff := cmp.Diff(row.want, Of(row.in)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if ten[0] != 10 {
		t.Error("the values were sorted in place")
	}
	if none := Of(nil); !math.IsNaN(none.Median) || none.N != 0 {
		t.Errorf("got %+v of nothing", none)
	}
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	sorted := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for q, want := range map[float64]float64{0: 1, 0.1: 1, 0.11: 2, 0.5: 5, 0.99: 10, 1: 10} {
		if got := percentile(sorted, q); got != want {
			t.Errorf("the %g quantile: got %g, want %g", q, got, want)
		}
	}
}

func TestSpreadAndSum(t *testing.T) {
	t.Parallel()
	s := Summary{Median: 10, Low: 8, High: 14, N: 3}
	if got := s.Spread(); got != 0.3 {
		t.Errorf("got a spread of %g, want 0.3", got)
	}
	if got := (Summary{Median: 10, Low: 10, High: 10, N: 1}).Spread(); got != 0 {
		t.Errorf("one value has a spread of %g", got)
	}
	if diff := cmp.Diff(Summary{11, 8.5, 16, 2}, s.Plus(Summary{1, 0.5, 2, 2})); diff != "" {
		t.Error(diff)
	}
	if got := Milliseconds(1500 * time.Microsecond); got != 1.5 {
		t.Errorf("got %g ms, want 1.5", got)
	}
}
