package discord

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"runtime"
	"sync"
	"time"

	"github.com/diamondburned/arikawa/v3/gateway"
	"github.com/diamondburned/arikawa/v3/utils/json/option"
	"github.com/diamondburned/arikawa/v3/utils/ws"
	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
)

const (
	// settledFor is how long a connection must have lived for its end to be no
	// failure.
	settledFor = 10 * time.Second
	// triesAtResumeURL is how many connections in a row may fail at the address
	// that Discord gave for the session before the ordinary one is used.
	triesAtResumeURL = 3
	// maxRefusals is how often Discord may refuse a session "for now".
	maxRefusals = 3
)

// shard keeps one of the bot's gateway sessions alive.
type shard struct {
	gateway *Gateway
	id, of  int
	slot    SessionSlot
	kinds   kinds
	log     *zap.Logger

	// The gateway's mu guards these.
	wasUp  bool // It was connected once.
	unseen bool // REST must tell its guilds,
	told   bool // which are known.

	known <-chan struct{} // Closed when it is known what its guilds handle; nil is now.

	// Of the goroutines that follow one another: run's and the readers'.
	begun    bool // Its guilds are known, or were before the start.
	failed   int  // Connections in a row that came to nothing.
	refusals int

	mu   sync.Mutex // Guards what Status shows.
	stat ShardStatus
	beat interface{ Latency() time.Duration }
	// Of the connection that lives.
	link   *link
	cancel context.CancelFunc
	// Of the last session that was up.
	intents catalog.Intents
}

// ShardStatus is how a shard does.
type ShardStatus struct {
	ID        int
	Connected bool          // READY or RESUMED has come and the connection lives.
	Latency   time.Duration // Of the last heartbeat; 0 when there was none.
	Reason    string        // Why the last connection ended.
}

func (s *shard) status() ShardStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.stat
	if s.beat != nil && out.Connected {
		out.Latency = max(s.beat.Latency(), 0)
	}
	return out
}

// run connects again and again until ctx ends or it is pointless.
func (s *shard) run(ctx context.Context) error {
	for {
		started := time.Now()
		l := s.connect(ctx)
		err := l.why()
		s.ended(err)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // It was asked to end.
		}
		if fatal, ok := errors.AsType[*CloseError](err); ok && fatal.Fatal() {
			if fatal.Code != closeDeniedIntents || !s.gateway.deny(l.intents) {
				return fmt.Errorf("shard %d: %w", s.id, err)
			}
		}
		pause := s.judge(err, l.up.Load(), time.Since(started))
		s.log.Warn("gateway connection ended", zap.Error(err), zap.Duration("pause", pause))
		if !clock.Sleep(ctx, clock.Real, pause) {
			return nil
		}
	}
}

// judge forgets the session when it is over, and says how long to wait.
func (s *shard) judge(err error, up bool, lived time.Duration) time.Duration {
	switch closed, ok := errors.AsType[*CloseError](err); {
	case errors.Is(err, errInvalidSession), errors.Is(err, errIntents), ok && forgetsSession(closed.Code):
		s.forget()
	case errors.Is(err, errInvalidKept):
		if s.refusals++; s.refusals >= maxRefusals {
			s.forget()
		}
	}
	if up {
		s.refusals = 0
	}
	if s.failed++; up && lived >= settledFor {
		s.failed = 0
	}
	cfg := &s.gateway.cfg
	if errors.Is(err, errInvalidSession) || errors.Is(err, errInvalidKept) {
		// Discord wants a random pause of 1 to 5 seconds here.
		return cfg.InvalidWait/5 + rand.N(cfg.InvalidWait*4/5+1) //nolint:gosec // No secret.
	}
	if errors.Is(err, errIntents) {
		s.failed = 0
	}
	if up && s.failed <= 1 {
		return 0
	}
	d := cfg.RetryMin << min(max(s.failed-1, 0), 16)
	if d <= 0 || d > cfg.RetryMax {
		d = cfg.RetryMax
	}
	return d/2 + rand.N(d/2+1) //nolint:gosec // No secret.
}

func (s *shard) forget() {
	s.refusals = 0
	s.mu.Lock()
	s.intents = 0
	s.mu.Unlock()
	if err := s.slot.Save(Session{}); err != nil {
		s.log.Warn("gateway session is not forgotten", zap.Error(err))
	}
}

// connect makes one connection and waits for its end.
func (s *shard) connect(ctx context.Context) *link {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	session, resuming := s.slot.Load()
	if resuming && !s.gateway.allows(session.Intents) {
		s.forget()
		resuming = false
	}
	identified := func() {}
	if !resuming {
		s.awaitKnown(ctx)
		used, leave, err := s.gateway.enter(ctx, s.id)
		if err != nil {
			l := newLink(s, Session{}, identified)
			l.end(err)
			return l
		}
		defer leave()
		identified = used
		session = Session{Intents: s.gateway.asks()}
	}
	l := newLink(s, session, identified)
	addr, err := s.address(session)
	if err != nil {
		l.end(err)
		return l
	}
	gw := s.client(l, addr, session)
	s.mu.Lock()
	s.beat, s.link, s.cancel = gw, l, cancel
	s.mu.Unlock()
	stop := l.watch(s.gateway.cfg.ReadyWithin, cancel)
	defer stop()
	// arikawa writes to this channel until its event loop has ended.
	for op := range gw.Connect(ctx) {
		switch data := op.Data.(type) {
		case *ws.BackgroundErrorEvent:
			l.end(data.Err)
			cancel()
		case *gateway.ReconnectEvent, *gateway.InvalidSessionEvent:
			cancel()
		}
	}
	l.shut()
	l.end(errUsed) // Unless there was a reason.
	return l
}

// enter waits for the right to send one IDENTIFY.
func (g *Gateway) enter(ctx context.Context, shard int) (used, leave func(), err error) {
	return g.sharing.Enter(ctx, shard, g.limit, g.cfg.IdentifyEvery)
}

// hold has everybody else begin with the shard; drop ends that.
func (s *shard) hold(ctx context.Context) (drop func(), err error) {
	holder := s.gateway.cfg.Holder
	if holder == nil {
		return func() {}, nil
	}
	for pause := s.gateway.cfg.RetryMin; ; pause = min(2*pause, s.gateway.cfg.RetryMax) {
		if s.known, err = holder.Take(ctx, s.id, s.of, s.slot.Valid); err == nil {
			break
		}
		s.log.Warn("shard cannot be taken yet", zap.Error(err), zap.Duration("pause", pause))
		if !clock.Sleep(ctx, clock.Real, pause) {
			return nil, ctx.Err()
		}
	}
	var once sync.Once
	// One that was lost is somebody else's at once. Of one that is let go, the
	// connection ends first: what still comes is to be kept for the next owner.
	stop := context.AfterFunc(ctx, func() {
		if !s.slot.Valid() {
			once.Do(func() { holder.Drop(s.id, false) })
		}
	})
	return func() {
		stop()
		once.Do(func() { holder.Drop(s.id, s.slot.Valid()) })
	}, nil
}

// knownWithin is how long a new session waits to ask for what scripts handle: one
// that asks for too little is begun twice.
const knownWithin = 10 * time.Second

func (s *shard) awaitKnown(ctx context.Context) {
	if s.known == nil {
		return
	}
	timer := time.NewTimer(knownWithin)
	defer timer.Stop()
	select {
	case <-s.known:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// client is arikawa's side of the connection: a fresh one each time, since its
// pauses are per object.
func (s *shard) client(l *link, addr string, session Session) *gateway.Gateway {
	identify := gateway.IdentifyCommand{
		Token: s.gateway.cfg.Token,
		Properties: gateway.IdentifyProperties{
			gateway.IdentifyOS: runtime.GOOS, gateway.IdentifyBrowser: "flora", gateway.IdentifyDevice: "flora",
		},
		LargeThreshold: 50,
		Intents:        option.NewUint(uint(session.Intents)),
	}
	identify.SetShard(s.id, s.of)
	return gateway.FromWebsocketGateway(
		ws.NewGateway(ws.NewCustomWebsocket(l, addr), &ws.GatewayOpts{
			ReconnectDelay:   func(int) time.Duration { return 0 },
			FatalCloseCodes:  []int{codeEnded},
			ReconnectAttempt: 1,
			// A graceful close is code 1000, which ends the session.
			AlwaysCloseGracefully: false,
		}),
		gateway.State{Identifier: gateway.Identifier{IdentifyCommand: identify}, SessionID: session.ID, Sequence: session.Seq},
	)
}

// address is where to connect: where the session wants to be resumed, unless
// that address does not work.
func (s *shard) address(session Session) (string, error) {
	base := s.gateway.url
	if session.URL != "" && s.failed < triesAtResumeURL {
		base = session.URL
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "ws" && u.Scheme != "wss" {
		return "", fmt.Errorf("the gateway's address %q is not a WebSocket address", base)
	}
	q := url.Values{"v": {apiVersion}, "encoding": {"json"}}
	if s.gateway.cfg.Compress {
		q.Set("compress", "zlib-stream")
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// watch ends the connection when it neither becomes ready nor makes progress.
// The caller must call stop.
func (l *link) watch(within time.Duration, cancel func()) (stop func()) {
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(within)
		defer ticker.Stop()
		last := l.seq.Load()
		for {
			select {
			case <-done:
				return
			case <-ticker.C:
			}
			if l.up.Load() {
				return
			}
			now := l.seq.Load()
			if now == last {
				l.end(errNotReady)
				cancel()
				return
			}
			last = now
		}
	})
	return func() { close(done); wg.Wait() }
}

// connected is called by the reader when the session is up. unseen says that an
// earlier process began the session.
func (s *shard) connected(resumed, unseen bool) {
	s.mu.Lock()
	s.stat.Connected = true
	s.intents = s.link.intents
	s.mu.Unlock()
	s.log.Info("gateway session is up", zap.Bool("resumed", resumed))
	s.gateway.shardUp(s, unseen)
}

func (s *shard) ended(err error) {
	s.mu.Lock()
	s.stat.Connected = false
	s.stat.Reason = fmt.Sprint(err)
	s.link = nil
	s.mu.Unlock()
	s.gateway.changed()
}
