package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"golang.org/x/sys/unix"

	"github.com/flora-runtime/flora-runtime/pkg/isolate"
	"github.com/flora-runtime/flora-runtime/pkg/mark"
	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
	"github.com/flora-runtime/flora-runtime/pkg/v8"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// The descriptors that a worker process inherits after stdin, stdout, stderr.
const (
	connFD     = 3
	snapshotFD = 4
	marksFD    = 5
)

// Options are the flags of the hidden "worker" command.
type Options struct {
	JIT     bool
	Sandbox sandbox.Mode
	Data    uint64 // Bytes of private memory; 0 is no bound.
}

// enter gives up what the process does not need; then it may see scripts.
func (o Options) enter() (sandbox.Report, error) {
	if o.Sandbox == sandbox.Off {
		return sandbox.Report{}, nil
	}
	return sandbox.Enter(sandbox.Profile{Data: o.Data, Compiles: o.JIT})
}

// Main is the body of the hidden "worker" command: it serves the inherited
// connection with the inherited snapshot.
func Main(o Options) error {
	conn, err := inherit()
	if err != nil {
		return err
	}
	blob, err := mapSnapshot(snapshotFD)
	if err != nil {
		return err
	}
	marks, err := mark.Open(marksFD)
	if err != nil {
		return err
	}
	_ = unix.Close(marksFD)
	v8.Init(o.JIT)
	c := wire.NewConn(conn)
	c.Direct()
	go isolate.Watch(nil, func() {
		// The only cure for a native loop that never looks at its stop flag.
		_ = c.Send(wire.Fault{Reason: "a script did not come back from V8 after it was told to stop"})
		c.Flush()
		os.Exit(3)
	})
	report, err := o.enter()
	if err == nil && o.Sandbox == sandbox.Require {
		err = report.Check()
	}
	if err != nil {
		return err
	}
	features := make([]wire.Feature, len(report))
	for i, f := range report {
		features[i] = wire.Feature{Name: f.Name, On: f.On, Detail: f.Detail}
	}
	return serve(&Worker{conn: c, blob: blob, marks: marks, sandbox: features})
}

// Snapshot is the body of the hidden "worker --snapshot" command: SDK source on
// stdin; on stdout a line of JSON with what the sandbox is here, and the
// start-up blob. It enters the sandbox of a worker although it runs nothing but
// the SDK: what does not work in there is known before there is a worker.
func Snapshot(in io.Reader, out io.Writer, o Options) error {
	source, err := io.ReadAll(in)
	if err != nil {
		return fmt.Errorf("read the SDK: %w", err)
	}
	v8.Init(o.JIT)
	report, err := o.enter()
	if err != nil {
		return err
	}
	blob, err := v8.Snapshot(string(source))
	if err != nil {
		return err
	}
	if err := json.NewEncoder(out).Encode(report); err != nil {
		return fmt.Errorf("write what the sandbox is: %w", err)
	}
	if _, err := out.Write(blob); err != nil {
		return fmt.Errorf("write the snapshot: %w", err)
	}
	return nil
}

// Inside starts V8 in this process and gives the SDK's snapshot, for scripts
// that run without process isolation. A script that V8 does not come back from
// ends the whole process.
func Inside(sdk string, jit bool) (*v8.Blob, error) {
	v8.Init(jit)
	blob, err := v8.Snapshot(sdk)
	if err != nil {
		return nil, err
	}
	go isolate.Watch(nil, func() {
		_, _ = fmt.Fprintln(os.Stderr, "a script did not come back from V8 after it was told to stop; without process isolation the runtime ends with it")
		os.Exit(3)
	})
	return v8.NewBlob(blob)
}

func inherit() (net.Conn, error) {
	f := os.NewFile(connFD, "control")
	if f == nil {
		return nil, errors.New("no connection to control: this command is started by flora-runtime itself")
	}
	defer func() { _ = f.Close() }()
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("take over the connection to control (this command is started by flora-runtime itself): %w", err)
	}
	return conn, nil
}

func mapSnapshot(fd int) (*v8.Blob, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return nil, fmt.Errorf("look at the snapshot: %w", err)
	}
	b, err := unix.Mmap(fd, 0, int(st.Size), unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map the snapshot: %w", err)
	}
	_ = unix.Close(fd)
	return v8.MappedBlob(b)
}
