// Package forward brings a request about a guild to the replica that has the
// guild, and the answer back, as raw HTTP, and lets replicas ask each other what
// only one of them knows. What goes between them is signed, with a key derived
// from the secret that all have; what only looks like it is an ordinary request.
//
// Who calls, what they may and how often is decided where the request is served,
// by the caller's own address, which the ticket carries. The first replica
// decides nothing but where to; it bounds what is under way to each of the
// others, and reads nothing of a body before the owner wants it. So a request
// whose owner has changed meanwhile can be sent once more. A request that was
// forwarded never is again.
package forward

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"time"

	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// ownerWait bounds how long a request waits for a guild's new owner, and
	// ownerPause is the pause between looks.
	ownerWait  = 2500 * time.Millisecond
	ownerPause = 100 * time.Millisecond
	// watchPause is the pause between looks whether the owner that a request went
	// to still is the owner.
	watchPause = 500 * time.Millisecond
	// streamPause is that once the owner answers.
	streamPause = 5 * time.Second
	// retryAfter is what callers are told when no owner was found.
	retryAfter = time.Second

	dialTime = time.Second
	// bodyTime is how long a client may take to send the next piece of its body,
	// and takeTime to take a piece of the answer.
	bodyTime = 30 * time.Second
	takeTime = 30 * time.Second
)

// Member is a replica.
type Member struct{ Name, URL string }

// Group knows who the replicas are and who has what.
type Group interface {
	// Owner is who has the guild now, and whether that is this replica; a
	// fault.Unavailable when nobody has, or nobody knows.
	Owner(ctx context.Context, guild snowflake.GuildID) (m Member, self bool, err error)
	// Members are those alive, this one among them.
	Members() []Member
	// Changed is closed when there is something new about owners and members.
	Changed() <-chan struct{}
}

// Outcome is how a request that was to be forwarded ended.
type Outcome string

// The outcomes.
const (
	Answered Outcome = "answered" // The owner answered, whatever it said.
	Unowned  Outcome = "unowned"  // Nobody had the guild in time.
	Full     Outcome = "full"     // Too many were under way.
	Lost     Outcome = "lost"     // The owner was lost before its answer, or in it.
	Slow     Outcome = "timeout"
	Gone     Outcome = "client_gone"
)

// Outcomes lists them.
func Outcomes() []Outcome { return []Outcome{Answered, Unowned, Full, Lost, Slow, Gone} }

// Config of a Forwarder.
type Config struct {
	Group  Group
	Name   string // This replica's.
	Secret string // That all replicas have.
	// Count, if not nil, counts requests that were forwarded, by how they ended.
	Count func(Outcome)
	Clock clock.Clock
	Log   *zap.Logger

	streamPause time.Duration // Set by tests; streamPause.
}

// Forwarder forwards requests, and takes those that others forward.
type Forwarder struct {
	cfg       Config
	seal      seal
	transport *http.Transport
	slots     slots
	buffers   buffers
	aliens    rate.Sometimes  // Logged; anybody can send them.
	answers   *http.ServeMux  // What other replicas may ask.
	closing   context.Context //nolint:containedctx // The end of all streams.
	end       context.CancelFunc
}

// New makes a forwarder; Close ends its connections.
func New(cfg Config) (*Forwarder, error) {
	if cfg.Group == nil || cfg.Name == "" || cfg.Secret == "" {
		return nil, errors.New("forwarding needs the group of replicas, this one's name and their common secret")
	}
	if cfg.Count == nil {
		cfg.Count = func(Outcome) {}
	}
	if cfg.Clock == nil {
		cfg.Clock = clock.Real
	}
	if cfg.streamPause == 0 {
		cfg.streamPause = streamPause
	}
	if cfg.Log == nil {
		cfg.Log = zap.NewNop()
	}
	closing, end := context.WithCancel(context.Background())
	return &Forwarder{
		closing: closing, end: end, aliens: rate.Sometimes{Interval: time.Minute},
		cfg: cfg, seal: newSeal(cfg.Secret), slots: slots{by: map[string]*target{}}, answers: http.NewServeMux(),
		transport: &http.Transport{
			// No proxy: replicas reach each other directly, and the environment's is
			// for the way out.
			DialContext: (&net.Dialer{Timeout: dialTime, KeepAlive: 15 * time.Second}).DialContext,
			// As it is: what is compressed stays so.
			DisableCompression: true,
			// The owner says when it wants the body. When it takes long over that, the
			// body is sent all the same.
			ExpectContinueTimeout: 10 * time.Second,
			MaxIdleConnsPerHost:   64, IdleConnTimeout: time.Minute,
			MaxResponseHeaderBytes: 1 << 20,
		},
	}, nil
}

// EndStreams ends the streams of events that pass through here.
func (f *Forwarder) EndStreams() { f.end() }

// Close ends the streams, and the connections that serve nobody.
func (f *Forwarder) Close() {
	f.end()
	f.transport.CloseIdleConnections()
}

// Receive is before everything else that serves: it tells what replicas send
// from what others do, and answers their questions.
func (f *Forwarder) Receive(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t, err := f.seal.check(r, f.cfg.Name, f.cfg.Clock.Now())
		r.Header.Del(ticketHeader)
		switch {
		case errors.Is(err, errStale):
			f.cfg.Log.Warn("another replica's request is not for this one, or its clock is too far from this machine's", zap.String("from", t.From), zap.String("to", t.To), zap.Time("its_time", t.At))
			f.refuse(w, t)
			return
		case err != nil:
			if errors.Is(err, errAlien) {
				f.aliens.Do(func() {
					f.cfg.Log.Warn("a request that says it comes from another replica is signed with another secret, and is served as anybody's; all replicas need the same api.secret, and what stands before replicas.url must leave method and path alone", zap.String("remote", r.RemoteAddr))
				})
			}
			next.ServeHTTP(w, r)
			return
		}
		if t.Kind == peerKind {
			f.answers.ServeHTTP(w, r)
			return
		}
		if !t.Expect {
			r.Header.Del("Expect") // It is between replicas.
		}
		// What proxies said is settled: it is in the caller's address.
		r.Header.Del("X-Forwarded-For")
		if t.Caller.IsValid() {
			r.RemoteAddr = t.Caller.String()
		}
		r.Host = t.Host
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), ticketKey{}, t)))
	})
}

// refuse says that nothing was done here.
func (f *Forwarder) refuse(w http.ResponseWriter, t ticket) {
	clear(w.Header())
	w.Header().Set(movedHeader, t.Number)
	w.WriteHeader(http.StatusMisdirectedRequest)
}

// Request is how a request is forwarded.
type Request struct {
	Guild  snowflake.GuildID
	Caller netip.AddrPort // Who sent it; port 0 is not known.
	ID     string         // As the logs call it.
	// Within is how long the beginning of the answer may take. What comes then is
	// bounded by the owner, who stops when it is not taken.
	Within time.Duration
	// Repeat says that it may be sent again when an owner is lost that has begun.
	Repeat bool
}

// Serve answers a request about a guild by the guild's owner. It is false, and
// has done nothing, when that is this replica. An error is what to answer;
// nothing was written then. http.ErrAbortHandler is for an answer that was cut
// off.
func (f *Forwarder) Serve(w http.ResponseWriter, r *http.Request, q Request) (served bool, err error) {
	if t, ok := carried(r.Context()); ok {
		if t.Kind == hereKind {
			return false, nil
		}
		// Never twice: the first replica looks again.
		if _, self, err := f.cfg.Group.Owner(r.Context(), q.Guild); err == nil && self {
			return false, nil
		}
		f.refuse(w, t)
		return true, nil
	}
	until := f.cfg.Clock.Now().Add(ownerWait)
	m, self, err := f.owner(r.Context(), q.Guild, until)
	if err == nil && self {
		return false, nil
	}
	p := &passage{f: f, request: q, until: until, in: r}
	if err != nil {
		return f.ended(p, err)
	}
	return f.pass(w, p, m) //nolint:contextcheck // It has the request's.
}

// Here sends a request to one replica, whichever owns the guild.
func (f *Forwarder) Here(w http.ResponseWriter, r *http.Request, m Member, q Request) error {
	p := &passage{f: f, request: q, fixed: true, in: r}
	_, err := f.pass(w, p, m) //nolint:contextcheck // It has the request's.
	return err
}

// owner waits until the guild has an owner, or the time is up.
func (f *Forwarder) owner(ctx context.Context, guild snowflake.GuildID, until time.Time) (m Member, self bool, err error) {
	for {
		changed := f.cfg.Group.Changed()
		m, self, err = f.cfg.Group.Owner(ctx, guild)
		if err == nil || !fault.Is(err, fault.Unavailable) {
			return m, self, err
		}
		if !f.pause(ctx, until, changed) {
			return m, false, unowned(errors.Join(err, ctx.Err()))
		}
	}
}

// pause waits for something new, a moment at least and not for long; it is false
// when there is no time for another look.
func (f *Forwarder) pause(ctx context.Context, until time.Time, changed <-chan struct{}) bool {
	if !f.cfg.Clock.Now().Add(ownerPause).Before(until) || !clock.Sleep(ctx, f.cfg.Clock, ownerPause/10) {
		return false
	}
	timer := f.cfg.Clock.NewTimer(ownerPause)
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	case <-ctx.Done():
		return false
	}
	return true
}

func unowned(err error) error {
	fa := fault.Wrap(err, fault.Unavailable, "no replica has this server at the moment; try again in a moment")
	fa.RetryAfter = retryAfter
	return fa
}
