package telemetry

import (
	"encoding/json"
	"net/http"
	"slices"
	"sync"
)

// Health tells whether a process may get traffic: every step of its start is
// done and nothing it needs is lost.
type Health struct {
	mu       sync.Mutex // Guards the members below.
	steps    []step
	stopping bool
}

type step struct {
	Name    string `json:"step"`
	Problem string `json:"problem"`
}

// notStarted is the problem of a step that nobody has spoken of yet.
const notStarted = "not started"

// NewHealth makes the state of a process that has all these steps before it.
func NewHealth(steps ...string) *Health {
	h := &Health{}
	for _, name := range steps {
		h.steps = append(h.steps, step{name, notStarted})
	}
	return h
}

// Done says that a step is done, or well again.
func (h *Health) Done(name string) { h.set(name, "") }

// Problem says what keeps a step from being done, or what was lost again. The
// text is public.
func (h *Health) Problem(name, problem string) { h.set(name, problem) }

func (h *Health) set(name, problem string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.steps, func(s step) bool { return s.Name == name })
	if i < 0 {
		h.steps = append(h.steps, step{name, problem})
		return
	}
	h.steps[i].Problem = problem
}

// Stopping says that the process ends; it is not ready any more.
func (h *Health) Stopping() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopping = true
}

// Ready reports whether every step is done.
func (h *Health) Ready() bool {
	_, ready := h.state()
	return ready
}

// Waiting says in words what keeps the process from being ready; "" is nothing.
func (h *Health) Waiting() string {
	s, ready := h.state()
	switch {
	case ready:
		return ""
	case s.Status == "stopping":
		return "the runtime is stopping"
	}
	return "waiting for " + s.WaitingFor[0].Name + ": " + s.WaitingFor[0].Problem
}

type state struct {
	Status     string `json:"status"` // ready, not_ready or stopping.
	WaitingFor []step `json:"waiting_for,omitempty"`
}

func (h *Health) state() (state, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := state{Status: "ready"}
	for _, step := range h.steps {
		if step.Problem != "" {
			s.Status = "not_ready"
			s.WaitingFor = append(s.WaitingFor, step)
		}
	}
	if h.stopping {
		s.Status = "stopping"
	}
	return s, s.Status == "ready"
}

// LiveHandler answers 200 as long as the process answers at all.
func (h *Health) LiveHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { respond(w, http.StatusOK, state{Status: "alive"}) })
}

// ReadyHandler answers 200 when the process is ready, else 503 with the steps
// it waits for.
func (h *Health) ReadyHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		s, ready := h.state()
		if ready {
			respond(w, http.StatusOK, s)
			return
		}
		respond(w, http.StatusServiceUnavailable, s)
	})
}

func respond(w http.ResponseWriter, status int, s state) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A prober that went away needs no answer.
	_ = json.NewEncoder(w).Encode(s)
}
