package cron

import (
	"strings"
	"time"

	"github.com/adhocore/gronx"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// maxExpr bounds the text of an expression.
const maxExpr = 256

// nicknames are expressions by name.
var nicknames = map[string]string{
	"@yearly":   "0 0 1 1 *",
	"@annually": "0 0 1 1 *",
	"@monthly":  "0 0 1 * *",
	"@weekly":   "0 0 * * 0",
	"@daily":    "0 0 * * *",
	"@midnight": "0 0 * * *",
	"@hourly":   "0 * * * *",
}

// Schedule is a checked expression.
type Schedule struct {
	// Never is true when no day of the calendar matches, like 30 February.
	Never bool
	expr  string // Seven fields for gronx.
}

// Parse reads an expression. What is wrong with it is said by field.
func Parse(expr string) (Schedule, error) {
	if len(expr) > maxExpr {
		return Schedule{}, fault.New(fault.InvalidInput, "cron expression has %d characters, at most %d are allowed", len(expr), maxExpr)
	}
	text := strings.TrimSpace(expr)
	if strings.HasPrefix(text, "@") {
		full, ok := nicknames[strings.ToLower(text)]
		if !ok {
			return Schedule{}, fault.New(fault.InvalidInput, "cron expression %q: there is no such nickname; use @yearly, @monthly, @weekly, @daily, @hourly or five fields", expr)
		}
		text = full
	}
	parts := strings.Fields(strings.ToUpper(text))
	switch len(parts) {
	case 5:
		parts = append([]string{"0"}, append(parts, "*")...)
	case 6:
		parts = append(parts, "*")
	case 7:
	default:
		return Schedule{}, fault.New(fault.InvalidInput,
			"cron expression %q has %d fields; write minute, hour, day of month, month and weekday, with seconds before them if needed", expr, len(parts))
	}
	var sets [fieldCount]set
	for pos, part := range parts {
		s, err := parseField(pos, part)
		if err != nil {
			return Schedule{}, fault.New(fault.InvalidInput, "cron expression %q: %s", expr, err)
		}
		sets[pos] = s
		parts[pos] = s.text()
	}
	return Schedule{Never: never(sets), expr: strings.Join(parts, " ")}, nil
}

// never reports whether the days and months exclude each other. A restricted
// weekday comes in every month.
func never(sets [fieldCount]set) bool {
	d, m := sets[day], sets[month]
	if d.any || d.end || !sets[weekday].any || m.any {
		return false
	}
	shortest := 31
	for _, days := range [][]int{d.values, d.near} {
		if len(days) > 0 {
			shortest = min(shortest, days[0])
		}
	}
	for _, v := range m.values {
		// 2024 has the leap day.
		if shortest <= time.Date(2024, time.Month(v)+1, 0, 0, 0, 0, 0, time.UTC).Day() {
			return false
		}
	}
	return true
}

// String is the expression in its plain form of seven fields.
func (s Schedule) String() string { return s.expr }

// Next gives the first matching second after t, in UTC; false means there is
// none. It takes some 10 us, or some ms when there is none.
func (s Schedule) Next(t time.Time) (time.Time, bool) {
	if s.Never || s.expr == "" {
		return time.Time{}, false
	}
	t = t.UTC()
	next, err := gronx.NextTickAfter(s.expr, t, false)
	if err != nil || !next.After(t) {
		return time.Time{}, false
	}
	return next, true
}
