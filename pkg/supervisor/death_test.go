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
	for name, row := range map[string]struct {
		cause Cause
		alone bool
		seen  []witness
		want  []Blame
	}{
		"nobody ran":                   {Crashed, false, []witness{idle, idle}, []Blame{Innocent, Innocent}},
		"one ran":                      {Crashed, false, []witness{idle, runs}, []Blame{Innocent, Culprit}},
		"one ran, twice loaded":        {Crashed, false, []witness{runs, idle, runs}, []Blame{Culprit, Innocent, Culprit}},
		"two ran":                      {Crashed, false, []witness{idle, runs, runsToo}, []Blame{Innocent, Suspect, Suspect}},
		"two ran, one has a verdict":   {Crashed, false, []witness{idle, told(runs, mark.Fatal), runsToo}, []Blame{Innocent, Culprit, Innocent}},
		"the turn ended meanwhile":     {Crashed, false, []witness{told(idle, mark.Signal), runs}, []Blame{Culprit, Innocent}},
		"everybody has a verdict":      {Crashed, false, []witness{told(idle, mark.Fatal), told(runs, mark.Fatal), told(runsToo, mark.Fatal)}, []Blame{Suspect, Suspect, Suspect}},
		"stuck":                        {Stuck, false, []witness{told(runs, mark.Stuck), runsToo}, []Blame{Culprit, Innocent}},
		"full":                         {Crashed, false, []witness{idle, told(runs, mark.NoMemory)}, []Blame{Innocent, Suspect}},
		"full, and another one ran":    {Crashed, false, []witness{runsToo, told(runs, mark.NoMemory)}, []Blame{Suspect, Suspect}},
		"full while alone":             {Crashed, true, []witness{told(runs, mark.NoMemory)}, []Blame{Culprit}},
		"killed by the kernel":         {Exhausted, false, []witness{idle, runs}, []Blame{Innocent, Suspect}},
		"killed by the kernel, alone":  {Exhausted, true, []witness{idle}, []Blame{Culprit}},
		"killed from outside":          {Killed, false, []witness{idle, runs}, []Blame{Innocent, Suspect}},
		"killed from outside, alone":   {Killed, true, []witness{runs}, []Blame{Innocent}},
		"killed while it fell":         {Killed, false, []witness{told(runs, mark.Signal), runsToo}, []Blame{Culprit, Innocent}},
		"lied":                         {Lied, false, []witness{idle, runs}, []Blame{Innocent, Suspect}},
		"lied, alone":                  {Lied, true, []witness{idle}, []Blame{Culprit}},
		"crashed while alone and idle": {Crashed, true, []witness{idle}, []Blame{Culprit}},
		"ended":                        {Ended, false, []witness{runs}, []Blame{Suspect}},
		"told to stop":                 {Stopped, true, []witness{told(runs, mark.Fatal)}, []Blame{Innocent}},
		"never started":                {Unstarted, true, nil, []Blame{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := judge(row.cause, row.alone, row.seen); !slices.Equal(got, row.want) {
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
