package discordsim

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// RequestFault is what happens to the next requests of a route instead of, or
// around, their answer.
type RequestFault struct {
	// Route is a pattern such as "POST /channels/{channel}/messages", or the
	// beginning of a path such as "/channels/1/"; "" matches every request.
	Route string `json:"route"`
	// Count is how many requests it is for; 0 means one.
	Count int `json:"count"`
	// Status is answered instead; 0 answers as usual, after the delay.
	Status int `json:"status"`
	// Body goes with Status; without it the body is Discord's or Cloudflare's.
	Body json.RawMessage `json:"body"`
	// RetryAfter goes with a 429, in seconds; Global marks it.
	RetryAfter float64 `json:"retry_after"`
	Global     bool    `json:"global"`
	// DelayMS is waited before anything else.
	DelayMS int `json:"delay_ms"`
	// Done executes the request before the answer is replaced by Status, as
	// when a proxy loses the answer.
	Done bool `json:"done"`
	// Drop closes the connection without an answer.
	Drop bool `json:"drop"`
}

// maxFaults bounds the script.
const maxFaults = 1000

// faultScript holds the faults that wait for their requests.
type faultScript struct {
	mu   sync.Mutex
	list []*RequestFault
}

func newFaultScript() *faultScript { return &faultScript{} }

// Validate refuses what makes no sense.
func (f *RequestFault) Validate() error {
	switch {
	case f.Status != 0 && (f.Status < 200 || f.Status > 599):
		return errors.New("status must be from 200 to 599")
	case f.Count < 0 || f.Count > 1_000_000:
		return errors.New("count must be from 0 to 1000000")
	case f.DelayMS < 0 || f.DelayMS > 600_000:
		return errors.New("delay_ms must be from 0 to 600000")
	case f.RetryAfter < 0 || f.RetryAfter > 3600:
		return errors.New("retry_after must be from 0 to 3600")
	case f.Status == 0 && f.DelayMS == 0 && !f.Drop:
		return errors.New("a fault needs status, delay_ms or drop")
	case sent(f.Body) && !json.Valid(f.Body):
		return errors.New("body must be JSON")
	}
	return nil
}

// FailRequests adds a fault to the script.
func (s *Sim) FailRequests(f RequestFault) error {
	if err := f.Validate(); err != nil {
		return err
	}
	if f.Count == 0 {
		f.Count = 1
	}
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	if len(s.faults.list) >= maxFaults {
		return errors.New("too many faults are waiting")
	}
	s.faults.list = append(s.faults.list, &f)
	return nil
}

// ClearFaults forgets the faults that have not happened.
func (s *Sim) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

// forRequest takes the first fault that matches, or nil.
func (fs *faultScript) forRequest(path, route string) *RequestFault {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	for i, f := range fs.list {
		if f.Route != "" && f.Route != route && (f.Route[0] != '/' || !strings.HasPrefix(path, f.Route)) {
			continue
		}
		taken := *f
		if f.Count--; f.Count == 0 {
			fs.list = append(fs.list[:i:i], fs.list[i+1:]...)
		}
		return &taken
	}
	return nil
}

// wait is the delay; it ends early when the client goes.
func (f *RequestFault) wait(ctx context.Context) {
	clock.Sleep(ctx, clock.Real, time.Duration(f.DelayMS)*time.Millisecond)
}

// answer is what is said instead.
func (f *RequestFault) answer(h http.Header) (int, []byte) {
	if f.Status == http.StatusTooManyRequests {
		h.Set("X-RateLimit-Scope", "user")
		h.Set("X-RateLimit-Reset-After", strconv.FormatFloat(f.RetryAfter, 'f', 3, 64))
		if f.Global {
			h.Set("X-RateLimit-Scope", "global")
			h.Set("X-RateLimit-Global", "true")
		}
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter))))
		if !sent(f.Body) {
			return (&refused{Message: "You are being rate limited.", RetryAfter: f.RetryAfter, Global: f.Global}).encode()
		}
	}
	if sent(f.Body) {
		return f.Status, f.Body
	}
	return encodeError(refuse(f.Status, 0, strconv.Itoa(f.Status)+": "+http.StatusText(f.Status)))
}

// hangUp ends the request without an answer.
func hangUp() { panic(http.ErrAbortHandler) }

// GatewayFault is something that happens to gateway connections.
type GatewayFault struct {
	// Kind is "drop" (close with Code, or abruptly when it is 0), "reconnect"
	// (op 7), "invalid_session" (op 9), "mute" (heartbeats are not acknowledged
	// any more) or "heartbeat" (the server asks for one).
	Kind string `json:"kind"`
	Code int    `json:"code"`
	// Resumable goes with invalid_session; when it is false, the session ends.
	Resumable bool `json:"resumable"`
	// Shard limits the fault to one shard.
	Shard *uint64 `json:"shard"`
	// Forget ends the sessions too, so that a RESUME is answered with op 9.
	Forget bool `json:"forget"`
}

// FailGateway lets the fault happen to every connection that it is for, and
// says how many there were.
func (s *Sim) FailGateway(f GatewayFault) (int, error) {
	if err := f.Validate(); err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for c := range s.conns {
		if f.Shard != nil && (c.session == nil || c.session.shard[0] != *f.Shard) {
			continue
		}
		s.failConn(c, f)
		n++
	}
	return n, nil
}

func (s *Sim) failConn(c *conn, f GatewayFault) {
	if c.session != nil && (f.Forget || f.Kind == "invalid_session" && !f.Resumable) {
		delete(s.sessions, c.session.id)
	}
	switch f.Kind {
	case "drop":
		if f.Code == 0 {
			c.close(-1, "")
			return
		}
		if c.session != nil && endsSession(f.Code) {
			delete(s.sessions, c.session.id)
		}
		c.close(f.Code, "Scripted.")
	case "reconnect":
		c.send(control(opReconnect, nil))
	case "invalid_session":
		c.send(control(opInvalidSession, f.Resumable))
		c.logOut()
	case "mute":
		c.mu.Lock()
		c.muted = true
		c.mu.Unlock()
	case "heartbeat":
		c.send(control(opHeartbeat, nil))
	}
}

// logOut takes the connection's session away, so that it can identify again.
func (c *conn) logOut() {
	if c.session != nil {
		c.sim.leave(c)
		c.session.conn = nil
		c.session.left = c.sim.now()
		c.session = nil
	}
}

// Sessions is how many gateway sessions are connected, and Identifies how many
// were begun since the start.
func (s *Sim) Sessions() (connected, identifies int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ss := range s.sessions {
		if ss.conn != nil {
			connected++
		}
	}
	return connected, s.pace.total
}

// Depart makes the bot leave a guild, or the guild unavailable; Arrive undoes
// an outage.
func (s *Sim) Depart(id snowflake.GuildID, outage bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.guilds[id]
	if g == nil {
		return errUnknownGuild
	}
	s.departLocked(g, outage)
	return nil
}

// Validate refuses what makes no sense.
func (f *GatewayFault) Validate() error {
	switch f.Kind {
	case "drop", "reconnect", "invalid_session", "mute", "heartbeat":
	default:
		return errors.New("action must be drop, reconnect, invalid_session, mute or heartbeat")
	}
	if f.Code != 0 && (f.Kind != "drop" || f.Code < 1000 || f.Code > 4999) {
		return errors.New("code goes with drop and must be from 1000 to 4999")
	}
	if f.Resumable && f.Kind != "invalid_session" {
		return errors.New("resumable goes with invalid_session")
	}
	return nil
}
