package discordsim

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// flushBytes is how much is gathered before it is written.
	flushBytes = 64 << 10
	// maxQueued is how many frames may wait on one connection; a client that
	// is further behind is dropped, as Discord does.
	maxQueued = 500_000
	// floodQueued is how many may wait before a flood pauses.
	floodQueued = 8192
	// writeWithin bounds one write, and the wait for the peer's close frame.
	writeWithin = 20 * time.Second
	closeWithin = time.Second
)

// frame is one thing to write: an event, a ready payload, or the end.
type frame struct {
	event *event
	seq   int64
	raw   []byte
	// close ends the connection: with this code, or abruptly when negative.
	close  int
	reason string
}

// conn is one gateway connection: a reader (its HTTP handler's goroutine) and
// a writer, which gathers many frames into one write.
type conn struct {
	sim *Sim
	ws  *websocket.Conn
	// number is different for each connection, and from is the client's address.
	number uint64
	from   string
	net    net.Conn
	out    *packer

	// ending is set when the reader has ended.
	ending atomic.Bool

	// session is guarded by Sim.mu; nil before IDENTIFY or RESUME.
	session *session
	life    *life // Goes with session.
	// windowStart and sends count what was received, for the limit of 120 a
	// minute; only the reader uses them.
	windowStart time.Time
	sends       int

	// mu guards the queue; wake and drained tell its two sides.
	mu      sync.Mutex
	wake    sync.Cond
	drained sync.Cond
	queue   []frame
	busy    bool // the writer is writing what it took.
	closed  bool // nothing more is taken in.
	// muted withholds heartbeat ACKs.
	muted bool
}

func newConn(s *Sim, ws *websocket.Conn, stream bool) *conn {
	c := &conn{
		sim: s, ws: ws, net: ws.NetConn(), number: s.connections.Add(1), from: ws.RemoteAddr().String(),
		out: newPacker(stream), windowStart: s.now(),
	}
	c.wake.L = &c.mu
	c.drained.L = &c.mu
	return c
}

// enqueue never blocks.
func (c *conn) enqueue(f frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	if len(c.queue) >= maxQueued {
		f = frame{close: -1}
	}
	c.queue = append(c.queue, f)
	if f.close != 0 {
		c.closed = true
	}
	c.wake.Signal()
}

func (c *conn) send(payload []byte) { c.enqueue(frame{raw: payload}) }

// close ends the connection after what is queued: with a code, or abruptly
// when the code is negative.
func (c *conn) close(code int, reason string) { c.enqueue(frame{close: code, reason: reason}) }

// stop ends the writer when the reader has ended. A close frame that waits is
// still written, if the peer takes it soon.
func (c *conn) stop() {
	c.ending.Store(true)
	_ = c.net.SetWriteDeadline(time.Now().Add(closeWithin))
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.closed, c.queue = true, nil
	}
	c.wake.Signal()
	c.drained.Broadcast()
}

// take waits for frames and swaps the queue with the emptied buffer.
func (c *conn) take(spare []frame) []frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
	for len(c.queue) == 0 {
		c.drained.Broadcast()
		if c.closed {
			return nil
		}
		c.wake.Wait()
	}
	batch := c.queue
	c.queue = spare[:0]
	c.busy = true
	if len(batch) < floodQueued {
		c.drained.Broadcast()
	}
	return batch
}

// waitQueued waits until at most most frames wait; 0 means until all have been
// written to the socket.
func (c *conn) waitQueued(most int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for (len(c.queue) > most || most == 0 && c.busy) && !c.ended() {
		c.drained.Wait()
	}
}

// ended reports whether nothing will be written any more. c.mu is held.
func (c *conn) ended() bool { return c.closed && len(c.queue) == 0 && !c.busy }

// write is the writer: it ends after a close frame, an error, or stop.
func (c *conn) write() {
	var spare, batch []frame
	for {
		batch = c.take(spare)
		if batch == nil {
			return
		}
		if !c.writeBatch(batch) {
			c.abandon()
			return
		}
		clear(batch)
		spare = batch
		if cap(spare) > 4*floodQueued {
			spare = nil
		}
	}
}

// abandon lets go of what could not be written and wakes who waits for it.
func (c *conn) abandon() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed, c.busy, c.queue = true, false, nil
	c.drained.Broadcast()
}

// writeBatch reports whether the connection goes on.
func (c *conn) writeBatch(batch []frame) bool {
	for i := range batch {
		f := &batch[i]
		switch {
		case f.close < 0:
			_ = c.flush()
			c.reset()
			return false
		case f.close > 0:
			c.out.appendClose(f.close, f.reason)
			_ = c.flush()
			// The reader goes on for the peer's own close frame, a little.
			_ = c.net.SetReadDeadline(time.Now().Add(closeWithin))
			return false
		case f.event != nil:
			c.out.appendEvent(f.event, f.seq)
		default:
			c.out.appendPayload(f.raw)
		}
		if len(c.out.buf) >= flushBytes && c.flush() != nil {
			return false
		}
	}
	return c.flush() == nil
}

func (c *conn) flush() error {
	if len(c.out.buf) == 0 {
		return nil
	}
	within := writeWithin
	if c.ending.Load() {
		within = closeWithin
	}
	_ = c.net.SetWriteDeadline(time.Now().Add(within))
	_, err := c.net.Write(c.out.buf)
	c.out.buf = c.out.buf[:0]
	if err != nil {
		_ = c.net.Close()
	}
	return err
}

// reset closes the socket so that the peer sees a connection that broke.
func (c *conn) reset() {
	if tcp, ok := c.net.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.net.Close()
}
