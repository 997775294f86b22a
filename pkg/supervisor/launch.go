package supervisor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/flora-runtime/flora-runtime/pkg/cgroup"
	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// Executable launches worker processes from a binary, the running one as a
// rule.
type Executable struct {
	Path    string
	JIT     bool
	Sandbox sandbox.Mode // Empty is sandbox.Auto.
	// Memory is what a worker may use beside what each script and thread of it
	// gets, in bytes; 0 is no bound.
	Memory  int64
	Threads int // That run scripts at once.
	// Groups, if not nil, gives each worker a control group with the same bounds;
	// else Ungrouped says why there is none.
	Groups    *cgroup.Maker
	Ungrouped string
	// Marks, if not nil, keeps the marks of workers; else they end with control.
	Marks *mark.Folder
	// Unmarked, if not nil, is told why Marks could not keep those of a worker.
	Unmarked func(err error)
	snapshot *os.File
	report   sandbox.Report
}

const (
	// scriptBytes is what each script adds to its worker's memory.
	scriptBytes = 2 << 20
	// ownThreads are those of a worker that run no script.
	ownThreads = 16
	// marksEnd is the first descriptor that a worker does not inherit.
	marksEnd = 6
)

// snapshotLimit bounds the making of the snapshot.
const snapshotLimit = time.Minute

// NewExecutable makes the SDK's snapshot in a short-lived worker and keeps it
// in a sealed memory file that all workers share.
func NewExecutable(ctx context.Context, e Executable, sdk string) (*Executable, error) {
	if e.Sandbox == "" {
		e.Sandbox = sandbox.Auto
	}
	ctx, cancel := context.WithTimeout(ctx, snapshotLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, e.Path, append([]string{"worker", "--snapshot"}, e.flags(1)...)...) //nolint:gosec // Our own binary.
	cmd.Env = e.environment(3)
	cmd.Stdin = bytes.NewReader([]byte(sdk))
	var blob, complaint bytes.Buffer
	cmd.Stdout, cmd.Stderr = &blob, &complaint
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("make the SDK's snapshot: %w: %s", err, bytes.TrimSpace(complaint.Bytes()))
	}
	line, err := blob.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &e.report)
	}
	if err != nil {
		return nil, fmt.Errorf("read what the sandbox is: %w", err)
	}
	if e.Sandbox == sandbox.Require {
		if err := e.report.Check(); err != nil {
			return nil, err
		}
	}
	e.snapshot, err = sealed("flora-snapshot", blob.Bytes())
	return &e, err
}

// Report says what the sandbox of the workers can be on this machine.
func (e *Executable) Report() sandbox.Report { return e.report }

// sealed makes a memory file that nobody can change any more.
func sealed(name string, b []byte) (*os.File, error) {
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC|unix.MFD_ALLOW_SEALING)
	if err != nil {
		return nil, fmt.Errorf("make a memory file: %w", err)
	}
	f := os.NewFile(uintptr(fd), name) //nolint:gosec // A descriptor is not negative here.
	if _, err := f.Write(b); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("fill a memory file: %w", err)
	}
	if _, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_SEAL|unix.F_SEAL_SHRINK|unix.F_SEAL_GROW|unix.F_SEAL_WRITE); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("seal a memory file: %w", err)
	}
	return f, nil
}

// Close gives the snapshot's memory back.
func (e *Executable) Close() error { return e.snapshot.Close() }

func (e *Executable) flags(scripts int) []string {
	flags := []string{"--sandbox", string(e.Sandbox), "--data", strconv.FormatInt(e.ceiling(scripts), 10)}
	if e.JIT {
		flags = append(flags, "--jit")
	}
	return flags
}

// ceiling bounds the private memory of a worker; 0 is no bound.
func (e *Executable) ceiling(scripts int) int64 {
	if e.Memory == 0 {
		return 0
	}
	return e.Memory + int64(scripts)*scriptBytes + int64(e.Threads+ownThreads)*sandbox.ThreadStack
}

// environment is all that a worker gets; nothing of control's own reaches it.
// It cannot read time zones, nor how many cores its cgroup grants.
func (e *Executable) environment(keep int) []string {
	env := []string{"GOTRACEBACK=single", "TZ=UTC", "GOMAXPROCS=" + strconv.Itoa(runtime.GOMAXPROCS(0))}
	if e.Sandbox != sandbox.Off {
		env = append(env, sandbox.Environ(keep))
	}
	return env
}

// Launch starts a worker.
func (e *Executable) Launch(_ context.Context, scripts int) (Process, error) {
	marks, shared, err := e.marks(scripts)
	if err != nil {
		return nil, err
	}
	defer func() { _ = shared.Close() }()
	ours, theirs, err := socketPair()
	if err != nil {
		return nil, errors.Join(err, marks.Unmap())
	}
	cmd := exec.Command(e.Path, append([]string{"worker"}, e.flags(scripts)...)...) //nolint:gosec,noctx // Our own binary, and its slot ends it.
	cmd.Env = e.environment(marksEnd)
	words, complaint, err := os.Pipe()
	if err != nil {
		_, _ = ours.Close(), theirs.Close()
		return nil, errors.Join(fmt.Errorf("make a pipe: %w", err), marks.Unmap())
	}
	cmd.Stderr = complaint
	cmd.ExtraFiles = []*os.File{theirs, e.snapshot, shared}
	cmd.SysProcAttr = &unix.SysProcAttr{Pdeathsig: unix.SIGKILL}
	err = start(cmd)
	_, _ = theirs.Close(), complaint.Close()
	if err != nil {
		_, _ = ours.Close(), words.Close()
		return nil, errors.Join(fmt.Errorf("start a worker process: %w", err), marks.Unmap())
	}
	group, ungrouped := e.pen(cmd.Process.Pid, scripts)
	return &process{cmd: cmd, group: group, ungrouped: ungrouped, conn: wire.NewConn(ours), marks: marks, words: words, mode: e.Sandbox, ceiling: e.ceiling(scripts), threads: e.Threads + ownThreads}, nil
}

// marks makes a worker's slots: in a file if there is room for one.
func (e *Executable) marks(scripts int) (*mark.Marks, *os.File, error) {
	if e.Marks != nil {
		m, f, err := e.Marks.Make(scripts)
		if err == nil {
			return m, f, nil
		}
		if e.Unmarked != nil {
			e.Unmarked(err)
		}
	}
	return mark.Shared(scripts)
}

// pen puts the worker, which has not yet seen a script, into a control group. It
// is the kernel's word on what is watched from here as well: that it cannot be
// had ends nothing.
func (e *Executable) pen(pid, scripts int) (*cgroup.Group, string) {
	ceiling := e.ceiling(scripts)
	if e.Groups == nil || ceiling == 0 {
		return nil, e.Ungrouped
	}
	group, err := e.Groups.New(fmt.Sprintf("worker-%d", pid), cgroup.Limits{
		// Files that it maps are accounted, too.
		Memory: ceiling + 2*memorySlack, Tasks: int64(e.Threads + ownThreads + threadSlack),
	})
	if err != nil {
		return nil, err.Error()
	}
	if err := group.Add(pid); err != nil {
		_ = group.Remove()
		return nil, err.Error()
	}
	return group, ""
}

func socketPair() (net.Conn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("make a socket pair: %w", err)
	}
	mine, theirs := os.NewFile(uintptr(fds[0]), "worker"), os.NewFile(uintptr(fds[1]), "control") //nolint:gosec // Descriptors are not negative here.
	defer func() { _ = mine.Close() }()
	conn, err := net.FileConn(mine)
	if err != nil {
		_ = theirs.Close()
		return nil, nil, fmt.Errorf("use a socket pair: %w", err)
	}
	return conn, theirs, nil
}

type process struct {
	cmd   *exec.Cmd
	conn  *wire.Conn
	marks *mark.Marks
	once  sync.Once
	err   error

	group     *cgroup.Group // Nil when there is none, and
	ungrouped string        // why.

	words   *os.File // The reading end of its stderr; attend closes it.
	mode    sandbox.Mode
	ceiling int64
	threads int
}

func (p *process) Conn() *wire.Conn   { return p.conn }
func (p *process) Marks() *mark.Marks { return p.marks }
func (p *process) PID() int           { return p.cmd.Process.Pid }
func (p *process) Kill()              { _ = p.cmd.Process.Kill() }

// Release must come after Wait: a group that holds a process stays.
func (p *process) Release() error {
	err := p.marks.Unmap()
	if p.group != nil {
		err = errors.Join(err, p.group.Remove())
	}
	return err
}

func (p *process) Wait() error {
	p.once.Do(func() { p.err = p.cmd.Wait() })
	return p.err
}

// InProcess runs the worker loop inside control, over the same wire. One
// script can then take the whole runtime down; it is for debugging.
type InProcess struct {
	Serve func(conn *wire.Conn, marks *mark.Marks) error
}

// Launch starts the loop.
func (l InProcess) Launch(_ context.Context, scripts int) (Process, error) {
	ours, theirs := net.Pipe()
	p := &inProcess{marks: mark.New(scripts), conn: wire.NewConn(ours), peer: wire.NewConn(theirs), done: make(chan struct{})}
	go func() {
		defer close(p.done)
		p.err = l.Serve(p.peer, p.marks)
	}()
	return p, nil
}

type inProcess struct {
	conn, peer *wire.Conn
	marks      *mark.Marks
	done       chan struct{}
	err        error
}

func (p *inProcess) Conn() *wire.Conn   { return p.conn }
func (p *inProcess) Marks() *mark.Marks { return p.marks }
func (p *inProcess) PID() int           { return os.Getpid() }
func (p *inProcess) Kill()              { _ = p.peer.Close() }
func (p *inProcess) Release() error     { return nil }

func (p *inProcess) Wait() error {
	<-p.done
	if errors.Is(p.err, wire.ErrClosed) {
		return nil
	}
	return p.err
}
