package supervisor

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flora-runtime/flora-runtime/pkg/mark"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	idle, runs := witness{guild: 1}, witness{guild: 2, executing: true}
	runsToo := witness{guild: 3, executing: true}
	told := func(w witness, verdict uint64) witness { w.verdict = verdict; return w }
	holds := func(w witness, mib uint64) witness { w.held = mib << 20; return w }
	atWork := witness{guild: 4, busy: true}
	for name, row := range map[string]struct {
		cause Cause
		penal bool
		seen  []witness
		want  []Blame
		full  bool
	}{
		"nobody ran":                   {Crashed, false, []witness{idle, idle}, []Blame{Innocent, Innocent}, false},
		"one ran":                      {Crashed, false, []witness{idle, runs}, []Blame{Innocent, Culprit}, false},
		"one ran, twice loaded":        {Crashed, false, []witness{runs, idle, runs}, []Blame{Culprit, Innocent, Culprit}, false},
		"two ran":                      {Crashed, false, []witness{idle, runs, runsToo}, []Blame{Innocent, Suspect, Suspect}, false},
		"two ran, one has a verdict":   {Crashed, false, []witness{idle, told(runs, mark.Fatal), runsToo}, []Blame{Innocent, Culprit, Innocent}, false},
		"the turn ended meanwhile":     {Crashed, false, []witness{told(idle, mark.Signal), runs}, []Blame{Culprit, Innocent}, false},
		"everybody has a verdict":      {Crashed, false, []witness{told(idle, mark.Fatal), told(runs, mark.Fatal), told(runsToo, mark.Fatal)}, []Blame{Suspect, Suspect, Suspect}, false},
		"stuck":                        {Stuck, false, []witness{told(runs, mark.Stuck), runsToo}, []Blame{Culprit, Innocent}, false},
		"full":                         {Crashed, false, []witness{idle, told(runs, mark.NoMemory)}, []Blame{Innocent, Suspect}, false},
		"full, and another one ran":    {Crashed, false, []witness{runsToo, told(runs, mark.NoMemory)}, []Blame{Suspect, Suspect}, false},
		"full while alone":             {Crashed, true, []witness{told(runs, mark.NoMemory)}, []Blame{Culprit}, false},
		"killed by the kernel":         {Exhausted, false, []witness{idle, runs}, []Blame{Innocent, Suspect}, false},
		"killed by the kernel, alone":  {Exhausted, true, []witness{idle}, []Blame{Culprit}, false},
		"killed from outside":          {Killed, false, []witness{idle, runs}, []Blame{Innocent, Suspect}, false},
		"killed from outside, alone":   {Killed, true, []witness{runs}, []Blame{Innocent}, false},
		"killed while it fell":         {Killed, false, []witness{told(runs, mark.Signal), runsToo}, []Blame{Culprit, Innocent}, false},
		"lied":                         {Lied, false, []witness{idle, runs}, []Blame{Innocent, Suspect}, false},
		"lied, alone":                  {Lied, true, []witness{idle}, []Blame{Culprit}, false},
		"crashed while alone and idle": {Crashed, true, []witness{idle}, []Blame{Culprit}, false},
		"ended":                        {Ended, false, []witness{runs}, []Blame{Suspect}, false},
		"a hoarder without a turn":     {Crashed, false, []witness{holds(idle, 900), told(runs, mark.NoMemory), holds(runsToo, 10)}, []Blame{Suspect, Suspect, Suspect}, false},
		"a hoarder, and a native end":  {Crashed, false, []witness{holds(idle, 900), told(runs, mark.Signal), holds(witness{guild: 9}, 500), holds(witness{guild: 8}, 100)}, []Blame{Suspect, Suspect, Suspect, Innocent}, true},
		"full, but it is its own heap": {Crashed, false, []witness{holds(idle, 900), told(runs, mark.OutOfMemory)}, []Blame{Innocent, Culprit}, true},
		"full, and one never stops":    {Stuck, false, []witness{holds(idle, 900), told(runs, mark.Stuck)}, []Blame{Innocent, Culprit}, true},
		"full of little ones":          {Exhausted, false, []witness{holds(idle, 15), holds(runs, 1)}, []Blame{Innocent, Suspect}, false},
		"ended, and nobody says why":   {Ended, false, []witness{idle, atWork}, []Blame{Innocent, Suspect}, false},
		"lied, and nobody says why":    {Lied, false, []witness{idle, atWork}, []Blame{Innocent, Suspect}, false},
		"killed while it worked":       {Killed, false, []witness{idle, atWork}, []Blame{Innocent, Innocent}, false},
		"apart, but not alone":         {Crashed, true, []witness{idle, told(runs, mark.Fatal)}, []Blame{Innocent, Culprit}, false},
		"told to stop":                 {Stopped, true, []witness{told(runs, mark.Fatal)}, []Blame{Innocent}, false},
		"never started":                {Unstarted, true, nil, []Blame{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := (scene{row.cause, row.penal, row.full, row.seen}).judge(); !slices.Equal(got, row.want) {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
}

func TestCauseOf(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		script string
		want   Cause
	}{
		"ended well":         {"exit 0", Ended},
		"ended":              {"exit 1", Ended},
		"a panic":            {"exit 2", Crashed},
		"its own watchdog":   {"exit 3", Stuck},
		"V8 gave up":         {"exit 4", Crashed},
		"abort":              {"kill -ABRT $$", Crashed},
		"a wrong access":     {"kill -SEGV $$", Crashed},
		"a forbidden call":   {"kill -SYS $$", Crashed},
		"killed":             {"kill -KILL $$", Killed},
		"asked by somebody":  {"kill -TERM $$", Killed},
		"asked from outside": {"kill -INT $$; sleep 10", Killed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kills := oomKills()
			err := exec.CommandContext(t.Context(), "sh", "-c", row.script).Run()
			if got := causeOf(err, kills); got != row.want {
				t.Errorf("%v: got %s, want %s", err, got, row.want)
			}
		})
	}
	err := exec.CommandContext(t.Context(), "sh", "-c", "kill -KILL $$").Run()
	if n := oomKills(); n > 0 {
		if got := causeOf(err, n-1); got != Exhausted {
			t.Errorf("killed when the kernel lacked memory: %s", got)
		}
	}
}

func TestALossIsAWorkerLost(t *testing.T) {
	t.Parallel()
	var err error = &Loss{Cause: Crashed, Blame: Culprit, What: deed(mark.Fatal, Crashed)}
	if !errors.Is(err, ErrWorkerLost) || errors.Is(err, io.EOF) {
		t.Errorf("%v is not what it is", err)
	}
	if got := (&Loss{Cause: Crashed, What: "x"}).Error(); got != ErrWorkerLost.Error() {
		t.Errorf("an innocent is told %q", got)
	}
}

func TestOverdue(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_000_000, 0)
	tid := uint64(unix.Gettid()) //nolint:gosec // It is positive.
	for name, row := range map[string]struct {
		turn  uint64
		used  time.Duration
		late  time.Time
		limit time.Duration
		after time.Duration
		want  bool
	}{
		"no thread of the process, for long": {1<<32 - 1, 0, time.Time{}, time.Second, 17 * time.Second, true},
		"no thread of the process":           {1<<32 - 1, 0, time.Time{}, time.Second, 15 * time.Second, false},
		"no thread at all":                   {7 << 32, 0, time.Time{}, time.Second, 17 * time.Second, true},
		"under its limit":                    {tid, 1, time.Time{}, time.Hour, time.Hour, false},
		"far over its limit":                 {tid, 1, time.Time{}, -time.Hour, 0, true},
		"over its limit for long":            {tid, 1, start, 0, 16 * time.Second, true},
		"over its limit for a while":         {tid, 1, start, time.Hour, 14 * time.Second, false},
		"seen for the first time":            {tid, 0, time.Time{}, -time.Hour, time.Hour, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := running{turn: row.turn, since: start, used: row.used, late: row.late}
			if why := r.overdue(os.Getpid(), row.limit, start.Add(row.after)); (why != "") != row.want {
				t.Errorf("got %q", why)
			}
		})
	}
}
