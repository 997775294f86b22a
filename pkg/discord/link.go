package discord

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	arikawa "github.com/diamondburned/arikawa/v3/discord"
	"github.com/diamondburned/arikawa/v3/gateway"
	"github.com/diamondburned/arikawa/v3/utils/ws"
	"github.com/gorilla/websocket"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	"github.com/flora-runtime/flora-runtime/pkg/discord/internal/jsonscan"
)

// The gateway's opcodes that are looked at here.
const (
	opDispatch       = 0
	opHeartbeat      = 1
	opReconnect      = 7
	opInvalidSession = 9
	opHello          = 10
	opAck            = 11
)

const (
	dialWithin  = 15 * time.Second
	helloWithin = 20 * time.Second
	writeWithin = 10 * time.Second
	closeWithin = time.Second
	readBuffer  = 64 << 10
	// codeEnded marks the end of a connection to arikawa, whose event loop it
	// stops: it would connect again by itself, on the same object, to the wrong
	// URL and without the session. The true reason is in link.
	codeEnded = -2
)

// link is one connection to the gateway, used once. It is arikawa's
// ws.Connection: arikawa says HELLO's answer, IDENTIFY or RESUME, and beats the
// heart, for which it gets those payloads typed. Dispatches never go through
// arikawa, whose codec unmarshals every event into structs that lack Discord's
// newer fields; they stay bytes and are handed on by the reader's goroutine.
type link struct {
	shard *shard
	// identified is called when IDENTIFY was sent.
	identified func()
	intents    catalog.Intents // Of the session.

	ops      chan ws.Op
	closing  chan struct{} // Closed by Close.
	finished chan struct{} // Closed when the reader has ended.
	inflate  inflater
	buf      []byte

	seq  atomic.Int64 // Of the last dispatch, for heartbeats.
	up   atomic.Bool  // READY or RESUMED has come.
	beat heartbeat

	mu     sync.Mutex // Guards the members below.
	conn   *websocket.Conn
	closed bool
	reason error // Why the connection ended: the first reason counts.
}

// heartbeat finds out whether the other side still answers.
type heartbeat struct {
	interval atomic.Int64 // Nanoseconds.
	asked    atomic.Int64 // When the oldest beat without an answer was sent; 0 when there is none.
}

var _ ws.Connection = (*link)(nil)

func newLink(s *shard, of Session, identified func()) *link {
	l := &link{
		shard: s, identified: identified, intents: of.Intents, ops: make(chan ws.Op, 16), closing: make(chan struct{}), finished: make(chan struct{}),
		inflate: inflater{limit: maxMessage},
	}
	l.seq.Store(of.Seq)
	return l
}

// Dial implements ws.Connection. A second call fails: whatever makes arikawa
// want a new connection ends its event loop instead.
func (l *link) Dial(ctx context.Context, addr string) (<-chan ws.Op, error) {
	if l.used() {
		return nil, errUsed
	}
	dialer := websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: dialWithin, ReadBufferSize: readBuffer, WriteBufferSize: 4 << 10}
	conn, resp, err := dialer.DialContext(ctx, addr, http.Header{"User-Agent": {UserAgent}})
	if resp != nil && resp.Body != nil {
		_ = resp.Body.Close()
	}
	if err != nil {
		err = fmt.Errorf("connect to the gateway: %w", err)
		l.end(err)
		return nil, err
	}
	_ = conn.SetReadDeadline(time.Now().Add(helloWithin)) // Reading tells.
	conn.SetReadLimit(maxMessage)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn = conn
	go l.read(ctx, conn)
	return l.ops, nil
}

func (l *link) used() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.conn != nil
}

// Send implements ws.Connection; arikawa's event loop is the only caller.
func (l *link) Send(_ context.Context, b []byte) error {
	switch {
	case bytes.HasPrefix(b, []byte(`{"op":1,`)):
		if err := l.beat.send(time.Now()); err != nil {
			l.end(err)
			return err
		}
		// arikawa sees no dispatch and so knows no sequence number.
		b = []byte(`{"op":1,"d":null}`)
		// Discord may forget what is before the number; what waits is not.
		if seq := l.shard.slot.SettledTo(); seq > 0 {
			b = strconv.AppendInt([]byte(`{"op":1,"d":`), seq, 10)
			b = append(b, '}')
		}
	case bytes.HasPrefix(b, []byte(`{"op":2,`)), bytes.HasPrefix(b, []byte(`{"op":6,`)):
		// It takes the shard's connection away from whoever has one. This process may
		// have stood still since it got the shard.
		if !l.shard.slot.Valid() {
			l.end(errNotOurs)
			return errNotOurs
		}
		if b[len(`{"op":`)] == '2' {
			defer l.identified()
		}
	}
	l.mu.Lock()
	conn := l.conn
	l.mu.Unlock()
	if conn == nil {
		return ws.ErrWebsocketClosed
	}
	if err := conn.SetWriteDeadline(time.Now().Add(writeWithin)); err != nil {
		return fmt.Errorf("write to the gateway: %w", err)
	}
	if err := conn.WriteMessage(websocket.TextMessage, b); err != nil {
		return fmt.Errorf("write to the gateway: %w", err)
	}
	return nil
}

// Close implements ws.Connection; arikawa also calls it before Dial. It always
// closes with 4000, which leaves the session resumable; the graceful way of
// arikawa would end it.
func (l *link) Close(bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn == nil || l.closed {
		return ws.ErrWebsocketClosed
	}
	l.closed = true
	close(l.closing)
	_ = l.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(closeKeep, ""), time.Now().Add(closeWithin))
	_ = l.conn.Close() // The reader ends.
	return nil
}

// shut closes the connection and waits for its reader. Nobody may be dialing.
func (l *link) shut() {
	_ = l.Close(false)
	if l.used() {
		<-l.finished
	}
}

// end keeps the first reason for the connection's end.
func (l *link) end(reason error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reason == nil {
		l.reason = reason
	}
}

// why is the reason, once the connection has ended.
func (l *link) why() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reason
}

// read is the reader.
func (l *link) read(ctx context.Context, conn *websocket.Conn) {
	defer close(l.finished)
	for {
		err := l.readOne(ctx, conn)
		if err == nil {
			continue
		}
		select {
		case <-l.closing:
			return // We closed it, and why is known elsewhere.
		default:
		}
		if closing, ok := errors.AsType[*websocket.CloseError](err); ok && closing.Code != websocket.CloseAbnormalClosure {
			err = newCloseError(closing.Code, closing.Text, l.intents)
		} else {
			err = fmt.Errorf("read from the gateway: %w", err)
		}
		l.end(err)
		l.tell(&ws.CloseEvent{Err: err, Code: codeEnded}, 0)
		return
	}
}

// tell gives arikawa a payload, unless the connection is being closed.
func (l *link) tell(data ws.Event, seq int64) {
	select {
	case l.ops <- ws.Op{Code: data.Op(), Type: data.EventType(), Data: data, Sequence: seq}:
	case <-l.closing:
	}
}

func (l *link) readOne(ctx context.Context, conn *websocket.Conn) error {
	kind, r, err := conn.NextReader()
	if err != nil {
		return err
	}
	if cap(l.buf) > keepBuffer {
		l.buf = nil
	}
	l.buf = l.buf[:0]
	for {
		if len(l.buf) == cap(l.buf) {
			l.buf = append(l.buf, 0)[:len(l.buf)]
		}
		n, err := r.Read(l.buf[len(l.buf):cap(l.buf)])
		l.buf = l.buf[:len(l.buf)+n]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	payload := l.buf
	if kind == websocket.BinaryMessage {
		if payload, err = l.inflate.add(l.buf); err != nil || len(payload) == 0 {
			return err
		}
	}
	return l.take(ctx, payload)
}

// take handles one payload.
func (l *link) take(ctx context.Context, payload []byte) error {
	e, err := scanEnvelope(payload)
	if err != nil {
		return err
	}
	switch e.op {
	case opDispatch:
		if e.seq <= l.seq.Load() {
			return nil // It was handed over before.
		}
		return l.dispatch(ctx, e)
	case opHeartbeat:
		beat := gateway.HeartbeatCommand(0) // Send puts the number in.
		l.tell(&beat, 0)
	case opReconnect:
		l.end(errReconnect)
		l.tell(&gateway.ReconnectEvent{}, 0)
	case opInvalidSession:
		l.invalid(jsonscan.True(e.d))
	case opHello:
		return l.hello(e.d)
	case opAck:
		l.beat.asked.Store(0)
		l.tell(&gateway.HeartbeatAckEvent{}, 0)
	}
	return nil
}

// invalid handles INVALID_SESSION. When the session may still be resumed,
// arikawa hears RECONNECT instead: at the real thing it forgets the session and
// identifies anew on the same connection.
func (l *link) invalid(resumable bool) {
	if resumable {
		l.end(errInvalidKept)
		l.tell(&gateway.ReconnectEvent{}, 0)
		return
	}
	l.end(errInvalidSession)
	over := gateway.InvalidSessionEvent(false)
	l.tell(&over, 0)
}

func (l *link) hello(d []byte) error {
	ms := jsonscan.Int(jsonscan.Get(d, "heartbeat_interval"))
	if ms < 1 || ms > int64(time.Hour/time.Millisecond) {
		return errHello
	}
	l.beat.interval.Store(ms * int64(time.Millisecond))
	l.mu.Lock()
	conn := l.conn
	l.mu.Unlock()
	if err := conn.SetReadDeadline(time.Time{}); err != nil {
		return fmt.Errorf("wait for payloads: %w", err)
	}
	l.tell(&gateway.HelloEvent{HeartbeatInterval: arikawa.Milliseconds(ms)}, 0)
	return nil
}

// send counts a beat. It fails when the one before had no answer: arikawa alone
// would wait for three. A beat that Discord asked for may follow closely.
func (h *heartbeat) send(now time.Time) error {
	asked := h.asked.Load()
	if asked == 0 {
		h.asked.Store(now.UnixNano())
		return nil
	}
	if now.UnixNano()-asked >= h.interval.Load()/2 {
		return errMissedAck
	}
	return nil
}
