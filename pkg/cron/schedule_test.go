package cron_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/cron"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// from is a Thursday.
var from = time.Date(2026, 7, 30, 10, 11, 12, 500_000_000, time.UTC)

func TestParseAndNext(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name, expr string
		want       []string // The next slots.
	}{
		{"five fields", "*/15 * * * *", []string{"2026-07-30T10:15:00", "2026-07-30T10:30:00", "2026-07-30T10:45:00", "2026-07-30T11:00:00"}},
		{"six fields lead with seconds", "*/20 * * * * *", []string{"2026-07-30T10:11:20", "2026-07-30T10:11:40", "2026-07-30T10:12:00"}},
		{"seven fields end with the year", "0 0 12 1 1 * 2028", []string{"2028-01-01T12:00:00"}},
		{"steps of years count from year 1, like the original's", "0 0 0 1 1 * */2", []string{"2027-01-01T00:00:00", "2029-01-01T00:00:00"}},
		{"every second", "* * * * * *", []string{"2026-07-30T10:11:13", "2026-07-30T10:11:14"}},
		{"spaces and tabs", "  0\t9   * *  MON ", []string{"2026-08-03T09:00:00"}},
		{"names in any case", "0 9 * jan-MAR mon", []string{"2027-01-04T09:00:00", "2027-01-11T09:00:00"}},
		{"Sunday as 0", "0 0 * * 0", []string{"2026-08-02T00:00:00", "2026-08-09T00:00:00"}},
		{"Sunday as 7", "0 0 * * 7", []string{"2026-08-02T00:00:00", "2026-08-09T00:00:00"}},
		{"range to Sunday", "0 0 * * SAT-SUN", []string{"2026-08-01T00:00:00", "2026-08-02T00:00:00", "2026-08-08T00:00:00"}},
		{"range from Sunday", "0 0 * * SUN-MON", []string{"2026-08-02T00:00:00", "2026-08-03T00:00:00", "2026-08-09T00:00:00"}},
		{"weekday steps", "0 0 * * */3", []string{"2026-08-01T00:00:00", "2026-08-02T00:00:00", "2026-08-05T00:00:00", "2026-08-08T00:00:00"}},
		{"weekday steps to 7", "0 0 * * 1-7/3", []string{"2026-08-02T00:00:00", "2026-08-03T00:00:00", "2026-08-06T00:00:00"}},
		{"day of month or weekday", "0 0 13 * FRI", []string{"2026-07-31T00:00:00", "2026-08-07T00:00:00", "2026-08-13T00:00:00"}},
		{"day of month or a weekday step", "0 0 13 * */6", []string{"2026-08-01T00:00:00", "2026-08-02T00:00:00", "2026-08-08T00:00:00", "2026-08-09T00:00:00", "2026-08-13T00:00:00"}},
		{"a step on the day restricts it too", "0 0 */30 * 3", []string{"2026-07-31T00:00:00", "2026-08-01T00:00:00", "2026-08-05T00:00:00"}},
		{"question marks", "0 0 ? * 1", []string{"2026-08-03T00:00:00"}},
		{"last day", "0 0 L * ?", []string{"2026-07-31T00:00:00", "2026-08-31T00:00:00", "2026-09-30T00:00:00"}},
		{"last day of February", "0 0 L 2 *", []string{"2027-02-28T00:00:00", "2028-02-29T00:00:00"}},
		{"nearest working day", "0 0 1W,15W * *", []string{"2026-08-03T00:00:00", "2026-08-14T00:00:00", "2026-09-01T00:00:00", "2026-09-15T00:00:00"}},
		{"last Friday", "0 0 * * 5L", []string{"2026-07-31T00:00:00", "2026-08-28T00:00:00"}},
		{"last Friday, written with #", "0 0 * * FRI#L", []string{"2026-07-31T00:00:00", "2026-08-28T00:00:00"}},
		{"second Tuesday", "0 0 * * TUE#2", []string{"2026-08-11T00:00:00", "2026-09-08T00:00:00"}},
		{"first working days", "0 0 * * MON-FRI#1", []string{"2026-08-03T00:00:00", "2026-08-04T00:00:00", "2026-08-05T00:00:00", "2026-08-06T00:00:00", "2026-08-07T00:00:00", "2026-09-01T00:00:00"}},
		{"seventh weekday with #", "0 0 * * 7#1", []string{"2026-08-02T00:00:00"}},
		{"start with a step", "5/25 * * * *", []string{"2026-07-30T10:30:00", "2026-07-30T10:55:00", "2026-07-30T11:05:00"}},
		{"leap day", "0 0 29 2 *", []string{"2028-02-29T00:00:00", "2032-02-29T00:00:00"}},
		{"fifth Monday of February", "0 0 * 2 1#5", []string{"2044-02-29T00:00:00", "2072-02-29T00:00:00"}},
		{"a rare day and far years", "0 0 0 29 2 * 2027,2029-2095/2,2096", []string{"2096-02-29T00:00:00", ""}},
		{"a rare weekday and many years", "0 0 0 ? 2 1#5 2027-2099", []string{"2044-02-29T00:00:00", "2072-02-29T00:00:00", ""}},
		{"hourly", "@hourly", []string{"2026-07-30T11:00:00"}},
		{"daily", "@Daily", []string{"2026-07-31T00:00:00"}},
		{"weekly", "@weekly", []string{"2026-08-02T00:00:00"}},
		{"monthly", "@monthly", []string{"2026-08-01T00:00:00"}},
		{"yearly", "@yearly", []string{"2027-01-01T00:00:00"}},
		{"annually", "@annually", []string{"2027-01-01T00:00:00"}},
		{"last year known", "59 59 23 31 12 * 2099", []string{"2099-12-31T23:59:59", ""}},
		{"a year that has passed", "0 0 0 1 1 * 2020", []string{""}},
		{"leap day in a year without", "0 0 0 29 2 * 2027", []string{""}},
		{"never", "0 0 30 2 *", []string{""}},
		{"never, many months", "0 0 31 2,4,6,9,11 *", []string{""}},
		{"never, nearest working day", "0 0 31W 2 *", []string{""}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			s, err := cron.Parse(row.expr)
			if err != nil {
				t.Fatal(err)
			}
			if want := strings.HasPrefix(row.name, "never"); s.Never != want {
				t.Errorf("Never is %t, want %t", s.Never, want)
			}
			var got []string
			at := from
			for range row.want {
				next, ok := s.Next(at)
				if !ok {
					got = append(got, "")
					break
				}
				got = append(got, next.Format("2006-01-02T15:04:05"))
				at = next
			}
			if diff := cmp.Diff(got, row.want); diff != "" {
				t.Errorf("slots of %s (-got +want):\n%s", s, diff)
			}
		})
	}
}

func TestParseRefusesByName(t *testing.T) {
	t.Parallel()
	rows := []struct{ expr, want string }{
		{"", "has 0 fields"},
		{"* * * *", "has 4 fields"},
		{"* * * * * * * *", "has 8 fields"},
		{"0 0 * * +MON", `weekday "+MON": "+" is not supported`},
		{"0 0 13 * MON,+5", `weekday "+5": "+" is not supported`},
		{"60 * * * *", `minute "60": is outside 0-59`},
		{"0,5,99 * * * *", `minute "99": is outside 0-59`},
		{"*,99 * * * *", `minute "*": "*" must stand alone`},
		{"0 24 * * *", `hour "24": is outside 0-23`},
		{"0 0 0 * *", `day of month "0": is outside 1-31`},
		{"0 0 32 * *", `day of month "32": is outside 1-31`},
		{"0 0 * 13 *", `month "13": is outside 1-12`},
		{"0 0 * * 8", `weekday "8": is outside 0-7`},
		{"0 0 1 1 * 2027", `weekday "2027": is outside 0-7`},
		{"0 0 0 1 1 * 1969", `year "1969": is outside 1970-2099`},
		{"0 0 0 1 1 * 2100", `year "2100": is outside 1970-2099`},
		{"MON * * * *", `minute "MON": is no number`},
		{"0 0 MAY * *", `day of month "MAY": is no number`},
		{"0 0 * MON *", `month "MON": is no number and no name from JAN to DEC`},
		{"0 0 * * JAN", `weekday "JAN": is no number and no name from SUN to SAT`},
		{"0 0 * * MONDAY", `weekday "MONDAY": is no number`},
		{"0 0 * * FRI-MON", `weekday "FRI-MON": the range ends before it starts`},
		{"50-10 * * * *", `minute "50-10": the range ends before it starts`},
		{"*/0 * * * *", `minute "*/0": the step must be a number from 1 on`},
		{"*/x * * * *", `minute "*/x": the step`},
		{"*/5/5 * * * *", "the step must be"},
		{"/5 * * * *", `minute "/5": is no number`},
		{"1--2 * * * *", "is no number"},
		{"-1 * * * *", "is no number"},
		{"1,,2 * * * *", `minute "": is empty`},
		{"? * * * *", `minute "?": is no number`},
		{"L * * * *", `minute "L": is no number`},
		{"0 0 LW * *", `"W" must follow one day`},
		{"0 0 W * *", `"W" must follow one day`},
		{"0 0 1-5W * *", `"W" must follow one day`},
		{"0 0 L-3 * *", `day of month "L-3": is no number`},
		{"0 0 5L * *", `day of month "5L": is no number`},
		{"0 0 * * L", `"L" must follow a weekday`},
		{"0 0 * * 1#6", `"#" must be followed by a number from 1 to 5`},
		{"0 0 * * 1#0", `"#" must be followed`},
		{"0 0 * * #1", "is no number"},
		{"0 0 * * 15W", "is no number"},
		{"@never", "there is no such nickname"},
		{"@every 5m", "there is no such nickname"},
		{"99999 * * * *", "is no number"},
		{strings.Repeat("0,", 200) + "0 * * * *", "at most 256 are allowed"},
	}
	for _, row := range rows {
		t.Run(row.expr, func(t *testing.T) {
			t.Parallel()
			_, err := cron.Parse(row.expr)
			if err == nil {
				t.Fatal("it was accepted")
			}
			if !fault.Is(err, fault.InvalidInput) || !strings.Contains(strings.ToUpper(err.Error()), strings.ToUpper(row.want)) {
				t.Errorf("error is %q, want %q in it", err, row.want)
			}
		})
	}
}

func TestZeroScheduleNeverComes(t *testing.T) {
	t.Parallel()
	if next, ok := (cron.Schedule{}).Next(from); ok {
		t.Errorf("the zero schedule comes at %s", next)
	}
}

// TestNextAgainstCalendar compares gronx, as it is used here, with a walk
// through the calendar, for expressions made at random.
func TestNextAgainstCalendar(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // Repeatable on purpose.
	for range 1000 {
		m := randomMatcher(rng)
		s, err := cron.Parse(m.expr)
		if err != nil {
			t.Fatalf("%s: %s", m.expr, err)
		}
		at := time.Date(2020+rng.IntN(12), time.Month(1+rng.IntN(12)), 1+rng.IntN(31), rng.IntN(24), rng.IntN(60), rng.IntN(60), 0, time.UTC)
		want, found := m.next(at)
		got, ok := s.Next(at)
		if !found {
			if ok && got.Before(at.AddDate(9, 0, 0)) {
				t.Fatalf("%s after %s is %s, the calendar has none for nine years", m.expr, at, got)
			}
			continue
		}
		if !ok || !got.Equal(want) {
			t.Fatalf("%s (%s) after %s is %s (%t), the calendar says %s", m.expr, s, at, got, ok, want)
		}
	}
}

// matcher is an expression and, by hand, what it means.
type matcher struct {
	expr         string
	hour, minute int
	day          func(time.Time) bool
	weekday      func(time.Time) bool
	month        func(time.Time) bool
}

func (m matcher) next(at time.Time) (time.Time, bool) {
	d := time.Date(at.Year(), at.Month(), at.Day(), m.hour, m.minute, 0, 0, time.UTC)
	for range 9 * 366 {
		var ok bool
		switch {
		case m.day == nil && m.weekday == nil:
			ok = true
		case m.day == nil:
			ok = m.weekday(d)
		case m.weekday == nil:
			ok = m.day(d)
		default:
			ok = m.day(d) || m.weekday(d)
		}
		if ok && m.month(d) && d.After(at) {
			return d, true
		}
		d = d.AddDate(0, 0, 1)
	}
	return time.Time{}, false
}

func lastDay(d time.Time) int { return time.Date(d.Year(), d.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day() }

func randomMatcher(rng *rand.Rand) matcher {
	m := matcher{hour: rng.IntN(24), minute: rng.IntN(60)}
	n := 1 + rng.IntN(31)
	dom := "*"
	switch rng.IntN(6) {
	case 0:
		dom = fmt.Sprint(n)
		m.day = func(d time.Time) bool { return d.Day() == n }
	case 1:
		dom = fmt.Sprintf("*/%d", n)
		m.day = func(d time.Time) bool { return (d.Day()-1)%n == 0 }
	case 2:
		dom = "L"
		m.day = func(d time.Time) bool { return d.Day() == lastDay(d) }
	case 3:
		dom = fmt.Sprintf("%dW", n)
		m.day = func(d time.Time) bool { return nearest(d, n) }
	}
	w := rng.IntN(7)
	dow := "*"
	switch rng.IntN(6) {
	case 0:
		dow = fmt.Sprint(w)
		m.weekday = func(d time.Time) bool { return int(d.Weekday()) == w }
	case 1:
		k := 1 + rng.IntN(5)
		dow = fmt.Sprintf("%d#%d", w, k)
		m.weekday = func(d time.Time) bool { return int(d.Weekday()) == w && (d.Day()-1)/7+1 == k }
	case 2:
		dow = fmt.Sprintf("%dL", w)
		m.weekday = func(d time.Time) bool { return int(d.Weekday()) == w && d.Day()+7 > lastDay(d) }
	case 3:
		dow = fmt.Sprintf("*/%d", 1+w)
		m.weekday = func(d time.Time) bool { return int(d.Weekday())%(1+w) == 0 }
	}
	month := "*"
	m.month = func(time.Time) bool { return true }
	if rng.IntN(2) == 0 {
		k := 1 + rng.IntN(12)
		month = fmt.Sprint(k)
		m.month = func(d time.Time) bool { return int(d.Month()) == k }
	}
	m.expr = fmt.Sprintf("%d %d %s %s %s", m.minute, m.hour, dom, month, dow)
	return m
}

// nearest reports whether d is the working day nearest to day n of its month.
func nearest(d time.Time, n int) bool {
	if n > lastDay(d) {
		return false
	}
	target := time.Date(d.Year(), d.Month(), n, 0, 0, 0, 0, time.UTC)
	switch {
	case target.Weekday() == time.Saturday && n > 1:
		n--
	case target.Weekday() == time.Saturday:
		n += 2
	case target.Weekday() == time.Sunday && n < lastDay(d):
		n++
	case target.Weekday() == time.Sunday:
		n -= 2
	}
	return d.Day() == n
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"*/5 * * * *", "0 0 30 2 *", "0 0 0 29 2 * 2027", "@daily", "0 0 1W,L * 5#L", "? ? ? ? ?", "0 0 * * +1", "1-5/2,7 * * JAN-DEC SUN-SAT",
		"0 0 0 31W 2,4 1#5 2027,2029,2031",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		s, err := cron.Parse(expr)
		if err != nil {
			if !fault.Is(err, fault.InvalidInput) {
				t.Fatalf("error without a name: %v", err)
			}
			return
		}
		again, err := cron.Parse(s.String())
		if len(s.String()) <= 256 && (err != nil || again != s) {
			t.Fatalf("%q reads back as %q: %v", s, again, err)
		}
		next, ok := s.Next(from)
		if ok && (!next.After(from) || next.Nanosecond() != 0 || next.Location() != time.UTC) {
			t.Fatalf("%q after %s is %s", expr, from, next)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	for _, expr := range []string{"*/5 * * * *", "0 9 * * MON-FRI", "0 0 30 2 *"} {
		b.Run(expr, func(b *testing.B) {
			for b.Loop() {
				if _, err := cron.Parse(expr); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkNext(b *testing.B) {
	for _, expr := range []string{"*/5 * * * *", "0 9 * * MON-FRI", "0 0 29 2 *", "0 0 0 29 2 * 2027", "0 0 0 30W,31W 2 * 2027-2099"} {
		b.Run(expr, func(b *testing.B) {
			s, err := cron.Parse(expr)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				s.Next(from)
			}
		})
	}
}
