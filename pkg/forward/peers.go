package forward

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

const (
	// peerPath begins the addresses of questions.
	peerPath = "/replica/"
	// askTime bounds a question, and mostAnswer the bytes of its answer: that with
	// a build is the largest.
	askTime    = 3 * time.Second
	mostAnswer = 128 << 20
)

// problem is an answer that is none.
type problem struct {
	Code    fault.Code `json:"code"`
	Message string     `json:"message"`
}

// Answer has the others' questions at a path, such as "builds/{id}", answered.
func (f *Forwarder) Answer(path string, answer func(r *http.Request) (any, error)) {
	f.answers.HandleFunc("GET "+peerPath+path, func(w http.ResponseWriter, r *http.Request) {
		doc, err := answer(r)
		status := http.StatusOK
		if err != nil {
			fa := fault.From(err)
			doc, status = problem{fa.Code, fa.Message}, fa.Status()
		}
		w.Header().Set("Content-Type", "application/json")
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(takeTime))
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(doc) // The one who asks sees that it is not all.
	})
}

// Others are the replicas that live, without this one.
func (f *Forwarder) Others() []Member {
	var out []Member
	for _, m := range f.cfg.Group.Members() {
		if m.Name != f.cfg.Name {
			out = append(out, m)
		}
	}
	return out
}

// Ask asks a replica, at a path that is escaped, and decodes what it says.
func (f *Forwarder) Ask(ctx context.Context, m Member, path string, query url.Values, into any) error {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	at, err := url.Parse(m.URL)
	if err == nil && at.Host == "" {
		err = errors.New("it has no host")
	}
	var r *http.Request
	if err == nil {
		r, err = http.NewRequestWithContext(ctx, http.MethodGet, at.Scheme+"://"+at.Host+peerPath+path+"?"+query.Encode(), nil)
	}
	if err != nil {
		return fmt.Errorf("the address of replica %s is %q, which is none: %w", m.Name, m.URL, err)
	}
	if _, err := f.seal.sign(r, ticket{Kind: peerKind, From: f.cfg.Name, To: m.Name, At: f.cfg.Clock.Now()}); err != nil {
		return err
	}
	res, err := f.transport.RoundTrip(r)
	if err != nil {
		return unanswered(fmt.Errorf("ask replica %s: %w", m.Name, err))
	}
	defer func() { _ = res.Body.Close() }()
	in := json.NewDecoder(io.LimitReader(res.Body, mostAnswer))
	if res.StatusCode == http.StatusOK {
		if err := in.Decode(into); err != nil {
			return unanswered(fmt.Errorf("read what replica %s answers: %w", m.Name, err))
		}
		return nil
	}
	var p problem
	if err := in.Decode(&p); err != nil || p.Code == "" || res.StatusCode == http.StatusServiceUnavailable {
		return unanswered(fmt.Errorf("replica %s answers with status %d: %s", m.Name, res.StatusCode, p.Message))
	}
	return fault.New(p.Code, "%s", p.Message)
}

func unanswered(err error) error {
	fa := fault.Wrap(err, fault.Unavailable, "another replica, which knows more, does not answer at the moment; try again in a moment")
	fa.RetryAfter = retryAfter
	return fa
}

// Reply is what one of several said.
type Reply[T any] struct {
	From  Member
	Value T
	Err   error
}

// AskAll asks all the others at once.
func AskAll[T any](ctx context.Context, f *Forwarder, path string, query url.Values) []Reply[T] {
	others := f.Others()
	out := make([]Reply[T], len(others))
	var all sync.WaitGroup
	for i, m := range others {
		out[i].From = m
		all.Go(func() { out[i].Err = f.Ask(ctx, m, path, query, &out[i].Value) })
	}
	all.Wait()
	return out
}
