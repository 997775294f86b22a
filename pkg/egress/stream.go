package egress

import (
	"context"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/secret"
)

const (
	// window is what of a response is read ahead of who takes it.
	window = 128 << 10
	// paceLimit is how long a stream waits for bytes that its guild may not move
	// yet.
	paceLimit = 10 * time.Second
)

// Why an exchange is ended from here.
var (
	errSlow   = errors.New("there was no response in time")
	errIdle   = errors.New("nothing came for too long")
	errUnread = errors.New("the response was not read for too long")
)

// deadline ends a request that gets no response in time. The time that a stream
// takes to be made does not count, only how long each of its parts does.
type deadline struct {
	limits Limits

	mu    sync.Mutex // Guards timer.
	timer *time.Timer
}

func newDeadline(l Limits, cancel context.CancelCauseFunc) *deadline {
	return &deadline{limits: l, timer: time.AfterFunc(l.Timeout, func() { cancel(errSlow) })}
}

// again begins anew.
func (k *deadline) again(d time.Duration) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.timer != nil && k.timer.Stop() {
		k.timer.Reset(d)
	}
}

func (k *deadline) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.timer.Stop()
	k.timer = nil
}

// upload is a body on its way out, as it is made.
type upload struct {
	from     io.Reader
	close    func() error
	paid     func(n int) error
	deadline *deadline
}

// Read implements io.Reader.
func (u *upload) Read(p []byte) (int, error) {
	u.deadline.again(u.deadline.limits.Idle)
	n, err := u.from.Read(p)
	u.deadline.again(u.deadline.limits.Timeout)
	if n > 0 {
		if err := u.paid(n); err != nil {
			return 0, err
		}
	}
	return n, err
}

// Close implements io.Closer.
func (u *upload) Close() error { return u.close() }

// Stream is the body of a response as it comes. A little is read ahead, within
// the guild's memory; more comes when that is taken. It is for one reader.
type Stream struct {
	client *Client
	*exchange
	from  io.Reader
	done  func() // Of the decompressions.
	sieve *secret.Sieve
	idle  *time.Timer
	over  func()      // Called once, when it is over by itself.
	full  atomic.Bool // It waits for its reader.

	more, room chan struct{} // One of each: there is more to take, and room for more.
	reading    sync.Mutex    // Held by Next.

	mu     sync.Mutex // Guards the members below.
	buf    []byte
	ended  error // io.EOF when all went well.
	closed bool
	given  int64
	whole  bool // It is taken as a whole.
}

// stream begins to read a body; nil is that there is none.
func (c *Client) stream(e *exchange, over func()) *Stream {
	if over == nil {
		over = func() {}
	}
	if e.empty {
		e.close()
		c.cfg.Count(OK)
		return nil
	}
	s := &Stream{client: c, exchange: e, over: sync.OnceFunc(over), more: make(chan struct{}, 1), room: make(chan struct{}, 1)}
	if scrubber := e.disguise.scrubber(); scrubber != nil {
		s.sieve = scrubber.Sieve()
	}
	s.idle = time.AfterFunc(c.cfg.Limits.Idle, s.giveUp)
	go s.fill()
	return s
}

// giveUp ends a stream that stands still, and forgets one that nobody took to
// its end.
func (s *Stream) giveUp() {
	s.mu.Lock()
	over := s.ended != nil
	if over {
		s.forget()
	}
	s.mu.Unlock()
	if over {
		s.over()
		return
	}
	why := errIdle
	if s.full.Load() {
		why = errUnread
	}
	s.stop(why)
}

// fill reads until the end; it is the goroutine that owns the exchange.
func (s *Stream) fill() {
	defer s.settle()
	var err error
	if s.from, s.done, err = s.client.body(s.exchange); err != nil {
		_ = s.put(nil, err) // It is what put gives.
		return
	}
	defer s.done()
	scratch := make([]byte, chunk)
	for err == nil {
		s.idle.Reset(s.client.cfg.Limits.Idle)
		var n int
		n, err = s.from.Read(scratch)
		out := scratch[:n]
		if s.sieve != nil && (err == nil || errors.Is(err, io.EOF)) {
			var quick bool
			if out, quick = s.sieve.Next(out, err != nil); !quick {
				err = tooLarge(s.most)
			}
		}
		err = s.put(out, err)
	}
}

// settle gives back what the exchange had of the guild's. What came and was not
// taken stays for a while.
func (s *Stream) settle() {
	s.close()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.idle.Stop()
	if !s.closed {
		s.idle.Reset(s.client.cfg.Limits.Idle)
	}
}

// put adds what came, and waits until there is room for more.
func (s *Stream) put(b []byte, err error) error {
	held := s.guild.hold(int64(len(b)), s.client.cfg.Limits.HeldBytes)
	if !held {
		b, err = nil, crowded()
	}
	s.mu.Lock()
	switch {
	case s.closed:
		err = context.Canceled
		if held {
			s.guild.release(int64(len(b)))
		}
	default:
		s.buf = append(s.buf, b...)
	}
	if err != nil && s.ended == nil {
		s.end(err)
	}
	full := len(s.buf) >= window
	s.mu.Unlock()
	signal(s.more)
	for full && err == nil {
		s.full.Store(true)
		select {
		case <-s.room:
		case <-s.ctx.Done():
			err = s.ctx.Err()
		}
		s.full.Store(false)
		s.mu.Lock()
		full = len(s.buf) >= window
		if err != nil && s.ended == nil {
			s.end(err)
		}
		s.mu.Unlock()
		signal(s.more)
	}
	return err
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// end notes how the body ended. The caller holds mu.
func (s *Stream) end(err error) {
	if errors.Is(err, io.EOF) {
		s.ended = io.EOF
		s.client.cfg.Count(OK)
		return
	}
	f := explain(s.ctx, err, s.res.host)
	s.disguise.silence(f)
	s.ended = f
	s.client.cfg.Count(f.Outcome)
}

// Next gives what has come, and whether that is the last of it. It waits for
// the first byte, until ctx ends, and no longer than that for more. An error is a
// *Failure, or ctx's.
func (s *Stream) Next(ctx context.Context) (b []byte, last bool, err error) {
	return s.take(ctx, func(n int) bool { return n > 0 })
}

// Begin is a Next that waits for some more, so that a body that is small comes
// with its end; it may give nothing.
func (s *Stream) Begin(ctx context.Context, wait time.Duration) (b []byte, last bool, err error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	over := false
	for !over {
		s.mu.Lock()
		over = s.ended != nil || len(s.buf) >= window/2
		s.mu.Unlock()
		if over {
			break
		}
		select {
		case <-s.more:
		case <-timer.C:
			over = true
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
	return s.take(ctx, func(int) bool { return true })
}

func (s *Stream) take(ctx context.Context, enough func(n int) bool) ([]byte, bool, error) {
	if !s.reading.TryLock() {
		return nil, false, failure(Invalid, "EREAD", "the response is being read already")
	}
	defer s.reading.Unlock()
	for {
		s.mu.Lock()
		if s.ended != nil || enough(len(s.buf)) {
			b, last, err := s.taken()
			if last || err != nil {
				s.forget()
			}
			s.mu.Unlock()
			if last || err != nil {
				s.over()
			}
			return b, last, err
		}
		s.mu.Unlock()
		select {
		case <-s.more:
		case <-ctx.Done():
			return nil, false, ctx.Err()
		}
	}
}

// taken gives what there is. The caller holds mu.
func (s *Stream) taken() ([]byte, bool, error) {
	if f, failed := errors.AsType[*Failure](s.ended); failed && (len(s.buf) == 0 || f.Outcome == Cancelled) {
		return nil, false, f
	}
	out := s.buf
	s.buf = nil
	s.guild.release(int64(len(out)))
	signal(s.room)
	s.given += int64(len(out))
	if s.whole && (s.given > s.most || s.ended == nil && s.raw.ContentLength > s.most && s.raw.Header.Get("Content-Encoding") == "") {
		s.stop(tooLarge(s.most))
		return nil, false, tooLarge(s.most)
	}
	return out, errors.Is(s.ended, io.EOF), nil
}

// forget ends all that is left of it. The caller holds mu.
func (s *Stream) forget() {
	s.closed = true
	s.idle.Stop()
	s.guild.release(int64(len(s.buf)))
	s.buf = nil
}

// Whole says that all of the body is wanted at once: then it may have no more
// bytes than the limit for that.
func (s *Stream) Whole() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whole = true
}

// Close gives up what did not come yet. It may come at any time, and twice.
func (s *Stream) Close() {
	s.mu.Lock()
	s.forget()
	if s.ended == nil {
		s.end(failure(Cancelled, "ABORTED", "it was cancelled"))
	}
	s.mu.Unlock()
	signal(s.more)
	s.stop(context.Canceled)
}
