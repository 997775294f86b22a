package egress

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket"

	"github.com/flora-runtime/flora-runtime/pkg/limit"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// Socket is an open WebSocket of a guild. What comes is read ahead a little and
// then left with the server until it is taken. Its methods are safe for
// concurrent use; Send is called by one at a time.
type Socket struct {
	client   *Client
	guild    snowflake.GuildID
	bytes    *guild
	host     string
	to       secret.Target
	protocol string
	conn     *websocket.Conn
	wire     *socketConn
	ctx      context.Context //nolint:containedctx // The connection's life.
	cancel   context.CancelFunc
	free     func()

	scrub scrubs // The reader's.

	mu      sync.Mutex // Guards the members below.
	ahead   []Message
	size    int64 // Of ahead, in bytes.
	ended   *Ended
	release bool
	closing *time.Timer

	arrived, taken chan struct{} // Hold one note each.
}

// start runs the connection. It ends when life does.
func (s *Socket) start(life context.Context) {
	s.arrived, s.taken = make(chan struct{}, 1), make(chan struct{}, 1)
	s.ctx, s.cancel = context.WithCancel(life)
	stops := []func() bool{context.AfterFunc(life, s.leave), context.AfterFunc(s.client.base, s.leave)} //nolint:contextcheck // The end of the client ends every connection.
	s.conn.SetReadLimit(s.client.cfg.Limits.Sockets.MessageBytes)
	var pings limit.Bucket
	s.conn.SetPingHandler(func(data string) error {
		if _, ok := pings.Take(time.Now(), 1, pingsPer, pingsAtOnce, 0); !ok {
			return errPings
		}
		_ = s.conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second)) // One that does not get through is no loss.
		return nil
	})
	s.client.cfg.Sockets.Open(1)
	s.client.running.Go(func() {
		s.read()
		for _, stop := range stops {
			stop()
		}
		s.client.cfg.Sockets.Open(-1)
	})
	s.client.running.Go(s.ping)
}

// Protocol is the subprotocol that the server chose.
func (s *Socket) Protocol() string { return s.protocol }

var (
	errPings = errors.New("it sends too many pings")
	errUTF8  = errors.New("it sent a text that is not UTF-8")
	errHeld  = errors.New("what came and waits for the script takes too much memory")
)

// ping asks the server for a sign of life.
func (s *Socket) ping() {
	t := time.NewTicker(s.client.cfg.Limits.Sockets.Idle * 2 / 5)
	defer t.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-t.C:
			// What is not answered is the reader's to see.
			_ = s.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(time.Second))
		}
	}
}

// leave ends the connection because the script did, or Flora.
func (s *Socket) leave() {
	s.finish(&Ended{Code: websocket.CloseAbnormalClosure, Why: failure(Cancelled, "ABORTED", "the script has ended")})
	s.wire.leaving.Store(true)
	_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseGoingAway, ""), time.Now().Add(time.Second))
	_ = s.wire.Close()
}

// read takes what comes until the end.
func (s *Socket) read() {
	defer s.cancel()
	for {
		if !s.room() {
			return
		}
		m, err := s.message()
		if err != nil {
			s.finish(s.verdict(err))
			_ = s.wire.Close()
			return
		}
		s.client.cfg.Sockets.Carried(true)
		s.put(m)
	}
}

// room waits until the script has taken enough of what came; it is false when
// the connection ends.
func (s *Socket) room() bool {
	for {
		s.mu.Lock()
		full := len(s.ahead) >= aheadMessages || s.size >= aheadBytes
		s.mu.Unlock()
		if !full {
			return s.ctx.Err() == nil
		}
		select {
		case <-s.taken:
		case <-s.ctx.Done():
			return false
		}
	}
}

// message reads one. Its bytes are held in the guild's memory until it is taken.
func (s *Socket) message() (m Message, err error) {
	kind, r, err := s.conn.NextReader()
	if err != nil {
		return m, err
	}
	var data []byte
	held := int64(0)
	defer func() {
		if err != nil {
			s.bytes.release(held)
		}
	}()
	for {
		if len(data) == cap(data) {
			grown := max(int64(2*cap(data)), socketBuffer)
			if !s.hold(grown - held) {
				return m, errHeld
			}
			held = grown
			data = append(make([]byte, 0, grown), data...)
		}
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return m, err
		}
	}
	m = Message{Text: kind == websocket.TextMessage, Data: data}
	if m.Text && !utf8.Valid(data) {
		return m, errUTF8
	}
	m.Data = s.conceal(data)
	// What is left out or added by that is little.
	s.bytes.release(held - int64(len(m.Data)))
	held = int64(len(m.Data))
	return m, nil
}

const (
	heldTries = 20
	heldPause = 50 * time.Millisecond
)

// hold takes memory. Other messages may have to be taken by the script before
// there is some.
func (s *Socket) hold(n int64) bool {
	for range heldTries {
		if s.bytes.hold(n, s.client.cfg.Limits.HeldBytes) {
			return true
		}
		timer := time.NewTimer(heldPause)
		select {
		case <-s.ctx.Done():
			timer.Stop()
			return false
		case <-timer.C:
		}
	}
	return false
}

func (s *Socket) put(m Message) {
	s.mu.Lock()
	if s.release {
		s.bytes.release(int64(len(m.Data)))
	} else {
		s.ahead = append(s.ahead, m)
		s.size += int64(len(m.Data))
	}
	s.mu.Unlock()
	note(s.arrived)
}

func note(to chan struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// finish notes how it ended; the first word counts.
func (s *Socket) finish(e *Ended) {
	s.mu.Lock()
	if s.ended == nil {
		s.ended = e
	}
	if s.closing != nil {
		s.closing.Stop()
	}
	s.mu.Unlock()
	note(s.arrived)
	s.cancel()
}

// verdict is what the script is told of an error of the reader, and tells the
// server if it is to know.
func (s *Socket) verdict(err error) *Ended {
	if ce, ok := errors.AsType[*websocket.CloseError](err); ok && ce.Code != websocket.CloseAbnormalClosure {
		return &Ended{Code: ce.Code, Reason: string(s.conceal([]byte(ce.Text))), Clean: true}
	}
	tell := func(code int, text string) {
		_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, text), time.Now().Add(time.Second))
	}
	var f *Failure
	timeout, isNet := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, errPings):
		tell(websocket.ClosePolicyViolation, "too many pings")
		f = failure(Invalid, "EPROTO", s.host+": "+err.Error())
	case errors.Is(err, errUTF8):
		tell(websocket.CloseInvalidFramePayloadData, "not UTF-8")
		f = failure(Invalid, "EPROTO", s.host+": "+err.Error())
	case errors.Is(err, errHeld):
		tell(websocket.CloseTryAgainLater, "")
		f = failure(OverLimit, "EBUDGET", errHeld.Error())
	case errors.Is(err, websocket.ErrReadLimit):
		tell(websocket.CloseMessageTooBig, "") // The library does so in most cases.
		f = failure(TooLarge, "EMESSAGE", s.host+" sent a message of more than "+strconv.FormatInt(s.client.cfg.Limits.Sockets.MessageBytes, 10)+" bytes")
	case isNet && timeout.Timeout():
		f = failure(TimedOut, "ETIMEDOUT", s.host+" gave no sign of life")
	case isNetwork(err), errors.Is(err, net.ErrClosed), errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), websocket.IsCloseError(err, websocket.CloseAbnormalClosure):
		f = failure(Unreached, "ECONNRESET", s.host+" closed the connection without a word")
	default: // The library has told the server, with 1002.
		f = failure(Invalid, "EPROTO", s.host+" sent what is no WebSocket message")
	}
	f.cause = err
	return &Ended{Code: websocket.CloseAbnormalClosure, Why: f}
}

// Receive waits for the next message, and gives how it ended when there is none
// any more. One may wait at a time. The error is ctx's.
func (s *Socket) Receive(ctx context.Context) (*Message, *Ended, error) {
	for {
		s.mu.Lock()
		if len(s.ahead) > 0 {
			m := s.ahead[0]
			s.ahead[0] = Message{}
			s.ahead = s.ahead[1:]
			s.size -= int64(len(m.Data))
			s.bytes.release(int64(len(m.Data)))
			s.mu.Unlock()
			note(s.taken)
			return &m, nil, nil
		}
		ended := s.ended
		s.mu.Unlock()
		if ended != nil {
			return nil, ended, nil
		}
		select {
		case <-s.arrived:
		case <-ctx.Done():
			return nil, nil, ctx.Err()
		}
	}
}

// Send sends messages in their order. Secrets are put into those that are text.
// When it fails the connection ends.
func (s *Socket) Send(ctx context.Context, all []Message) error {
	stop := context.AfterFunc(ctx, func() {
		if ctx.Err() != nil && s.ctx.Err() == nil {
			s.fail(failure(TimedOut, "ETIMEDOUT", s.host+" does not take what is sent"))
		}
	})
	defer stop()
	for _, m := range all {
		if err := s.send(m); err != nil {
			f, ok := errors.AsType[*Failure](err)
			if !ok {
				f = failure(Unreached, "ECONNRESET", s.host+" does not take what is sent any more")
				f.cause = err
			}
			s.fail(f)
			return f
		}
		s.client.cfg.Sockets.Carried(false)
	}
	return nil
}

func (s *Socket) send(m Message) error {
	most := s.client.cfg.Limits.Sockets.MessageBytes
	kind := websocket.BinaryMessage
	if m.Text {
		kind = websocket.TextMessage
		var err error
		if m.Data, err = s.fill(m.Data, most); err != nil {
			return err
		}
	}
	if int64(len(m.Data)) > most {
		return failure(TooLarge, "EMESSAGE", "the message has more than "+strconv.FormatInt(most, 10)+" bytes")
	}
	return s.conn.WriteMessage(kind, m.Data)
}

// fail ends the connection without a closing handshake.
func (s *Socket) fail(f *Failure) {
	s.finish(&Ended{Code: websocket.CloseAbnormalClosure, Why: f})
	_ = s.wire.Close()
}

// Fail ends the connection because of the script.
func (s *Socket) Fail(text string) { s.fail(failure(TooLarge, "EMESSAGE", text)) }

// Close begins the closing handshake; without a code none is sent. The server
// may go on to send until it answers, but not for ever.
func (s *Socket) Close(code int, reason string) {
	s.mu.Lock()
	again := s.closing != nil || s.ended != nil
	if !again {
		s.closing = time.AfterFunc(s.client.cfg.Limits.Sockets.Closing, func() {
			s.fail(failure(TimedOut, "ETIMEDOUT", s.host+" did not answer the close in time"))
		})
	}
	s.mu.Unlock()
	if again {
		return
	}
	// Without a code the library makes an empty frame of it.
	_ = s.conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, reason), time.Now().Add(s.client.cfg.Limits.Sockets.Closing))
}

// Release ends the connection, if it has not, and gives back what it took.
func (s *Socket) Release() {
	s.mu.Lock()
	s.release = true
	s.bytes.release(s.size)
	s.ahead, s.size = nil, 0
	s.mu.Unlock()
	if s.ctx.Err() == nil {
		s.leave()
	}
	s.free()
}
