package playground_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/playground"
)

// passed is an API that says what reached it.
var passed = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, r.Method+" "+r.URL.EscapedPath()+" auth="+r.Header.Get("Authorization")+" cookie="+r.Header.Get("Cookie"))
})

func handler(t *testing.T, api http.Handler) http.Handler {
	t.Helper()
	h, err := playground.New(api)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func ask(h http.Handler, method, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	r.Host = "localhost:3000"
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestFiles(t *testing.T) {
	t.Parallel()
	with, without := handler(t, passed), handler(t, nil)
	for _, row := range []struct {
		h            http.Handler
		method, path string
		status       int
		kind, text   string
	}{
		{with, "GET", "/", 200, "text/html", "Flora playground"},
		{with, "HEAD", "/", 200, "text/html", ""},
		{with, "GET", "/playground/main.js", 200, "text/javascript", "import"},
		{with, "GET", "/playground/base.css", 200, "text/css", ":root"},
		{with, "GET", "/playground/icon.svg", 200, "image/svg+xml", "<svg"},
		{with, "GET", "/playground/none.js", 404, "application/json", "not_found"},
		{with, "GET", "/playground", 404, "application/json", "not_found"},
		{with, "GET", "/playground/", 404, "application/json", "not_found"},
		{with, "GET", "/playground/../playground.go", 404, "application/json", "not_found"},
		{with, "GET", "/playground/nosim.html", 404, "application/json", "not_found"},
		{with, "POST", "/", 405, "application/json", "method_not_allowed"},
		{without, "GET", "/", 200, "text/html", "There is no simulated Discord here"},
		{without, "GET", "/playground/base.css", 200, "text/css", ":root"},
		{without, "GET", "/playground/main.js", 404, "application/json", "not_found"},
		{without, "GET", "/playground/api/logs/1", 404, "application/json", "not_found"},
	} {
		w := ask(row.h, row.method, row.path)
		if w.Code != row.status || !strings.HasPrefix(w.Header().Get("Content-Type"), row.kind) || !strings.Contains(w.Body.String(), row.text) {
			t.Errorf("%s %s: got %d %s %.80s", row.method, row.path, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
		policy := w.Header().Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'; script-src 'self';") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s %s: the policy is %q", row.method, row.path, policy)
		}
		if w.Header().Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s %s: it may be sniffed", row.method, row.path)
		}
	}
}

// TestWhatIsPassedOn holds the list of what the page may ask: everything else
// that the API can do is not there.
func TestWhatIsPassedOn(t *testing.T) {
	t.Parallel()
	h := handler(t, passed)
	const own = "/playground/api"
	for _, row := range []struct{ method, path, want string }{
		{"GET", "/deployments/1", "/api/deployments/1"},
		{"GET", "/logs/1?level=warn", "/api/logs/1"},
		{"GET", "/logs/1/stream", "/api/logs/1/stream"},
		{"GET", "/kv/stores?guild_id=1", "/api/kv/stores"},
		{"GET", "/kv/1/store", "/api/kv/1/store"},
		{"GET", "/kv/1/a%2Fb/c%2Fd%20e", "/api/kv/1/a%2Fb/c%2Fd%20e"},
		{"GET", "/crons/1", "/api/crons/1"},
		{"POST", "/crons/1/a%2Fb/run", "/api/crons/1/a%2Fb/run"},
	} {
		w := ask(h, row.method, own+row.path, "Authorization", "Bearer x", "Cookie", "a=b")
		if want := row.method + " " + row.want + " auth= cookie="; w.Code != 200 || w.Body.String() != want {
			t.Errorf("%s %s: got %d %s, want %s", row.method, row.path, w.Code, w.Body, want)
		}
	}
	for _, row := range []struct{ method, path string }{
		{"POST", "/deployments/1"},
		{"DELETE", "/deployments/1"},
		{"POST", "/deployments/1/rollback/2"},
		{"GET", "/deployments"},
		{"GET", "/deployments/x"},
		{"GET", "/deployments/"},
		{"GET", "/deployments/1/"},
		{"HEAD", "/deployments/1"},
		{"PUT", "/kv/1/store/key"},
		{"DELETE", "/kv/1/store/key"},
		{"DELETE", "/kv/stores/1/store"},
		{"POST", "/kv/stores"},
		{"POST", "/kv/1/store/batch"},
		{"POST", "/kv/1/store/key/increment"},
		{"GET", "/kv/export/1"},
		{"GET", "/kv/export/1/2"},
		{"POST", "/kv/export/1"},
		{"POST", "/kv/import/1"},
		{"GET", "/kv/1/.."},
		{"GET", "/kv/1/../../secrets/1"},
		{"GET", "/secrets/1"},
		{"PUT", "/secrets/1/name"},
		{"GET", "/vars/1"},
		{"POST", "/tokens"},
		{"GET", "/tokens"},
		{"GET", "/auth/me"},
		{"GET", "/guilds"},
		{"GET", "/metrics"},
		{"GET", "/crons/1/name/run"},
		{"POST", "/crons/1/name"},
		{"GET", ""},
		{"GET", "/"},
		{"GET", "//deployments/1"},
		{"GET", "/deployments%2F1"},
		{"GET", "/kv/%31/store"},
	} {
		if w := ask(h, row.method, own+row.path); w.Code != 404 {
			t.Errorf("%s %s: got %d %s", row.method, row.path, w.Code, w.Body)
		}
	}
}

func TestOnlyItsOwnPageMayAsk(t *testing.T) {
	t.Parallel()
	h := handler(t, passed)
	for _, row := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"its own page", []string{"Sec-Fetch-Site", "same-origin"}, 200},
		{"its own page's post", []string{"Sec-Fetch-Site", "same-origin", "Origin", "http://localhost:3000"}, 200},
		{"no browser", nil, 200},
		{"another site", []string{"Sec-Fetch-Site", "cross-site"}, 403},
		{"another port", []string{"Sec-Fetch-Site", "same-site"}, 403},
		{"an address that somebody typed", []string{"Sec-Fetch-Site", "none"}, 403},
		{"an old browser, another site", []string{"Origin", "https://example.com"}, 403},
		{"an old browser, another port", []string{"Origin", "http://localhost:3001"}, 403},
		{"a sandboxed frame", []string{"Origin", "null"}, 403},
	} {
		for method, path := range map[string]string{"GET": "/playground/api/logs/1", "POST": "/playground/api/crons/1/job/run"} {
			if w := ask(h, method, path, row.headers...); w.Code != row.status {
				t.Errorf("%s, %s: got %d, want %d", row.name, method, w.Code, row.status)
			}
		}
	}
}

// FuzzPass looks for a path that reaches something of the API that is not on the
// list.
func FuzzPass(f *testing.F) {
	for _, seed := range []string{"/logs/1", "/kv/1/a%2Fb/c", "/kv/export/1", "/crons/1/x/run", "/../api/tokens", "/kv/1/%2e%2e", "/logs/1/../../tokens", "//logs/1"} {
		f.Add("GET", seed)
		f.Add("POST", seed)
	}
	var reached string
	h, err := playground.New(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { reached = r.Method + " " + r.URL.EscapedPath() }))
	if err != nil {
		f.Fatal(err)
	}
	listed := regexp.MustCompile(`^(?:GET /api/(?:(?:deployments|logs|crons)/\d+|logs/\d+/stream|kv/stores|kv/\d+/[^/]+(?:/[^/]+)?)|POST /api/crons/\d+/[^/]+/run)$`)
	f.Fuzz(func(t *testing.T, method, path string) {
		u, err := url.Parse("http://localhost/playground/api" + path)
		if err != nil {
			return
		}
		reached = ""
		h.ServeHTTP(httptest.NewRecorder(), &http.Request{Method: method, URL: u, Host: "localhost", Header: http.Header{}})
		if reached != "" && (!listed.MatchString(reached) || strings.Contains(reached, "/../") || strings.HasSuffix(reached, "/..")) {
			t.Errorf("%s %q reached %s", method, path, reached)
		}
	})
}
