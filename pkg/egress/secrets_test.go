package egress_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/egress"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/secret"
	"github.com/flora-runtime/flora-runtime/pkg/secret/secrettest"
)

// Values of the guild's secrets. The first has every character that a place may
// have to escape.
const (
	odd   = `s3cr3t/+&=?#%"\ <é>`
	token = "123456:AAF-plain_token"
	tiny  = "abc"
)

// vault is a world whose guild has secrets: ODD and TOKEN for api.example.com,
// WILD for *.example.com, HTTP for plain.example.org over http, ANY for "*".
type vault struct {
	*world
	service *secret.Service

	mu  sync.Mutex // Guards got.
	got []seen
}

// seen is what a server got.
type seen struct {
	host, uri, body string
	header          http.Header
}

func newVault(t *testing.T) *vault {
	t.Helper()
	v := &vault{service: secrettest.Service(t, &secrettest.Memory{})}
	v.world = newWorld(t, func(c *egress.Config) { c.Secrets = v.service.Current })
	v.put("ODD", odd, false, "api.example.com")
	v.put("TOKEN", token, false, "https://api.example.com/with/a/path")
	v.put("TINY", tiny, false, "api.example.com")
	v.put("WILD", "wild-card-value", false, "*.example.com")
	v.put("HTTP", "plain-http-value", true, "plain.example.org")
	v.put("ANY", "goes-anywhere", false, "*")
	if _, err := v.service.Put(t.Context(), guildB, "OTHER", secret.Input{Value: "the neighbour's", AllowedHosts: []string{"*"}}); err != nil {
		t.Fatal(err)
	}
	v.ServeTLS(t, "93.184.216.34:443", "api.example.com", http.HandlerFunc(v.serve))
	v.Name("example.com", "93.184.216.34")
	v.Name("www.example.com", "93.184.216.34")
	v.Serve(t, "93.184.216.35:80", "plain.example.org", http.HandlerFunc(v.serve))
	v.Serve(t, "93.184.216.34:80", "", http.HandlerFunc(v.serve))
	return v
}

func (v *vault) put(name, value string, plain bool, hosts ...string) {
	v.t.Helper()
	if _, err := v.service.Put(v.t.Context(), guildA, name, secret.Input{Value: value, AllowedHosts: hosts, AllowHTTP: plain}); err != nil {
		v.t.Fatal(err)
	}
}

func (v *vault) mark(name string) string { return v.service.Current(guildA).Placeholders()[name] }

// serve notes the request and does what its path says.
func (v *vault) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	v.mu.Lock()
	v.got = append(v.got, seen{r.Host, r.RequestURI, string(body), r.Header})
	v.mu.Unlock()
	switch {
	case strings.HasPrefix(r.URL.Path, "/echo"):
		w.Header().Set("X-Echo", r.Header.Get("X-Key"))
		w.Header().Set("Set-Cookie", "k="+r.Header.Get("X-Key"))
		_ = json.NewEncoder(w).Encode(map[string]any{"url": r.RequestURI, "headers": r.Header, "body": string(body)})
	case strings.HasPrefix(r.URL.Path, "/raw"):
		_, _ = w.Write(body)
	case strings.HasPrefix(r.URL.Path, "/to"):
		w.Header().Set("Location", r.URL.Query().Get("at"))
		w.WriteHeader(http.StatusTemporaryRedirect)
	case strings.HasPrefix(r.URL.Path, "/leak"):
		http.Redirect(w, r, r.URL.Query().Get("at")+"?k="+url.QueryEscape(r.Header.Get("X-Key")), http.StatusFound)
	case strings.HasPrefix(r.URL.Path, "/cut"):
		conn, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			_, _ = conn.Write([]byte("HTTP/1.1 2" + r.Header.Get("X-Key") + "\r\n\r\n"))
			_ = conn.Close()
		}
	}
}

func (v *vault) last() seen {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.got) == 0 {
		v.t.Fatal("no server got a request")
	}
	return v.got[len(v.got)-1]
}

// silent expects that no value is in a text that a script sees.
func silent(t *testing.T, what, text string) {
	t.Helper()
	for _, v := range []string{odd, token, "wild-card-value", "plain-http-value", "goes-anywhere", "the neighbour's", url.QueryEscape(odd), url.PathEscape(odd)} {
		if strings.Contains(text, v) {
			t.Errorf("%s tells %q: %s", what, v, text)
		}
	}
}

const api = "https://api.example.com"

func TestSecretsAreSent(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	form, text := "application/x-www-form-urlencoded;charset=UTF-8", "text/plain;charset=UTF-8"
	basic := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	o, k := v.mark("ODD"), v.mark("TOKEN")
	tests := []struct {
		name string
		req  egress.Request
		want func(s seen) (got, want string)
	}{
		{"a header", egress.Request{URL: api, Headers: []egress.Pair{{"Authorization", "Bearer " + k}}}, func(s seen) (string, string) { return s.header.Get("Authorization"), "Bearer " + token }},
		{"a header with two", egress.Request{URL: api, Headers: []egress.Pair{{"X-Key", k + ";" + o}}}, func(s seen) (string, string) { return s.header.Get("X-Key"), token + ";" + odd }},
		{"a cookie", egress.Request{URL: api, Headers: []egress.Pair{{"Cookie", "a=" + k}}}, func(s seen) (string, string) { return s.header.Get("Cookie"), "a=" + token }},
		{"a path", egress.Request{URL: api + "/bot" + k + "/sendMessage"}, func(s seen) (string, string) { return s.uri, "/bot" + token + "/sendMessage" }},
		{"a path with everything", egress.Request{URL: api + "/" + o + "/x"}, func(s seen) (string, string) { return s.uri, "/s3cr3t/+&=%3F%23%25%22%5C%20%3C%C3%A9%3E/x" }},
		{"a query", egress.Request{URL: api + "/?a=" + o + "&b=1"}, func(s seen) (string, string) {
			u, err := url.ParseRequestURI(s.uri)
			if err != nil {
				return err.Error(), ""
			}
			return u.Query().Get("a") + u.Query().Get("b"), odd + "1"
		}},
		{"an encoded query", egress.Request{URL: api + "/?" + url.Values{"a": {k}}.Encode()}, func(s seen) (string, string) { return s.uri, "/?a=" + token }},
		{"Basic credentials", egress.Request{URL: api, Headers: []egress.Pair{{"authorization", basic("user:" + o)}}}, func(s seen) (string, string) { return s.header.Get("Authorization"), basic("user:" + odd) }},
		{"a Basic user", egress.Request{URL: api, Headers: []egress.Pair{{"authorization", "basic " + strings.TrimRight(base64.StdEncoding.EncodeToString([]byte(k+":")), "=")}}}, func(s seen) (string, string) {
			return strings.ToLower(s.header.Get("Authorization")[:6]) + s.header.Get("Authorization")[6:], "basic " + base64.StdEncoding.EncodeToString([]byte(token+":"))
		}},
		{"a text", egress.Request{Method: "POST", URL: api, Headers: []egress.Pair{{"content-type", text}}, Body: []byte("k=" + o)}, func(s seen) (string, string) { return s.body, "k=" + odd }},
		{"JSON", egress.Request{Method: "POST", URL: api, Headers: []egress.Pair{{"content-type", "application/vnd.api+json"}}, Body: []byte(`{"k":"` + o + `"}`)}, func(s seen) (string, string) {
			var doc map[string]string
			if err := json.Unmarshal([]byte(s.body), &doc); err != nil {
				return err.Error(), ""
			}
			return doc["k"], odd
		}},
		{"a form", egress.Request{Method: "POST", URL: api, Headers: []egress.Pair{{"content-type", form}}, Body: []byte("a=1&" + url.Values{"k": {o}}.Encode())}, func(s seen) (string, string) {
			f, err := url.ParseQuery(s.body)
			if err != nil {
				return err.Error(), ""
			}
			return f.Get("k") + f.Get("a"), odd + "1"
		}},
		{"a wild card's subdomain", egress.Request{URL: api, Headers: []egress.Pair{{"X-Key", v.mark("WILD")}}}, func(s seen) (string, string) { return s.header.Get("X-Key"), "wild-card-value" }},
		{"a wild card's suffix", egress.Request{URL: "https://example.com", Headers: []egress.Pair{{"X-Key", v.mark("WILD")}}}, func(s seen) (string, string) { return s.header.Get("X-Key"), "wild-card-value" }},
		{"everywhere", egress.Request{URL: "https://www.example.com", Headers: []egress.Pair{{"X-Key", v.mark("ANY")}}}, func(s seen) (string, string) { return s.header.Get("X-Key"), "goes-anywhere" }},
		{"without encryption", egress.Request{URL: "http://plain.example.org", Headers: []egress.Pair{{"X-Key", v.mark("HTTP")}}}, func(s seen) (string, string) { return s.header.Get("X-Key"), "plain-http-value" }},
		{"capitals in the host", egress.Request{URL: "https://API.example.COM", Headers: []egress.Pair{{"X-Key", k}}}, func(s seen) (string, string) { return s.header.Get("X-Key"), token }},
		// What is not substituted.
		{"bytes", egress.Request{Method: "POST", URL: api, Headers: []egress.Pair{{"content-type", "application/octet-stream"}}, Body: []byte(k)}, func(s seen) (string, string) { return s.body, k }},
		{"a body of no type", egress.Request{Method: "POST", URL: api, Body: []byte(k)}, func(s seen) (string, string) { return s.body, k }},
		{"a body that says it is compressed", egress.Request{Method: "POST", URL: api, Headers: []egress.Pair{{"content-type", text}, {"content-encoding", "gzip"}}, Body: []byte(k)}, func(s seen) (string, string) { return s.body, k }},
		{"a header's name", egress.Request{URL: api, Headers: []egress.Pair{{"x-" + strings.ReplaceAll(k, ":", "-"), "1"}}}, func(s seen) (string, string) {
			return s.header.Get("x-" + strings.ReplaceAll(k, ":", "-")), "1"
		}},
		{"another tag", egress.Request{URL: api, Headers: []egress.Pair{{"X-Key", k[:len(k)-1] + "z"}}}, func(s seen) (string, string) { return s.header.Get("X-Key"), k[:len(k)-1] + "z" }},
		{"half a placeholder", egress.Request{URL: api, Headers: []egress.Pair{{"X-Key", secret.Prefix + k}}}, func(s seen) (string, string) { return s.header.Get("X-Key"), secret.Prefix + token }},
		{"the neighbour's", egress.Request{URL: api, Headers: []egress.Pair{{"X-Key", v.service.Current(guildB).Placeholders()["OTHER"]}}}, func(s seen) (string, string) {
			return s.header.Get("X-Key"), v.service.Current(guildB).Placeholders()["OTHER"]
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := v.must(tt.req)
			if got, want := tt.want(v.last()); got != want || want == "" {
				t.Errorf("the server got %q, want %q", got, want)
			}
			silent(t, "the response's URL", res.URL)
		})
	}
}

func TestSecretsAreRefused(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	k := v.mark("TOKEN")
	key := []egress.Pair{{"X-Key", k}}
	tests := []struct {
		name string
		req  egress.Request
		code string
		text string
	}{
		{"another host", egress.Request{URL: "https://www.example.com", Headers: key}, "ESECRET", "secret TOKEN is not allowed for host www.example.com; its allowed_hosts are api.example.com. Add the host there, with PUT /api/secrets/100000000000000001/TOKEN"},
		{"a subdomain", egress.Request{URL: "https://x.api.example.com", Headers: key}, "ESECRET", "not allowed for host x.api.example.com"},
		{"a name that ends like it", egress.Request{URL: "https://evilexample.com", Headers: []egress.Pair{{"X-Key", v.mark("WILD")}}}, "ESECRET", "not allowed for host evilexample.com"},
		{"in a query", egress.Request{URL: "https://www.example.com/?k=" + k}, "ESECRET", "secret TOKEN"},
		{"in an encoded query", egress.Request{URL: "https://www.example.com/?k=" + url.QueryEscape(k)}, "ESECRET", "secret TOKEN"},
		{"in a path", egress.Request{URL: "https://www.example.com/" + k}, "ESECRET", "secret TOKEN"},
		{"in Basic credentials", egress.Request{URL: "https://www.example.com/", Headers: []egress.Pair{{"Authorization", "Basic " + base64.StdEncoding.EncodeToString([]byte(k))}}}, "ESECRET", "secret TOKEN"},
		{"in a body", egress.Request{Method: "POST", URL: "https://www.example.com/", Headers: []egress.Pair{{"content-type", "text/html"}}, Body: []byte(k)}, "ESECRET", "secret TOKEN"},
		{"without encryption", egress.Request{URL: "http://api.example.com", Headers: key}, "ESECRET", "secret TOKEN is not sent to api.example.com without encryption; use https, or set its allow_http"},
		{"everywhere, but without encryption", egress.Request{URL: "http://plain.example.org", Headers: []egress.Pair{{"X-Key", v.mark("ANY")}}}, "ESECRET", "without encryption"},
		{"as the host", egress.Request{URL: "https://" + k + ".example.com/"}, "EURL", "not valid"},
		{"as the user", egress.Request{URL: "https://" + url.QueryEscape(k) + "@api.example.com/"}, "ECREDENTIALS", "user name"},
		{"as the scheme", egress.Request{URL: k + "://api.example.com/"}, "EURL", "not valid"},
		{"a redirect with the body", egress.Request{Method: "POST", URL: api + "/to?at=https://www.example.com/", Headers: []egress.Pair{{"content-type", "text/plain"}}, Body: []byte(k)}, "ESECRET", "a redirect leads to www.example.com"},
		{"a redirect to plain http", egress.Request{Method: "POST", URL: api + "/to?at=http://api.example.com/", Headers: []egress.Pair{{"content-type", "text/plain"}}, Body: []byte(k)}, "ESECRET", "without encryption"},
		{"a redirect that takes it along", egress.Request{URL: api + "/leak?at=https://www.example.com/", Headers: key}, "ESECRET", "a redirect leads to www.example.com"},
		{"line breaks in a header", egress.Request{URL: api, Headers: []egress.Pair{{"X-Key", "LINES"}}}, "ESECRET", "line breaks"},
	}
	v.put("LINES", "-----BEGIN\nx\n-----END", false, "api.example.com")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for i, h := range tt.req.Headers {
				if h[1] == "LINES" {
					tt.req.Headers[i][1] = v.mark("LINES")
				}
			}
			f := v.failure(tt.req, tt.code)
			if !strings.Contains(f.Text, tt.text) {
				t.Errorf("the text is %q, want %q in it", f.Text, tt.text)
			}
			silent(t, "the error", f.Error())
			v.mu.Lock()
			defer v.mu.Unlock()
			for _, s := range v.got {
				if s.host != "api.example.com" {
					t.Errorf("%s got %s %s %v", s.host, s.uri, s.body, s.header)
				}
			}
		})
	}
}

// TestRedirectsWithinTheAllowedHosts substitutes on every hop, but for headers:
// those are for the server that they were given for.
func TestRedirectsWithinTheAllowedHosts(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	res := v.must(egress.Request{
		Method: "POST", URL: api + "/to?at=https://example.com/echo", Headers: []egress.Pair{{"X-Key", v.mark("WILD")}, {"Content-Type", "text/plain"}}, Body: []byte(v.mark("WILD")),
	})
	if s := v.last(); s.host != "example.com" || s.header.Get("X-Key") != "" || s.body != "wild-card-value" {
		t.Errorf("the second server got %+v", s)
	}
	silent(t, "the answer", string(res.Body))
	// A server that knows the value and names it in the address: the value goes
	// where it may go, and is not told.
	res = v.must(egress.Request{URL: api + "/leak?at=" + api + "/echo", Headers: []egress.Pair{{"X-Key", v.mark("ODD")}}})
	if s := v.last(); !strings.Contains(s.uri, "%23%25%22") {
		t.Errorf("the second request was %s", s.uri)
	}
	silent(t, "the response's URL", res.URL)
	silent(t, "the answer", string(res.Body))
	if !res.Redirected || !strings.Contains(res.URL, secret.Prefix) {
		t.Errorf("the URL is %s", res.URL)
	}
	// The redirect itself.
	res = v.must(egress.Request{URL: api + "/leak?at=" + api + "/echo", Redirect: egress.Manual, Headers: []egress.Pair{{"X-Key", v.mark("ODD")}}})
	silent(t, "the location", res.Header("location"))
	if !strings.Contains(res.Header("location"), secret.Prefix) {
		t.Errorf("the location is %s", res.Header("location"))
	}
}

// TestAnotherOriginGetsNoCredentials: neither the usual headers nor any with a
// secret go along, whether that is another host, port or scheme.
func TestAnotherOriginGetsNoCredentials(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	v.Carry("93.184.216.34:8443", v.ServeTLS(t, "93.184.216.36:443", "", http.HandlerFunc(v.serve)).Listener.Addr().String())
	k := v.mark("TOKEN")
	for to, kept := range map[string]bool{
		"https://www.example.com/echo": false, "http://api.example.com/echo": false, api + ":8443/echo": false, api + "/echo": true, api + ":443/echo": true, "/echo": true,
	} {
		res := v.must(egress.Request{URL: api + "/to?at=" + to, Headers: []egress.Pair{
			{"Authorization", "Bearer x"}, {"Cookie", "a=b"}, {"X-Key", k}, {"X-Both", "b"}, {"X-Both", "a " + k}, {"X-Plain", "stays"},
		}})
		s := v.last()
		for _, name := range []string{"Authorization", "Cookie", "X-Key", "X-Both"} {
			if (s.header.Get(name) != "") != kept {
				t.Errorf("%s: %s is %q", to, name, s.header.Get(name))
			}
		}
		if s.header.Get("X-Plain") != "stays" || !strings.HasPrefix(s.uri, "/echo") {
			t.Errorf("%s: got %+v", to, s)
		}
		silent(t, "the answer", string(res.Body))
	}
}

// TestEchoesAreScrubbed has an allowed host give back what it was sent.
func TestEchoesAreScrubbed(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	o := v.mark("ODD")
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+o))
	text, jsonType, form := egress.Pair{"content-type", "text/plain"}, egress.Pair{"content-type", "application/json"}, egress.Pair{"content-type", "application/x-www-form-urlencoded"}
	tests := []struct {
		name string
		req  egress.Request
	}{
		{"a header", egress.Request{URL: api + "/echo", Headers: []egress.Pair{{"X-Key", o}}}},
		{"a path", egress.Request{URL: api + "/echo/" + o}},
		{"a query", egress.Request{URL: api + "/echo?k=" + o}},
		{"Basic credentials", egress.Request{URL: api + "/echo", Headers: []egress.Pair{{"Authorization", basic}}}},
		{"a text", egress.Request{Method: "POST", URL: api + "/raw", Headers: []egress.Pair{text}, Body: []byte("<" + o + o + ">")}},
		{"JSON", egress.Request{Method: "POST", URL: api + "/raw", Headers: []egress.Pair{jsonType}, Body: []byte(`["` + o + `"]`)}},
		{"JSON in JSON", egress.Request{Method: "POST", URL: api + "/echo", Headers: []egress.Pair{text}, Body: []byte(o)}},
		{"a form", egress.Request{Method: "POST", URL: api + "/raw", Headers: []egress.Pair{form}, Body: []byte("k=" + o)}},
	}
	code := base64.StdEncoding.EncodeToString([]byte("user:" + odd))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res := v.must(tt.req)
			all, err := json.Marshal(res.Headers)
			if err != nil {
				t.Fatal(err)
			}
			for what, got := range map[string]string{"the body": string(res.Body), "the headers": string(all), "the URL": res.URL} {
				silent(t, what, got)
				if strings.Contains(got, code) || strings.Contains(got, `s3cr3t`) {
					t.Errorf("%s: %s", what, got)
				}
			}
			if !strings.Contains(string(res.Body), secret.Prefix) && !strings.Contains(string(res.Body), basic[6:]) {
				t.Errorf("the body has no placeholder: %s", res.Body)
			}
		})
	}
	// A value that an allowed host kept from an earlier request.
	res := v.must(egress.Request{Method: "POST", URL: api + "/raw", Body: []byte(token)})
	if got := string(res.Body); got != v.mark("TOKEN") {
		t.Errorf("got %q", got)
	}
	// One that it cannot know, and one that is too short to be found by chance.
	for _, body := range []string{"plain-http-value", "the neighbour's", tiny} {
		if res := v.must(egress.Request{Method: "POST", URL: api + "/raw", Body: []byte(body)}); string(res.Body) != body {
			t.Errorf("%q became %q", body, res.Body)
		}
	}
	// A response that grows beyond its limit by what takes the value's place.
	_, err := v.do(egress.Request{Method: "POST", URL: api + "/raw", Body: bytes.Repeat([]byte(token), 100), Max: 3000})
	if f, ok := errors.AsType[*egress.Failure](err); !ok || f.Code != "EBODY" {
		t.Errorf("got %v", err)
	}
}

// TestErrorsAreScrubbed has a server put the value into what the error says.
func TestErrorsAreScrubbed(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	_, err := v.do(egress.Request{URL: "http://plain.example.org/cut", Headers: []egress.Pair{{"X-Key", v.mark("HTTP")}}})
	f, ok := errors.AsType[*egress.Failure](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(f.Error(), secret.Prefix) {
		t.Errorf("the test proves nothing: the error was %s", f.Error())
	}
	silent(t, "the error", f.Error())
	silent(t, "the fault", fault.From(f.Fault()).Error())
}

// TestManyPlaceholders cannot make control write gigabytes.
func TestManyPlaceholders(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	v.put("LONG", strings.Repeat("x", secret.MaxValue), false, "api.example.com")
	long := v.mark("LONG")
	v.fails(egress.Request{Method: "POST", URL: api, Headers: []egress.Pair{{"content-type", "text/plain"}}, Body: bytes.Repeat([]byte(long), 100_000)}, "EBODY")
	v.fails(egress.Request{URL: api + "/" + strings.Repeat(long, 200)}, "EURL")
	v.fails(egress.Request{URL: api, Headers: []egress.Pair{{"X-Key", strings.Repeat(long, 400)}}}, "EHEADERS")
	v.fails(egress.Request{URL: api, Headers: []egress.Pair{{"X-Key", long}}}, "EHEADERS")
}

// TestSecretsOfAttachments are those of Fetch as well.
func TestSecretsOfAttachments(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	body, _, err := v.client.Fetch(t.Context(), guildA, api+"/echo?k="+v.mark("TOKEN"), 1<<20)
	if err != nil || !strings.Contains(v.last().uri, token) {
		t.Errorf("the server got %+v, %v", v.last(), err)
	}
	silent(t, "the file", string(body))
	if _, _, err := v.client.Fetch(t.Context(), guildA, "https://www.example.com/?k="+v.mark("TOKEN"), 1<<20); !fault.Is(err, fault.FetchFailed) {
		t.Errorf("got %v", err)
	}
}

// TestChangesReachTheNextRequest gives up what is deleted.
func TestChangesReachTheNextRequest(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	k := v.mark("TOKEN")
	sent := func() string {
		v.must(egress.Request{URL: api, Headers: []egress.Pair{{"X-Key", k}}})
		return v.last().header.Get("X-Key")
	}
	if got := sent(); got != token {
		t.Errorf("got %q", got)
	}
	v.put("TOKEN", "another-value", false, "api.example.com")
	if got := sent(); got != "another-value" || v.mark("TOKEN") != k {
		t.Errorf("after a change: %q", got)
	}
	if deleted, err := v.service.Delete(t.Context(), guildA, "TOKEN"); err != nil || !deleted {
		t.Fatal(deleted, err)
	}
	if got := sent(); got != k {
		t.Errorf("after a delete: %q", got)
	}
	v.put("TOKEN", token, false, "api.example.com")
	if got := sent(); got != k || v.mark("TOKEN") == k {
		t.Errorf("made anew: %q", got)
	}
}

// FuzzSecrets looks for a way in which a value leaves for a host that is not
// allowed, or comes back.
func FuzzSecrets(f *testing.F) {
	service := secrettest.Service(f, &secrettest.Memory{})
	if _, err := service.Put(f.Context(), guildA, "KEY", secret.Input{Value: odd, AllowedHosts: []string{"a.example.com"}}); err != nil {
		f.Fatal(err)
	}
	set := service.Current(guildA)
	mark := set.Placeholders()["KEY"]
	f.Add(mark, true)
	f.Add("x"+mark+mark+secret.Prefix, false)
	f.Add(url.QueryEscape(mark)+"%3a", false)
	f.Fuzz(func(t *testing.T, text string, allowed bool) {
		text = strings.ReplaceAll(text, "MARK", mark)
		to := secret.Target{Scheme: "https", Host: "b.example.com"}
		if allowed {
			to.Host = "a.example.com"
		}
		got, err := set.Fill(text, to, secret.Plain, 1<<20)
		if err == nil && !allowed && got != text {
			t.Errorf("%q became %q", text, got)
		}
		clean := set.Scrubber([]secret.Target{to}, nil).Text(got)
		if allowed && err == nil && strings.Contains(clean, odd) {
			t.Errorf("%q comes back as %q", text, clean)
		}
	})
}
