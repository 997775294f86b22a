package report

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
)

func once(x float64) stats.Summary { return stats.Of([]float64{x}) }

func TestTargets(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		value, base float64
		target      *Target
		met         bool
	}{
		"a ratio low enough":   {1, 2, RatioAtMost(0.5), true},
		"a ratio too high":     {1.1, 2, RatioAtMost(0.5), false},
		"a ratio high enough":  {2, 2, RatioAtLeast(1), true},
		"a ratio too low":      {1.9, 2, RatioAtLeast(1), false},
		"a value low enough":   {10, 1, ValueAtMost(10, "ms"), true},
		"a value too high":     {10.1, 100, ValueAtMost(10, "ms"), false},
		"no baseline, a value": {3, 0, ValueAtMost(10, "ms"), true},
	} {
		var r Report
		r.Add(Row{Name: name, Value: once(row.value), Base: once(row.base), Target: row.target})
		if got := r.Rows[0].Target.Met; got != row.met {
			t.Errorf("%s: got %t, want %t", name, got, row.met)
		}
	}
}

func TestNumber(t *testing.T) {
	t.Parallel()
	for x, want := range map[float64]string{
		0: "0", 0.1234: "0.123", 1.2345: "1.23", 12.345: "12.3", 123.45: "123", 1234: "1,234", 1234567: "1,234,567", -1234: "-1,234", -123: "-123",
	} {
		if got := Number(x); got != want {
			t.Errorf("%g: got %s, want %s", x, got, want)
		}
	}
	if got := Number(math.NaN()); got != "-" {
		t.Errorf("got %q for no number", got)
	}
}

func sample() *Report {
	r := &Report{Machine: []Fact{{"cores", "2"}}, Seconds: 1}
	r.Add(Row{Group: "cold", Name: "cold start", Note: "jit off", Unit: "ms", Value: stats.Of([]float64{1, 2, 3}), Baseline: "workerd", Base: stats.Of([]float64{4, 4}), Target: RatioAtMost(0.5)})
	r.Add(Row{Group: "peers", Name: "answers", Unit: "1/s", Higher: true, Value: once(12000), Baseline: "none"})
	return r
}

func TestTable(t *testing.T) {
	t.Parallel()
	r := sample()
	r.Failed = []string{"peers: npm is not installed"}
	var b strings.Builder
	if err := r.WriteTable(&b); err != nil {
		t.Fatal(err)
	}
	want := `cores: 2

what                   value   +-  unit  baseline  its value  +-  ratio  better  target        met
--------------------  ------  ---  ----  --------  ---------  --  -----  ------  ------------  ---
cold start (jit off)    2.00  50%  ms    workerd        4.00  0%  0.500  lower   ratio <= 0.5  yes
--------------------  ------  ---  ----  --------  ---------  --  -----  ------  ------------  ---
answers               12,000       1/s   none                            higher
not measured: peers: npm is not installed
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := sample().WriteJSON(&b); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Rows []struct {
			Name   string
			Ratio  float64
			Value  stats.Summary
			Target *struct {
				Text string
				Met  bool
			}
		}
	}
	if err := json.Unmarshal([]byte(b.String()), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != 2 || got.Rows[0].Ratio != 0.5 || got.Rows[0].Target == nil || !got.Rows[0].Target.Met || got.Rows[1].Target != nil {
		t.Errorf("got %s", b.String())
	}
}
