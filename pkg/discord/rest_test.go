package discord

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// in is a request in the first channel of the first guild.
func (w *world) in(method, rest, route string, body any) Request {
	g := w.guilds[0]
	return Request{
		Guild: g.ID, Method: method, Route: "/channels/{channel.id}" + route,
		Path: "/channels/" + g.Channels[0].ID.String() + rest, Body: body,
	}
}

func (w *world) message(body any) Request {
	return w.in(http.MethodPost, "/messages", "/messages", body)
}

func (w *world) failRequests(f discordsim.RequestFault) {
	w.t.Helper()
	if err := w.sim.FailRequests(f); err != nil {
		w.t.Fatal(err)
	}
}

func TestRESTErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{})
	r := w.cfg.REST
	missing := w.in(http.MethodGet, "/messages/123", "/messages/{message.id}", nil)
	for _, c := range []struct {
		name   string
		req    Request
		fail   *discordsim.RequestFault
		status int
		code   int
		want   string
	}{
		{"unknown message", missing, nil, 404, 10008, "Discord HTTP error (404): Unknown Message (route: GET /channels/{channel.id}/messages/{message.id})"},
		{"empty message", w.message(json.RawMessage(`{}`)), nil, 400, 50006, "Discord HTTP error (400): Cannot send an empty message (route: POST /channels/{channel.id}/messages)"},
		{
			"a form with complaints", w.message(map[string]string{"content": strings.Repeat("x", 3000)}), nil, 400, 50035,
			"Discord HTTP error (400): Invalid Form Body: content: Must be 2000 or fewer in length. (route: POST /channels/{channel.id}/messages)",
		},
		{"no JSON", missing, &discordsim.RequestFault{Status: 403, Body: json.RawMessage(`"x"`)}, 403, 0, "Discord HTTP error (403): Forbidden (route: GET /channels/{channel.id}/messages/{message.id})"},
	} {
		if c.fail != nil {
			w.failRequests(*c.fail)
		}
		_, err := r.Do(t.Context(), c.req)
		f := fault.From(err)
		if f.Code != fault.DiscordHTTP || f.Message != c.want || f.Details["status"] != c.status || f.Details["discord_code"] != c.code {
			t.Errorf("%s: got %v with %v", c.name, err, f.Details)
		}
	}
}

func TestRESTRepeatsOnlyWhatItMay(t *testing.T) {
	t.Parallel()
	bad, lost, dropped := discordsim.RequestFault{Status: 502, Count: 2}, discordsim.RequestFault{Drop: true, Count: 2}, discordsim.RequestFault{Drop: true, Done: true}
	for _, c := range []struct {
		name  string
		req   func(w *world) Request
		fail  discordsim.RequestFault
		tries int
		ok    bool
	}{
		{"GET after 502", func(w *world) Request { return w.in("GET", "", "", nil) }, bad, 3, true},
		{"GET after two lost connections", func(w *world) Request { return w.in("GET", "", "", nil) }, lost, 1, true},
		{"GET gives up", func(w *world) Request { return w.in("GET", "", "", nil) }, discordsim.RequestFault{Status: 503, Count: 9}, 3, false},
		{"GET after 404", func(w *world) Request { return w.in("GET", "", "", nil) }, discordsim.RequestFault{Status: 404}, 1, false},
		{"POST after 502", func(w *world) Request { return w.message(map[string]string{"content": "a"}) }, bad, 1, false},
		{"POST after a lost connection", func(w *world) Request { return w.message(map[string]string{"content": "a"}) }, dropped, 0, false},
		{"POST with a nonce that is not enforced", func(w *world) Request { return w.message(map[string]any{"content": "a", "nonce": "1"}) }, bad, 1, false},
		{"POST with an enforced nonce", func(w *world) Request {
			return w.message(map[string]any{"content": "a", "nonce": "1", "enforce_nonce": true})
		}, bad, 3, true},
		{"PATCH after 502", func(w *world) Request { return w.in("PATCH", "", "", map[string]string{"name": "b"}) }, bad, 1, false},
		{"DELETE after 500", func(w *world) Request { return w.in("DELETE", "", "", nil) }, discordsim.RequestFault{Status: 500}, 2, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, discordsim.Config{})
			w.failRequests(c.fail)
			_, err := w.cfg.REST.Do(t.Context(), c.req(w))
			if (err == nil) != c.ok {
				t.Errorf("got %v", err)
			}
			if got := len(w.sim.Requests(0)); got != c.tries {
				t.Errorf("%d answered requests, want %d", got, c.tries)
			}
			if f := fault.From(err); err != nil && f.Code != fault.DiscordHTTP {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestRESTWhatItSends(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		got, body = r, string(b)
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	r, err := NewREST(RESTConfig{Base: server.URL + "/api/v10/", Token: "Bot tok3n"})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := r.Do(t.Context(), Request{
		Method: "PUT", Route: "/channels/{channel.id}/messages/{message.id}/reactions/{emoji}/@me", Path: "/channels/1/messages/2/reactions/%F0%9F%98%80/@me",
		Query: url.Values{"a": {"b c"}}, Body: map[string]string{"x": "<&>"}, Reason: "weil's schön ist/so\n",
	})
	if err != nil || doc != nil {
		t.Fatalf("got %s, %v", doc, err)
	}
	if got.URL.EscapedPath() != "/api/v10/channels/1/messages/2/reactions/%F0%9F%98%80/@me" || got.URL.RawQuery != "a=b+c" || body != `{"x":"<&>"}` {
		t.Errorf("got %s %q", got.URL, body)
	}
	for name, want := range map[string]string{
		"Authorization": "Bot tok3n", "Content-Type": "application/json", "X-Audit-Log-Reason": "weil%27s%20sch%C3%B6n%20ist%2Fso%0A", "User-Agent": UserAgent,
	} {
		if got.Header.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Header.Get(name), want)
		}
	}
}

func TestRESTRefusesRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t, discordsim.Config{})
	for _, c := range []struct {
		name string
		req  Request
	}{
		{"more segments than the template", Request{Method: "GET", Route: "/channels/{channel.id}", Path: "/channels/1/messages"}},
		{"fewer", Request{Method: "GET", Route: "/channels/{channel.id}/messages", Path: "/channels/1"}},
		{"another word", Request{Method: "GET", Route: "/channels/{channel.id}", Path: "/guilds/1"}},
		{"a step up", Request{Method: "GET", Route: "/channels/{channel.id}", Path: "/channels/.."}},
		{"nothing for an id", Request{Method: "GET", Route: "/channels/{channel.id}", Path: "/channels/"}},
		{"a query in the path", Request{Method: "GET", Route: "/channels/{channel.id}", Path: "/channels/1?x=y"}},
		{"a fragment", Request{Method: "GET", Route: "/channels/{channel.id}", Path: "/channels/1#"}},
		{"a space", Request{Method: "GET", Route: "/channels/{channel.id}", Path: "/channels/1 2"}},
		{"a line feed", Request{Method: "GET", Route: "/channels/{channel.id}", Path: "/channels/1\n"}},
		{"no path", Request{Method: "GET"}},
		{"no slash", Request{Method: "GET", Route: "channels", Path: "channels"}},
		{"a long reason", Request{Method: "GET", Route: "/a", Path: "/a", Reason: strings.Repeat("ü", 513)}},
		{"no JSON", Request{Method: "POST", Route: "/a", Path: "/a", Body: json.RawMessage(`{`)}},
		{"deep JSON", Request{Method: "POST", Route: "/a", Path: "/a", Body: json.RawMessage(strings.Repeat("[", 9000) + strings.Repeat("]", 9000))}},
		{"files beside a list", Request{Method: "POST", Route: "/a", Path: "/a", Body: []int{1}, Files: []File{{}}}},
		{"attachments that are no list", Request{Method: "POST", Route: "/a", Path: "/a", Body: map[string]int{"attachments": 1}, Files: []File{{}}}},
		{"data that is no object", Request{Method: "POST", Route: "/a/callback", Path: "/a/callback", Body: map[string]int{"data": 1}, Files: []File{{}}}},
		{"eleven files", Request{Method: "POST", Route: "/a", Path: "/a", Files: make([]File, 11)}},
	} {
		if _, err := w.cfg.REST.Do(t.Context(), c.req); !fault.Is(err, fault.InvalidInput) {
			t.Errorf("%s: got %v", c.name, err)
		}
	}
	if n := len(w.sim.Requests(0)); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

func TestRESTKeepsSecrets(t *testing.T) {
	t.Parallel()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	redirect := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://elsewhere.test/"+r.Header.Get("Authorization"), http.StatusFound)
	}))
	defer redirect.Close()
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // Only then does the server see the client go.
		<-r.Context().Done()
	}))
	defer slow.Close()
	endless := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for range maxAnswer/(1<<20) + 2 {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	}))
	defer endless.Close()
	for base, says := range map[string]string{
		closed.URL: "could not be reached", redirect.URL: "(302)", slow.URL: "did not answer in time", endless.URL: "larger than",
	} {
		r, err := NewREST(RESTConfig{Base: base, Token: "s3cret", Timeout: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		if base == slow.URL {
			r.SetTimeout(50 * time.Millisecond)
		}
		_, err = r.Do(t.Context(), Request{Method: "POST", Route: "/webhooks/{webhook.id}/{webhook.token}", Path: "/webhooks/1/h00ktoken", Body: map[string]int{}})
		if f := fault.From(err); f.Code != fault.DiscordHTTP || !strings.Contains(f.Message, says) {
			t.Errorf("%s: got %v", says, err)
		}
		for _, secret := range []string{"s3cret", "h00ktoken"} {
			if strings.Contains(fmt.Sprintf("%+v %v", err, fault.From(err).Details), secret) {
				t.Errorf("%q is in %v", secret, err)
			}
		}
	}
}

func TestRESTKeepsToTheSimulatorsLimits(t *testing.T) {
	t.Parallel()
	s, err := discordsim.New(discordsim.Config{})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	s.SetBaseURL(server.URL)
	w := &world{t: t, sim: s, url: server.URL}
	w.control(&w.guilds, "GET", "")
	r := w.rest(RESTConfig{})
	sent := w.message(map[string]string{"content": "x"})
	doc, err := r.Do(t.Context(), sent)
	if err != nil {
		t.Fatal(err)
	}
	id := idOf(doc)
	// One reaction in 250 ms.
	for _, emoji := range []string{"%F0%9F%98%80", "%F0%9F%98%81", "%F0%9F%98%82", "%F0%9F%98%83"} {
		if _, err := r.Do(t.Context(), w.in("PUT", "/messages/"+id+"/reactions/"+emoji+"/@me", "/messages/{message.id}/reactions/{emoji}/@me", nil)); err != nil {
			t.Fatal(err)
		}
	}
	for range 4 {
		if _, err := r.Do(t.Context(), sent); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if _, err := r.Do(ctx, sent); !fault.Is(err, fault.DiscordRateLimited) {
		t.Errorf("the sixth message in five seconds: %v", err)
	}
	for _, req := range s.Requests(0) {
		if req.Status == http.StatusTooManyRequests {
			t.Errorf("%s came over its limit", req.Route)
		}
	}
}

func TestRESTConfig(t *testing.T) {
	t.Parallel()
	for _, c := range []RESTConfig{
		{}, {Token: "a b"}, {Token: "t", Base: "discord.com"}, {Token: "t", Base: "ftp://x"}, {Token: "t", Base: "http://x?y"}, {Token: "Bot "},
	} {
		if _, err := NewREST(c); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
	r, err := NewREST(RESTConfig{Token: " Bot t\n"})
	if err != nil || r.Base() != DefaultBase || r.auth != "Bot t" {
		t.Errorf("got %+v, %v", r, err)
	}
	for _, c := range []GatewayConfig{{REST: r}, {Token: "t"}, {Token: "t", REST: r, Shards: -1}, {Token: "t", REST: r, Shards: maxShards + 1}} {
		if _, err := NewGateway(c, newRecorder()); err == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
}

func TestMajorParameters(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/channels/1/messages/2": "/channels/1", "/guilds/1": "/guilds/1", "/guilds/1/members/2": "/guilds/1",
		"/webhooks/1": "/webhooks/1", "/webhooks/1/tok": "/webhooks/1/tok+", "/webhooks/1/tok/messages/@original": "/webhooks/1/tok+",
		"/interactions/1/tok/callback": "/interactions/1/tok+", "/users/@me": "", "/gateway/bot": "",
		"/applications/1/guilds/2/commands/3": "/applications/1/guilds/2", "/applications/1/commands": "",
	} {
		major, bearer := majorOf(path)
		if bearer {
			major += "+"
		}
		if major != want {
			t.Errorf("%s: got %q, want %q", path, major, want)
		}
	}
}

func BenchmarkREST(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // It answers anyway.
		_, _ = w.Write([]byte(message1K))
	}))
	defer server.Close()
	r, err := NewREST(RESTConfig{Base: server.URL, Token: "t", GlobalLimit: -1, GuildConcurrency: 1000})
	if err != nil {
		b.Fatal(err)
	}
	body := json.RawMessage(`{"content":"pong!"}`)
	var n atomic.Int64
	b.SetParallelism(32)
	b.ReportAllocs()
	b.RunParallel(func(p *testing.PB) {
		channel := n.Add(1)
		req := Request{Guild: 1, Method: "POST", Route: "/channels/{channel.id}/messages", Path: fmt.Sprintf("/channels/%d/messages", channel), Body: body}
		for p.Next() {
			if _, err := r.Do(b.Context(), req); err != nil {
				b.Fatal(err)
			}
		}
	})
}
