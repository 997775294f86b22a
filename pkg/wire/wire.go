// Package wire carries frames between control and a worker over a stream:
// a 4-byte little-endian length, a type byte and a CBOR document. Decoding is
// strict and capped, since either side may be hostile.
package wire

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sync"
	"syscall"

	"github.com/fxamacker/cbor/v2"
	"golang.org/x/sys/unix"
)

// Version is the protocol's; both sides are the same binary, so it only
// catches a mix-up.
const Version = 3

const (
	// MaxFrame is the largest frame, in bytes.
	MaxFrame = 32 << 20
	// maxBacklog is what may wait to be written, in bytes, before Send fails:
	// the other side has stopped reading.
	maxBacklog = 128 << 20
)

// Errors of a connection.
var (
	ErrTooLarge = errors.New("frame is too large")
	ErrUnknown  = errors.New("unknown frame type")
	ErrBacklog  = errors.New("the other side does not read")
	ErrClosed   = errors.New("connection is closed")
)

var types = []any{
	1: Hello{}, 2: Load{}, 3: Unload{}, 4: Dispatch{}, 5: OpResult{}, 6: Extend{}, 7: SetEnv{}, 8: Rest{},
	16: Ready{}, 17: Settled{}, 18: OpCall{}, 19: Log{}, 20: Declared{}, 21: Gone{}, 22: Fault{}, 23: Hit{}, 24: Rested{},
}

var (
	typeOf = map[reflect.Type]byte{}
	goType = map[byte]reflect.Type{}
	decode cbor.DecMode
	encode cbor.UserBufferEncMode
)

func register(number byte, frame any) {
	typeOf[reflect.TypeOf(frame)] = number
	goType[number] = reflect.TypeOf(frame)
}

func init() {
	for i, v := range types {
		if v != nil {
			register(byte(i), v)
		}
	}
	var err error
	decode, err = cbor.DecOptions{
		MaxArrayElements: 1 << 16, MaxMapPairs: 16, MaxNestedLevels: 8,
		IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden, UTF8: cbor.UTF8RejectInvalid,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	encode, err = cbor.EncOptions{}.UserBufferEncMode()
	if err != nil {
		panic(err)
	}
}

// Conn sends and receives frames. Send never waits for the other side.
type Conn struct {
	rw     io.ReadWriteCloser
	reader *bufio.Reader
	buf    []byte // Of Recv.

	mu      sync.Mutex // Guards the members below.
	pending []byte
	spare   []byte
	err     error
	writing bool            // The writer holds frames that it is writing.
	raw     syscall.RawConn // Set by Direct.
	wake    chan struct{}
	done    chan struct{}
}

// NewConn takes over the stream and starts its writer, which Close ends.
func NewConn(rw io.ReadWriteCloser) *Conn {
	c := &Conn{rw: rw, reader: bufio.NewReaderSize(rw, 256<<10), wake: make(chan struct{}, 1), done: make(chan struct{})}
	go c.write()
	return c
}

// Direct lets Send write by itself what the other side takes at once, which
// spares the wake-up of the writer; the writer does the rest. It is for a side
// that sends a frame or two at a time: frames that come in crowds are cheaper
// to write together. It does nothing when the stream is no socket.
func (c *Conn) Direct() {
	socket, ok := c.rw.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return // It is closed, as the next Send will say.
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw = raw
}

// writeNow tries to write what is pending. The caller holds mu. Errors are left
// to the writer, which meets them again.
func (c *Conn) writeNow() {
	n := 0
	_ = c.raw.Write(func(fd uintptr) bool {
		n, _ = unix.Write(int(fd), c.pending) //nolint:gosec // A descriptor is small.
		return true
	})
	if n > 0 {
		c.pending = c.pending[:copy(c.pending, c.pending[n:])]
	}
}

// Send queues a frame.
func (c *Conn) Send(frame any) error {
	t, ok := typeOf[reflect.TypeOf(frame)]
	if !ok {
		return fmt.Errorf("send %T: %w", frame, ErrUnknown)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.err
	}
	if len(c.pending) > maxBacklog {
		return ErrBacklog
	}
	start := len(c.pending)
	buf := bytes.NewBuffer(append(c.pending, 0, 0, 0, 0, t))
	if err := encode.MarshalToBuffer(frame, buf); err != nil {
		return fmt.Errorf("send %T: %w", frame, err)
	}
	size := buf.Len() - start - 4
	if size > MaxFrame {
		return fmt.Errorf("send %T of %d bytes: %w", frame, size, ErrTooLarge)
	}
	c.pending = buf.Bytes()
	binary.LittleEndian.PutUint32(c.pending[start:], uint32(size)) //nolint:gosec // At most MaxFrame.
	if c.raw != nil && start == 0 && !c.writing {
		c.writeNow()
		if len(c.pending) == 0 {
			return nil
		}
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return nil
}

// Backlog is how many bytes wait to be written.
func (c *Conn) Backlog() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending)
}

func (c *Conn) write() {
	defer close(c.done)
	for range c.wake {
		for {
			c.mu.Lock()
			out := c.pending
			if cap(c.spare) > 4<<20 {
				c.spare = nil
			}
			c.pending = c.spare[:0]
			c.spare = nil
			closed := c.err != nil
			c.writing = len(out) > 0
			c.mu.Unlock()
			if len(out) == 0 {
				if closed {
					return
				}
				break
			}
			_, err := c.rw.Write(out)
			c.mu.Lock()
			c.spare = out[:0]
			c.writing = false
			if err != nil && c.err == nil {
				c.err = fmt.Errorf("write frames: %w", err)
			}
			c.mu.Unlock()
			if err != nil {
				return
			}
		}
	}
}

// Recv reads the next frame, a value of one of the frame types. It is for one
// goroutine.
func (c *Conn) Recv() (any, error) {
	var head [5]byte
	if _, err := io.ReadFull(c.reader, head[:4]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head[:4])
	if n == 0 || n > MaxFrame {
		return nil, fmt.Errorf("receive %d bytes: %w", n, ErrTooLarge)
	}
	if cap(c.buf) < int(n) || cap(c.buf) > 1<<20 {
		c.buf = make([]byte, n)
	}
	b := c.buf[:n]
	if _, err := io.ReadFull(c.reader, b); err != nil {
		return nil, fmt.Errorf("receive a frame: %w", err)
	}
	return Decode(b)
}

// Decode reads one frame without its length.
func Decode(b []byte) (any, error) {
	if len(b) == 0 {
		return nil, ErrUnknown
	}
	t, ok := goType[b[0]]
	if !ok {
		return nil, fmt.Errorf("type %d: %w", b[0], ErrUnknown)
	}
	v := reflect.New(t)
	if err := decode.Unmarshal(b[1:], v.Interface()); err != nil {
		return nil, fmt.Errorf("decode %s: %w", t.Name(), err)
	}
	return v.Elem().Interface(), nil
}

// Flush closes for sending and waits until all that was sent is written.
func (c *Conn) Flush() {
	c.fail(ErrClosed)
	<-c.done
}

// Close ends the connection; what waits to be written may be lost.
func (c *Conn) Close() error {
	c.fail(ErrClosed)
	err := c.rw.Close()
	<-c.done
	return err
}

func (c *Conn) fail(err error) {
	c.mu.Lock()
	if c.err == nil {
		c.err = err
	}
	c.mu.Unlock()
	select {
	case c.wake <- struct{}{}:
	default:
	}
}
