package hostile

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// What control may have more after a run than before it. Logs, the simulator's
// messages and its list of requests fill up to their bounds; descriptors and
// threads come and go by a few.
const (
	moreFiles   = 2
	perWorker   = 4  // Descriptors of a worker; one that runs penned-in scripts comes and goes.
	moreTCP     = 32 // Both ends of its connections to the simulator among them.
	moreThreads = 16
	moreKB      = 160 << 10
	// moreGoroutines is against a runtime that ran no hostile script.
	moreGoroutines = 16
)

// usage is what control has of the system's.
type usage struct {
	files, tcp  int // Descriptors that are no TCP connections, and those that are.
	workers     int
	threads, kb int
	ticks       string // When it was started, which a restart changes.
}

func usageOf(p *rig.Process) (usage, error) {
	proc := "/proc/" + strconv.Itoa(p.Cmd.Process.Pid)
	fds, err := os.ReadDir(proc + "/fd")
	if err != nil {
		return usage{}, fmt.Errorf("count descriptors: %w", err)
	}
	status, err := os.ReadFile(proc + "/status")
	if err != nil {
		return usage{}, fmt.Errorf("read the status: %w", err)
	}
	stat, err := os.ReadFile(proc + "/stat")
	if err != nil {
		return usage{}, fmt.Errorf("read the start time: %w", err)
	}
	tcp, err := os.ReadFile(proc + "/net/tcp")
	if err != nil {
		return usage{}, fmt.Errorf("list connections: %w", err)
	}
	workers, err := p.Workers()
	if err != nil {
		return usage{}, err
	}
	u := usage{workers: len(workers)}
	for _, fd := range fds {
		target, err := os.Readlink(proc + "/fd/" + fd.Name())
		if err != nil {
			continue // It is closed.
		}
		inode, socket := strings.CutPrefix(strings.TrimSuffix(target, "]"), "socket:[")
		if socket && strings.Contains(string(tcp), " "+inode+" ") {
			u.tcp++
		} else {
			u.files++
		}
	}
	for line := range strings.Lines(string(status)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		n, _ := strconv.Atoi(f[1])
		switch f[0] {
		case "Threads:":
			u.threads = n
		case "VmRSS:":
			u.kb = n
		}
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	u.ticks = strings.Fields(rest)[19]
	return u, nil
}

func (a *arena) usage() usage {
	a.t.Helper()
	u, err := usageOf(a.Process)
	if err != nil {
		a.t.Fatalf("%v\n%s", err, a.Stderr)
	}
	return u
}

// compare holds control to what it had before, once it has settled.
func (a *arena) compare(before usage) {
	a.t.Helper()
	var now usage
	err := rig.Within(150*time.Second, "control to have no more than before", func() (bool, error) {
		now = a.usage()
		fine := now.files <= before.files+moreFiles+perWorker*max(0, now.workers-before.workers) && now.tcp <= before.tcp+moreTCP && now.threads <= before.threads+moreThreads && now.kb <= before.kb+moreKB
		return fine, fmt.Errorf("before %+v, now %+v", before, now)
	})
	if err != nil {
		a.t.Error(err)
	}
	if now.ticks != before.ticks {
		a.t.Error("control was restarted")
	}
	a.t.Logf("control before: %d workers, %d files, %d connections, %d threads, %d MiB; after: %d, %d, %d, %d, %d MiB",
		before.workers, before.files, before.tcp, before.threads, before.kb>>10, now.workers, now.files, now.tcp, now.threads, now.kb>>10)
	for _, bad := range []string{"an op panicked", "DATA RACE", "fatal error: all goroutines", "concurrent map"} {
		if log := a.Stderr.String(); strings.Contains(log, bad) {
			at := strings.Index(log, bad)
			a.t.Errorf("control's log says: %.3000s", log[max(0, at-200):])
		}
	}
}

// leave ends the runtime by SIGQUIT, at which Go tells its goroutines, and
// returns how many there were by the function that started them. No worker
// may be left.
func (a *arena) leave() map[string]int {
	a.t.Helper()
	a.acts.Wait()
	workers, err := a.Workers()
	if err != nil {
		a.t.Fatal(err)
	}
	mark := len(a.Stderr.String())
	if err := a.Signal(syscall.SIGQUIT); err != nil {
		a.t.Fatal(err)
	}
	if err := rig.Until("the workers to end with control", func() (bool, error) {
		workers = slices.DeleteFunc(workers, func(pid int) bool { return !rig.IsWorker(pid) })
		return len(workers) == 0, fmt.Errorf("left: %v", workers)
	}); err != nil {
		a.t.Error(err)
	}
	dump := a.Stderr.String()
	return goroutines(dump[min(mark, len(dump)):])
}

var createdBy = regexp.MustCompile(`(?m)^created by (\S+)`)

// ofConnections start goroutines for each connection, also one that is kept for
// the next request. Connections are counted by themselves.
var ofConnections = []string{"net/http.(*Transport).dialConn", "net/http.(*Server).Serve"}

func goroutines(dump string) map[string]int {
	out := map[string]int{}
	for _, m := range createdBy.FindAllStringSubmatch(dump, -1) {
		if !slices.Contains(ofConnections, m[1]) {
			out[m[1]]++
		}
	}
	return out
}

// total leaves out what control has for each worker process, of which those for
// scripts that run apart come and go.
func total(counts map[string]int) (n int) {
	for _, c := range counts {
		n += c
	}
	const mostWorkers, each = 1 + 4, 3 // Two that attend to it, one that writes to it.
	return n - each*min(counts["github.com/flora-runtime/flora-runtime/pkg/wire.NewConn"], mostWorkers)
}

// peaceful runs a runtime whose guilds do no harm, and gives its goroutines.
func peaceful(t *testing.T) map[string]int {
	t.Helper()
	a := enter(t)
	for _, f := range a.guilds {
		a.reset(f)
	}
	w := a.watch()
	w.end()
	return a.leave()
}
