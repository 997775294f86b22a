package inbound

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/snowflake"
)

// scripts gives deliveries to a test.
type scripts struct {
	refuse  error
	at      func(Delivery) // If not nil, it is the script, and very quick.
	got     chan Delivery
	abandon chan string
}

func (s *scripts) Deliver(_ snowflake.GuildID, d Delivery) error {
	if s.refuse != nil {
		return s.refuse
	}
	if s.at != nil {
		s.at(d)
		return nil
	}
	s.got <- d
	return nil
}

func (s *scripts) Abandon(_ snowflake.GuildID, id string) { s.abandon <- id }

const patience = 20 * time.Second

func newEndpoint(t *testing.T, base string) (*Endpoint, *scripts) {
	t.Helper()
	b, err := ParseBase(base, true)
	if err != nil {
		t.Fatal(err)
	}
	s := &scripts{got: make(chan Delivery, 8), abandon: make(chan string, 8)}
	e, err := New(Config{
		Base: b, Scripts: s, Open: func(context.Context, snowflake.GuildID) (bool, error) { return true, nil },
		Limits: Limits{
			RequestBytes: 100, ResponseBytes: 100, Guild: Rate{100, 100, 10}, Address: Rate{100, 100, 10},
			Start: patience, Answer: patience, Stream: patience,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return e, s
}

func (e *Endpoint) only(t *testing.T) *exchange {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, x := range e.open {
		return x
	}
	t.Fatal("there is no exchange")
	return nil
}

// run serves a request, and answers it with what the script does.
func run(t *testing.T, e *Endpoint, s *scripts, script func(d Delivery, x *exchange)) (*httptest.ResponseRecorder, error) {
	t.Helper()
	w := httptest.NewRecorder()
	done := make(chan error, 1)
	go func() {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "http://bot.example/g/1/x", nil)
		done <- e.Serve(w, r, Caller{Address: netip.MustParseAddrPort("203.0.113.1:5"), Key: "a"})
	}()
	select {
	case d := <-s.got:
		script(d, e.only(t))
	case err := <-done:
		return w, err
	}
	select {
	case err := <-done:
		return w, err
	case <-time.After(patience):
		t.Fatal("it does not end")
		return nil, nil
	}
}

// TestQuickScripts: a script that answers before anybody looks is known all the
// same, so that its end is that of its response.
func TestQuickScripts(t *testing.T) {
	t.Parallel()
	for range 20 { // Chance decides what is looked at first.
		e, s := newEndpoint(t, "https://bot.example")
		var outcome Outcome
		e.cfg.Count = func(o Outcome) { outcome = o }
		s.at = func(d Delivery) {
			life, end := context.WithCancel(context.Background())
			d.Begun(life)
			_, _ = e.Respond(1, e.only(t).id, Head{Status: 200, Pieces: true, Length: -1})
			end()
		}
		if _, err := run(t, e, s, nil); !errors.Is(err, http.ErrAbortHandler) || outcome != Gone {
			t.Fatalf("got %s, %v", outcome, err)
		}
	}
}

func TestExchanges(t *testing.T) {
	t.Parallel()
	const guild snowflake.GuildID = 1
	life := func(d Delivery) context.CancelFunc {
		ctx, cancel := context.WithCancel(context.Background())
		d.Begun(ctx)
		return cancel
	}
	for name, row := range map[string]struct {
		script func(t *testing.T, e *Endpoint, d Delivery, x *exchange)
		code   fault.Code
		body   string
		err    error
	}{
		"answered": {body: "hi", script: func(t *testing.T, e *Endpoint, d Delivery, x *exchange) {
			life(d)
			if ok, err := e.Respond(guild, x.id, Head{Status: 200, Body: []byte("hi"), Length: -1}); !ok || err != nil {
				t.Error(ok, err)
			}
			d.Over(nil)
		}},
		"answered twice": {body: "hi", script: func(t *testing.T, e *Endpoint, d Delivery, x *exchange) {
			life(d)
			_, _ = e.Respond(guild, x.id, Head{Status: 200, Body: []byte("hi"), Length: -1})
			if ok, err := e.Respond(guild, x.id, Head{Status: 200}); ok || err != nil && !fault.Is(err, fault.Conflict) {
				t.Error(ok, err)
			}
		}},
		"of another guild": {code: fault.ScriptFailed, script: func(t *testing.T, e *Endpoint, d Delivery, x *exchange) {
			life(d)
			if ok, _ := e.Respond(2, x.id, Head{Status: 200}); ok {
				t.Error("another guild answered")
			}
			if ok, _ := e.Write(t.Context(), 2, x.id, []byte("x"), true, false); ok {
				t.Error("another guild wrote")
			}
			if ok, _ := e.Completed(t.Context(), 2, x.id); ok {
				t.Error("another guild knows")
			}
			d.Over(fault.New(fault.ScriptFailed, "failed"))
		}},
		"a status that is none": {code: fault.Upstream, script: func(_ *testing.T, e *Endpoint, d Delivery, x *exchange) {
			life(d)
			_, _ = e.Respond(guild, x.id, Head{Status: 101})
		}},
		"a header that cannot be sent": {code: fault.Upstream, script: func(_ *testing.T, e *Endpoint, d Delivery, x *exchange) {
			life(d)
			_, _ = e.Respond(guild, x.id, Head{Status: 200, Headers: [][2]string{{"x", "a\r\nset-cookie: b"}}})
		}},
		"in pieces": {body: "abc", script: func(t *testing.T, e *Endpoint, d Delivery, x *exchange) {
			life(d)
			_, _ = e.Respond(guild, x.id, Head{Status: 200, Pieces: true, Length: -1})
			for i, part := range []string{"a", "b", "c"} {
				if ok, err := e.Write(t.Context(), guild, x.id, []byte(part), i == 2, false); !ok || err != nil {
					t.Error(i, ok, err)
				}
			}
		}},
		"pieces that fail": {body: "a", err: http.ErrAbortHandler, script: func(t *testing.T, e *Endpoint, d Delivery, x *exchange) {
			life(d)
			_, _ = e.Respond(guild, x.id, Head{Status: 200, Pieces: true, Length: -1})
			_, _ = e.Write(t.Context(), guild, x.id, []byte("a"), false, false)
			_, _ = e.Write(t.Context(), guild, x.id, nil, false, true)
		}},
		"too many pieces": {body: "a", err: http.ErrAbortHandler, script: func(t *testing.T, e *Endpoint, d Delivery, x *exchange) {
			life(d)
			_, _ = e.Respond(guild, x.id, Head{Status: 200, Pieces: true, Length: -1})
			_, _ = e.Write(t.Context(), guild, x.id, []byte("a"), false, false)
			if ok, _ := e.Write(t.Context(), guild, x.id, make([]byte, 100), false, false); ok {
				t.Error("more than may be was written")
			}
		}},
		"fewer bytes than said": {err: http.ErrAbortHandler, script: func(t *testing.T, e *Endpoint, d Delivery, x *exchange) {
			life(d)
			_, _ = e.Respond(guild, x.id, Head{Status: 200, Pieces: true, Length: 5})
			_, _ = e.Write(t.Context(), guild, x.id, nil, true, false)
		}},
		"the script ends in the middle": {err: http.ErrAbortHandler, script: func(_ *testing.T, e *Endpoint, d Delivery, x *exchange) {
			end := life(d)
			_, _ = e.Respond(guild, x.id, Head{Status: 200, Pieces: true, Length: -1})
			end()
		}},
		"the script of before ends": {body: "hi", script: func(_ *testing.T, e *Endpoint, d Delivery, x *exchange) {
			end := life(d)
			life(d)
			end()
			_, _ = e.Respond(guild, x.id, Head{Status: 200, Body: []byte("hi"), Length: -1})
		}},
		"lost": {code: fault.Upstream, script: func(_ *testing.T, _ *Endpoint, d Delivery, _ *exchange) { d.Over(fault.New(fault.Upstream, "lost")) }},
		"the end of all": {code: fault.Unavailable, script: func(_ *testing.T, e *Endpoint, d Delivery, _ *exchange) {
			life(d)
			e.Close()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, s := newEndpoint(t, "https://bot.example")
			w, err := run(t, e, s, func(d Delivery, x *exchange) { row.script(t, e, d, x) })
			switch {
			case row.err != nil && !errors.Is(err, row.err):
				t.Errorf("got %v, want %v", err, row.err)
			case row.code != "" && !fault.Is(err, row.code):
				t.Errorf("got %v, want %s", err, row.code)
			case row.err == nil && row.code == "" && err != nil:
				t.Error(err)
			}
			if w.Body.String() != row.body {
				t.Errorf("got %q, want %q", w.Body, row.body)
			}
			if len(e.open) != 0 {
				t.Error("an exchange stays")
			}
		})
	}
}

// TestNobodyBegins: a script that is not there in time, and one that never answers.
func TestNobodyBegins(t *testing.T) {
	t.Parallel()
	e, s := newEndpoint(t, "https://bot.example")
	fake := clock.NewFake(time.Unix(0, 0))
	e.cfg.Clock = fake
	var first Delivery
	_, err := run(t, e, s, func(d Delivery, _ *exchange) {
		first = d
		if err := fake.WaitPending(t.Context(), 1); err != nil {
			t.Error(err)
		}
		fake.Advance(patience)
	})
	if !fault.Is(err, fault.Unavailable) || fault.From(err).RetryAfter == 0 || !first.Void() {
		t.Errorf("got %v", err)
	}
	_, err = run(t, e, s, func(d Delivery, x *exchange) {
		d.Begun(t.Context())
		for {
			select {
			case id := <-s.abandon:
				if id != x.id {
					t.Errorf("%s is abandoned", id)
				}
				return
			case <-time.After(time.Millisecond):
				fake.Advance(time.Second)
			}
		}
	})
	if !fault.Is(err, fault.Timeout) {
		t.Errorf("got %v", err)
	}
}

func TestFair(t *testing.T) {
	t.Parallel()
	fake := clock.NewFake(time.Unix(0, 0))
	f := newFair[string](fake, Rate{PerSecond: 1, Burst: 3, AtOnce: 2})
	one, _, _ := f.enter("a")
	two, _, _ := f.enter("a")
	if leave, _, slow := f.enter("a"); leave != nil || slow {
		t.Error("three at once")
	}
	one()
	one() // Once is enough.
	three, _, _ := f.enter("a")
	if three == nil {
		t.Error("there is no room after one has left")
	}
	two()
	three()
	if leave, wait, slow := f.enter("a"); leave != nil || !slow || wait != time.Second {
		t.Errorf("the fourth: %s, %t", wait, slow)
	}
	if leave, _, _ := f.enter("b"); leave == nil {
		t.Error("another suffers from it")
	}
	fake.Advance(time.Second)
	if leave, _, _ := f.enter("a"); leave == nil {
		t.Error("nothing comes back")
	}
	for i := range 3 * mostShares {
		leave, _, _ := f.enter(strings.Repeat("x", i%7) + time.Duration(i).String())
		leave()
	}
	if len(f.all) > mostShares {
		t.Errorf("%d are remembered", len(f.all))
	}
}

func TestBases(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"https://bot.example": "https://bot.example/g/1/", "http://Bot.example:8080": "http://bot.example:8080/g/1/", "https://{guild}.bots.example": "https://1.bots.example/", "http://{guild}.localhost:3000": "http://1.localhost:3000/",
		"": "", "bot.example": "", "ftp://bot.example": "", "https://bot.example/x": "", "https://bot.example/": "", "https://u@bot.example": "", "https://a.{guild}.example": "", "https://{guild}.{guild}.example": "", "https://bot.example?{guild}": "",
	} {
		b, err := ParseBase(text, false)
		if got := ""; err == nil {
			if got = b.URL(1); got != want {
				t.Errorf("%s is %s, want %s", text, got, want)
			}
		} else if want != "" {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestRelocated(t *testing.T) {
	t.Parallel()
	e, _ := newEndpoint(t, "https://bot.example")
	for value, want := range map[string]string{
		"/login": "/g/1/login", "/": "/g/1/", "login": "login", "?a": "?a", "": "", "https://bot.example/login?x#y": "https://bot.example/g/1/login?x#y", "https://bot.example": "https://bot.example/g/1/",
		"https://bot.example.evil/x": "https://bot.example.evil/x", "https://bot.example:444/": "https://bot.example:444/", "//evil.example/x": "//evil.example/x", `/\evil.example`: `/\evil.example`,
		"/g/1/x": "/g/1/x", "https://bot.example/g/1/x": "https://bot.example/g/1/x", "/g/2/x": "/g/1/g/2/x", "https://example.com/": "https://example.com/",
	} {
		if got := e.relocated(1, value); got != want {
			t.Errorf("%q is %q, want %q", value, got, want)
		}
	}
}

func TestUndomained(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{"a=b": "a=b", "a=b; Domain=x.example; Path=/": "a=b; Path=/", "a=b;DOMAIN = x;domain=y; Secure": "a=b; Secure", "domain=x": ""} {
		if got := undomained(value); got != want {
			t.Errorf("%q is %q, want %q", value, got, want)
		}
	}
}

// FuzzPlace: whatever a client sends, the script sees the guild's own origin and
// a path that URLs do not resolve to another.
func FuzzPlace(f *testing.F) {
	for _, target := range []string{"/g/1/x", "/g/1/../2/x", "/g/1/%2e%2e/2", "/g/1", `/g/1/..\x`, "/g/1//x?y=%zz", "/g/1/é", "http://evil/g/1/x", "/g/1/;/../x"} {
		f.Add(target)
	}
	b, err := ParseBase("https://bot.example", false)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, target string) {
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader("GET " + target + " HTTP/1.1\r\nHost: x\r\n\r\n")))
		if err != nil || !b.Owns(r) {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		guild, path, err := b.place(r)
		if err != nil {
			return
		}
		u, err := url.Parse(b.origin(guild) + path + "?" + printable(r.URL.RawQuery))
		if err != nil || u.Host != "bot.example" {
			t.Fatalf("%q gives %q: %v", target, path, err)
		}
		if resolved := u.ResolveReference(&url.URL{}); resolved.EscapedPath() != u.EscapedPath() {
			t.Fatalf("%q gives %q, which is %q", target, path, resolved)
		}
	})
}

func TestOutgoingKeepsWhatIsTheScripts(t *testing.T) {
	t.Parallel()
	e, _ := newEndpoint(t, "https://{guild}.bots.example")
	h := http.Header{}
	if err := e.outgoing(h, 1, [][2]string{{"set-cookie", "a=b; domain=bots.example"}, {"www-authenticate", "Basic"}, {"location", "/x"}, {"alt-svc", "h3"}, {"x-accel-buffering", "no"}, {"x", "\u00e9"}}); err != nil {
		t.Fatal(err)
	}
	want := http.Header{"Set-Cookie": {"a=b"}, "Www-Authenticate": {"Basic"}, "Location": {"/x"}, "X": {"\xe9"}, "X-Content-Type-Options": {"nosniff"}}
	if diff := cmp.Diff(want, h); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBodiesOfGETAreNobodys(t *testing.T) {
	t.Parallel()
	e, _ := newEndpoint(t, "https://bot.example")
	for method, want := range map[string]string{"GET": "", "get": "", "Head": "", "POST": "x", "post": "x", "purge": "x"} {
		r := httptest.NewRequestWithContext(t.Context(), method, "/g/1/", strings.NewReader("x"))
		if b, err := e.body(httptest.NewRecorder(), r); string(b) != want || err != nil {
			t.Errorf("%s: %q, %v", method, b, err)
		}
	}
}

func TestCredentialsOfTheAPIReachNoScript(t *testing.T) {
	t.Parallel()
	e, _ := newEndpoint(t, "https://bot.example")
	e.cfg.Reserved = func(bearer string) bool { return bearer == "own" }
	for _, row := range []struct {
		sent   []string
		passed bool
	}{
		{[]string{"Bearer own"}, false},
		{[]string{"bearer   own "}, false},
		{[]string{"Bearer\town"}, false},
		{[]string{"Basic eDp5", "Bearer own"}, false},
		{[]string{"Bearer other"}, true},
		{[]string{"Basic own"}, true},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/g/1/", nil)
		r.Header["Authorization"] = row.sent
		got := slices.ContainsFunc(e.incoming(r, 1), func(h [2]string) bool { return h[0] == "authorization" })
		if got != row.passed {
			t.Errorf("%q: passed on: %v", row.sent, got)
		}
	}
}
