package forward

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// passage is one request on its way to its guild's owner.
type passage struct {
	f       *Forwarder
	request Request
	fixed   bool // To one replica only.
	until   time.Time
	in      *http.Request
	to      Member
	body    *body
	cut     context.CancelCauseFunc // Ends all of it.
	stop    []func()                // Ends what watches.
}

// Why an attempt ended.
var (
	errHere    = errors.New("this replica has the guild now")
	errMoved   = errors.New("the replica does not have the guild any more")
	errTimeout = errors.New("the replica took too long")
	errEnding  = errors.New("this replica ends")
	errUnsent  = errors.New("the request could be sent to nobody")
)

// pass sends the request to the member, or to who owns the guild after it.
func (f *Forwarder) pass(w http.ResponseWriter, p *passage, m Member) (served bool, err error) {
	leave, err := f.slots.enter(m.Name, p.request.Caller.Addr())
	if err != nil {
		f.cfg.Count(Full)
		return true, err
	}
	defer leave()
	ctx, cut := context.WithCancelCause(p.in.Context())
	defer cut(nil)
	p.to, p.cut = m, cut
	defer p.unwatch()
	rc := http.NewResponseController(w)
	// What was set is for answers of this replica's own.
	_ = rc.SetWriteDeadline(time.Time{})
	out := &writer{ResponseWriter: w, rc: rc, patience: takeTime}
	defer func() { _ = rc.SetWriteDeadline(time.Time{}) }()
	if p.in.Body != nil && p.in.Body != http.NoBody && p.in.ContentLength != 0 {
		p.body = &body{in: p.in.Body, rc: rc, patience: bodyTime}
		_ = rc.SetReadDeadline(time.Now().Add(bodyTime))
	}
	var failed error
	proxy := httputil.ReverseProxy{
		Rewrite:       p.rewrite,
		Transport:     p,
		FlushInterval: -1,
		BufferPool:    &f.buffers,
		ErrorLog:      zap.NewStdLog(f.cfg.Log),
		ErrorHandler:  func(_ http.ResponseWriter, _ *http.Request, err error) { failed = err },
		ModifyResponse: func(res *http.Response) error {
			clear(w.Header()) // The owner's own are of the same kind.
			if !p.body.complete() {
				// Else the answer would wait for the rest of the body.
				res.Header.Set("Connection", "close")
			}
			return nil
		},
	}
	aborted := p.run(ctx, &proxy, out)
	if errors.Is(failed, errHere) {
		return false, nil
	}
	if failed == nil && aborted {
		failed = http.ErrAbortHandler
	}
	return f.ended(p, failed)
}

// run serves through the proxy; aborted says that the answer was cut off.
func (p *passage) run(ctx context.Context, proxy *httputil.ReverseProxy, w http.ResponseWriter) (aborted bool) {
	defer func() {
		switch v := recover(); v {
		case nil:
		case http.ErrAbortHandler:
			aborted = true
		default:
			panic(v)
		}
	}()
	r := p.in.WithContext(ctx)
	if p.body != nil {
		r.Body = p.body
	} else {
		r.Body = http.NoBody
	}
	proxy.ServeHTTP(w, r)
	return false
}

// ended counts how a passage ended, and gives what to answer.
func (f *Forwarder) ended(p *passage, err error) (served bool, _ error) {
	switch {
	case err == nil:
		f.cfg.Count(Answered)
		return true, nil
	case errors.Is(p.in.Context().Err(), context.DeadlineExceeded):
		f.cfg.Count(Slow)
		return true, fault.Wrap(err, fault.Timeout, "the replica that has this server took too long; try again")
	case p.in.Context().Err() != nil:
		f.cfg.Count(Gone)
		return true, fault.Wrap(err, fault.Unavailable, "the request was given up")
	case errors.Is(err, http.ErrAbortHandler):
		f.cfg.Count(Lost)
		return true, http.ErrAbortHandler //nolint:wrapcheck // net/http knows it by itself.
	case p.body.err() != nil:
		f.cfg.Count(Gone)
		if errors.Is(p.body.err(), os.ErrDeadlineExceeded) {
			return true, fault.Wrap(err, fault.RequestTimeout, "the body did not go on within %s", bodyTime)
		}
		return true, fault.Wrap(err, fault.BadRequest, "Bad request: the body ended early")
	case errors.Is(err, errTimeout):
		f.cfg.Count(Slow)
		return true, fault.Wrap(err, fault.Timeout, "the replica that has this server took too long; try again")
	case fault.Is(err, fault.Unavailable):
		f.cfg.Count(Unowned)
		return true, err
	}
	f.cfg.Count(Lost)
	f.cfg.Log.Warn("a request was lost on its way to the replica that has the server", zap.Stringer("guild_id", p.request.Guild), zap.String("replica", p.to.Name), zap.String("request_id", p.request.ID), zap.Error(err))
	fa := fault.Wrap(err, fault.Unavailable, "the replica that had this server went away before it answered; whether the request was carried out is not known. Look, or try again if it is safe to repeat")
	fa.RetryAfter = retryAfter
	return true, fa
}

// rewrite leaves all as the client sent it; where to is settled later.
func (p *passage) rewrite(r *httputil.ProxyRequest) {
	r.Out.URL.Scheme, r.Out.URL.Host = "http", "replica"
	r.Out.URL.RawQuery = p.in.URL.RawQuery
	r.Out.Header.Del("Connection")
	r.Out.Header.Del("Upgrade")
	r.Out.Header.Del(ticketHeader)
}

// bare is a context without values: a trace that the proxy sets would pass on
// the go-ahead for a body that is between replicas.
type bare struct{ context.Context } //nolint:containedctx // It is one.

func (bare) Value(any) any { return nil }

// RoundTrip sends the request to the owner, and looks for the next one as long as
// nothing of it has happened.
func (p *passage) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	limit := p.f.cfg.Clock.AfterFunc(p.request.Within, func() { p.cut(errTimeout) })
	res, err := p.find(ctx, r)
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	limit.Stop()
	if err == nil && strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		ends := context.AfterFunc(p.f.closing, func() { p.cut(errEnding) }) //nolint:contextcheck // This process's end.
		p.stop = append(p.stop, func() { ends() })
		if !p.fixed {
			p.stop = append(p.stop, p.watch(ctx, p.f.cfg.streamPause, p.cut))
		}
	}
	return res, err
}

// watch looks from time to time whether the guild has another owner, and cuts
// then: one that is cut off from the others does not end by itself.
func (p *passage) watch(ctx context.Context, every time.Duration, cut context.CancelCauseFunc) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	to := p.to
	go func() {
		for late := 0; clock.Sleep(ctx, p.f.cfg.Clock, every); {
			m, self, err := p.f.cfg.Group.Owner(ctx, p.request.Guild)
			if err != nil || !self && m == to {
				late = 0
				continue
			}
			// The first time it may be about to say so itself.
			if late++; late > 1 {
				cut(errMoved)
				return
			}
		}
	}()
	return stop
}

func (p *passage) unwatch() {
	for _, stop := range p.stop {
		stop()
	}
}

func (p *passage) find(ctx context.Context, r *http.Request) (*http.Response, error) {
	for {
		changed := p.f.cfg.Group.Changed()
		res, err := p.attempt(ctx, r)
		if err == nil {
			return res, nil
		}
		next, untouched := p.body.again()
		moved := errors.Is(err, errMoved)
		dial, _ := errors.AsType[*net.OpError](err)
		unsent := dial != nil && dial.Op == "dial"
		if p.fixed || ctx.Err() != nil || !untouched || !moved && !unsent && !p.request.Repeat {
			if moved {
				err = unowned(err)
			}
			return nil, err
		}
		p.body = next
		if !p.f.pause(ctx, p.until, changed) {
			return nil, unowned(errors.Join(errUnsent, err))
		}
		m, self, ownerErr := p.f.owner(ctx, p.request.Guild, p.until)
		if ownerErr != nil {
			return nil, errors.Join(ownerErr, err)
		}
		if self {
			return nil, errHere // The body is this replica's to read.
		}
		p.to = m
	}
}

// attempt sends the request to one replica.
func (p *passage) attempt(ctx context.Context, r *http.Request) (*http.Response, error) {
	at, err := url.Parse(p.to.URL)
	if err != nil || at.Host == "" {
		return nil, fmt.Errorf("the address of replica %s is %q, which is none", p.to.Name, p.to.URL)
	}
	ctx, cut := context.WithCancelCause(ctx)
	p.stop = append(p.stop, func() { cut(nil) })
	out := r.Clone(bare{ctx}) //nolint:contextcheck // The same, without its values.
	out.URL.Scheme, out.URL.Host, out.Host = at.Scheme, at.Host, ""
	kind := guildKind
	if p.fixed {
		kind = hereKind
	}
	out.Body = http.NoBody
	if p.body != nil {
		out.Body = p.body
		out.Header.Set("Expect", "100-continue")
	}
	t := ticket{Kind: kind, From: p.f.cfg.Name, To: p.to.Name, At: p.f.cfg.Clock.Now(), Caller: p.request.Caller, ID: p.request.ID, Host: p.in.Host, Expect: r.Header.Get("Expect") != ""}
	number, err := p.f.seal.sign(out, t)
	if err != nil {
		return nil, err
	}
	if p.request.Repeat && p.body == nil && !p.fixed {
		defer p.watch(ctx, watchPause, cut)()
	}
	res, err := p.f.transport.RoundTrip(out)
	if err != nil {
		return nil, fmt.Errorf("reach replica %s: %w", p.to.Name, errors.Join(err, context.Cause(ctx)))
	}
	if res.StatusCode == http.StatusMisdirectedRequest && res.Header.Get(movedHeader) == number {
		_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 4<<10))
		return nil, errors.Join(errMoved, res.Body.Close())
	}
	return res, nil
}

// buffers are those that bodies are copied with.
type buffers struct{ pool sync.Pool }

const bufferBytes = 32 << 10

// Get implements httputil.BufferPool.
func (b *buffers) Get() []byte {
	if v, ok := b.pool.Get().(*[]byte); ok {
		return *v
	}
	return make([]byte, bufferBytes)
}

// Put implements httputil.BufferPool.
func (b *buffers) Put(p []byte) { b.pool.Put(&p) }
