package discordsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/zap"
)

// The gateway's opcodes.
const (
	opDispatch       = 0
	opHeartbeat      = 1
	opIdentify       = 2
	opPresence       = 3
	opVoiceState     = 4
	opResume         = 6
	opReconnect      = 7
	opRequestMembers = 8
	opInvalidSession = 9
	opHello          = 10
	opAck            = 11
	opRequestSounds  = 31
)

// The gateway's close codes.
const (
	closeUnknownOp        = 4001
	closeDecode           = 4002
	closeNotAuthenticated = 4003
	closeAuthentication   = 4004
	closeAlready          = 4005
	closeInvalidSeq       = 4007
	closeRateLimited      = 4008
	closeTimedOut         = 4009
	closeInvalidShard     = 4010
	closeShardingRequired = 4011
	closeInvalidVersion   = 4012
	closeInvalidIntents   = 4013
	closeDeniedIntents    = 4014
)

const (
	// maxPayload is what a client may send at once.
	maxPayload = 4096
	// maxSends is how many payloads a client may send in a window.
	maxSends   = 120
	sendWindow = time.Minute
	// maxPerShard is how many guilds a shard may have on average.
	maxPerShard = 2500
)

var upgrader = websocket.Upgrader{ReadBufferSize: 4096, WriteBufferSize: 1024}

func (s *Sim) gatewayURL() string {
	base := *s.base.Load()
	if rest, ok := strings.CutPrefix(base, "https://"); ok {
		return "wss://" + rest + "/gateway"
	}
	return "ws://" + strings.TrimPrefix(base, "http://") + "/gateway"
}

// serveGateway is one connection; its goroutine is the reader.
func (s *Sim) serveGateway(w http.ResponseWriter, r *http.Request) {
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // The upgrader has answered.
	}
	query := r.URL.Query()
	c := newConn(s, ws, query.Get("compress") == "zlib-stream")
	if !s.admit(c) {
		c.reset()
		return
	}
	defer s.running.Done()
	writing := make(chan struct{})
	go func() {
		defer close(writing)
		c.write()
	}()
	code := c.serve(query)
	s.detach(c, endsSession(code))
	c.stop()
	<-writing
	_ = ws.Close()
	s.log.Debug("gateway connection ended", zap.Int("code", code))
}

func (s *Sim) admit(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.sweepSessions()
	s.conns[c] = struct{}{}
	s.running.Add(1)
	return true
}

// endsSession reports whether a session cannot be resumed after the code.
func endsSession(code int) bool {
	switch code {
	case websocket.CloseNormalClosure, websocket.CloseGoingAway, closeAuthentication, closeInvalidSeq, closeTimedOut:
		return true
	}
	return code >= closeInvalidShard && code <= closeDeniedIntents
}

// closing is an error that ends the connection with a code.
type closing struct {
	code   int
	reason string
}

func (c *closing) Error() string { return fmt.Sprintf("close %d: %s", c.code, c.reason) }

func closeWith(code int, reason string) error { return &closing{code, reason} }

// serve says HELLO and reads until the connection ends; it returns the close
// code, ours or the client's, and 1006 when there was none.
func (c *conn) serve(query url.Values) int {
	err := c.start(query.Get("v"), query.Get("encoding"), query.Get("compress"))
	for err == nil {
		err = c.readOne()
	}
	var ours *closing
	if errors.As(err, &ours) {
		c.close(ours.code, ours.reason)
		c.drain()
		return ours.code
	}
	var theirs *websocket.CloseError
	if errors.As(err, &theirs) {
		return theirs.Code
	}
	return websocket.CloseAbnormalClosure
}

func (c *conn) start(version, encoding, compress string) error {
	if version != "" && version != "10" && version != "9" {
		return closeWith(closeInvalidVersion, "Invalid API version.")
	}
	if encoding != "" && encoding != "json" {
		return closeWith(closeDecode, "Only the json encoding is simulated.")
	}
	if compress != "" && compress != "zlib-stream" {
		return closeWith(closeDecode, "Only zlib-stream compression is simulated.")
	}
	c.send(control(opHello, map[string]any{"heartbeat_interval": c.sim.cfg.HeartbeatInterval.Milliseconds(), "_trace": []string{"discordsim"}}))
	return nil
}

// drain waits a little for the peer's close frame.
func (c *conn) drain() {
	for {
		if _, _, err := c.ws.NextReader(); err != nil {
			return
		}
	}
}

func control(op int, d any) []byte {
	return mustEncode(map[string]any{"t": nil, "s": nil, "op": op, "d": d})
}

// readOne reads and handles one payload.
func (c *conn) readOne() error {
	_ = c.ws.SetReadDeadline(time.Now().Add(2*c.sim.cfg.HeartbeatInterval + time.Second))
	_, r, err := c.ws.NextReader()
	if err != nil {
		return readingFailed(err)
	}
	body, err := io.ReadAll(io.LimitReader(r, maxPayload+1))
	if err != nil {
		return readingFailed(err)
	}
	var p struct {
		Op *int            `json:"op"`
		D  json.RawMessage `json:"d"`
	}
	if len(body) > maxPayload || json.Unmarshal(body, &p) != nil || p.Op == nil {
		return closeWith(closeDecode, "Error while decoding payload.")
	}
	if c.overSent() {
		return closeWith(closeRateLimited, "You are being rate limited.")
	}
	return c.handle(*p.Op, p.D)
}

func readingFailed(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return closeWith(closeTimedOut, "Session timed out.")
	}
	return err
}

// overSent counts one payload against the limit.
func (c *conn) overSent() bool {
	if c.sim.cfg.NoRateLimits {
		return false
	}
	if now := c.sim.now(); now.Sub(c.windowStart) >= sendWindow {
		c.windowStart, c.sends = now, 0
	}
	c.sends++
	return c.sends > maxSends
}

func (c *conn) handle(op int, d json.RawMessage) error {
	switch op {
	case opHeartbeat:
		c.mu.Lock()
		muted := c.muted
		c.mu.Unlock()
		if !muted {
			c.send([]byte(`{"t":null,"s":null,"op":11,"d":null}`))
		}
		return nil
	case opIdentify:
		return c.identify(d)
	case opResume:
		return c.resume(d)
	}
	known := slices.Contains([]int{opPresence, opVoiceState, opRequestMembers, opRequestSounds}, op)
	switch {
	case !known:
		return closeWith(closeUnknownOp, "Unknown opcode.")
	case !c.identified():
		return closeWith(closeNotAuthenticated, "Not authenticated.")
	case op == opRequestMembers:
		return c.requestMembers(d)
	case op == opVoiceState:
		return c.updateVoice(d)
	}
	return checkObject(d)
}

func (c *conn) identified() bool {
	c.sim.mu.Lock()
	defer c.sim.mu.Unlock()
	return c.session != nil
}

// checkObject accepts any object: presences are taken and not shown.
func checkObject(d json.RawMessage) error {
	var m map[string]json.RawMessage
	if json.Unmarshal(d, &m) != nil || m == nil {
		return closeWith(closeDecode, "Error while decoding payload.")
	}
	return nil
}
