package fetch_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// until waits for a condition that something else brings about.
func until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !cond(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %s for %s", patience, what)
		}
	}
}

// endless writes for as long as somebody reads.
type endless struct {
	written atomic.Int64
	ended   chan struct{}
}

func newEndless() *endless { return &endless{ended: make(chan struct{}, 10)} }

func (e *endless) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	block := bytes.Repeat([]byte("x"), 16<<10)
	for {
		n, err := w.Write(block)
		e.written.Add(int64(n))
		if err != nil {
			e.ended <- struct{}{}
			return
		}
	}
}

func code(err error) string {
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok {
		return fmt.Sprint(err)
	}
	cause, _ := f.Details["cause"].(map[string]string)
	return cause["code"]
}

// What the script does not read is not read from the server, beyond a little.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	server := newEndless()
	r.net.Serve(t, "93.184.216.35:80", "endless.example", server)
	head, first, err := r.raw(guildA, "op_fetch", `{"id":"one","url":"http://endless.example/"}`, nil)
	if err != nil || !strings.Contains(head, `"more":true`) {
		t.Fatalf("got %s, %d bytes, %v", head, len(first), err)
	}
	read := int64(len(first))
	for range 50 {
		_, b, err := r.raw(guildA, "op_fetch_read", `{"id":"one"}`, nil)
		if err != nil || len(b) == 0 {
			t.Fatalf("got %d bytes, %v", len(b), err)
		}
		read += int64(len(b))
	}
	// The sockets of both sides hold some, too.
	last := int64(0)
	until(t, "the server to stand still", func() bool {
		now := server.written.Load()
		still := now == last && now > read
		last = now
		time.Sleep(20 * time.Millisecond)
		return still
	})
	if ahead := last - read; ahead > 8<<20 {
		t.Errorf("%d bytes were read, and %d more came", read, ahead)
	}
	if _, err := r.call(guildB, "op_fetch_read", `{"id":"one"}`); code(err) != "ABORTED" {
		t.Errorf("another guild reads it: %v", err)
	}
	if _, err := r.call(guildA, "op_abort_fetch", `{"id":"one"}`); err != nil {
		t.Fatal(err)
	}
	r.took("the server's end", server.ended)
	if _, err := r.call(guildA, "op_fetch_read", `{"id":"one"}`); code(err) != "ABORTED" {
		t.Errorf("got %v", err)
	}
}

// A script's end is that of its responses, read or not.
func TestTheEndOfTheScript(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	server := newEndless()
	r.net.Serve(t, "93.184.216.35:80", "endless.example", server)
	if _, err := r.call(guildA, "op_fetch", `{"id":"one","url":"http://endless.example/"}`); err != nil {
		t.Fatal(err)
	}
	if _, err := r.call(guildA, "op_fetch_open", `{"id":"two","url":"http://example.com/","method":"POST"}`); err != nil {
		t.Fatal(err)
	}
	sent := make(chan error, 1)
	go func() {
		for {
			more, _, err := r.raw(guildA, "op_fetch_send", `{"id":"two"}`, make([]byte, 1<<20))
			if more != "true" || err != nil {
				sent <- err
				return
			}
		}
	}()
	r.end()
	r.took("the server's end", server.ended)
	if err := <-sent; err != nil {
		t.Error(err)
	}
	until(t, "the guild's requests to be over", func() bool { return r.client.Usage().Requests == 0 })
}

// A body that nobody reads is given up, so that it keeps no other request waiting.
func TestUnreadResponses(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(l *egress.Limits) { l.Idle, l.Concurrency = 100*time.Millisecond, 1 })
	server := newEndless()
	r.net.Serve(t, "93.184.216.35:80", "endless.example", server)
	for _, id := range []string{"one", "two", "three"} {
		if _, err := r.call(guildA, "op_fetch", `{"id":"`+id+`","url":"http://endless.example/"}`); err != nil {
			t.Fatal(err)
		}
	}
	r.took("the server's end", server.ended)
	until(t, "what came to be forgotten", func() bool { return r.client.Usage().HeldBytes == 0 })
}

// silent sends a little and nothing more.
func silent(w http.ResponseWriter, r *http.Request) {
	_, _ = w.Write([]byte("some"))
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

func TestASilentServer(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(l *egress.Limits) { l.Idle = 100 * time.Millisecond })
	r.net.Serve(t, "93.184.216.35:80", "silent.example", http.HandlerFunc(silent))
	head, first, err := r.raw(guildA, "op_fetch", `{"id":"one","url":"http://silent.example/"}`, nil)
	if err != nil || string(first) != "some" || !strings.Contains(head, `"more":true`) {
		t.Fatalf("got %s, %q, %v", head, first, err)
	}
	_, err = r.call(guildA, "op_fetch_read", `{"id":"one"}`)
	if f, ok := errors.AsType[*fault.Fault](err); !ok || f.Name != "TimeoutError" || code(err) != "ETIMEDOUT" || !strings.Contains(f.Message, "sent nothing for too long") {
		t.Errorf("got %v", err)
	}
}

// A body that is made as it is sent arrives as it is made.
func TestUpload(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	arrived := make(chan string, 100)
	r.net.Serve(t, "93.184.216.35:80", "up.example", http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		b := make([]byte, 100)
		for {
			n, err := q.Body.Read(b)
			if n > 0 {
				arrived <- string(b[:n])
			}
			if err != nil {
				break
			}
		}
		_, _ = fmt.Fprintf(w, "%d %v", q.ContentLength, q.TransferEncoding)
	}))
	if _, err := r.call(guildA, "op_fetch_open", `{"id":"one","url":"http://up.example/","method":"PUT"}`); err != nil {
		t.Fatal(err)
	}
	type answer struct {
		body []byte
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		head, b, err := r.raw(guildA, "op_fetch_answer", `{"id":"one"}`, nil)
		for err == nil && strings.Contains(head, `"more":true`) { // The body may be later than the head.
			var more []byte
			head, more, err = r.raw(guildA, "op_fetch_read", `{"id":"one"}`, nil)
			b = append(b, more...)
		}
		answered <- answer{b, err}
	}()
	for _, part := range []string{"a", "bc", "def"} {
		if more, _, err := r.raw(guildA, "op_fetch_send", `{"id":"one"}`, []byte(part)); more != "true" || err != nil {
			t.Fatal(more, err)
		}
		select {
		case got := <-arrived:
			if got != part {
				t.Errorf("got %q, want %q", got, part)
			}
		case <-time.After(patience):
			t.Fatalf("%q does not arrive", part)
		}
	}
	if _, err := r.call(guildA, "op_fetch_send", `{"id":"one","last":true}`); err != nil {
		t.Fatal(err)
	}
	if got := <-answered; got.err != nil || string(got.body) != "-1 [chunked]" {
		t.Errorf("got %q, %v", got.body, got.err)
	}
	if more, err := r.call(guildA, "op_fetch_send", `{"id":"one"}`); more != "false" || err != nil {
		t.Errorf("after the end: %s, %v", more, err)
	}
}

// What ends a request ends its body: who makes it need not go on.
func TestUploadsThatFail(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.net.Serve(t, "93.184.216.35:80", "up.example", http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch q.URL.Path {
		case "/redirect":
			http.Redirect(w, q, "http://example.com/", http.StatusTemporaryRedirect)
		case "/early":
			w.WriteHeader(http.StatusForbidden)
		default:
			_, _ = io.Copy(io.Discard, q.Body)
		}
	}))
	for i, row := range []struct{ url, want string }{
		{"http://127.0.0.1/", "EFORBIDDEN"},
		{"http://nobody.example/", "ENOTFOUND"},
		{"http://up.example/redirect", "EREDIRECT"},
		{"http://up.example/early", `"status":403`},
		{"nonsense", "EURL"},
	} {
		id := fmt.Sprint(i)
		if _, err := r.call(guildA, "op_fetch_open", `{"id":"`+id+`","url":"`+row.url+`","method":"PUT"}`); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				if more, _, err := r.raw(guildA, "op_fetch_send", `{"id":"`+id+`"}`, make([]byte, 64<<10)); more != "true" || err != nil {
					return
				}
			}
		}()
		got, err := r.call(guildA, "op_fetch_answer", `{"id":"`+id+`"}`)
		if err != nil {
			got = code(err)
		}
		if !strings.Contains(got, row.want) {
			t.Errorf("%s: got %s, want %s", row.url, got, row.want)
		}
		r.took("the end of the body of "+row.url, ended)
	}
}

// A response that is wanted as a whole has the limit of those.
func TestWhole(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(l *egress.Limits) { l.ResponseBytes = 200 << 10 })
	r.net.Serve(t, "93.184.216.35:80", "big.example", http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if q.URL.Path == "/said" {
			w.Header().Set("Content-Length", "300000")
		}
		_, _ = w.Write(make([]byte, 300_000))
	}))
	for path, whole := range map[string]bool{"/": true, "/said": true, "/parts": false} {
		if _, err := r.call(guildA, "op_fetch", `{"id":"`+path+`","url":"http://big.example`+path+`"}`); err != nil {
			t.Fatal(err)
		}
		var err error
		for more := "true"; strings.Contains(more, "true") && err == nil; {
			more, err = r.call(guildA, "op_fetch_read", fmt.Sprintf(`{"id":%q,"whole":%t}`, path, whole))
		}
		if want := map[bool]string{true: "EBODY", false: "<nil>"}[whole]; code(err) != want {
			t.Errorf("%s: got %v, want %s", path, err, want)
		}
	}
}
