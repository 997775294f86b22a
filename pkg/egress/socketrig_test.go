package egress_test

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
)

// peer is the server's end of a WebSocket, frame by frame.
type peer struct {
	t *testing.T
	c net.Conn
	r *bufio.Reader
}

// switched answers a handshake; extra are further lines of the answer.
func switched(t *testing.T, w http.ResponseWriter, r *http.Request, extra ...string) *peer {
	c, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return nil
	}
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	lines := append([]string{"HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:])}, extra...)
	_, _ = io.WriteString(c, strings.Join(lines, "\r\n")+"\r\n\r\n")
	return &peer{t: t, c: c, r: buf.Reader}
}

// Opcodes; fin ends a message.
const (
	goesOn  = 0x0
	text1   = 0x1
	binary2 = 0x2
	closes  = 0x8
	ping    = 0x9
	pong    = 0xa
	fin     = 0x80
)

// frame is one that a server sends.
func frame(head byte, payload string) string {
	switch n := len(payload); {
	case n < 126:
		return string([]byte{head, byte(n)}) + payload
	case n < 1<<16:
		return string(binary.BigEndian.AppendUint16([]byte{head, 126}, uint16(n))) + payload
	default:
		return string(binary.BigEndian.AppendUint64([]byte{head, 127}, uint64(n))) + payload
	}
}

func closing(code uint16, reason string) string {
	return frame(fin|closes, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

func (p *peer) send(frames ...string) error {
	_, err := io.WriteString(p.c, strings.Join(frames, ""))
	return err
}

// next reads a frame of the client, which is masked.
func (p *peer) next() (head byte, payload string, err error) {
	b := make([]byte, 2)
	if _, err := io.ReadFull(p.r, b); err != nil {
		return 0, "", err
	}
	size := uint64(b[1] & 0x7f)
	if b[1]&0x80 == 0 {
		return 0, "", errors.New("a frame is not masked")
	}
	if size >= 126 {
		wide := make([]byte, map[uint64]int{126: 2, 127: 8}[size])
		if _, err := io.ReadFull(p.r, wide); err != nil {
			return 0, "", err
		}
		size = 0
		for _, c := range wide {
			size = size<<8 | uint64(c)
		}
	}
	data := make([]byte, 4+size)
	if _, err := io.ReadFull(p.r, data); err != nil {
		return 0, "", err
	}
	for i := range data[4:] {
		data[4+i] ^= data[i%4]
	}
	return b[0], string(data[4:]), nil
}

// message reads all frames of one.
func (p *peer) message() (head byte, payload string, err error) {
	head, payload, err = p.next()
	for all := head; err == nil && all&fin == 0; {
		var more string
		all, more, err = p.next()
		payload += more
	}
	return head | fin, payload, err
}

// last reads until the client's close frame, or the end, and says what it was.
func (p *peer) last() string {
	for {
		head, payload, err := p.next()
		switch {
		case err != nil:
			return "nothing"
		case head != fin|closes:
		case len(payload) < 2:
			return "close"
		default:
			return fmt.Sprintf("close %d", binary.BigEndian.Uint16([]byte(payload)))
		}
	}
}

// socket opens a WebSocket for a guild.
func (w *world) socket(url string, protocols ...string) (*egress.Socket, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return w.client.OpenSocket(ctx, w.t.Context(), guildA, egress.SocketRequest{URL: url, Protocols: protocols})
}

func (w *world) mustOpen(url string, protocols ...string) *egress.Socket {
	w.t.Helper()
	s, err := w.socket(url, protocols...)
	if err != nil {
		w.t.Fatalf("%s: %v", url, err)
	}
	return s
}

// openFails wants the handshake to fail with this code.
func (w *world) openFails(url, code string, protocols ...string) {
	w.t.Helper()
	_ = w.openFailure(url, code, protocols...)
}

// openFailure is openFails, and gives the failure.
func (w *world) openFailure(url, code string, protocols ...string) *egress.Failure {
	w.t.Helper()
	s, err := w.socket(url, protocols...)
	if s != nil {
		s.Release()
	}
	f, ok := errors.AsType[*egress.Failure](err)
	if !ok || f.Code != code {
		w.t.Errorf("%s: got %.200v, want %s", url, err, code)
		return &egress.Failure{}
	}
	return f
}

// rest takes all that comes until the end.
func (w *world) rest(s *egress.Socket) (all []string, end *egress.Ended) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		m, end, err := s.Receive(ctx)
		if err != nil {
			w.t.Fatal(err)
		}
		if end != nil {
			return all, end
		}
		kind := "b:"
		if m.Text {
			kind = "t:"
		}
		all = append(all, kind+string(m.Data))
	}
}

// summary is how a WebSocket ended, in a line.
func summary(e *egress.Ended) string {
	out := fmt.Sprintf("%d %q clean=%t", e.Code, e.Reason, e.Clean)
	if e.Why != nil {
		out += " " + e.Why.Code
	}
	return out
}
