package inbound

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

const (
	// bodyTime is how long a client may take to send its body.
	bodyTime = 30 * time.Second
	// writeTime is how long a client may take to read a piece of the answer.
	writeTime = 30 * time.Second
	// answerGrace is what the worker's own verdict on a handler may be late.
	answerGrace = 5 * time.Second
)

// Caller is who sends a request.
type Caller struct {
	Address netip.AddrPort
	// Key is what counts as one caller.
	Key string
}

// Owns reports whether the request is for the endpoint; all that it does not own
// is the API's.
func (e *Endpoint) Owns(r *http.Request) bool { return e.cfg.Base.Owns(r) }

// Guild is whose endpoint a request is for, if it names one.
func (e *Endpoint) Guild(r *http.Request) (guild snowflake.GuildID, ok bool) {
	return e.cfg.Base.Guild(r)
}

// Within is how long the beginning of an answer may take, the request's body
// included.
func (e *Endpoint) Within() time.Duration {
	return bodyTime + e.cfg.Limits.Start + e.cfg.Limits.Answer + answerGrace
}

// Serve answers a request. An error is what to answer; nothing was written then.
func (e *Endpoint) Serve(w http.ResponseWriter, r *http.Request, who Caller) error {
	outcome, err := e.serve(w, r, who)
	e.cfg.Count(outcome)
	return err
}

func (e *Endpoint) serve(w http.ResponseWriter, r *http.Request, who Caller) (Outcome, error) {
	if e.ended.Err() != nil {
		return Unavailable, fault.New(fault.Unavailable, "the server is going down; try again in a moment")
	}
	leave, wait, _ := e.places.enter(who.Key)
	if leave == nil {
		return Limited, tooMany(wait, "too many requests of yours")
	}
	defer leave()
	guild, path, err := e.cfg.Base.place(r)
	if err != nil {
		return outcomeOf(err), err
	}
	open, err := e.cfg.Open(r.Context(), guild)
	switch {
	case err != nil:
		return Unavailable, err
	case !open:
		return Closed, errClosed()
	}
	if err := e.acceptable(r); err != nil {
		return outcomeOf(err), err
	}
	// Before the body is read: all that is in memory is counted.
	leaveAll, _, _ := e.total.enter(struct{}{})
	if leaveAll == nil {
		f := fault.New(fault.Unavailable, "too many requests are under way; try again in a moment")
		f.RetryAfter = time.Second
		return Unavailable, f
	}
	defer leaveAll()
	leaveGuild, wait, slow := e.guilds.enter(guild)
	if leaveGuild == nil {
		e.cfg.Refused(guild, limit.Requests, e.refusal(slow))
		return Limited, tooMany(wait, "too many requests for this address")
	}
	defer leaveGuild()
	body, err := e.body(w, r)
	if err != nil {
		return outcomeOf(err), err
	}
	return e.exchange(w, r, guild, who, path, body)
}

func (e *Endpoint) refusal(slow bool) string {
	if slow {
		return fmt.Sprintf("requests from outside are refused with 429: more than %g a second come", e.cfg.Limits.Guild.PerSecond)
	}
	return fmt.Sprintf("requests from outside are refused with 429: %d are under way", e.cfg.Limits.Guild.AtOnce)
}

func tooMany(wait time.Duration, what string) error {
	f := fault.New(fault.RateLimited, "%s; try again in %d s", what, int(wait/time.Second)+1)
	f.RetryAfter = max(wait, time.Second)
	return f
}

func outcomeOf(err error) Outcome {
	switch fault.From(err).Code {
	case fault.NotFound:
		return Closed
	case fault.TooLarge:
		return TooLarge
	case fault.Timeout:
		return TimedOut
	case fault.ScriptFailed, fault.Internal, fault.Upstream:
		return Failed
	case fault.Unavailable:
		return Unavailable
	default:
		return Refused
	}
}

// acceptable refuses what no script may be asked.
func (e *Endpoint) acceptable(r *http.Request) error {
	switch strings.ToUpper(r.Method) {
	case http.MethodConnect, http.MethodTrace, "TRACK":
		return fault.New(fault.MethodNotAllow, "this method is not allowed here")
	}
	if r.Header.Get("Service-Worker") != "" {
		// It would stand between a browser and all that the host has.
		return fault.New(fault.Forbidden, "Forbidden: nothing here may be a service worker")
	}
	if r.ContentLength > e.cfg.Limits.RequestBytes {
		return e.tooLarge()
	}
	return nil
}

func (e *Endpoint) tooLarge() error {
	return fault.New(fault.TooLarge, "the body is too large; at most %d bytes are taken", e.cfg.Limits.RequestBytes)
}

// body reads all of the request's body. That of GET and HEAD is nobody's.
func (e *Endpoint) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime))
	b, err := io.ReadAll(http.MaxBytesReader(w, r.Body, e.cfg.Limits.RequestBytes))
	_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
	if _, large := errors.AsType[*http.MaxBytesError](err); large {
		return nil, e.tooLarge()
	}
	if err != nil {
		return nil, fault.Wrap(err, fault.RequestTimeout, "the body did not arrive in %s, or is malformed", bodyTime)
	}
	// Scripts see these methods in capitals, whatever a client wrote.
	if strings.EqualFold(r.Method, http.MethodGet) || strings.EqualFold(r.Method, http.MethodHead) {
		return nil, nil
	}
	return b, nil
}

// message is a request as the script gets it.
type message struct {
	ID      string      `json:"id"`
	Method  string      `json:"method"`
	URL     string      `json:"url"`
	Headers [][2]string `json:"headers"`
	Body    []byte      `json:"body,omitempty"` // In base64.
	Host    string      `json:"host"`           // Of the caller.
	Port    int         `json:"port"`
}

func (e *Endpoint) message(x *exchange, r *http.Request, guild snowflake.GuildID, who Caller, path string, body []byte) ([]byte, error) {
	address := e.cfg.Base.origin(guild) + path
	if r.URL.RawQuery != "" || r.URL.ForceQuery {
		address += "?" + printable(r.URL.RawQuery)
	}
	return json.Marshal(message{
		ID: x.id, Method: r.Method, URL: address, Headers: e.incoming(r, guild), Body: body,
		Host: who.Address.Addr().Unmap().String(), Port: int(who.Address.Port()),
	})
}

// printable percent-encodes what is no ASCII, which texts could not carry.
func printable(query string) string {
	var b strings.Builder
	for i := range len(query) {
		if c := query[i]; c <= ' ' || c > '~' {
			fmt.Fprintf(&b, "%%%02X", c)
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// exchange hands the request to the guild's script and the answer to the client.
func (e *Endpoint) exchange(w http.ResponseWriter, r *http.Request, guild snowflake.GuildID, who Caller, path string, body []byte) (Outcome, error) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(e.ended, cancel)() //nolint:contextcheck // The end of the endpoint ends it.
	x := e.begin(guild)
	defer e.finish(guild, x)
	payload, err := e.message(x, r, guild, who, path, body)
	if err != nil {
		return Failed, err
	}
	waiting, giveUp := context.WithCancel(ctx)
	defer giveUp()
	err = e.cfg.Scripts.Deliver(guild, Delivery{
		Payload: payload,
		Void:    func() bool { return waiting.Err() != nil },
		Begun: func(life context.Context) {
			select {
			case <-x.life: // Of a script that is gone: it is the next one's now.
			default:
			}
			x.life <- life
		},
		Over: func(err error) {
			if err != nil {
				x.fate <- err
			}
		},
	})
	if err != nil {
		return outcomeOf(err), err
	}
	head, life, err := e.answer(ctx, guild, x)
	giveUp()
	if ctx.Err() != nil && r.Context().Err() != nil {
		return Gone, fault.Wrap(r.Context().Err(), fault.Unavailable, "the request was given up")
	}
	if err != nil {
		return outcomeOf(err), err
	}
	if life != nil {
		// What a script has begun to send ends with it.
		defer context.AfterFunc(life, cancel)() //nolint:contextcheck // The script's life.
	}
	return e.send(ctx, w, r, guild, x, head)
}

// answer waits for the beginning of the answer.
func (e *Endpoint) answer(ctx context.Context, guild snowflake.GuildID, x *exchange) (head Head, life context.Context, err error) {
	timer := e.cfg.Clock.NewTimer(e.cfg.Limits.Start)
	defer timer.Stop()
	for {
		select {
		case head := <-x.head:
			return head, x.latest(life), nil
		case err := <-x.fate:
			life = x.latest(life)
			select {
			case head := <-x.head: // It came before.
				return head, life, nil
			default:
			}
			if life != nil && fault.Is(err, fault.Timeout) {
				e.cfg.Scripts.Abandon(guild, x.id) // What it left behind may still listen.
			}
			return Head{}, nil, err
		case life = <-x.life:
			timer.Reset(e.cfg.Limits.Answer + answerGrace)
		case <-timer.C:
			if life = x.latest(life); life == nil {
				f := fault.New(fault.Unavailable, "the script behind this address is busy or being loaded; try again in a moment")
				f.RetryAfter = time.Second
				return Head{}, nil, f
			}
			e.cfg.Scripts.Abandon(guild, x.id)
			return Head{}, nil, fault.New(fault.Timeout, "the script behind this address took too long")
		case <-ctx.Done():
			if x.latest(life) != nil {
				e.cfg.Scripts.Abandon(guild, x.id)
			}
			return Head{}, nil, fault.New(fault.Unavailable, "the server is going down; try again in a moment")
		}
	}
}

// latest is the life of the script that has the request now. What the script did
// may be seen before that it has it.
func (x *exchange) latest(life context.Context) context.Context {
	select {
	case life = <-x.life:
	default:
	}
	return life
}

// send writes the answer.
func (e *Endpoint) send(ctx context.Context, w http.ResponseWriter, r *http.Request, guild snowflake.GuildID, x *exchange, head Head) (Outcome, error) {
	bad := func(why error) (Outcome, error) {
		e.cfg.Complain(guild, "a response of Deno.serve was not sent: "+why.Error())
		return Bad, fault.New(fault.Upstream, "the script behind this address gave a response that cannot be sent")
	}
	if head.Status < 200 || head.Status > 599 {
		return bad(fmt.Errorf("its status is %d", head.Status))
	}
	if size := max(int64(len(head.Body)), head.Length); size > e.cfg.Limits.ResponseBytes {
		return bad(fmt.Errorf("its body has %d bytes; at most %d are sent", size, e.cfg.Limits.ResponseBytes))
	}
	h := http.Header{}
	if err := e.outgoing(h, guild, head.Headers); err != nil {
		return bad(err)
	}
	out := &sender{w: w, rc: http.NewResponseController(w), left: e.cfg.Limits.ResponseBytes}
	own := w.Header()
	for name := range own {
		if name != "X-Request-Id" && name != "Strict-Transport-Security" {
			own.Del(name) // The API's, for its own answers.
		}
	}
	for name, values := range h {
		own[name] = values
	}
	if len(r.TransferEncoding) > 0 {
		// It may have had a length as well, which a proxy believed: what comes after
		// it on this connection is nobody's (RFC 9112, section 6.1).
		own.Set("Connection", "close")
	}
	if _, typed := h["Content-Type"]; !typed {
		own["Content-Type"] = nil // It is not guessed.
	}
	empty := head.Status == http.StatusNoContent || head.Status == http.StatusResetContent || head.Status == http.StatusNotModified
	if length := max(int64(len(head.Body)), head.Length); !empty && (!head.Pieces || head.Length >= 0) {
		own.Set("Content-Length", fmt.Sprint(length))
	}
	out.deadline()
	w.WriteHeader(head.Status)
	if empty || r.Method == http.MethodHead {
		x.allSent()
		return Answered, nil
	}
	if !head.Pieces {
		if err := out.write(head.Body, false); err != nil {
			return Gone, http.ErrAbortHandler
		}
		out.finish()
		x.allSent()
		return Answered, nil
	}
	return e.stream(ctx, guild, x, out, head.Length)
}

// stream writes the pieces of a body as they come.
func (e *Endpoint) stream(ctx context.Context, guild snowflake.GuildID, x *exchange, out *sender, length int64) (Outcome, error) {
	longest := e.cfg.Clock.NewTimer(e.cfg.Limits.Stream)
	defer longest.Stop()
	// The client is told that it is not all, by a connection that breaks.
	cut := func(outcome Outcome, why string) (Outcome, error) {
		if why != "" {
			e.cfg.Complain(guild, "a response of Deno.serve was cut off: "+why)
		}
		e.cfg.Scripts.Abandon(guild, x.id)
		return outcome, http.ErrAbortHandler
	}
	if err := out.flush(); err != nil {
		return cut(Gone, "")
	}
	sent := int64(0)
	for {
		select {
		case p := <-x.pieces:
			switch {
			case p.failed:
				return cut(Failed, "")
			case int64(len(p.bytes)) > out.left:
				return cut(Bad, fmt.Sprintf("it has more than %d bytes", e.cfg.Limits.ResponseBytes))
			}
			if err := out.write(p.bytes, true); err != nil {
				return cut(Gone, "")
			}
			if sent += int64(len(p.bytes)); p.end {
				if length >= 0 && sent != length {
					return cut(Bad, "it has another length than was said")
				}
				out.finish()
				x.allSent()
				return Answered, nil
			}
			close(p.done)
		case <-longest.C:
			return cut(TimedOut, fmt.Sprintf("it took longer than %s", e.cfg.Limits.Stream))
		case <-ctx.Done():
			return cut(Gone, "")
		}
	}
}

// sender writes to a client, which may take only so long for each piece.
type sender struct {
	w    http.ResponseWriter
	rc   *http.ResponseController
	left int64
}

func (s *sender) deadline() { _ = s.rc.SetWriteDeadline(time.Now().Add(writeTime)) }

func (s *sender) write(b []byte, now bool) error {
	s.left -= int64(len(b))
	s.deadline()
	if _, err := s.w.Write(b); err != nil {
		return err
	}
	if now {
		return s.flush()
	}
	return nil
}

func (s *sender) flush() error {
	if err := s.rc.Flush(); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	return nil
}

// finish takes the deadline off: the connection may serve another request.
func (s *sender) finish() {
	_ = s.flush()
	_ = s.rc.SetWriteDeadline(time.Time{})
}
