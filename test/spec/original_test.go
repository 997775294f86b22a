package spec

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"maps"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/discordsim"
	"github.com/flora-runtime/flora-runtime/pkg/discordsim/contract"
)

// original replays what the command line tool of the original Flora sends, byte
// for byte where that matters, and holds the answers against what that tool
// reads, and against the runtime's own OpenAPI document.
type original struct {
	t     *testing.T
	p     *process
	token string
	doc   *contract.Document
}

// answer is one answer to it.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// request sends one request as the tool does: the token on every route.
func (o *original) request(method, path, contentType string, body []byte, header map[string]string) *http.Response {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	o.t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, method, o.p.url+"/api"+path, bytes.NewReader(body))
	if err != nil {
		o.t.Fatal(err)
	}
	req.Header.Set("authorization", "Bearer "+o.token)
	req.Header.Set("user-agent", "node")
	req.Header.Set("accept", "*/*")
	if contentType != "" {
		req.Header.Set("content-type", contentType)
	}
	for k, v := range header {
		req.Header.Set(k, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		o.t.Fatal(err)
	}
	o.t.Cleanup(func() { _ = res.Body.Close() })
	return res
}

func (o *original) call(method, path, contentType string, body []byte, header map[string]string) answer {
	o.t.Helper()
	res := o.request(method, path, contentType, body, header)
	b, err := io.ReadAll(res.Body)
	if err != nil {
		o.t.Fatal(err)
	}
	if o.doc != nil && strings.HasPrefix(res.Header.Get("Content-Type"), "application/json") {
		plain, query, _ := strings.Cut(path, "?")
		x := discordsim.Exchange{Method: method, Path: strings.TrimSuffix(plain, "/"), Query: query, Status: res.StatusCode, Answer: b, Unread: res.StatusCode >= 300}
		if x.Body = body; strings.HasPrefix(contentType, "multipart/") {
			x.Body, x.Unread = nil, true
		}
		for _, v := range o.doc.Exchange(x) {
			o.t.Errorf("the OpenAPI document does not allow: %s", v)
		}
	}
	return answer{res.StatusCode, res.Header, b}
}

// json sends a JSON body, or none.
func (o *original) json(method, path string, body any, header map[string]string) answer {
	o.t.Helper()
	if body == nil {
		return o.call(method, path, "", nil, header)
	}
	b, err := json.Marshal(body)
	if err != nil {
		o.t.Fatal(err)
	}
	return o.call(method, path, "application/json", b, header)
}

// object reads an answer that must be an object with these members, of which
// those with a question mark may be left out. Members that the original does
// not have are allowed: its clients leave them alone.
func (o *original) object(a answer, members ...string) map[string]any {
	o.t.Helper()
	var doc map[string]any
	if err := json.Unmarshal(a.body, &doc); err != nil || a.status != http.StatusOK {
		o.t.Fatalf("status %d: %s", a.status, a.body)
	}
	o.has(doc, members...)
	return doc
}

func (o *original) has(doc map[string]any, members ...string) {
	o.t.Helper()
	for _, m := range members {
		name, optional := strings.CutSuffix(m, "?")
		v, there := doc[name]
		if !there && !optional || there && optional && v == nil {
			o.t.Errorf("%q is missing, or null instead of missing: %v", name, doc)
		}
	}
}

func (o *original) list(a answer) []map[string]any {
	o.t.Helper()
	var out []map[string]any
	if err := json.Unmarshal(a.body, &out); err != nil || a.status != http.StatusOK || out == nil {
		o.t.Fatalf("status %d: %s", a.status, a.body)
	}
	return out
}

func items(v any) []any {
	list, _ := v.([]any)
	return list
}

func member(v any, name string) any {
	doc, _ := v.(map[string]any)
	return doc[name]
}

// project is an archive as the tool makes it in memory: deflated entries with
// their sizes in front, no folders, no data descriptors.
func project(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		var packed bytes.Buffer
		d, err := flate.NewWriter(&packed, flate.DefaultCompression)
		if err == nil {
			_, err = io.WriteString(d, files[name])
		}
		if err == nil {
			err = d.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		w, err := z.CreateRaw(&zip.FileHeader{
			Name: name, Method: zip.Deflate, CRC32: crc32.ChecksumIEEE([]byte(files[name])),
			CompressedSize64: uint64(packed.Len()), UncompressedSize64: uint64(len(files[name])), CreatorVersion: 20, ReaderVersion: 20,
		})
		if err == nil {
			_, err = w.Write(packed.Bytes())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// form is the tool's upload.
func (o *original) form(entry string, archive []byte) (contentType string, body []byte) {
	o.t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if err := w.SetBoundary("----formdata-undici-012345678901"); err != nil {
		o.t.Fatal(err)
	}
	for _, field := range [][2]string{{"guild_id", o.p.guild}, {"entry", entry}} {
		if err := w.WriteField(field[0], field[1]); err != nil {
			o.t.Fatal(err)
		}
	}
	part, err := w.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="project_zip"; filename="project.zip"`}, "Content-Type": {"application/zip"},
	})
	if err == nil {
		_, err = part.Write(archive)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		o.t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

// build uploads, follows the log as the tool does and gives the build.
func (o *original) build(entry string, files map[string]string) (log []string, build map[string]any) {
	o.t.Helper()
	kind, body := o.form(entry, project(o.t, files))
	created := o.object(o.call("POST", "/builds", kind, body, nil), "build_id", "status")
	if created["status"] != "queued" {
		o.t.Errorf("the build is %v", created["status"])
	}
	id := fmt.Sprint(created["build_id"])
	log, done := o.follow("/builds/" + id + "/logs")
	var end map[string]any
	if err := json.Unmarshal([]byte(done), &end); err != nil {
		o.t.Errorf("the end of the log is %q", done)
	}
	build = o.object(o.json("GET", "/builds/"+id, nil, nil), "build_id", "guild_id", "entry", "status", "logs", "started_at?", "finished_at?", "artifact?", "error?")
	if build["build_id"] != id || build["guild_id"] != o.p.guild || build["entry"] != entry || build["status"] != end["status"] {
		o.t.Errorf("the build is %v, its log said %v", build, end)
	}
	return log, build
}

// follow reads a stream of events until the event done.
func (o *original) follow(path string) (lines []string, done string) {
	o.t.Helper()
	res := o.request("GET", path, "", nil, nil)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		o.t.Fatalf("%s: %d %s", path, res.StatusCode, res.Header.Get("Content-Type"))
	}
	event := ""
	for s := bufio.NewScanner(res.Body); s.Scan(); {
		switch line := s.Text(); {
		case strings.HasPrefix(line, "event: "):
			event = line[len("event: "):]
		case strings.HasPrefix(line, "data: ") && event == "done":
			return lines, line[len("data: "):]
		case strings.HasPrefix(line, "data: "):
			lines = append(lines, line[len("data: "):])
		case line == "":
			event = ""
		}
	}
	o.t.Fatalf("%s: the stream ended without the event done: %q", path, lines)
	return nil, ""
}

// plusZero is a time of deployments, zulu one of stores.
var (
	plusZero = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?\+00:00$`)
	zulu     = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$`)
)

func (o *original) times(form *regexp.Regexp, doc map[string]any, members ...string) {
	o.t.Helper()
	for _, m := range members {
		if text, _ := doc[m].(string); !form.MatchString(text) {
			o.t.Errorf("%s is %v", m, doc[m])
		}
	}
}

func newOriginal(t *testing.T) *original {
	t.Helper()
	p := dev(t, t.TempDir(), "--no-rate-limits")
	o := &original{t: t, p: p, token: token(t, p)}
	status, raw, err := call("GET", p.url+"/api-docs/openapi.json", "", nil)
	if err != nil || status != http.StatusOK {
		t.Fatalf("%d %s %v", status, raw, err)
	}
	path := filepath.Join(t.TempDir(), "openapi.json")
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if o.doc, err = contract.Load(path); err != nil {
		t.Fatal(err)
	}
	return o
}

const botSource = `import { greet } from "./greet";
import { shout } from "loud";
import data from "./data.json";
on("messageCreate", (ctx) => {
  if (ctx.msg.content === "boom") throw new Error("from the source");
  if (!ctx.msg.author.bot) console.log(shout(greet(ctx.msg.content)), data.n);
});
`

// TestTheOriginalsDeploy is section 2.3 of the original's behaviour: build,
// follow the log, fetch the artifact, deploy it with the sources beside it.
func TestTheOriginalsDeploy(t *testing.T) {
	t.Parallel()
	o := newOriginal(t)
	if a := o.call("GET", "/health/", "", nil, nil); a.status != http.StatusOK || string(a.body) != "ok" {
		t.Errorf("health: %d %s", a.status, a.body)
	}
	files := map[string]string{
		"src/main.ts": botSource, "src/greet.ts": "export const greet = (s: string): string => `hello ${s}`;\n", "src/data.json": `{"n": 7}`,
		"package.json": `{"name": "bot", "dependencies": {"loud": "1.0.0"}}`, "flora.config.ts": "export default { deploy: { entry: 'src/main.ts' } };\n",
	}
	uploaded := maps.Clone(files)
	// The one difference: the packages come along, for the server installs nothing.
	uploaded["node_modules/loud/package.json"] = `{"name": "loud", "exports": {"import": "./loud.mjs", "require": "./loud.cjs"}}`
	uploaded["node_modules/loud/loud.mjs"] = "export const shout = (s) => s.toUpperCase();\n"
	log, build := o.build("src/main.ts", uploaded)
	artifact, _ := build["artifact"].(map[string]any)
	o.has(artifact, "bundle", "source_map")
	if build["status"] != "done" || len(log) == 0 || !slices.ContainsFunc(log, func(l string) bool { return strings.HasPrefix(l, "done in") }) {
		t.Fatalf("%v, log %q", build["status"], log)
	}
	var sources []map[string]string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		sources = append(sources, map[string]string{"path": name, "contents": files[name]})
	}
	at := "/deployments/" + o.p.guild
	deployed := o.object(o.json("POST", at, map[string]any{
		"entry": build["entry"], "files": sources, "bundle": artifact["bundle"], "source_map": map[string]any{"path": "bundle.js.map", "contents": artifact["source_map"]},
	}, map[string]string{"x-flora-deploy-source": "cli"}), "guild_id", "created_at", "updated_at", "entry")
	o.times(plusZero, deployed, "created_at", "updated_at")
	for _, large := range []string{"files", "source_map", "bundle"} {
		if deployed[large] != nil {
			t.Errorf("the answer of a deploy has %s", large)
		}
	}

	got := o.object(o.json("GET", at, nil, nil), "guild_id", "created_at", "updated_at", "entry", "files", "source_map")
	if got["entry"] != "src/main.ts" || got["bundle"] != nil || len(items(got["files"])) != len(files) {
		t.Errorf("get: %v", got)
	}
	if full := o.object(o.json("GET", at+"?include_bundle=true", nil, nil), "bundle"); full["bundle"] != artifact["bundle"] {
		t.Error("get with the bundle: it is another one")
	}
	if all := o.list(o.json("GET", "/deployments/", nil, nil)); len(all) != 1 {
		t.Errorf("list: %v", all)
	} else {
		o.has(all[0], "guild_id", "entry", "created_at", "updated_at")
	}
	history := o.list(o.json("GET", at+"/history", nil, nil))
	o.has(history[0], "id", "guild_id", "entry", "status", "deployed_at", "deploy_source", "actor", "change_summary?", "base_revision_id?", "build_id?")
	if history[0]["deploy_source"] != "cli" || history[0]["status"] != "success" || history[0]["build_id"] != nil {
		t.Errorf("history: %v", history[0])
	}

	// It runs: the package's code, the JSON, and positions in the author's file.
	say(t, o.p, o.p, "world")
	logs := func(want string) {
		t.Helper()
		if err := until("the log to have "+want, func() (bool, error) {
			lines, err := logLines(o.p, o.token)
			return slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, want) }), err
		}); err != nil {
			t.Fatal(err)
		}
	}
	logs("HELLO WORLD 7")
	say(t, o.p, o.p, "boom")
	logs("src/main.ts:5:")

	entries := o.list(o.json("GET", "/logs/"+o.p.guild+"?limit=100", nil, nil))
	o.has(entries[0], "timestamp", "level", "target", "guild_id", "message")
	if _, ok := entries[0]["timestamp"].(float64); !ok {
		t.Errorf("log: %v", entries[0])
	}
}

// TestTheOriginalsStream follows the guild's log.
func TestTheOriginalsStream(t *testing.T) {
	t.Parallel()
	o := newOriginal(t)
	deployed(t, o.p, `on("messageCreate", (ctx) => { if (!ctx.msg.author.bot) console.log("heard " + ctx.msg.content); });`)
	res := o.request("GET", "/logs/"+o.p.guild+"/stream", "", nil, nil)
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("%d %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	say(t, o.p, o.p, "streamed")
	for s := bufio.NewScanner(res.Body); s.Scan(); {
		line, ok := strings.CutPrefix(s.Text(), "data: ")
		if strings.HasPrefix(s.Text(), "event:") {
			t.Fatalf("a line is a named event: %s", s.Text())
		}
		if !ok {
			continue
		}
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		o.has(entry, "timestamp", "level", "target", "guild_id", "message")
		if entry["message"] == "heard streamed" {
			if entry["target"] != "flora:js" || entry["level"] != "info" || entry["guild_id"] != o.p.guild {
				t.Errorf("%v", entry)
			}
			return
		}
	}
	t.Fatal("the stream ended")
}

// TestTheOriginalsStores are the kv commands.
func TestTheOriginalsStores(t *testing.T) {
	t.Parallel()
	o := newOriginal(t)
	g := o.p.guild
	created := o.object(o.json("POST", "/kv/stores", map[string]string{"guild_id": g, "store_name": "settings"}, nil), "store")
	store, _ := created["store"].(map[string]any)
	o.has(store, "id", "guild_id", "store_name", "created_at", "updated_at")
	o.times(zulu, store, "created_at", "updated_at")
	if all := o.list(o.json("GET", "/kv/stores?guild_id="+g, nil, nil)); len(all) != 1 || all[0]["store_name"] != "settings" {
		t.Errorf("stores: %v", all)
	}
	set := func(key string, body map[string]any) {
		t.Helper()
		if got := o.object(o.json("PUT", "/kv/"+g+"/settings/"+key, body, nil), "success"); got["success"] != true {
			t.Errorf("set: %v", got)
		}
	}
	set("greeting", map[string]any{"value": "hello"})
	set("a%2Fb%20c", map[string]any{"value": "escaped", "expiration": 4102444800, "metadata": map[string]any{"by": "me"}})
	for i := range 3 {
		set(fmt.Sprint("k", i), map[string]any{"value": "x"})
	}
	for key, want := range map[string]any{"greeting": "hello", "a%2Fb%20c": "escaped", "none": nil} {
		if got := o.object(o.json("GET", "/kv/"+g+"/settings/"+key, nil, nil), "value"); got["value"] != want {
			t.Errorf("%s: %v", key, got)
		}
	}
	page := o.object(o.json("GET", "/kv/"+g+"/settings?prefix=k&limit=2", nil, nil), "keys", "listComplete", "cursor")
	if keys := items(page["keys"]); len(keys) != 2 || page["listComplete"] != false {
		t.Errorf("page: %v", page)
	}
	rest := o.object(o.json("GET", "/kv/"+g+"/settings?prefix=k&limit=2&cursor="+fmt.Sprint(page["cursor"]), nil, nil), "keys", "listComplete", "cursor?")
	if keys := items(rest["keys"]); len(keys) != 1 || rest["listComplete"] != true || member(keys[0], "name") != "k2" {
		t.Errorf("rest: %v", rest)
	}
	first := items(o.object(o.json("GET", "/kv/"+g+"/settings", nil, nil), "keys")["keys"])[0]
	if member(first, "name") != "a/b c" || member(first, "expiration") != 4102444800.0 || fmt.Sprint(member(first, "metadata")) != "map[by:me]" {
		t.Errorf("key: %v", first)
	}
	// The tool only looks whether these went well.
	for _, path := range []string{"/kv/" + g + "/settings/greeting", "/kv/" + g + "/settings/none", "/kv/stores/" + g + "/settings"} {
		if a := o.call("DELETE", path, "", nil, nil); a.status/100 != 2 || len(a.body) > 0 {
			t.Errorf("DELETE %s: %d %s", path, a.status, a.body)
		}
	}
	if all := o.list(o.json("GET", "/kv/stores?guild_id="+g, nil, nil)); len(all) != 0 {
		t.Errorf("stores: %v", all)
	}
}

// TestWhatAClientAsksFirst: limits before an upload, and the SDK's types.
func TestWhatAClientAsksFirst(t *testing.T) {
	t.Parallel()
	o := newOriginal(t)
	limits := o.object(o.json("GET", "/limits", nil, nil), "requests", "deployments", "api", "scripts", "builds", "kv", "logs", "egress")
	for group, members := range map[string][]string{
		"deployments": {"body_bytes", "files", "files_bytes", "stored_files", "stored_files_bytes"}, "scripts": {"bundle_bytes", "memory_bytes", "cron_jobs"},
		"builds": {"zip_bytes", "files", "file_bytes", "files_bytes"}, "kv": {"value_bytes", "key_characters"}, "logs": {"lines"}, "egress": {"response_bytes"},
	} {
		for _, m := range members {
			if n, ok := member(limits[group], m).(float64); !ok || n <= 0 {
				t.Errorf("%s.%s is %v", group, m, member(limits[group], m))
			}
		}
	}
	if n := member(limits["scripts"], "webassembly"); n != 0.0 {
		t.Errorf("scripts.webassembly is %v without a compiler", n)
	}
	types := o.call("GET", "/types", "", nil, nil)
	for _, want := range []string{" function on<E extends EventName>(", " function createBot("} {
		if !strings.Contains(string(types.body), want) {
			t.Errorf("the types lack %q: %d, %d bytes", want, types.status, len(types.body))
		}
	}
	if again := o.call("GET", "/types", "", nil, map[string]string{"If-None-Match": types.header.Get("ETag")}); again.status != http.StatusNotModified {
		t.Errorf("the same types again: status %d", again.status)
	}
}

// TestTheOriginalsErrors: the tool prints "message" of what is not 2xx, and the
// error of a build that failed.
func TestTheOriginalsErrors(t *testing.T) {
	t.Parallel()
	o := newOriginal(t)
	refused := func(a answer, status int, want string) {
		t.Helper()
		var doc struct{ Message string }
		if err := json.Unmarshal(a.body, &doc); err != nil || a.status != status || !strings.Contains(doc.Message, want) {
			t.Errorf("want %d %q, got %d %s", status, want, a.status, a.body)
		}
	}
	log, build := o.build("src/main.ts", map[string]string{"src/main.ts": "import { z } from \"zod\";\nconsole.log(z);\n", "package.json": "{}"})
	text := fmt.Sprint(build["error"])
	if build["status"] != "failed" || build["artifact"] != nil || !strings.Contains(text, `cannot find package "zod"`) || !strings.Contains(text, "src/main.ts:1:19") || !strings.Contains(text, "flora deploy") {
		t.Errorf("%v", build)
	}
	if !strings.Contains(strings.Join(log, "\n"), `cannot find package "zod"`) {
		t.Errorf("log %q", log)
	}
	kind, body := o.form("../main.ts", project(t, map[string]string{"main.ts": ""}))
	refused(o.call("POST", "/builds", kind, body, nil), 400, "leads out of the project")
	refused(o.json("GET", "/builds/00000000-0000-4000-8000-000000000000", nil, nil), 404, "build 00000000-0000-4000-8000-000000000000 not found")
	refused(o.json("GET", "/builds/00000000-0000-4000-8000-000000000000/logs", nil, nil), 404, "not found")
	refused(o.json("POST", "/deployments/"+o.p.guild, map[string]any{"entry": "src/main.ts", "bundle": "throw new Error('at load')"}, map[string]string{"x-flora-deploy-source": "cli"}), 400, "deployment failed: Error: at load")
	refused(o.json("GET", "/deployments/100", nil, nil), 403, "Bot not in guild")
	o.token = "abcdefghijkl.abcdefghijklmnopqrstuvwxyz012345"
	refused(o.json("GET", "/deployments/", nil, nil), 401, "token")
	kind, body = o.form("main.ts", project(t, map[string]string{"main.ts": ""}))
	refused(o.call("POST", "/builds", kind, body, nil), 401, "token")
}
