package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/bundle"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
)

// bundler stands for the bundler's child process.
type bundler struct {
	mu    sync.Mutex // Guards the members below.
	fail  error
	block chan struct{} // If not nil, builds wait until it is closed.
}

func (b *bundler) set(fail error, block chan struct{}) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fail, b.block = fail, block
}

func (b *bundler) bundle(ctx context.Context, in bundle.Input) (bundle.Output, error) {
	b.mu.Lock()
	fail, block := b.fail, b.block
	b.mu.Unlock()
	if block != nil {
		select {
		case <-block:
		case <-ctx.Done():
			return bundle.Output{}, ctx.Err()
		}
	}
	if fail != nil {
		return bundle.Output{}, fail
	}
	return bundle.Output{Code: "built " + string(in.Archive), Map: "{}", Warnings: []string{"be careful"}, Sources: []deploy.File{{Path: "src/main.ts", Contents: "source"}}}, nil
}

// form makes a form of field, contents pairs; project_zip is a file.
func form(pairs ...string) (body, contentType string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i+1 < len(pairs); i += 2 {
		var part io.Writer
		var err error
		if pairs[i] == "project_zip" {
			part, err = w.CreateFormFile(pairs[i], "project.zip")
		} else {
			part, err = w.CreateFormField(pairs[i])
		}
		if err == nil {
			_, err = io.WriteString(part, pairs[i+1])
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.String(), w.FormDataContentType()
}

// upload sends a form and gives the answer.
func (e *env) upload(as string, pairs ...string) *http.Response {
	e.t.Helper()
	body, kind := form(pairs...)
	return e.do(as, "POST", "/api/builds", body, map[string]string{"Content-Type": kind})
}

// build uploads a project of the guild and gives the build's id.
func (e *env) build(as, guild string) string {
	e.t.Helper()
	res := e.upload(as, "guild_id", guild, "entry", "src/main.ts", "project_zip", "PK1")
	var got struct {
		ID     string `json:"build_id"`
		Status string
	}
	if answer := text(e.t, res); json.Unmarshal([]byte(answer), &got) != nil || res.StatusCode != 200 || got.Status != "queued" || len(got.ID) != 36 {
		e.t.Fatalf("%d %s", res.StatusCode, answer)
	}
	return got.ID
}

const own = "100000000000000001"

func TestUploads(t *testing.T) {
	t.Parallel()
	good := []string{"guild_id", own, "entry", "src/main.ts", "project_zip", "PK1"}
	bad := func(name string, status int, want string, pairs ...string) scenario {
		body, kind := form(pairs...)
		return scenario{name: name, as: "admin", method: "POST", url: "/api/builds", body: body, header: map[string]string{"Content-Type": kind}, status: status, want: []string{want}}
	}
	body, kind := form(good...)
	rows := denied("POST", "/api/builds", body, true)
	for i := range rows {
		if rows[i].header == nil {
			rows[i].header = map[string]string{}
		}
		rows[i].header["Content-Type"] = kind
	}
	unknown, unknownKind := form(append([]string{"future", "x"}, good...)...)
	run(t, append(rows, []scenario{
		{name: "a build", as: "admin", method: "POST", url: "/api/builds", body: body, header: map[string]string{"Content-Type": kind}, status: 200, want: []string{`"status":"queued"`}},
		{name: "unknown fields", as: "admin", method: "POST", url: "/api/builds", body: unknown, header: map[string]string{"Content-Type": unknownKind}, status: 200},
		bad("no guild", 400, `missing field \"guild_id\"`, good[2:]...),
		bad("no entry", 400, `missing field \"entry\"`, "guild_id", own, "project_zip", "PK"),
		bad("no archive", 400, `missing field \"project_zip\"`, good[:4]...),
		bad("a guild that is none", 400, "Invalid guild ID", "guild_id", "x", "entry", "a.ts", "project_zip", "PK"),
		bad("an entry outside", 400, "leads out of the project", "guild_id", own, "entry", "../a.ts", "project_zip", "PK"),
		bad("a blank entry", 400, "entry is required", "guild_id", own, "entry", " ", "project_zip", "PK"),
		bad("no zip", 400, "no zip archive", "guild_id", own, "entry", "a.ts", "project_zip", "hello"),
		bad("a field twice", 400, `\"guild_id\" twice`, append([]string{"guild_id", "5"}, good...)...),
		bad("a long field", 400, "too long", "guild_id", strings.Repeat("1", 5000), "entry", "a.ts", "project_zip", "PK"),
		{name: "JSON", as: "admin", method: "POST", url: "/api/builds", body: "{}", status: 415, want: []string{"multipart/form-data"}},
		{name: "a broken form", as: "admin", method: "POST", url: "/api/builds", body: "--x\r\nhello", header: map[string]string{"Content-Type": "multipart/form-data; boundary=x"}, status: 400, want: []string{"the form is malformed"}},
		{name: "too large", as: "admin", method: "POST", url: "/api/builds", body: strings.Repeat("x", 16<<20+64<<10+1), header: map[string]string{"Content-Type": kind}, status: 413},
	}...))
}

func TestBuilds(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	id := e.build("admin", own)
	res := e.do("admin", "GET", "/api/builds/"+id+"/logs", "", nil)
	log := text(t, res) // To its end.
	for _, want := range []string{"event: log\nid: 1\ndata: building src/main.ts", "event: log\nid: 2\ndata: be careful\n\n", "event: done\ndata: {\"status\":\"done\"}\n\n"} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %q: %s", want, log)
		}
	}
	if res.Header.Get("Content-Type") != "text/event-stream" || !strings.HasSuffix(log, "{\"status\":\"done\"}\n\n") {
		t.Errorf("%v: %s", res.Header, log)
	}
	rest := text(t, e.do("reader", "GET", "/api/builds/"+id+"/logs/", "", map[string]string{"Last-Event-ID": "2"}))
	if strings.Contains(rest, "be careful") || !strings.Contains(rest, "id: 3") || !strings.Contains(rest, "event: done") {
		t.Errorf("after line 2: %s", rest)
	}
	got := text(t, e.do("reader", "GET", "/api/builds/"+id, "", nil))
	for _, want := range []string{`"status":"done"`, `"guild_id":"100000000000000001"`, `"artifact":{"bundle":"built PK1","source_map":"{}"}`, `"logs":["building`, `"started_at":"20`} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %s", want, got)
		}
	}
	for url, want := range map[string]int{"/api/builds/" + id: 403, "/api/builds/" + id + "/logs": 403, "/api/builds/x": 400, "/api/builds/00000000-0000-4000-8000-000000000000": 404} {
		if res := e.do("neighbour", "GET", url, "", nil); res.StatusCode != want {
			t.Errorf("%s for a neighbour: status %d, want %d", url, res.StatusCode, want)
		}
	}
	for _, url := range []string{"/api/builds/" + id, "/api/builds/" + id + "/logs"} {
		if res := e.do("", "GET", url, "", nil); res.StatusCode != 401 {
			t.Errorf("%s for nobody: status %d", url, res.StatusCode)
		}
	}
	if res := e.do("admin", "GET", "/api/builds/"+id+"/logs", "", map[string]string{"Last-Event-ID": "x"}); res.StatusCode != 400 {
		t.Errorf("a strange Last-Event-ID: status %d", res.StatusCode)
	}
}

func TestDeployABuild(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	deploy := func(as, body string) (int, string) {
		res := e.do(as, "POST", deployURL, body, map[string]string{"X-Flora-Deploy-Source": "api"})
		return res.StatusCode, text(t, res)
	}
	id := e.build("admin", own)
	text(t, e.do("admin", "GET", "/api/builds/"+id+"/logs", "", nil))
	if status, got := deploy("admin", `{"build_id":"`+id+`"}`); status != 200 || !strings.Contains(got, `"entry":"src/main.ts"`) {
		t.Errorf("%d %s", status, got)
	}
	r := e.deployer.asked()[0]
	if *r.Bundle != "built PK1" || r.SourceMap.Path != "bundle.js.map" || r.BuildID != id || len(r.Files) != 1 || r.Guild != guildA || r.Source != "api" {
		t.Errorf("deployed: %+v", r)
	}
	block := make(chan struct{})
	e.bundler.set(fault.New(fault.BuildFailed, "build failed: main.ts:1:1"), block)
	id = e.build("admin", own)
	if status, got := deploy("admin", `{"build_id":"`+id+`"}`); status != 409 || !strings.Contains(got, "deploy it when it is done") {
		t.Errorf("while it runs: %d %s", status, got)
	}
	close(block)
	if log := text(t, e.do("admin", "GET", "/api/builds/"+id+"/logs", "", nil)); !strings.Contains(log, `{"status":"failed"}`) {
		t.Error(log)
	}
	e.bundler.set(nil, nil)
	theirs := e.build("neighbour", "100000000000000002")
	text(t, e.do("neighbour", "GET", "/api/builds/"+theirs+"/logs", "", nil))
	for body, want := range map[string]struct {
		status int
		text   string
	}{
		`{"build_id":"` + id + `"}`:                                      {409, "main.ts:1:1"},
		`{"build_id":"` + theirs + `"}`:                                  {404, "not found among those of this guild"},
		`{"build_id":"00000000-0000-4000-8000-000000000000"}`:            {404, "not found"},
		`{"build_id":"b1","entry":"a.ts"}`:                               {400, "build_id must be the id of a build"},
		`{"build_id":""}`:                                                {422, `missing field \"entry\"`},
		`{"build_id":"` + id + `","bundle":"x()","entry":"src/main.ts"}`: {200, "src/main.ts"}, // Kept as it is.
	} {
		if status, got := deploy("admin", body); status != want.status || !strings.Contains(got, want.text) {
			t.Errorf("%s: %d %s", body, status, got)
		}
	}
}

func TestBuildsAreLimited(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	block := make(chan struct{})
	defer close(block)
	e.bundler.set(nil, block)
	for range 3 {
		e.build("admin", own)
	}
	res := e.upload("admin", "guild_id", own, "entry", "a.ts", "project_zip", "PK")
	if got := text(t, res); res.StatusCode != 429 || res.Header.Get("Retry-After") != "5" || !strings.Contains(got, "3 builds of this guild") {
		t.Errorf("%d %q %s", res.StatusCode, res.Header.Get("Retry-After"), got)
	}
}

// TestABuildsStreamEnds: when the reader leaves, and when the server does.
func TestABuildsStreamEnds(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(c *api.Config) { c.Limits.KeepAlive = 10 * time.Millisecond })
	block := make(chan struct{})
	defer close(block)
	e.bundler.set(nil, block)
	id := e.build("admin", own)
	res := e.do("admin", "GET", "/api/builds/"+id+"/logs", "", nil)
	buf := make([]byte, 4096)
	for got := ""; !strings.Contains(got, ": keep-alive\n\n"); {
		n, err := res.Body.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		got += string(buf[:n])
	}
	e.api.Close()
	if rest := text(t, res); strings.Contains(rest, "event: done") {
		t.Errorf("it ended with %q", rest)
	}
}

func FuzzForm(f *testing.F) {
	body, kind := form("guild_id", "1", "entry", "a.ts", "project_zip", "PK", "x", "y")
	_, boundary, _ := strings.Cut(kind, "boundary=")
	f.Add([]byte(body), boundary)
	f.Add([]byte("--b\r\nContent-Disposition: form-data; name=\"entry\"\r\n\r\nx\r\n--b--"), "b")
	f.Fuzz(func(t *testing.T, raw []byte, boundary string) {
		guild, entry, archive, err := api.ParseForm(raw, boundary)
		if err == nil && (!utf8.ValidString(guild+entry) || len(guild)+len(entry)+len(archive) > len(raw)) {
			t.Fatalf("%q %q %q", guild, entry, archive)
		}
		if err != nil && !fault.Is(err, fault.BadRequest) {
			t.Fatal(err)
		}
	})
}
