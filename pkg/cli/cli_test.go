package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	guildID = "100000000000000001"
	token   = "flora_t0ken"
)

// server follows the API's contract: it knows one token, and answers a request
// "METHOD /path?query" with what its table says.
type server struct {
	*httptest.Server
	mu      sync.Mutex // Guards the members below.
	answers map[string]answer
	got     []request
}

type answer struct {
	status int
	header http.Header
	body   string
}

type request struct{ Line, Source, Body string }

func newServer(t *testing.T, answers map[string]answer) *server {
	t.Helper()
	s := &server{answers: answers}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	line := r.Method + " " + r.RequestURI
	s.mu.Lock()
	s.got = append(s.got, request{line, r.Header.Get("x-flora-deploy-source"), string(body)})
	a, ok := s.answers[line]
	s.mu.Unlock()
	switch {
	case r.URL.Path == "/api/health":
		a = answer{body: "ok"}
	case r.Header.Get("Authorization") != "Bearer "+token:
		a = answer{status: 401, body: `{"message":"Unauthorized: Login required","code":"unauthorized","request_id":"q1"}`}
	case !ok:
		a = answer{status: 404, body: `{"message":"Resource not found: there is no such route","code":"not_found","request_id":"q1"}`}
	}
	for k, v := range a.header {
		w.Header()[k] = v
	}
	w.WriteHeader(max(a.status, 200))
	_, _ = io.WriteString(w, a.body)
}

func (s *server) requests() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]request{}, s.got...)
}

// tool runs the command line tool in this process.
type tool struct {
	t        *testing.T
	env      []string
	dir      string
	stdin    string
	terminal bool
	hidden   func() (string, error)
	browse   func(address string) error
	system   string
}

// newTool makes one that is logged in to the server by its environment.
func newTool(t *testing.T, s *server) *tool {
	t.Helper()
	return &tool{t: t, dir: t.TempDir(), env: []string{"HOME=" + t.TempDir(), "FLORA_API_URL=" + s.URL, "FLORA_TOKEN=" + token, "FLORA_GUILD=" + guildID}}
}

func (u *tool) run(args ...string) (code ExitCode, stdout, stderr string) {
	u.t.Helper()
	return u.runCtx(u.t.Context(), args...)
}

func (u *tool) runCtx(ctx context.Context, args ...string) (code ExitCode, stdout, stderr string) {
	var out, errs bytes.Buffer
	code = Main(ctx, State{
		Args: args, Env: u.env, Dir: u.dir, Stdin: strings.NewReader(u.stdin), Stdout: &out, Stderr: &errs, Terminal: u.terminal,
		Hidden: u.hidden, Browse: u.browse, OS: u.system,
	})
	return code, out.String(), errs.String()
}

// write makes a file in the working directory.
func (u *tool) write(name, contents string) {
	u.t.Helper()
	p := filepath.Join(u.dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o700); err != nil {
		u.t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(contents), 0o600); err != nil {
		u.t.Fatal(err)
	}
}

const (
	deployed = `{"guild_id":"` + guildID + `","entry":"src/main.ts","revision_id":"r-1","created_at":"2025-05-06T07:08:09+00:00","updated_at":"2025-05-06T07:08:09+00:00"}`
	store    = `{"id":"u","guild_id":"` + guildID + `","store_name":"main","created_at":"2025-05-06T07:08:09Z","updated_at":"2025-05-06T07:08:09Z"}`
	logLines = `[{"id":1,"timestamp":0,"level":"info","target":"flora:js","guild_id":"` + guildID + `","message":"one"},{"id":2,"timestamp":0,"level":"error","target":"flora:runtime","guild_id":"` + guildID + `","message":"two\u001b[2J\nlines"}]`
)

// answers is a server on which everything is there.
func answers() map[string]answer {
	return map[string]answer{
		"GET /api/auth/me":                                           {body: `{"user":{"id":"7","username":"ada"}}`},
		"GET /api/deployments":                                       {body: "[" + deployed + "]"},
		"GET /api/deployments/" + guildID:                            {body: deployed},
		"POST /api/deployments/" + guildID:                           {body: deployed},
		"GET /api/logs/" + guildID + "?limit=100":                    {body: logLines},
		"GET /api/logs/" + guildID + "?limit=1":                      {body: `[]`},
		"GET /api/logs/" + guildID + "?level=error&limit=100":        {body: `[]`},
		"POST /api/kv/stores":                                        {body: `{"store":` + store + `}`},
		"GET /api/kv/stores?guild_id=" + guildID:                     {body: `[` + store + `]`},
		"DELETE /api/kv/stores/" + guildID + "/main":                 {status: 204},
		"PUT /api/kv/" + guildID + "/main/a%2Fb":                     {body: `{"success":true}`},
		"GET /api/kv/" + guildID + "/main/k":                         {body: `{"value":"line\u001b[2J"}`},
		"GET /api/kv/" + guildID + "/main/gone":                      {body: `{"value":null}`},
		"DELETE /api/kv/" + guildID + "/main/k":                      {status: 204},
		"GET /api/kv/" + guildID + "/main":                           {body: `{"keys":[{"name":"a"},{"name":"b","expiration":9,"metadata":{"x":1}}],"listComplete":true}`},
		"GET /api/kv/" + guildID + "/main?cursor=a&limit=1&prefix=p": {body: `{"keys":[{"name":"p"}],"listComplete":false,"cursor":"p"}`},
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		args   string // Split at spaces.
		code   ExitCode
		stdout string // The whole of it; TIME stands for a local time.
		stderr string // A part.
	}{
		"version":               {"version", OK, "flora dev\n", ""},
		"version flag":          {"--version", OK, "flora dev\n", ""},
		"health":                {"health", OK, "ok\n", ""},
		"get":                   {"get", OK, "guild:    " + guildID + "\nentry:    src/main.ts\nrevision: r-1\ncreated:  TIME\nupdated:  TIME\n", ""},
		"get another guild":     {"get --guild 100000000000000002", NotFound, "", "flora: Resource not found"},
		"get by the older flag": {"get --guild-id 100000000000000002", NotFound, "", "flora: Resource not found"},
		"get no guild":          {"get --guild x", Usage, "", `flora: guild "x" is not a Discord id`},
		"list":                  {"list", OK, "GUILD               ENTRY        REVISION  UPDATED\n" + guildID + "  src/main.ts  r-1       TIME\n", ""},
		"logs":                  {"logs", OK, "TIME INFO [" + guildID + "] flora:js: one\nTIME ERROR [" + guildID + "] flora:runtime: two\ufffd[2J\nlines\n", ""},
		"no logs":               {"logs -n 1", OK, "No logs found\n", ""},
		"logs of a level":       {"logs --level error", OK, "No logs found\n", ""},
		"a level that is none":  {"logs --level loud", Usage, "", "--level is \"loud\", but it must be one of trace, debug, info, warn, error"},
		"too many logs":         {"logs -n 1001", Usage, "", "--limit is 1001, but it must be from 1 to 1000"},
		"create a store":        {"kv create-store --name main", OK, "Created KV store 'main' for guild " + guildID + "\n", ""},
		"list stores":           {"kv list-stores", OK, "STORE  CREATED                  UPDATED\nmain   TIME  TIME\n", ""},
		"delete a store":        {"kv delete-store --name main", OK, "Deleted KV store 'main' for guild " + guildID + "\n", ""},
		"delete another store":  {"kv delete-store --name x", NotFound, "", "Resource not found"},
		"set":                   {"kv set v --store main --key a/b", OK, "Set a/b=v in store 'main'\n", ""},
		"set a negative":        {"kv set --store main --key a/b -- -5", OK, "Set a/b=-5 in store 'main'\n", ""},
		"set bad metadata":      {"kv set v --store main --key k --metadata {", Usage, "", "--metadata is no valid JSON"},
		"set without key":       {"kv set v --store main", Usage, "", "missing required value: Key (give --key)"},
		"set without value":     {"kv set --store main --key k", Usage, "", "name the value, or - for standard input: flora kv set <value>"},
		"get a value":           {"kv get k --store main", OK, "line\x1b[2J\n", ""},
		"get a missing value":   {"kv get gone --store main", NotFound, "", "Key 'gone' not found"},
		"get without store":     {"kv get k", Usage, "", "missing required value: Store name"},
		"delete a key":          {"kv delete k --store main", OK, "Deleted key 'k' from store 'main'\n", ""},
		"list keys":             {"kv list-keys --store main", OK, "KEY  EXPIRES                  METADATA\na    -                        -\nb    TIME  {\"x\":1}\n", ""},
		"list a page of keys":   {"kv list-keys --store main --prefix p --limit 1 --cursor a", OK, "KEY  EXPIRES  METADATA\np    -        -\nThere are more; go on with --cursor 'p', or give --all\n", ""},
		"a negative limit":      {"kv list-keys --store main --limit -1", Usage, "", "--limit is -1"},
		"no command":            {"", Usage, "", "name a command; `flora --help` lists them"},
		"no kv command":         {"kv", Usage, "", "name a command; `flora kv --help` lists them"},
		"an unknown command":    {"deplyo", Usage, "", "unknown command \"deplyo\" for \"flora\"; did you mean `flora deploy`? `flora --help` lists all"},
		"an unknown kv command": {"kv nope", Usage, "", "unknown command \"nope\" for \"flora kv\"; `flora kv --help` lists them"},
		"nearly a kv command":   {"kv list-key", Usage, "", "did you mean `flora kv list-keys`?"},
		"an unknown flag":       {"get --gild 1", Usage, "", "unknown flag: --gild; did you mean --guild? See `flora get --help`"},
		"a flag like no other":  {"get --zzzzzz 1", Usage, "", "unknown flag: --zzzzzz; see `flora get --help`"},
		"an unknown short flag": {"get -z 1", Usage, "", "unknown shorthand flag: 'z' in -z; see `flora get --help`"},
		"a flag of wrong type":  {"logs -n many", Usage, "", "invalid argument \"many\""},
		"a bad address":         {"list --api localhost:3000", Usage, "", `"localhost:3000" is not an API address`},
		"json: get":             {"get --json", OK, `{"guild_id":"` + guildID + `","entry":"src/main.ts","revision_id":"r-1","created_at":"2025-05-06T07:08:09Z","updated_at":"2025-05-06T07:08:09Z"}` + "\n", ""},
		"json: get a value":     {"kv get k --store main --json", OK, `{"value":"line\u001b[2J"}` + "\n", ""},
		"json: list keys":       {"kv list-keys --store main --json", OK, `{"keys":[{"name":"a"},{"name":"b","expiration":9,"metadata":{"x":1}}],"listComplete":true}` + "\n", ""},
		"json: set":             {"kv set v --store main --key a/b --json", OK, `{"success":true}` + "\n", ""},
		"json: version":         {"version --json", OK, `{"version":"dev"}` + "\n", ""},
		"json: an error":        {"get --guild 2 --json", NotFound, "", `{"error":{"message":"Resource not found: there is no such route","code":"not_found","status":404,"request_id":"q1","exit_code":4}}` + "\n"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := newTool(t, newServer(t, answers())).run(strings.Fields(row.args)...)
			if code != row.code {
				t.Errorf("exit code %d, want %d", code, row.code)
			}
			if diff := cmp.Diff(row.stdout, times.ReplaceAllString(stdout, "TIME")); diff != "" {
				t.Error(diff)
			}
			if !strings.Contains(stderr, row.stderr) || row.stderr == "" && stderr != "" {
				t.Errorf("stderr %q, want %q", stderr, row.stderr)
			}
		})
	}
}

// TestErrorCodes holds the exit codes to what the API answers.
func TestErrorCodes(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		answer answer
		code   ExitCode
		stderr string
	}{
		"bad request":   {answer{400, nil, `{"message":"Bad request: x","code":"bad_request"}`}, Failure, "flora: Bad request: x\n"},
		"unauthorized":  {answer{401, nil, `{"message":"Unauthorized: x","code":"unauthorized"}`}, Auth, "flora: Unauthorized: x\nLog in with `flora login`, or set FLORA_TOKEN.\n"},
		"forbidden":     {answer{403, nil, `{"message":"Forbidden: x","code":"forbidden"}`}, Auth, "flora: Forbidden: x\n"},
		"conflict":      {answer{409, nil, `{"message":"store exists","code":"conflict"}`}, Conflict, "flora: store exists\n"},
		"too large":     {answer{413, nil, `{"message":"too large","code":"too_large"}`}, Limit, "flora: too large\n"},
		"rate limited":  {answer{429, http.Header{"Retry-After": {"7"}}, `{"message":"slow down","code":"rate_limited"}`}, Limit, "flora: slow down\nTry again in 7s.\n"},
		"server error":  {answer{500, nil, `{"message":"internal error","code":"internal","request_id":"q9"}`}, Failure, "flora: internal error\nRequest q9.\n"},
		"a proxy":       {answer{502, nil, `<html>`}, Failure, "flora: the server answers 502 Bad Gateway\n"},
		"not the API":   {answer{200, nil, `<html>`}, Failure, "does not answer like Flora's API"},
		"escapes in it": {answer{400, nil, `{"message":"a\u001b]0;x\u0007b"}`}, Failure, "flora: a\ufffd]0;x\ufffdb\n"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, map[string]answer{"POST /api/kv/stores": row.answer})
			code, stdout, stderr := newTool(t, s).run("kv", "create-store", "--name", "x")
			if code != row.code || stdout != "" || !strings.Contains(stderr, row.stderr) {
				t.Errorf("%d %q %q, want %d %q", code, stdout, stderr, row.code, row.stderr)
			}
		})
	}
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	s := newServer(t, nil)
	u := newTool(t, s)
	u.env = append(u.env, "FLORA_RETRY_SECS=0")
	s.Close()
	if code, _, stderr := u.run("list"); code != Network || !strings.Contains(stderr, "flora: cannot reach "+s.URL+"/api: ") {
		t.Errorf("%d %q", code, stderr)
	}
}

func TestFirstPageOfHelp(t *testing.T) {
	t.Parallel()
	u := newTool(t, newServer(t, nil))
	for _, args := range [][]string{{"--help"}, {"kv", "--help"}, {"deploy", "--help"}, {"kv", "set", "-h"}} {
		if code, stdout, stderr := u.run(args...); code != OK || !strings.Contains(stdout, "Usage:") || stderr != "" {
			t.Errorf("%q: %d %q %q", args, code, stdout, stderr)
		}
	}
}

func TestQuestions(t *testing.T) {
	t.Parallel()
	s := newServer(t, answers())
	u := newTool(t, s)
	u.env = u.env[:3] // No FLORA_GUILD.
	if code, _, stderr := u.run("get"); code != Usage || !strings.Contains(stderr, "missing required value: Guild ID (give --guild or FLORA_GUILD)") {
		t.Errorf("%d %q", code, stderr)
	}
	u.terminal, u.stdin = true, guildID+"\n"
	if code, stdout, stderr := u.run("get"); code != OK || !strings.Contains(stdout, "revision: r-1") || stderr != "Guild ID: " {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
	u.stdin = "\n"
	if code, _, stderr := u.run("get"); code != Usage || !strings.Contains(stderr, "missing required value") {
		t.Errorf("%d %q", code, stderr)
	}
	// A terminal never gets a value's control characters.
	if _, stdout, _ := u.run("kv", "get", "k", "--store", "main", "--guild", guildID); stdout != "line\ufffd[2J\n" {
		t.Errorf("%q", stdout)
	}
	if _, stdout, _ := u.run("logs", "--guild", guildID); !strings.Contains(stdout, "\x1b[31mERROR\x1b[0m") {
		t.Errorf("%q", stdout)
	}
	u.env = append(u.env, "NO_COLOR=1")
	if _, stdout, _ := u.run("logs", "--guild", guildID); strings.Contains(stdout, "\x1b") {
		t.Errorf("%q", stdout)
	}
}

func TestSetSends(t *testing.T) {
	t.Parallel()
	s := newServer(t, answers())
	u := newTool(t, s)
	if code, _, stderr := u.run("kv", "set", "v", "--store", "main", "--key", "a/b", "--expiration", "9", "--metadata", `{"x":[1]}`); code != OK {
		t.Fatal(code, stderr)
	}
	want := []request{{Line: "PUT /api/kv/" + guildID + "/main/a%2Fb", Body: `{"value":"v","expiration":9,"metadata":{"x":[1]}}`}}
	if diff := cmp.Diff(want, s.requests()); diff != "" {
		t.Error(diff)
	}
}

func TestFollowLogs(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	const stream = "/api/logs/" + guildID + "/stream"
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != stream {
			_, _ = io.WriteString(w, logLines)
			return
		}
		if after := r.Header.Get("Last-Event-ID"); after != "2" {
			t.Errorf("the stream starts after %q", after)
		}
		_, _ = io.WriteString(w, "id: 3\ndata: {\"id\":3,\"timestamp\":0,\"level\":\"info\",\"target\":\"flora:js\",\"guild_id\":\"1\",\"message\":\"three\"}\n\n")
		if f, ok := w.(http.Flusher); ok {
			f.Flush()
		}
		<-r.Context().Done()
	}))
	defer s.Close()
	out := &until{want: "three", then: cancel}
	code := Main(ctx, State{
		Args: []string{"logs", "-f", "--json"}, Env: []string{"FLORA_API_URL=" + s.URL, "FLORA_TOKEN=" + token, "FLORA_GUILD=" + guildID},
		Stdin: strings.NewReader(""), Stdout: out, Stderr: io.Discard,
	})
	if code != OK {
		t.Errorf("exit code %d", code)
	}
	var ids []int
	for line := range strings.Lines(out.String()) {
		var e struct{ ID int }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, e.ID)
	}
	if diff := cmp.Diff([]int{1, 2, 3}, ids); diff != "" {
		t.Error(diff)
	}
}

// TestFollowOfALevelStartsAtTheEnd: what is below the level was there before, and
// is neither sent again nor missed.
func TestFollowOfALevelStartsAtTheEnd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var after string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/stream"):
			after = r.Header.Get("Last-Event-ID")
			cancel()
		case r.URL.Query().Get("level") != "":
			_, _ = io.WriteString(w, "[]")
		default:
			_, _ = io.WriteString(w, logLines)
		}
	}))
	defer s.Close()
	code := Main(ctx, State{
		Args: []string{"logs", "-f", "--level", "error"}, Env: []string{"FLORA_API_URL=" + s.URL, "FLORA_TOKEN=" + token, "FLORA_GUILD=" + guildID},
		Stdin: strings.NewReader(""), Stdout: io.Discard, Stderr: io.Discard,
	})
	s.Close()
	if code != OK || after != "2" {
		t.Errorf("exit code %d, the stream starts after %q", code, after)
	}
}

// until calls then once the text was written.
type until struct {
	bytes.Buffer
	want string
	then func()
}

func (u *until) Write(b []byte) (int, error) {
	n, err := u.Buffer.Write(b)
	if strings.Contains(u.String(), u.want) {
		u.then()
	}
	return n, err
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, fmt.Errorf("broken pipe") }

func TestOutputThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	s := newServer(t, answers())
	for _, args := range [][]string{{"list"}, {"list", "--json"}, {"logs"}} {
		var errs bytes.Buffer
		code := Main(t.Context(), State{
			Args: args, Env: newTool(t, s).env, Stdin: strings.NewReader(""), Stdout: brokenPipe{}, Stderr: &errs,
		})
		if code != Failure || !strings.Contains(errs.String(), "broken pipe") {
			t.Errorf("%q: %d %q", args, code, errs.String())
		}
	}
}
