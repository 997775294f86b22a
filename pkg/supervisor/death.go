package supervisor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"syscall"

	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Cause is how a worker process came to its end.
type Cause string

// The causes; they are also the values of a metric's label.
const (
	Crashed   Cause = "crash"    // By its own doing: V8 aborted, or a signal.
	Stuck     Cause = "stuck"    // V8 did not come back.
	Exhausted Cause = "memory"   // Killed for the memory that it used.
	Killed    Cause = "killed"   // By somebody outside.
	Lied      Cause = "protocol" // It sent what no worker of ours sends.
	Deaf      Cause = "backlog"  // It did not read what it was sent.
	Ended     Cause = "exit"     // It ended by itself.
	Unstarted Cause = "start"    // It never greeted.
	Stopped   Cause = "stop"     // It was told to.
)

// Causes lists them.
func Causes() []Cause {
	return []Cause{Crashed, Stuck, Exhausted, Killed, Lied, Deaf, Ended, Unstarted, Stopped}
}

// Blame is what a script had to do with the end of its process.
type Blame int

// The blames.
const (
	Innocent Blame = iota
	// Suspect scripts were executing when something unclear happened. They are
	// to run alone for a while: what happens then is theirs.
	Suspect
	Culprit
)

// Loss is why the instances of a dead worker are gone. It is an ErrWorkerLost.
type Loss struct {
	Cause Cause
	Blame Blame
	// What says for the script's author what its script did. It is empty for
	// those that did nothing.
	What string
	// Shared says that other guilds' scripts were in the process, which all run
	// apart for what they did.
	Shared bool
}

// Error names the culprit's doing.
func (l *Loss) Error() string {
	if l.Blame == Culprit && l.What != "" {
		return ErrWorkerLost.Error() + ": " + l.What
	}
	return ErrWorkerLost.Error()
}

// Is makes every loss an ErrWorkerLost.
func (l *Loss) Is(target error) bool { return target == ErrWorkerLost }

// witness is what is known of an instance when its process is dead: from the
// marks, and from what control itself keeps account of.
type witness struct {
	guild     snowflake.GuildID
	executing bool
	verdict   uint64
	held      uint64 // Bytes, at the end of its last turn.
	busy      bool   // By control's own account: it loads, or handles events.
}

// scene is a death that is to be judged.
type scene struct {
	cause Cause
	penal bool // It was a penalty worker.
	full  bool // It used nearly all the memory that it may.
	seen  []witness
}

// deed says what a verdict means.
func deed(verdict uint64, cause Cause) string {
	switch verdict {
	case mark.Fatal:
		return "V8 gave up on what the script asked for, such as an array or a string beyond what is possible"
	case mark.OutOfMemory:
		return "the script used up its memory at one go"
	case mark.Signal:
		return "the script brought V8 down"
	case mark.Stuck:
		return "the script ran on after it was told to stop"
	case mark.NoMemory:
		return "the script asked for memory when there was none left"
	}
	if cause == Exhausted {
		return "it used more memory than it may"
	}
	return "it ended while the script ran"
}

// judge says what each script had to do with the death. What a worker wrote into
// the marks can blame its own guilds at most, and, as one that was blamed runs
// apart from then on, each of them only once.
//
// In a full process who asks for memory in vain need not be the one who took it:
// then only a verdict that has nothing to do with the others' memory counts,
// and those that held the most are suspects like those that ran.
func (s scene) judge() []Blame {
	out := make([]Blame, len(s.seen))
	alone := s.penal && oneGuild(s.seen, upTo(len(s.seen)))
	if s.cause == Stopped || s.cause == Unstarted || alone && s.cause == Killed {
		return out
	}
	full := s.full || s.cause == Exhausted || anyLacked(s.seen)
	var told, ran []int // Those with a verdict; those that executed.
	for i, w := range s.seen {
		own := w.verdict == mark.OutOfMemory || w.verdict == mark.Stuck
		if own || !full && w.verdict != 0 {
			told = append(told, i)
		}
		if w.executing || w.verdict != 0 {
			ran = append(ran, i)
		}
	}
	switch certain := s.cause == Crashed || s.cause == Stuck; {
	case alone:
		fill(out, upTo(len(out)), Culprit)
		return out
	case oneGuild(s.seen, told):
		fill(out, told, Culprit)
		return out
	case certain && len(told) == 0 && !full && oneGuild(s.seen, ran):
		fill(out, ran, Culprit)
		return out
	}
	fill(out, ran, Suspect)
	if full {
		fill(out, largest(s.seen), Suspect)
	}
	if len(ran) == 0 && !full && s.cause != Killed {
		// The marks may not tell the truth; control's own account does.
		fill(out, atWork(s.seen), Suspect)
	}
	return out
}

// worthwhile is what a script must hold to matter in a full process.
const worthwhile = 16 << 20

// largest gives those that held the most: none less than half of the largest.
func largest(seen []witness) []int {
	most := uint64(worthwhile)
	for _, w := range seen {
		most = max(most, w.held)
	}
	var out []int
	for i, w := range seen {
		if w.held >= worthwhile && w.held >= most/2 {
			out = append(out, i)
		}
	}
	return out
}

func atWork(seen []witness) []int {
	var out []int
	for i, w := range seen {
		if w.busy {
			out = append(out, i)
		}
	}
	return out
}

func fill(out []Blame, which []int, b Blame) {
	for _, i := range which {
		out[i] = b
	}
}

// oneGuild reports whether there are some, all of one guild.
func oneGuild(seen []witness, which []int) bool {
	for _, i := range which {
		if seen[i].guild != seen[which[0]].guild {
			return false
		}
	}
	return len(which) > 0
}

// anyLacked reports whether the process was full: then whoever asked for more
// need not be the one who took it.
func anyLacked(seen []witness) bool {
	for _, w := range seen {
		if w.verdict == mark.NoMemory {
			return true
		}
	}
	return false
}

// errLied marks what no worker of ours would send.
var errLied = errors.New("the worker broke the protocol")

// ended reports whether the connection's end, and not its content, is the error.
func ended(err error) bool {
	var op *net.OpError
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.ErrClosedPipe) || errors.Is(err, net.ErrClosed) || errors.As(err, &op)
}

// The exit codes of a worker beside 0 and 1.
const (
	exitGo    = 2 // The Go runtime's, of a panic or a signal in native code.
	exitStuck = 3 // Its own watchdog's.
	exitFatal = 4 // V8 gave up.
)

// causeOf reads the exit status of a process that nobody here has ended.
func causeOf(err error, kills uint64) Cause {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return Ended
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	switch {
	case !ok:
		return Ended
	case status.Signaled():
		switch status.Signal() { //nolint:exhaustive // The others are crashes.
		case syscall.SIGKILL:
			if oomKills() > kills {
				return Exhausted
			}
			return Killed
		case syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT:
			return Killed
		}
		return Crashed
	case status.ExitStatus() == exitGo, status.ExitStatus() == exitFatal:
		return Crashed
	case status.ExitStatus() == exitStuck:
		return Stuck
	}
	return Ended
}

// oomKills is how many processes of the machine the kernel has killed for want
// of memory; 0 where that is not told.
func oomKills() uint64 {
	b, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(b) {
		if value, ok := bytes.CutPrefix(line, []byte("oom_kill ")); ok {
			n, err := strconv.ParseUint(string(bytes.TrimSpace(value)), 10, 64)
			if err != nil {
				return 0
			}
			return n
		}
	}
	return 0
}

// sentence is why control ends a worker.
type sentence struct {
	cause   Cause
	why     string
	culprit uint64 // An instance, 0 for none.
}

func (s sentence) Error() string { return fmt.Sprintf("killed by control: %s", s.why) }
