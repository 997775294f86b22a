package egress_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
)

// peers are the servers' ends of WebSockets as they come.
type peers chan *peer

func (all peers) next(t *testing.T) *peer {
	t.Helper()
	select {
	case p := <-all:
		return p
	case <-time.After(patience):
		t.Fatalf("waited %s for a WebSocket", patience)
		return nil
	}
}

// socketWorld is a world with one server of WebSockets, whose peers it gives.
func socketWorld(t *testing.T, change func(*egress.Config)) (*world, peers) {
	t.Helper()
	w := newWorld(t, change)
	all := make(peers, 2000)
	w.Serve(t, "93.184.216.34:80", "example.com", http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if p := switched(t, rw, r); p != nil {
			t.Cleanup(func() { _ = p.c.Close() })
			all <- p
		}
	}))
	return w, all
}

// ends wants the WebSocket to end so, and gives what came before.
func (w *world) ends(s *egress.Socket, want string) []string {
	w.t.Helper()
	all, end := w.rest(s)
	if got := summary(end); got != want {
		w.t.Errorf("it ended with %s, want %s", got, want)
	}
	return all
}

func TestSocketSends(t *testing.T) {
	t.Parallel()
	w, peers := socketWorld(t, nil)
	s := w.mustOpen("ws://example.com/")
	defer s.Release()
	p := peers.next(t)
	if err := s.Send(t.Context(), []egress.Message{{Text: true, Data: []byte("hä")}, {Data: []byte{0, 255}}, {Text: true}, {Data: []byte(strings.Repeat("x", 70_000))}}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\x81hä", "\x82\x00\xff", "\x81", "\x82" + strings.Repeat("x", 70_000)} {
		head, payload, err := p.message()
		if got := string([]byte{head}) + payload; err != nil || got != want {
			t.Errorf("got %.50q, %v; want %.50q", got, err, want)
		}
	}
	s.Close(3001, "that was all")
	if head, payload, _ := p.next(); head != fin|closes || payload != "\x0b\xb9that was all" {
		t.Errorf("got %#x %q", head, payload)
	}
	// What was under way still comes.
	_ = p.send(frame(fin|text1, "late"), closing(3001, "agreed"))
	if got := w.ends(s, `3001 "agreed" clean=true`); len(got) != 1 || got[0] != "t:late" {
		t.Errorf("got %q", got)
	}
	if err := s.Send(t.Context(), []egress.Message{{Text: true, Data: []byte("x")}}); err == nil {
		t.Error("a WebSocket that has ended sends")
	}
}

// A message of more than the limit is not sent, and ends the connection.
func TestSocketSendsNothingTooLong(t *testing.T) {
	t.Parallel()
	w, _ := socketWorld(t, func(c *egress.Config) { c.Limits.Sockets.MessageBytes = 1000 })
	s := w.mustOpen("ws://example.com/")
	defer s.Release()
	err := s.Send(t.Context(), []egress.Message{{Data: make([]byte, 1000)}, {Data: make([]byte, 1001)}})
	if f, ok := errors.AsType[*egress.Failure](err); !ok || f.Code != "EMESSAGE" {
		t.Errorf("got %v", err)
	}
	w.ends(s, `1006 "" clean=false EMESSAGE`)
}

// A server that answers no close is left after a while, and one that says
// nothing at all, not even to a ping.
func TestSocketPatience(t *testing.T) {
	t.Parallel()
	t.Run("close", func(t *testing.T) {
		t.Parallel()
		w, peers := socketWorld(t, func(c *egress.Config) { c.Limits.Sockets.Closing = 50 * time.Millisecond })
		s := w.mustOpen("ws://example.com/")
		defer s.Release()
		p := peers.next(t)
		s.Close(1000, "")
		s.Close(4000, "again") // Is too late.
		w.ends(s, `1006 "" clean=false ETIMEDOUT`)
		if head, payload, _ := p.next(); head != fin|closes || payload != "\x03\xe8" {
			t.Errorf("got %#x %q", head, payload)
		}
	})
	t.Run("silence", func(t *testing.T) {
		t.Parallel()
		w, peers := socketWorld(t, func(c *egress.Config) { c.Limits.Sockets.Idle = 500 * time.Millisecond })
		s := w.mustOpen("ws://example.com/")
		defer s.Release()
		p := peers.next(t)
		w.ends(s, `1006 "" clean=false ETIMEDOUT`)
		if head, _, _ := p.next(); head != fin|ping {
			t.Errorf("got %#x instead of a ping", head)
		}
	})
	t.Run("pongs", func(t *testing.T) {
		t.Parallel()
		w, peers := socketWorld(t, func(c *egress.Config) { c.Limits.Sockets.Idle = 500 * time.Millisecond })
		s := w.mustOpen("ws://example.com/")
		defer s.Release()
		p := peers.next(t)
		for range 4 { // Longer than one idle time.
			head, payload, err := p.next()
			if err != nil || head != fin|ping {
				t.Fatalf("got %#x, %v", head, err)
			}
			_ = p.send(frame(fin|pong, payload))
		}
		_ = p.send(closing(1000, ""))
		w.ends(s, `1000 "" clean=true`)
	})
}

func TestSocketAnswersPings(t *testing.T) {
	t.Parallel()
	w, peers := socketWorld(t, nil)
	s := w.mustOpen("ws://example.com/")
	defer s.Release()
	p := peers.next(t)
	_ = p.send(frame(fin|ping, "are you there"))
	if head, payload, _ := p.next(); head != fin|pong || payload != "are you there" {
		t.Errorf("got %#x %q", head, payload)
	}
	// A flood of them is answered no more.
	flood := strings.Repeat(frame(fin|ping, ""), 10_000)
	go func() { _ = p.send(flood) }()
	go p.last()
	w.ends(s, `1006 "" clean=false EPROTO`)
}

// What the script does not take is not read: the server waits.
func TestSocketHoldsTheServerBack(t *testing.T) {
	t.Parallel()
	w, peers := socketWorld(t, nil)
	s := w.mustOpen("ws://example.com/")
	defer s.Release()
	p := peers.next(t)
	const count, size = 400, 64 << 10 // More than all buffers on the way hold.
	var sent atomic.Int64
	done := make(chan bool)
	go func() {
		defer close(done)
		one := frame(fin|binary2, strings.Repeat("x", size))
		for range count {
			if p.send(one) != nil {
				return
			}
			sent.Add(1)
		}
		_ = p.send(closing(1000, ""))
	}()
	// It comes to a halt: nothing is sent for a while.
	for last := int64(-1); last != sent.Load() || last == 0; time.Sleep(100 * time.Millisecond) { //nolint:forbidigo // Nothing happens, which cannot be waited for.
		last = sent.Load()
	}
	if n := sent.Load(); n >= count {
		t.Errorf("%d messages of %d were taken although the script took none", n, count)
	}
	if got := w.ends(s, `1000 "" clean=true`); len(got) != count {
		t.Errorf("%d messages came", len(got))
	}
	<-done
}

// A server that takes nothing holds up Send until the op's time ends.
func TestSocketIsHeldBackByTheServer(t *testing.T) {
	t.Parallel()
	w, _ := socketWorld(t, nil)
	s := w.mustOpen("ws://example.com/")
	defer s.Release()
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	var err error
	for err == nil {
		err = s.Send(ctx, []egress.Message{{Data: make([]byte, 1<<20)}})
	}
	w.ends(s, `1006 "" clean=false ETIMEDOUT`)
}

func TestSocketsOfAGuild(t *testing.T) {
	t.Parallel()
	w, peers := socketWorld(t, func(c *egress.Config) { c.Limits.Sockets.Open = 3 })
	open := []*egress.Socket{w.mustOpen("ws://example.com/")}
	first := peers.next(t)
	for range 2 {
		open = append(open, w.mustOpen("ws://example.com/"))
	}
	w.openFails("ws://example.com/", "ESOCKETS")
	other, err := w.client.OpenSocket(t.Context(), t.Context(), guildB, egress.SocketRequest{URL: "ws://example.com/"})
	if err != nil {
		t.Fatalf("another guild: %v", err)
	}
	other.Release()
	// One that has ended counts until its script has heard of it.
	_ = first.send(closing(1000, ""))
	w.ends(open[0], `1000 "" clean=true`)
	w.openFails("ws://example.com/", "ESOCKETS")
	open[0].Release()
	open[0].Release()
	w.mustOpen("ws://example.com/").Release()
	for _, s := range open[1:] {
		s.Release()
	}
	// Handshakes that fail give their place back.
	for range 10 {
		w.openFails("ws://10.0.0.1/", "EFORBIDDEN")
	}
	w.mustOpen("ws://example.com/").Release()
}

// A thousand at once: no more than may be are ever open.
func TestSocketsByTheThousand(t *testing.T) {
	t.Parallel()
	w, peers := socketWorld(t, nil)
	var wg sync.WaitGroup
	var opened, refused atomic.Int64
	var all sync.Map
	for range 1000 {
		wg.Go(func() {
			s, err := w.socket("ws://example.com/")
			if f, ok := errors.AsType[*egress.Failure](err); ok && f.Code == "ESOCKETS" {
				refused.Add(1)
			} else if err == nil {
				opened.Add(1)
				all.Store(s, true)
			}
		})
	}
	wg.Wait()
	arrived := 0
	told := make(chan string, 16)
	for range opened.Load() {
		p := peers.next(t)
		arrived++
		go func() { told <- p.last() }()
	}
	if opened.Load() != 16 || refused.Load() != 984 || arrived != 16 {
		t.Errorf("%d were opened, %d refused, %d arrived", opened.Load(), refused.Load(), arrived)
	}
	all.Range(func(s, _ any) bool { s.(*egress.Socket).Release(); return true }) //nolint:forcetypeassert // It is one.
	for range arrived {
		if got := <-told; got != "close 1001" {
			t.Errorf("a server was told: %s", got)
		}
	}
}

// What ends the script, or Flora, ends its WebSockets, with a word to the server.
func TestSocketsEndWithTheirScript(t *testing.T) {
	t.Parallel()
	w, peers := socketWorld(t, nil)
	life, die := context.WithCancel(t.Context())
	s, err := w.client.OpenSocket(t.Context(), life, guildA, egress.SocketRequest{URL: "ws://example.com/"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Release()
	p := peers.next(t)
	die()
	if got := p.last(); got != "close 1001" {
		t.Errorf("the server was told: %s", got)
	}
	w.ends(s, `1006 "" clean=false ABORTED`)

	last := w.mustOpen("ws://example.com/")
	defer last.Release()
	p = peers.next(t)
	w.client.Close()
	if got := p.last(); got != "close 1001" {
		t.Errorf("the server was told: %s", got)
	}
	w.openFails("ws://example.com/", "ABORTED")
}

// The bytes of WebSockets count with those of fetch; who is over them waits.
func TestSocketBudget(t *testing.T) {
	t.Parallel()
	w, peers := socketWorld(t, func(c *egress.Config) { c.Limits.BytesAtOnce, c.Limits.BytesPerMinute = 20_000, 60*100_000 })
	s := w.mustOpen("ws://example.com/")
	defer s.Release()
	p := peers.next(t)
	began := time.Now()
	go func() { _ = p.send(frame(fin|binary2, strings.Repeat("x", 50_000)), closing(1000, "")) }()
	if got := w.ends(s, `1000 "" clean=true`); len(got) != 1 || len(got[0]) != 50_002 {
		t.Errorf("got %d messages", len(got))
	}
	if took := time.Since(began); took < 200*time.Millisecond {
		t.Errorf("50,000 bytes came in %s; 20,000 are free and 100,000 may come in a second", took)
	}
}

// Messages that come in together do not take more memory than the guild may.
func TestSocketMemory(t *testing.T) {
	t.Parallel()
	w, peers := socketWorld(t, func(c *egress.Config) {
		c.Limits.HeldBytes, c.Limits.ResponseBytes, c.Limits.Sockets.MessageBytes = 1_300_000, 1<<20, 1<<20
	})
	half := strings.Repeat("x", 600_000)
	one := w.mustOpen("ws://example.com/")
	defer one.Release()
	p := peers.next(t)
	_ = p.send(frame(binary2, half), frame(fin|ping, ""))
	if head, _, err := p.next(); head != fin|pong { // Now half of a message is in memory.
		t.Fatal(head, err)
	}
	two := w.mustOpen("ws://example.com/")
	defer two.Release()
	q := peers.next(t)
	go func() { _ = q.send(frame(fin|binary2, half), closing(1000, "")) }()
	w.ends(two, `1006 "" clean=false EBUDGET`)
	_ = p.send(frame(fin|goesOn, "y"), closing(1000, ""))
	if got := w.ends(one, `1000 "" clean=true`); len(got) != 1 || len(got[0]) != 600_003 {
		t.Errorf("got %d messages", len(got))
	}
	three := w.mustOpen("ws://example.com/")
	defer three.Release()
	go func() { _ = peers.next(t).send(frame(fin|binary2, half), closing(1000, "")) }()
	if got := w.ends(three, `1000 "" clean=true`); len(got) != 1 {
		t.Errorf("got %d messages", len(got))
	}
}

// A reset in the middle of a message is an end like any other.
func TestSocketReset(t *testing.T) {
	t.Parallel()
	w, peers := socketWorld(t, nil)
	s := w.mustOpen("ws://example.com/")
	defer s.Release()
	p := peers.next(t)
	_ = p.send(frame(fin|text1, "a"), "\x81\x05hel")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if m, _, err := s.Receive(ctx); err != nil || string(m.Data) != "a" {
		t.Fatal(m, err)
	}
	_ = p.c.(*net.TCPConn).SetLinger(0) //nolint:forcetypeassert // It is one.
	_ = p.c.Close()
	w.ends(s, `1006 "" clean=false ECONNRESET`)
}
