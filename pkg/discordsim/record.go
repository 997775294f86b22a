package discordsim

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"go.uber.org/zap"
)

// Exchange is a REST request with what came in and what was answered, as
// whole as the wire had it.
type Exchange struct {
	Method string `json:"method"`
	Path   string `json:"path"` // Below /api/v10.
	Query  string `json:"query,omitempty"`
	// Body is the JSON of the request, or of payload_json; Form says that it is
	// made of a form's fields, and Files are the names of the uploaded parts.
	Body  json.RawMessage `json:"body,omitempty"`
	Form  bool            `json:"form,omitempty"`
	Files []string        `json:"files,omitempty"`
	// Scripted says that a fault made the answer.
	Scripted bool `json:"scripted,omitempty"`
	// Unread says that it was refused before its body was taken in.
	Unread bool            `json:"unread,omitempty"`
	Status int             `json:"status"`
	Answer json.RawMessage `json:"answer,omitempty"`
}

// Sent is an event that was dispatched to a session.
type Sent struct {
	Event string `json:"event"`
	// Invented says that somebody gave the event to POST /sim/guilds/{g}/events.
	Invented bool            `json:"invented,omitempty"`
	Data     json.RawMessage `json:"data"`
}

// Observer sees what goes over the wire. It is called on many goroutines and
// must not call the simulator.
type Observer interface {
	Exchanged(Exchange)
	Sent(Sent)
}

// recording is a file that an observer writes, one JSON document a line: an
// Exchange or a Sent.
type recording struct {
	mu   sync.Mutex // Guards out.
	out  *os.File
	json *json.Encoder
	log  *zap.Logger
}

// newRecording makes a new file in the folder.
func newRecording(folder string, log *zap.Logger) (*recording, error) {
	f, err := os.CreateTemp(filepath.Clean(folder), fmt.Sprintf("discordsim-%d-*.jsonl", os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("record into the folder %s: %w", folder, err)
	}
	return &recording{out: f, json: json.NewEncoder(f), log: log}, nil
}

// Exchanged implements Observer.
func (r *recording) Exchanged(x Exchange) { r.write(x) }

// Sent implements Observer.
func (r *recording) Sent(s Sent) { r.write(s) }

func (r *recording) write(v any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.json.Encode(v); err != nil {
		r.log.Warn("a recording is incomplete", zap.Error(err))
	}
}

func (r *recording) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := r.out.Close(); err != nil {
		return fmt.Errorf("close a recording: %w", err)
	}
	return nil
}

// exchanged tells the observer about an answered request.
func (s *Sim) exchanged(c *call, status int, answer []byte) {
	if s.cfg.Observer == nil {
		return
	}
	x := Exchange{Method: c.req.Method, Path: c.path, Query: c.req.URL.RawQuery, Form: c.isForm, Unread: !c.wasRead, Scripted: c.scripted, Status: status}
	if json.Valid(c.body) {
		x.Body = c.body
	}
	if json.Valid(answer) {
		x.Answer = answer
	}
	for _, f := range c.files {
		x.Files = append(x.Files, f.part)
	}
	s.cfg.Observer.Exchanged(x)
}
