package egress

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/net/http/httpguts"

	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
	"github.com/flora-runtime/flora-runtime/pkg/trace"
)

// SocketLimits bound the WebSockets of one guild.
type SocketLimits struct {
	Open         int           // That are open or being opened, at once.
	MessageBytes int64         // Of one message, both ways.
	Idle         time.Duration // Nothing comes for so long, not even the answer to a ping.
	Closing      time.Duration // From our close to the server's.
}

// DefaultSocketLimits are the limits when nothing is said.
func DefaultSocketLimits() SocketLimits {
	return SocketLimits{Open: 16, MessageBytes: 4 << 20, Idle: 75 * time.Second, Closing: 10 * time.Second}
}

// What no configuration changes.
const (
	maxProtocols  = 32
	aheadMessages = 64        // Received ones that wait for the script, before no more are read;
	aheadBytes    = 256 << 10 // or their bytes.
	pingsAtOnce   = 100       // Of the server; more than pingsPerSecond after that end the connection.
	pingsPer      = 20
	writeLimit    = 30 * time.Second // For the server to take what is sent.
	socketBuffer  = 4 << 10
)

// SocketRequest is a WebSocket that a script asks for.
type SocketRequest struct {
	URL       string // ws: or wss:.
	Protocols []string
}

// Message is what a WebSocket carries.
type Message struct {
	Text bool
	Data []byte
}

// Ended is how a WebSocket ended.
type Ended struct {
	Code   int
	Reason string
	Clean  bool
	Why    *Failure // nil when it was clean.
}

// socketSlots are the WebSockets of all guilds.
type socketSlots struct {
	pool pool

	mu   sync.Mutex // Guards open.
	open map[snowflake.GuildID]int64
}

// newSocketSlots has one part more than there are, so that a guild that is alone
// gets its own limit.
func newSocketSlots(l SocketLimits) *socketSlots {
	return &socketSlots{pool: pool{most: (sockets + 1) * int64(l.Open), parts: sockets}, open: map[snowflake.GuildID]int64{}}
}

// take is one more WebSocket of the guild, if it may have another.
func (s *socketSlots) take(id snowflake.GuildID, l SocketLimits) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[id] >= int64(l.Open) || !s.pool.take(s.open[id], 1) {
		return false
	}
	s.open[id]++
	return true
}

func (s *socketSlots) give(id snowflake.GuildID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pool.give(1)
	if s.open[id]--; s.open[id] == 0 {
		delete(s.open, id)
	}
}

// SocketMeter counts.
type SocketMeter interface {
	// Opened tells how a handshake ended.
	Opened(o Outcome)
	// Open changes the number of those that are open.
	Open(change int)
	// Carried is a message; received is false for one that was sent.
	Carried(received bool)
}

type noSockets struct{}

func (noSockets) Opened(Outcome) {}
func (noSockets) Open(int)       {}
func (noSockets) Carried(bool)   {}

// OpenSocket opens a WebSocket for a guild. ctx bounds the handshake, life the
// connection. Whoever gets a Socket calls Release when nobody takes anything
// from it any more. Every error is a *Failure.
func (c *Client) OpenSocket(ctx, life context.Context, id snowflake.GuildID, r SocketRequest) (*Socket, error) {
	ctx, span := trace.Start(ctx, "websocket")
	defer span.End()
	d := c.disguise(id)
	s, host, err := c.openSocket(ctx, life, id, d, r)
	if err != nil {
		f := explain(ctx, err, host)
		d.silence(f)
		span.Fail(string(f.Outcome))
		c.cfg.Sockets.Opened(f.Outcome)
		return nil, f
	}
	c.cfg.Sockets.Opened(OK)
	return s, nil
}

func (c *Client) openSocket(ctx, life context.Context, id snowflake.GuildID, d *disguise, r SocketRequest) (s *Socket, host string, err error) {
	host = "the address"
	rest, ok := strings.CutPrefix(r.URL, "ws")
	if !ok {
		return nil, host, failure(Refused, "ESCHEME", "only ws: and wss: are WebSockets")
	}
	q := Request{Method: http.MethodGet, URL: "http" + rest}
	if q.at, err = parse(nil, q.URL); err != nil {
		return nil, host, err
	}
	host = q.host()
	if err := checkProtocols(withoutPlaceholders(r.Protocols)); err != nil {
		return nil, host, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l := c.cfg.Limits
	if !c.webSockets.take(id, l.Sockets) {
		return nil, host, failure(OverLimit, "ESOCKETS", "this server's scripts have as many WebSockets open as they may; close one first")
	}
	g := c.guilds.enter(id, time.Now())
	free := func() { g.leave(); c.webSockets.give(id) }
	defer context.AfterFunc(c.base, cancel)() //nolint:contextcheck // The end of the client ends every handshake.
	if s, err = c.handshake(ctx, g, d, q, r.Protocols); err != nil {
		free()
		return nil, host, err
	}
	s.client, s.guild, s.bytes, s.host, s.free = c, id, g, host, sync.OnceFunc(free)
	s.start(life)
	return s, host, nil
}

// placeholder is what a subprotocol may have beside its own characters.
var placeholder = regexp.MustCompile(secret.Prefix + `:[0-9A-Za-z-]{36}:[0-9A-Za-z]{12}`)

func withoutPlaceholders(all []string) []string {
	out := make([]string, len(all))
	for i, p := range all {
		out[i] = placeholder.ReplaceAllString(p, "x")
	}
	return out
}

func checkProtocols(all []string) error {
	if len(all) > maxProtocols {
		return failure(TooLarge, "EPROTOCOL", "there are more than 32 subprotocols")
	}
	size := 0
	for _, p := range all {
		if size += len(p); !httpguts.ValidHeaderFieldName(p) {
			return failure(Invalid, "EPROTOCOL", "a subprotocol has characters that no subprotocol can have")
		}
	}
	if size > maxHeaderBytes {
		return failure(TooLarge, "EHEADERS", "the subprotocols are too long")
	}
	return nil
}

// handshake dials and asks the server to speak WebSocket.
func (c *Client) handshake(ctx context.Context, g *guild, d *disguise, q Request, protocols []string) (*Socket, error) {
	if !portAllowed(uint16(q.at.DecodedPort())) { //nolint:gosec // The parser takes no more than 65535.
		return nil, errPort
	}
	header := http.Header{"User-Agent": {c.cfg.UserAgent}}
	if len(protocols) > 0 {
		header.Set("Sec-WebSocket-Protocol", strings.Join(protocols, ", "))
	}
	out, err := d.reveal(hop{at: q.at, method: q.Method, header: header}, c.cfg.Limits)
	if err != nil {
		return nil, err
	}
	asked := protocols
	if v := out.header.Get("Sec-WebSocket-Protocol"); v != "" {
		// A value that has a comma or the like would be several, or none.
		if asked = strings.Split(v, ", "); len(asked) != len(protocols) || checkProtocols(asked) != nil { // One of no secret, too.
			return nil, failure(Invalid, "ESECRET", "a secret in a subprotocol has characters that no subprotocol can have")
		}
	}
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Limits.Timeout)
	defer cancel()
	var wire *socketConn
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		var err error
		if wire, err = c.dialSocket(ctx, g, q, network, address); err != nil {
			return nil, err
		}
		return wire, nil
	}
	dialer := websocket.Dialer{NetDialContext: dial, NetDialTLSContext: dial, ReadBufferSize: socketBuffer, WriteBufferSize: socketBuffer}
	conn, res, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(out.href, "http"), out.header) //nolint:bodyclose // It needs no close.
	if err != nil && ctx.Err() != nil {
		return nil, explain(ctx, ctx.Err(), q.host())
	}
	if err != nil && wire != nil && wire.left < 0 {
		return nil, failure(TooLarge, "EHEADERS", q.host()+" answered with headers of more than 64 KiB")
	}
	if err != nil {
		return nil, refusal(err, res, q.host())
	}
	s := &Socket{conn: conn, wire: wire, to: secret.Target{Scheme: q.at.Scheme(), Host: q.at.Hostname()}}
	if s.protocol, err = chosen(res.Header, asked, protocols); err == nil && len(res.Header.Values("Sec-WebSocket-Extensions")) > 0 {
		err = failure(Invalid, "EPROTO", "it uses an extension that was not asked for")
	}
	if f, failed := errors.AsType[*Failure](err); failed {
		_ = conn.Close()
		f.Text = q.host() + ": " + f.Text
		return nil, f
	}
	wire.opened(c.cfg.Limits.Sockets.Idle)
	return s, nil
}

// chosen is the subprotocol that the server chose, as the script wrote it.
func chosen(h http.Header, asked, written []string) (string, error) {
	got := h.Values("Sec-WebSocket-Protocol")
	switch {
	case len(got) == 0:
		return "", nil
	case len(got) == 1:
		if i := slices.Index(asked, got[0]); i >= 0 {
			return written[i], nil
		}
	}
	return "", failure(Invalid, "EPROTO", "it chose a subprotocol that was not asked for")
}

// refusal makes an error of what came instead of a WebSocket.
func refusal(err error, res *http.Response, host string) error {
	if !errors.Is(err, websocket.ErrBadHandshake) || res == nil {
		return err
	}
	switch {
	case isRedirect(res.StatusCode):
		return failure(Refused, "EREDIRECT", host+" redirects, which a WebSocket does not follow")
	case res.StatusCode != http.StatusSwitchingProtocols:
		return failure(Invalid, "ESTATUS", host+" answered with "+(&Response{Status: res.StatusCode, StatusText: http.StatusText(res.StatusCode)}).StatusLine()+" and not as a WebSocket")
	}
	return failure(Invalid, "EPROTO", host+" did not answer as a WebSocket does")
}

// dialSocket makes the connection of one WebSocket. It is never used for anything
// else.
func (c *Client) dialSocket(ctx context.Context, g *guild, q Request, network, address string) (*socketConn, error) {
	dialling, cancel := context.WithTimeout(ctx, connectLimit)
	defer cancel()
	conn, err := c.dialer.DialContext(dialling, network, address)
	if err != nil {
		return nil, err
	}
	if q.at.Scheme() == "https" {
		secure := tls.Client(conn, &tls.Config{RootCAs: c.cfg.Roots, MinVersion: tls.VersionTLS12, ServerName: strings.Trim(q.at.Hostname(), "[]"), NextProtos: []string{"http/1.1"}})
		if err := secure.HandshakeContext(dialling); err != nil {
			_ = conn.Close()
			return nil, err
		}
		conn = secure
	}
	m := &socketConn{Conn: conn, guild: g, limits: c.cfg.Limits, done: make(chan struct{}), left: maxAnswerHeader}
	m.watched = context.AfterFunc(ctx, func() { _ = m.Close() }) // The handshake may be given up.
	return m, nil
}

// socketConn is a connection that keeps to its guild's bytes: who has moved too many
// waits, and so does the server that sends them.
type socketConn struct {
	net.Conn
	guild  *guild
	limits Limits
	idle   atomic.Int64 // Nanoseconds; 0 during the handshake, which has a limit of its own.
	left   int          // Bytes that the handshake's answer may still have.
	done   chan struct{}
	close  sync.Once

	watched func() bool // Ends the watch over the handshake.
	leaving atomic.Bool // The last word is not held up.
}

var errHandshakeLong = errors.New("response headers exceeded")

// opened ends the limits of the handshake.
func (m *socketConn) opened(idle time.Duration) {
	m.watched()
	m.idle.Store(int64(idle))
}

// Read implements net.Conn.
func (m *socketConn) Read(p []byte) (int, error) {
	idle := time.Duration(m.idle.Load())
	if idle > 0 {
		_ = m.SetReadDeadline(time.Now().Add(idle))
	}
	n, err := m.Conn.Read(p)
	if idle == 0 {
		if m.left -= n; m.left < 0 {
			return n, errHandshakeLong
		}
	}
	if n > 0 && !m.pay(n) {
		return n, net.ErrClosed
	}
	return n, err
}

// Write implements net.Conn.
func (m *socketConn) Write(p []byte) (int, error) {
	if !m.pay(len(p)) {
		return 0, net.ErrClosed
	}
	return m.Conn.Write(p)
}

// SetWriteDeadline implements net.Conn. An open WebSocket always has one.
func (m *socketConn) SetWriteDeadline(t time.Time) error {
	if t.IsZero() && m.idle.Load() > 0 {
		t = time.Now().Add(writeLimit)
	}
	return m.Conn.SetWriteDeadline(t)
}

// pay waits until the guild may move so many bytes; it is false when the
// connection was closed meanwhile.
func (m *socketConn) pay(n int) bool {
	for n = min(n, int(min(m.limits.BytesAtOnce, 1<<30))); !m.leaving.Load(); {
		wait, ok := m.guild.spend(time.Now(), n, m.limits, 0)
		if ok {
			return true
		}
		timer := time.NewTimer(min(max(wait, time.Millisecond), time.Second))
		select {
		case <-m.done:
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
	return true
}

// Close implements net.Conn.
func (m *socketConn) Close() error {
	err := io.ErrClosedPipe
	m.close.Do(func() { close(m.done); err = m.Conn.Close() })
	return err
}
