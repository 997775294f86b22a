package wire_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"golang.org/x/sys/unix"

	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

var frames = []any{
	wire.Hello{Version: 1, Ops: []string{"op_a", "op_b"}, Turns: 4},
	wire.Load{Instance: 1, Name: "n", Source: "ü", Info: "{}", Limits: wire.Limits{MemoryBytes: 1, Crons: 3}, Env: []wire.Variable{{Name: "n", Value: "v", Secret: true}}},
	wire.SetEnv{Instance: 1, Env: []wire.Variable{{Name: "a"}, {Name: "b", Value: "ü"}}},
	wire.Unload{Instance: 1},
	wire.Dispatch{Instance: 1, ID: 2, Event: "e", Payload: []byte("{}"), WallMS: 3, CPUMS: 4},
	wire.OpResult{Instance: 1, Call: 2, OK: true, Result: []byte("null"), Raw: []byte{0, 255}},
	wire.Extend{Instance: 1, ID: 2, MS: 3},
	wire.Rest{Instance: 1, ID: 2},
	wire.Ready{Version: 1},
	wire.Settled{Instance: 1, ID: 2},
	wire.Settled{Instance: 1, ID: 2, Failure: &wire.Failure{Name: "n", Message: "m", Stack: "s", Text: "t"}},
	wire.OpCall{Instance: 1, Call: 2, Op: 3, Dispatch: 4, Args: []byte("{}"), Raw: []byte{}},
	wire.Log{Instance: 1, Level: 2, Text: "t"},
	wire.Declared{Instance: 1, Kind: "k", Value: "v"},
	wire.Hit{Instance: 1, Limit: "l", Count: 2, Text: "t"},
	wire.Rested{Instance: 1, ID: 2, Next: 3},
	wire.Gone{Instance: 1, Lost: "l"},
	wire.Fault{Reason: "r"},
}

var ignore = cmpopts.IgnoreUnexported(wire.Hello{}, wire.Load{}, wire.Limits{}, wire.Unload{}, wire.Dispatch{}, wire.OpResult{}, wire.Extend{}, wire.SetEnv{}, wire.Variable{}, wire.Ready{},
	wire.Settled{}, wire.Failure{}, wire.OpCall{}, wire.Log{}, wire.Declared{}, wire.Hit{}, wire.Rest{}, wire.Rested{}, wire.Gone{}, wire.Fault{})

func TestFramesArriveAsSent(t *testing.T) {
	t.Parallel()
	a, b := net.Pipe()
	from, to := wire.NewConn(a), wire.NewConn(b)
	for _, f := range frames {
		if err := from.Send(f); err != nil {
			t.Fatal(err)
		}
	}
	var got []any
	for range frames {
		f, err := to.Recv()
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, f)
	}
	if d := cmp.Diff(got, frames, ignore); d != "" {
		t.Fatal(d)
	}
	if err := from.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := to.Recv(); !errors.Is(err, io.EOF) {
		t.Fatalf("got %v, want EOF", err)
	}
	if err := from.Send(wire.Ready{}); !errors.Is(err, wire.ErrClosed) {
		t.Fatalf("got %v, want closed", err)
	}
	_ = to.Close()
}

// A socket that is full takes the rest from the writer, in order.
func TestDirectFramesArriveInOrder(t *testing.T) {
	t.Parallel()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	var ends [2]net.Conn
	for i, fd := range fds {
		f := os.NewFile(uintptr(fd), "end")
		if ends[i], err = net.FileConn(f); err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
	}
	from, to := wire.NewConn(ends[0]), wire.NewConn(ends[1])
	defer func() { _ = from.Close(); _ = to.Close() }()
	from.Direct()
	const senders, each = 4, 500
	var sending sync.WaitGroup
	for s := range senders {
		sending.Go(func() {
			for n := range each {
				if err := from.Send(wire.Log{Instance: uint64(s), Level: n, Text: strings.Repeat("x", n*7%3000)}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	next := [senders]int{}
	for range senders * each {
		f, err := to.Recv()
		if err != nil {
			t.Fatal(err)
		}
		l, ok := f.(wire.Log)
		if !ok || l.Level != next[l.Instance] || len(l.Text) != l.Level*7%3000 {
			t.Fatalf("got %T %+.80v, want frame %d of its sender", f, f, next[l.Instance])
		}
		next[l.Instance]++
	}
	sending.Wait()
}

type stream struct{ io.Reader }

func (stream) Write(b []byte) (int, error) { return len(b), nil }
func (stream) Close() error                { return nil }

func TestForeignBytesAreRefused(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		bytes string
		want  error
	}{
		"empty frame":  {"\x00\x00\x00\x00", wire.ErrTooLarge},
		"4 GiB":        {"\xff\xff\xff\xff", wire.ErrTooLarge},
		"unknown type": {"\x01\x00\x00\x00\x63", wire.ErrUnknown},
		"half a frame": {"\x09\x00\x00\x00\x03", io.ErrUnexpectedEOF},
		"end":          {"", io.EOF},
	} {
		c := wire.NewConn(stream{strings.NewReader(row.bytes)})
		if _, err := c.Recv(); !errors.Is(err, row.want) {
			t.Errorf("%s: got %v, want %v", name, err, row.want)
		}
		_ = c.Close()
	}
}

func TestOversizedFramesAreNotSent(t *testing.T) {
	t.Parallel()
	a, b := net.Pipe()
	from, to := wire.NewConn(a), wire.NewConn(b)
	defer func() { _ = from.Close(); _ = to.Close() }()
	if err := from.Send(wire.Log{Text: strings.Repeat("x", wire.MaxFrame)}); !errors.Is(err, wire.ErrTooLarge) {
		t.Fatalf("got %v, want too large", err)
	}
	if err := from.Send("text"); !errors.Is(err, wire.ErrUnknown) {
		t.Fatalf("got %v, want unknown", err)
	}
	if err := from.Send(wire.Ready{Version: 9}); err != nil {
		t.Fatal(err)
	}
	got, err := to.Recv()
	if r, ok := got.(wire.Ready); err != nil || !ok || r.Version != 9 {
		t.Fatalf("got %v, %v", got, err)
	}
}

func TestASilentReaderIsNoticed(t *testing.T) {
	t.Parallel()
	a, b := net.Pipe()
	from := wire.NewConn(a)
	defer func() { _ = b.Close(); _ = from.Close() }()
	text := strings.Repeat("x", 16<<20)
	for range 20 {
		if err := from.Send(wire.Log{Text: text}); err != nil {
			if !errors.Is(err, wire.ErrBacklog) {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatal("320 MiB were queued for a reader that does not read")
}

func FuzzDecode(f *testing.F) {
	var sent bytes.Buffer
	for _, frame := range frames {
		a, b := net.Pipe()
		c := wire.NewConn(a)
		_ = c.Send(frame)
		go func() { c.Flush(); _ = a.Close() }()
		sent.Reset()
		_, _ = io.Copy(&sent, b)
		f.Add(sent.Bytes()[4:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := wire.Decode(b)
		if (v == nil) == (err == nil) {
			t.Fatalf("got %v and %v", v, err)
		}
	})
}
