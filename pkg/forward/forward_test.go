package forward

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
)

func nobody(w http.ResponseWriter, _ *http.Request) {
	http.Error(w, "served where it must not be", http.StatusTeapot)
}

func TestARequestReachesTheOwnerAsItIs(t *testing.T) {
	t.Parallel()
	w := &world{}
	var got *http.Request
	var body []byte
	edge := w.start(t, "a", options{}, nobody)
	w.start(t, "b", options{}, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ = io.ReadAll(r.Body)
		w.Header().Add("Set-Cookie", "one=1")
		w.Header().Add("Set-Cookie", "two=2")
		w.Header().Set("X-Request-Id", ID(r.Context()))
		w.Header().Set("Trailer", "Sum")
		w.WriteHeader(http.StatusCreated)
		_, _ = io.WriteString(w, "done")
		w.Header().Set("Sum", "42")
	})
	w.give("b")
	r := request(t, "POST", edge.url+"/api/kv/1/a%2Fb/?x=%zz;y&&z", "the body")
	r.Host = "Bot.Example.com:8080"
	r.Header.Set("Authorization", "Bearer token")
	r.Header.Set("X-Forwarded-For", "9.9.9.9")
	r.Header.Set("Proxy-Connection", "keep-alive")
	r.Header.Set("Accept-Encoding", "br")
	res := send(t, r)
	answer, _ := io.ReadAll(res.Body)
	if res.StatusCode != http.StatusCreated || string(answer) != "done" || res.Trailer.Get("Sum") != "42" {
		t.Fatalf("the answer is %d %q, trailer %v", res.StatusCode, answer, res.Trailer)
	}
	if ids := res.Header.Values("X-Request-Id"); len(ids) != 1 || ids[0] != "a-id" || len(res.Header.Values("Set-Cookie")) != 2 {
		t.Errorf("the answer's headers are %v", res.Header)
	}
	if got.RequestURI != "/api/kv/1/a%2Fb/?x=%zz;y&&z" || got.Host != r.Host || string(body) != "the body" || got.Header.Get("Authorization") != "Bearer token" || got.Header.Get("Accept-Encoding") != "br" {
		t.Errorf("the owner got %s of %s with %v and %q", got.RequestURI, got.Host, got.Header, body)
	}
	for _, name := range []string{"X-Forwarded-For", "Proxy-Connection", "Expect", ticketHeader} {
		if v, there := got.Header[name]; there {
			t.Errorf("the owner got %s: %s", name, v)
		}
	}
	if host, _, _ := net.SplitHostPort(got.RemoteAddr); host != "127.0.0.1" {
		t.Errorf("the owner thinks that %s calls", got.RemoteAddr)
	}
	if edge.count(Answered) != 1 {
		t.Errorf("outcomes: %v", edge.outcomes)
	}
}

func TestWhoPretendsToForwardIsAnOrdinaryCaller(t *testing.T) {
	t.Parallel()
	w := &world{}
	var remote, id string
	var leaked bool
	core, said := observer.New(zap.WarnLevel)
	b := w.start(t, "b", options{clock: func(c *Config) { c.Log = zap.New(core) }}, func(_ http.ResponseWriter, r *http.Request) {
		remote, id = r.RemoteAddr, ID(r.Context())
		_, leaked = r.Header[ticketHeader]
	})
	w.give("b")
	good := func(method, target string, tk ticket, with string) string {
		r := request(t, method, b.url+target, "")
		if _, err := newSeal(with).sign(r, tk); err != nil {
			t.Fatal(err)
		}
		return r.Header.Get(ticketHeader)
	}
	tk := ticket{Kind: guildKind, From: "a", To: "b", At: time.Now(), ID: "forged"}
	for name, header := range map[string]string{
		"nonsense":       "nonsense",
		"no signature":   strings.SplitN(good("GET", "/x", tk, secret), ".", 2)[0] + ".",
		"another secret": good("GET", "/x", tk, "another secret of 32 characters!!"),
		"another method": good("POST", "/x", tk, secret),
		"another path":   good("GET", "/y", tk, secret),
		"another query":  good("GET", "/x?y", tk, secret),
	} {
		r := request(t, "GET", b.url+"/x", "")
		r.Header.Set(ticketHeader, header)
		if res := send(t, r); res.StatusCode != http.StatusOK || id != "" || leaked || !strings.HasPrefix(remote, "127.0.0.1:") {
			t.Errorf("%s: status %d, id %q, leaked %v", name, res.StatusCode, id, leaked)
		}
		// Nor does it answer what only replicas may ask.
		b.Answer("secret/"+strings.ReplaceAll(name, " ", ""), func(*http.Request) (any, error) { return "secret", nil })
		r = request(t, "GET", b.url+peerPath+"secret/"+strings.ReplaceAll(name, " ", ""), "")
		r.Header.Set(ticketHeader, header)
		if text, _ := io.ReadAll(send(t, r).Body); strings.Contains(string(text), "secret") {
			t.Errorf("%s: a stranger was told %q", name, text)
		}
	}
	// The operator is told, and not by each.
	if lines := said.FilterMessageSnippet("api.secret").Len(); lines != 1 {
		t.Errorf("%d lines about tickets of another secret, want 1", lines)
	}
	// Signed, but of another time or for another replica: not done, and not passed on.
	for name, tk := range map[string]ticket{
		"old":               {Kind: guildKind, From: "a", To: "b", At: time.Now().Add(-time.Minute)},
		"of the future":     {Kind: guildKind, From: "a", To: "b", At: time.Now().Add(time.Minute)},
		"for somebody else": {Kind: guildKind, From: "a", To: "c", At: time.Now()},
	} {
		r := request(t, "GET", b.url+"/x", "")
		r.Header.Set(ticketHeader, good("GET", "/x", tk, secret))
		if res := send(t, r); res.StatusCode != http.StatusMisdirectedRequest || res.Header.Get(movedHeader) == "" {
			t.Errorf("%s: status %d", name, res.StatusCode)
		}
	}
	// The good one is believed.
	r := request(t, "GET", b.url+"/x", "")
	r.Header.Set(ticketHeader, good("GET", "/x", tk, secret))
	if send(t, r); id != "forged" {
		t.Error("a good ticket was not taken")
	}
}

func TestAForwardedRequestIsNotForwardedAgain(t *testing.T) {
	t.Parallel()
	w := &world{}
	var looks atomic.Int32
	a := w.start(t, "a", options{fixed: func() string { return "b" }}, nobody)
	w.start(t, "b", options{fixed: func() string { looks.Add(1); return "c" }}, nobody)
	w.start(t, "c", options{}, nobody)
	w.give("c")
	begun := time.Now()
	res := send(t, request(t, "PUT", a.url+"/x", "body"))
	if res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d", res.StatusCode)
	}
	if looks.Load() < 2 || time.Since(begun) > 10*ownerWait || res.Header.Get(movedHeader) != "" {
		t.Errorf("%d attempts in %s, headers %v", looks.Load(), time.Since(begun), res.Header)
	}
}

func TestTheOwnerChangesBeforeItTakesTheRequest(t *testing.T) {
	t.Parallel()
	for _, next := range []string{"c", "a"} { // Another one, and the first replica itself.
		w := &world{}
		serve := func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			_, _ = fmt.Fprintf(w, "%d", len(b))
		}
		var believed atomic.Pointer[string]
		believed.Store(new("b"))
		a := w.start(t, "a", options{fixed: func() string { return *believed.Load() }}, serve)
		w.start(t, "b", options{fixed: func() string { believed.Store(&next); return next }}, nobody)
		w.start(t, "c", options{}, serve)
		w.give(next)
		res := send(t, request(t, "POST", a.url+"/x", strings.Repeat("x", 3<<20)))
		text, _ := io.ReadAll(res.Body)
		if string(text) != fmt.Sprint(3<<20) || res.Header.Get("Served-By") != next {
			t.Errorf("%s answers %d %q by %q", next, res.StatusCode, text, res.Header.Get("Served-By"))
		}
	}
}

func TestADeadOwnerIsWaitedForAndNotTooLong(t *testing.T) {
	t.Parallel()
	w := &world{}
	a := w.start(t, "a", options{}, nobody)
	c := func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) }
	w.start(t, "c", options{}, c)
	w.members = append(w.members, Member{"b", dead(t)})
	looked := make(chan struct{}, 100)
	w.seen = func(string) { looked <- struct{}{} }
	w.owner = "b"
	answer := make(chan *http.Response, 1)
	go func() { answer <- send(t, request(t, "POST", a.url+"/x", "taken along")) }()
	<-looked
	<-looked // It has failed once.
	w.give("c")
	res := <-answer
	if text, _ := io.ReadAll(res.Body); string(text) != "taken along" || res.Header.Get("Served-By") != "c" {
		t.Errorf("%d %q", res.StatusCode, text)
	}
	// Nobody comes.
	for _, owner := range []string{"", "b"} {
		w.seen = nil
		w.give(owner)
		begun := time.Now()
		if res := send(t, request(t, "POST", a.url+"/x", "x")); res.StatusCode != http.StatusServiceUnavailable || time.Since(begun) > 10*ownerWait {
			t.Errorf("owner %q: status %d after %s", owner, res.StatusCode, time.Since(begun))
		}
	}
	if a.count(Unowned) != 2 {
		t.Errorf("outcomes: %v", a.outcomes)
	}
}

func TestAnOwnerThatDiesInTheMiddle(t *testing.T) {
	t.Parallel()
	w := &world{}
	a := w.start(t, "a", options{repeat: true}, nobody)
	got := make(chan struct{}, 10)
	b := w.start(t, "b", options{}, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		got <- struct{}{}
		<-r.Context().Done()
	})
	w.start(t, "c", options{}, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "c's") })
	for method, want := range map[string]int{"GET": 200, "POST": 503} {
		w.give("b")
		answer := make(chan *http.Response, 1)
		go func() { answer <- send(t, request(t, method, a.url+"/x", "")) }()
		<-got
		w.give("c")
		b.server.CloseClientConnections()
		if res := <-answer; res.StatusCode != want {
			t.Errorf("%s: status %d, want %d", method, res.StatusCode, want)
		}
	}
	// One that hangs and says nothing: who only reads goes to the new owner.
	w.give("b")
	answer := make(chan *http.Response, 1)
	go func() { answer <- send(t, request(t, "GET", a.url+"/x", "")) }()
	<-got
	w.give("c")
	if res := <-answer; res.StatusCode != http.StatusOK {
		t.Errorf("status %d", res.StatusCode)
	}
}

func TestEventsComeAsTheyAreSaidAndEndWithTheirReader(t *testing.T) {
	t.Parallel()
	w := &world{}
	say, left := make(chan string), make(chan struct{})
	a := w.start(t, "a", options{within: 200 * time.Millisecond}, nobody)
	w.start(t, "b", options{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		_ = http.NewResponseController(w).Flush()
		for {
			select {
			case text := <-say:
				_, _ = io.WriteString(w, text)
				_ = http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				close(left)
				return
			}
		}
	})
	w.give("b")
	ctx, leave := context.WithCancel(t.Context())
	begun := time.Now()
	res := send(t, request(t, "GET", a.url+"/logs", "").WithContext(ctx))
	in := bufio.NewReader(res.Body)
	for i := range 5 {
		if i == 1 {
			// Longer than the head may take: the stream has no limit.
			until(t, "time passes", func() bool { return time.Since(begun) > 300*time.Millisecond })
		}
		text := fmt.Sprintf("data: %d\n", i)
		say <- text
		if line, err := in.ReadString('\n'); err != nil || line != text {
			t.Fatalf("event %d: %q, %v", i, line, err)
		}
	}
	leave()
	select {
	case <-left:
	case <-time.After(10 * time.Second):
		t.Error("the owner does not learn that the reader left")
	}
	until(t, "counted", func() bool { return a.count(Gone) == 1 })
}

func TestStreamsEndWithTheReplicaTheyPassAndWithTheirOwner(t *testing.T) {
	t.Parallel()
	w := &world{}
	a := w.start(t, "a", options{clock: func(c *Config) { c.streamPause = 10 * time.Millisecond }}, nobody)
	stream := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, ": hello\n\n")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}
	w.start(t, "b", options{}, stream)
	w.start(t, "c", options{}, stream)
	for _, row := range []struct {
		name string
		end  func()
	}{{"the owner changes", func() { w.give("c") }}, {"the replica ends", a.EndStreams}} {
		name, end := row.name, row.end
		w.give("b")
		res := send(t, request(t, "GET", a.url+"/logs", ""))
		in := bufio.NewReader(res.Body)
		if line, err := in.ReadString('\n'); err != nil || line != ": hello\n" {
			t.Fatalf("%s: %q, %v", name, line, err)
		}
		end()
		if _, err := io.ReadAll(in); err == nil {
			t.Errorf("%s: the stream ends as if it were complete", name)
		}
	}
}

func TestAnAnswerThatIsCutOffLooksLikeIt(t *testing.T) {
	t.Parallel()
	w := &world{}
	a := w.start(t, "a", options{}, nobody)
	w.start(t, "b", options{}, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	w.give("b")
	res := send(t, request(t, "GET", a.url+"/x", ""))
	if b, err := io.ReadAll(res.Body); err == nil {
		t.Errorf("a cut answer ended well: %q", b)
	}
	until(t, "counted", func() bool { return a.count(Lost) == 1 })
}

func TestASlowOwner(t *testing.T) {
	t.Parallel()
	w := &world{}
	a := w.start(t, "a", options{within: 50 * time.Millisecond}, nobody)
	w.start(t, "b", options{}, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	w.give("b")
	if res := send(t, request(t, "GET", a.url+"/x", "")); res.StatusCode != http.StatusGatewayTimeout {
		t.Errorf("status %d", res.StatusCode)
	}
	if a.count(Slow) != 1 {
		t.Errorf("outcomes: %v", a.outcomes)
	}
}

// counting counts what is read, and how often the first byte is.
type counting struct {
	left  int64
	chunk []byte
	peak  func()
}

func (c *counting) Read(p []byte) (int, error) {
	if c.left == 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), c.left, int64(len(c.chunk)))
	copy(p, c.chunk[:n])
	if c.left -= n; c.left%(16<<20) == 0 {
		c.peak()
	}
	return int(n), nil
}

func TestAHundredMegabytesAreNotHeld(t *testing.T) { //nolint:paralleltest // It looks at the process's memory.
	const size = 100 << 20
	w := &world{}
	edge := w.start(t, "a", options{}, nobody)
	w.start(t, "b", options{}, func(w http.ResponseWriter, r *http.Request) {
		n, err := io.Copy(io.Discard, r.Body)
		if err != nil {
			panic(err)
		}
		_, _ = io.CopyN(w, zeros{}, n)
	})
	w.give("b")
	var before, peak runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	var most uint64
	in := &counting{left: size, chunk: bytes.Repeat([]byte("x"), 64<<10), peak: func() {
		runtime.ReadMemStats(&peak)
		most = max(most, peak.HeapAlloc)
	}}
	r := request(t, "POST", edge.url+"/import", "")
	r.Body, r.ContentLength = io.NopCloser(in), -1
	res := send(t, r)
	n, err := io.Copy(io.Discard, res.Body)
	in.peak()
	if err != nil || n != size {
		t.Fatalf("%d bytes came back: %v", n, err)
	}
	if most > before.HeapAlloc+size/4 {
		t.Errorf("the heap grew from %d to %d bytes", before.HeapAlloc, most)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestARefusedUploadIsNotSentOn(t *testing.T) {
	t.Parallel()
	w := &world{}
	var mu sync.Mutex
	read := int64(0)
	edge := w.start(t, "a", options{}, nobody)
	w.start(t, "b", options{}, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "who are you", http.StatusUnauthorized)
	})
	w.give("b")
	// The client waits for the go-ahead, which must come from the owner only.
	r := request(t, "POST", edge.url+"/x", "")
	in := &counting{left: 1 << 20, chunk: make([]byte, 1024), peak: func() {}}
	r.Body, r.ContentLength = io.NopCloser(io.TeeReader(in, writes(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		read += int64(len(p))
		return len(p), nil
	}))), 1<<20
	r.Header.Set("Expect", "100-continue")
	c := &http.Client{Transport: &http.Transport{ExpectContinueTimeout: time.Minute, DisableKeepAlives: true}}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	mu.Lock()
	defer mu.Unlock()
	if res.StatusCode != http.StatusUnauthorized || read > 0 {
		t.Errorf("status %d, %d bytes were sent", res.StatusCode, read)
	}
}

type writes func(p []byte) (int, error)

func (w writes) Write(p []byte) (int, error) { return w(p) }

func TestReplicasAskEachOther(t *testing.T) {
	t.Parallel()
	w := &world{}
	a := w.start(t, "a", options{}, nobody)
	for _, name := range []string{"b", "c"} {
		w.start(t, name, options{}, nobody).Answer("name/{x}", func(r *http.Request) (any, error) {
			return name + r.PathValue("x") + r.URL.Query().Get("y"), nil
		})
	}
	w.members = append(w.members, Member{"d", dead(t)})
	got := map[string]string{}
	for _, r := range AskAll[string](t.Context(), a.Forwarder, "name/p%2Fq", map[string][]string{"y": {"z&"}}) {
		got[r.From.Name] = r.Value
		if (r.Err != nil) != (r.From.Name == "d") {
			t.Errorf("%s: %v", r.From.Name, r.Err)
		}
	}
	if len(got) != 3 || got["b"] != "bp/qz&" || got["c"] != "cp/qz&" {
		t.Errorf("got %v", got)
	}
}
