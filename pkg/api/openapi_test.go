package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim/contract"
)

// ownDocument is the API's own OpenAPI document, in its strict form: it refuses
// members that it does not name.
var ownDocument struct {
	once sync.Once
	doc  *contract.Document
	err  error
}

func documentOf(a *api.API) (*contract.Document, error) {
	o := &ownDocument
	o.once.Do(func() {
		o.doc, o.err = load(a)
	})
	return o.doc, o.err
}

func load(a *api.API) (*contract.Document, error) {
	strict, err := a.StrictDocument()
	if err != nil {
		return nil, err
	}
	raw, err := json.Marshal(strict)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "flora-openapi")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // Nothing to do about it.
	path := filepath.Join(dir, "openapi.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		return nil, err
	}
	return contract.Load(path)
}

// watcher holds every exchange of a test against the document.
type watcher struct {
	next http.RoundTripper
	doc  *contract.Document

	mu    sync.Mutex // Guards wrong.
	wrong map[string]bool
}

// watch puts a watcher before the client's transport; a test in which something
// does not fit the document fails at its end.
func watch(t *testing.T, a *api.API, c *http.Client) {
	t.Helper()
	doc, err := documentOf(a)
	if err != nil {
		t.Fatal(err)
	}
	w := &watcher{next: c.Transport, doc: doc, wrong: map[string]bool{}}
	c.Transport = w
	t.Cleanup(func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		for text := range w.wrong {
			t.Errorf("the OpenAPI document does not allow: %s", text)
		}
	})
}

// RoundTrip implements http.RoundTripper.
func (w *watcher) RoundTrip(r *http.Request) (*http.Response, error) {
	var sent []byte
	if r.GetBody != nil {
		body, err := r.GetBody()
		if err != nil {
			return nil, err
		}
		if sent, err = io.ReadAll(body); err != nil {
			return nil, err
		}
	}
	res, err := w.next.RoundTrip(r)
	path, below := strings.CutPrefix(strings.TrimSuffix(r.URL.EscapedPath(), "/"), "/api")
	if err != nil || !below || strings.HasPrefix(path, "-docs") || r.Method == http.MethodHead || w.doc.Find(r.Method, path) == nil {
		return res, err
	}
	x := discordsim.Exchange{Method: r.Method, Path: path, Query: r.URL.RawQuery, Status: res.StatusCode}
	if x.Unread = res.StatusCode >= http.StatusMultipleChoices; x.Unread {
		x.Query = "" // A refused query may be anything.
	}
	switch media := r.Header.Get("Content-Type"); {
	case strings.HasPrefix(media, "multipart/"), media == "application/gzip":
		x.Unread = true
	case len(sent) > 0:
		x.Body = sent
	}
	if strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		answer, err := io.ReadAll(res.Body)
		if err != nil {
			return nil, err
		}
		res.Body = io.NopCloser(bytes.NewReader(answer))
		x.Answer = answer
	}
	for _, v := range w.doc.Exchange(x) {
		if v.At == "query" && strings.Contains(v.Text, "lacks") && x.Unread {
			continue
		}
		if v.Side == "request" && strings.Contains(v.String(), "future") {
			continue // What tests call a member that no route knows.
		}
		w.mu.Lock()
		w.wrong[fmt.Sprintf("%s (status %d)\n\tsent %.300s\n\tgot %.300s", v, res.StatusCode, x.Body, x.Answer)] = true
		w.mu.Unlock()
	}
	return res, nil
}

// TestOpenAPI: the document is served to everybody, describes every route once,
// and names what it refers to. That its schemas fit is seen in every other test.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	res := e.do("", "GET", "/api-docs/openapi.json", "", nil)
	raw := text(t, res)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("status %d, %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	var doc struct {
		OpenAPI    string
		Servers    []struct{ URL string }
		Paths      map[string]map[string]json.RawMessage
		Components struct{ Schemas map[string]json.RawMessage }
	}
	if err := json.Unmarshal([]byte(raw), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" || len(doc.Servers) != 1 || doc.Servers[0].URL != "/api" {
		t.Errorf("openapi %s, servers %v", doc.OpenAPI, doc.Servers)
	}
	ids := map[string]string{}
	described := 0
	for path, item := range doc.Paths {
		for method, spec := range item {
			if method == "servers" {
				continue
			}
			described++
			var o struct{ OperationID, Summary string }
			if err := json.Unmarshal(spec, &o); err != nil || o.OperationID == "" || o.Summary == "" || ids[o.OperationID] != "" {
				t.Errorf("%s %s: operation %+v, also %q, %v", method, path, o, ids[o.OperationID], err)
			}
			ids[o.OperationID] = path
		}
	}
	// The probes and metrics are routes twice, or not in the list; the documents do not
	// describe themselves.
	want := 3
	for _, route := range e.api.Routes() {
		_, path, _ := strings.Cut(route, " ")
		if path != "/health" && path != "/livez" && path != "/readyz" && path != "/api/health" && path != "/metrics" && !strings.HasPrefix(path, "/api-docs") {
			want++
		}
	}
	if described != want {
		t.Errorf("%d operations for %d routes", described, want)
	}
	for name := range doc.Components.Schemas {
		if !strings.Contains(raw, `"#/components/schemas/`+name+`"`) {
			t.Errorf("nothing refers to the component %s", name)
		}
	}
	for _, ref := range strings.Split(raw, `"#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(ref, `"`)
		if doc.Components.Schemas[name] == nil {
			t.Errorf("there is no component %s", name)
		}
	}
	if strings.Contains(raw, `"additionalProperties":false`) {
		t.Error("the public document refuses members of a later version")
	}
	// Handler names of the original, which its generated client calls.
	for _, id := range []string{
		"me_handler", "list_deployments_handler", "get_deployment_handler", "upsert_deployment_handler", "list_deployment_history_handler",
		"get_deployment_revision_handler", "rollback_deployment_handler", "create_store_handler", "list_stores_handler", "delete_store_handler",
		"create_build_handler", "get_build_handler", "login_handler", "callback_handler", "list_guilds_handler", "create_token_handler", "list_tokens_handler",
		"delete_token_handler", "list_secrets_handler", "upsert_secret_handler", "delete_secret_handler",
		"get_value_handler", "set_value_handler", "delete_key_handler", "list_keys_handler", "export_guild_handler", "health_check", "get_metrics", "get_metrics_json", "get_guild_logs",
	} {
		if ids[id] == "" {
			t.Errorf("no operation is called %s", id)
		}
	}
}

func TestDocsPage(t *testing.T) {
	t.Parallel()
	run(t, []scenario{
		{name: "the page", method: "GET", url: "/api-docs", status: 200, shared: true,
			want:    []string{"upsert_deployment_handler", "/api/deployments/{guild_id}/history", "</html>"},
			wantNot: []string{"<script", "src=", "http://", "https://"}},
		{name: "with a slash", method: "GET", url: "/api-docs/", status: 200, want: []string{"</html>"}, shared: true},
		{name: "below it", method: "GET", url: "/api-docs/other", status: 404, shared: true},
	})
}

// TestTheDocumentIsHeld: the watcher of the other tests sees what does not fit.
func TestTheDocumentIsHeld(t *testing.T) {
	t.Parallel()
	doc, err := documentOf(newEnv(t, nil).api)
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		method, path, answer string
		status, want         int
	}{
		"fits":               {"GET", "/auth/me", `{"user":{"id":"1","username":"u","global_name":null,"avatar":null}}`, 200, 0},
		"lacks a member":     {"GET", "/auth/me", `{"user":{"id":"1","username":"u","global_name":null}}`, 200, 1},
		"has another member": {"GET", "/auth/me", `{"user":{"id":"1","username":"u","global_name":null,"avatar":null,"x":1}}`, 200, 1},
		"another type":       {"GET", "/kv/1/s/k", `{"value":5}`, 200, 1},
		"another status":     {"GET", "/auth/me", `{}`, 418, 1},
		"a list of null":     {"GET", "/deployments", `null`, 200, 1},
		"a problem":          {"GET", "/auth/me", `{"message":"m","code":"c","request_id":"r","more":1}`, 401, 0},
	} {
		got := doc.Exchange(discordsim.Exchange{Method: row.method, Path: row.path, Status: row.status, Answer: json.RawMessage(row.answer)})
		if len(got) != row.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
