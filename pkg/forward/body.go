package forward

import (
	"errors"
	"io"
	"net/http"
	"sync"
	"time"
)

// errLate is for a body that is read when its request was sent elsewhere.
var errLate = errors.New("the body belongs to a later attempt")

// body is a client's body on its way to a replica. As long as nothing of it was
// read, the request can still be sent elsewhere.
type body struct {
	in       io.Reader
	rc       *http.ResponseController
	patience time.Duration // For the next piece.

	mu      sync.Mutex // Guards the members below.
	touched bool
	closed  bool
	ended   bool
	failed  error // Why the client's body could not be read.
}

func (b *body) Read(p []byte) (int, error) {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return 0, errLate
	}
	b.touched = true
	b.mu.Unlock()
	_ = b.rc.SetReadDeadline(time.Now().Add(b.patience))
	n, err := b.in.Read(p)
	switch {
	case err == io.EOF: //nolint:errorlint // Readers give it bare.
		// The connection watches for the client's end from now on; an old deadline
		// would look like it.
		_ = b.rc.SetReadDeadline(time.Time{})
		b.mu.Lock()
		b.ended = true
		b.mu.Unlock()
	case err != nil:
		b.mu.Lock()
		b.failed = err
		b.mu.Unlock()
	}
	return n, err
}

// Close keeps an attempt that is over from reading on. The server closes the
// client's body itself.
func (b *body) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	return nil
}

// again makes the body ready for another attempt, if nothing of it is gone.
func (b *body) again() (*body, bool) {
	if b == nil {
		return nil, true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.touched {
		return nil, false
	}
	b.closed = true
	return &body{in: b.in, rc: b.rc, patience: b.patience}, true
}

// err is why the client's body could not be read, if that is so.
func (b *body) err() error {
	if b == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failed
}

// complete reports whether all of the body was read.
func (b *body) complete() bool {
	if b == nil {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ended
}

// writer gives the client only so long to take each piece of the answer.
type writer struct {
	http.ResponseWriter
	rc       *http.ResponseController
	patience time.Duration
	begun    bool // The answer's head was written.
}

// Unwrap is for http.ResponseController.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *writer) WriteHeader(status int) {
	w.begun = true
	w.deadline()
	w.ResponseWriter.WriteHeader(status)
}

func (w *writer) Write(p []byte) (int, error) {
	w.begun = true
	w.deadline()
	return w.ResponseWriter.Write(p)
}

func (w *writer) deadline() { _ = w.rc.SetWriteDeadline(time.Now().Add(w.patience)) }
