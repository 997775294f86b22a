package replicas

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"
)

// state is what a wire does.
type state int

const (
	whole state = iota
	// cut refuses connections and ends those there are.
	cut
	// hole takes connections and bytes, and nothing arrives: no side hears of it.
	// Afterwards all of it does, as TCP sends again what got lost.
	hole
	// slow lets everything arrive late.
	slow
)

// delay is what a slow wire adds, each way.
const delay = 150 * time.Millisecond

// wire is the network between one replica and a server: a proxy that can fail.
type wire struct {
	listener net.Listener
	target   string
	running  sync.WaitGroup

	mu      sync.Mutex // Guards the members below.
	state   state
	changed chan struct{} // Closed at the next change of state.
	conns   map[net.Conn]bool
	closed  bool
}

// newWire puts a wire before the server of the address; it gives the address to
// use instead.
func newWire(t *testing.T, address string) (*wire, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: l, target: u.Host, changed: make(chan struct{}), conns: map[net.Conn]bool{}}
	u.Host = l.Addr().String()
	w.running.Go(w.accept)
	t.Cleanup(w.close)
	return w, u.String()
}

func (w *wire) accept() {
	for {
		c, err := w.listener.Accept()
		if err != nil {
			return
		}
		if !w.hold(c) {
			continue
		}
		w.running.Go(func() {
			defer w.drop(c)
			w.serve(c)
		})
	}
}

// hold notes a connection, to end it with the wire; false means that it has none.
func (w *wire) hold(c net.Conn) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || w.state == cut {
		_ = c.Close()
		return false
	}
	w.conns[c] = true
	return true
}

func (w *wire) drop(c net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.conns, c)
	_ = c.Close()
}

// serve carries one connection to its end.
func (w *wire) serve(c net.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	far, err := (&net.Dialer{}).DialContext(ctx, "tcp", w.target)
	if err != nil || !w.hold(far) {
		return
	}
	defer w.drop(far)
	var both sync.WaitGroup
	both.Go(func() { w.carry(far, c) })
	both.Go(func() { w.carry(c, far) })
	both.Wait()
}

// parcel is what was read at a moment.
type parcel struct {
	b  []byte
	at time.Time
}

// carry brings what one side says to the other. When one side has ended, so does
// the other.
func (w *wire) carry(to io.WriteCloser, from io.Reader) {
	parcels := make(chan parcel, 1024)
	w.running.Go(func() {
		defer close(parcels)
		for {
			b := make([]byte, 32<<10)
			n, err := from.Read(b)
			if n > 0 {
				parcels <- parcel{b[:n], time.Now()}
			}
			if err != nil {
				return
			}
		}
	})
	defer func() {
		_ = to.Close()
		for range parcels { // The reader must not be kept.
		}
	}()
	for p := range parcels {
		if !w.pass(p.at) {
			return
		}
		if _, err := to.Write(p.b); err != nil {
			return
		}
	}
	w.pass(time.Now())
}

// pass waits until what was read then may arrive; false means that it never does.
func (w *wire) pass(at time.Time) bool {
	for {
		w.mu.Lock()
		s, changed, closed := w.state, w.changed, w.closed
		w.mu.Unlock()
		var late <-chan time.Time
		switch {
		case closed || s == cut:
			return false
		case s == whole:
			return true
		case s == slow:
			if time.Since(at) >= delay {
				return true
			}
			late = time.After(delay - time.Since(at))
		}
		select {
		case <-changed:
		case <-late:
			return true
		}
	}
}

// set makes the wire do something else.
func (w *wire) set(s state) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.state = s
	w.turn()
	if s == cut {
		w.end()
	}
}

// turn wakes who waits for a change; w.mu is held.
func (w *wire) turn() {
	close(w.changed)
	w.changed = make(chan struct{})
}

// end ends the connections; w.mu is held.
func (w *wire) end() {
	for c := range w.conns {
		_ = c.Close()
	}
}

func (w *wire) close() {
	w.mu.Lock()
	w.closed = true
	w.turn()
	w.end()
	w.mu.Unlock()
	_ = w.listener.Close()
	w.running.Wait()
}

// TestWire: what the others rely on is true of the wire itself.
func TestWire(t *testing.T) {
	t.Parallel()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var served sync.WaitGroup
	served.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			served.Go(func() {
				_, _ = io.Copy(c, c)
				_ = c.Close()
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		served.Wait()
	})
	w, address := newWire(t, "redis://x:y@"+l.Addr().String()+"/0")
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	dial := func() net.Conn {
		t.Helper()
		c, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	echo := func(c net.Conn, within time.Duration) (time.Duration, error) {
		began := time.Now()
		if err := c.SetDeadline(began.Add(within)); err != nil {
			return 0, err
		}
		if _, err := c.Write([]byte("hello")); err != nil {
			return 0, err
		}
		_, err := io.ReadFull(c, make([]byte, 5))
		return time.Since(began), err
	}
	c := dial()
	if _, err := echo(c, 10*time.Second); err != nil {
		t.Fatalf("whole: %v", err)
	}
	w.set(slow)
	if took, err := echo(c, 10*time.Second); err != nil || took < 2*delay {
		t.Errorf("slow: %s %v", took, err)
	}
	w.set(hole)
	var timeout net.Error
	if _, err := echo(c, 100*time.Millisecond); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("in a hole: %v, want that nothing comes", err)
	}
	w.set(whole)
	if _, err := echo(c, 10*time.Second); err != nil {
		t.Errorf("after a hole: %v", err)
	}
	// There were two of them: what was said into the hole has come back, too.
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(c, make([]byte, 5)); err != nil {
		t.Errorf("what was said into the hole: %v", err)
	}
	w.set(cut)
	if _, err := echo(c, 10*time.Second); err == nil || errors.As(err, &timeout) && timeout.Timeout() {
		t.Errorf("cut: %v, want the connection's end", err)
	}
}
