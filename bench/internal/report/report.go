// Package report holds what a benchmark run found and shows it as one table
// and as one JSON document.
package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
)

// Row is one thing that was measured, beside its baseline of the same run.
type Row struct {
	Group    string        `json:"group"`
	Name     string        `json:"name"`
	Unit     string        `json:"unit"`
	Higher   bool          `json:"higher_is_better"`
	Value    stats.Summary `json:"value"`
	Baseline string        `json:"baseline"`
	Base     stats.Summary `json:"baseline_value"`
	// Ratio is value / baseline.
	Ratio  float64 `json:"ratio"`
	Target *Target `json:"target,omitempty"`
	// Note says under which conditions, where that matters.
	Note string `json:"note,omitempty"`
}

// Target is what a row should reach. It is reported, never enforced.
type Target struct {
	// Text is how it is shown; Met is set when the row is added.
	Text string `json:"text"`
	Met  bool   `json:"met"`

	ratio, most bool
	bound       float64
}

// RatioAtMost and the others make targets.
func RatioAtMost(x float64) *Target {
	return &Target{Text: fmt.Sprintf("ratio <= %g", x), ratio: true, most: true, bound: x}
}

// RatioAtLeast wants the ratio not below x.
func RatioAtLeast(x float64) *Target {
	return &Target{Text: fmt.Sprintf("ratio >= %g", x), ratio: true, bound: x}
}

// ValueAtMost wants the value itself not above x.
func ValueAtMost(x float64, unit string) *Target {
	return &Target{Text: fmt.Sprintf("<= %g %s", x, unit), most: true, bound: x}
}

func (t *Target) check(r Row) {
	x := r.Value.Median
	if t.ratio {
		x = r.Ratio
	}
	t.Met = x >= t.bound
	if t.most {
		t.Met = x <= t.bound
	}
}

// Report is a whole run.
type Report struct {
	Machine []Fact   `json:"machine"`
	Rows    []Row    `json:"rows"`
	Failed  []string `json:"failed,omitempty"`
	Seconds float64  `json:"seconds"`
}

// Fact is something about the machine or the programs measured.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Add appends a row and works out its ratio and whether it meets its target.
func (r *Report) Add(row Row) {
	if row.Base.N > 0 && row.Base.Median != 0 {
		row.Ratio = row.Value.Median / row.Base.Median
	}
	if row.Target != nil {
		t := *row.Target
		t.check(row)
		row.Target = &t
	}
	r.Rows = append(r.Rows, row)
}

// Fail notes that something could not be measured, and why.
func (r *Report) Fail(what string, err error) {
	r.Failed = append(r.Failed, what+": "+err.Error())
}

// WriteJSON writes the run as JSON.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("write the report as JSON: %w", err)
	}
	return nil
}

var header = []string{"what", "value", "+-", "unit", "baseline", "its value", "+-", "ratio", "better", "target", "met"}

// right are the columns of numbers.
var right = []int{1, 2, 5, 6, 7}

// WriteTable writes the run as text.
func (r *Report) WriteTable(w io.Writer) error {
	var b strings.Builder
	for _, f := range r.Machine {
		fmt.Fprintf(&b, "%s: %s\n", f.Name, f.Value)
	}
	lines := [][]string{header, nil}
	group := ""
	for _, row := range r.Rows {
		if group != "" && row.Group != group {
			lines = append(lines, nil)
		}
		group = row.Group
		lines = append(lines, row.cells())
	}
	b.WriteByte('\n')
	layout(&b, lines)
	for _, f := range r.Failed {
		fmt.Fprintf(&b, "not measured: %s\n", f)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r Row) cells() []string {
	name := r.Name
	if r.Note != "" {
		name += " (" + r.Note + ")"
	}
	better := "lower"
	if r.Higher {
		better = "higher"
	}
	base, baseSpread, ratio := "", "", ""
	if r.Base.N > 0 {
		base, baseSpread, ratio = Number(r.Base.Median), percent(r.Base), Number(r.Ratio)
	}
	target, met := "", ""
	if r.Target != nil {
		target, met = r.Target.Text, "no"
		if r.Target.Met {
			met = "yes"
		}
	}
	return []string{name, Number(r.Value.Median), percent(r.Value), r.Unit, r.Baseline, base, baseSpread, ratio, better, target, met}
}

func percent(s stats.Summary) string {
	if s.N < 2 {
		return ""
	}
	return fmt.Sprintf("%.0f%%", 100*s.Spread())
}

// Number writes a number with three digits that matter, or whole.
func Number(x float64) string {
	switch a := math.Abs(x); {
	case math.IsNaN(x):
		return "-"
	case a >= 100 || a == 0:
		return grouped(fmt.Sprintf("%.0f", x))
	case a >= 10:
		return fmt.Sprintf("%.1f", x)
	case a >= 1:
		return fmt.Sprintf("%.2f", x)
	default:
		return fmt.Sprintf("%.3f", x)
	}
}

// grouped puts commas between the thousands.
func grouped(digits string) string {
	start := 0
	if digits[0] == '-' {
		start = 1
	}
	for i := len(digits) - 3; i > start; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

// layout writes lines of cells in columns; nil is a rule.
func layout(b *strings.Builder, lines [][]string) {
	width := make([]int, len(header))
	for _, line := range lines {
		for i, cell := range line {
			width[i] = max(width[i], utf8.RuneCountInString(cell))
		}
	}
	for _, line := range lines {
		var out strings.Builder
		for i, w := range width {
			cell, fill := "", " "
			if line == nil {
				fill = "-"
			} else {
				cell = line[i]
			}
			pad := strings.Repeat(fill, w-utf8.RuneCountInString(cell))
			if slices.Contains(right, i) {
				out.WriteString(pad + cell)
			} else {
				out.WriteString(cell + pad)
			}
			out.WriteString("  ")
		}
		b.WriteString(strings.TrimRight(out.String(), " ") + "\n")
	}
}
