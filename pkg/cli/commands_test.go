package cli

import (
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/client"
)

// more is what a server answers to the commands of this file.
func more() map[string]answer {
	const g = guildID
	all := answers()
	for line, a := range map[string]answer{
		"POST /api/deployments/" + g + "/rollback/r-1": {body: `{"id":"r-2","guild_id":"` + g + `","entry":"src/main.ts","status":"success","files":[{"path":"a","contents":"b"}],"warnings":["w"]}`},
		"DELETE /api/deployments/" + g:                 {body: `{"deleted":true}`},
		"GET /api/deployments/" + g + "/history?limit=25": {body: `[{"id":"r-2","status":"failed","error_message":"deployment failed:\n` + strings.Repeat("x", 80) + `","deploy_source":"cli","actor":{"username":"ada"},"entry":"m"},
			{"id":"r-1","status":"success","deployed_at":"2025-05-06T07:08:09+00:00","deploy_source":"api","actor":{"actor_type":"system"},"entry":"m","change_summary":{"added_files":["a"],"removed_files":[],"modified_files":["b","c"]}}]`},
		"PUT /api/secrets/" + g + "/KEY":                 {body: `{"name":"KEY","allowed_hosts":["a.example","b.example"]}`},
		"DELETE /api/secrets/" + g + "/GONE":             {body: `{"deleted":false}`},
		"GET /api/secrets/" + g:                          {body: `[{"name":"KEY","allowed_hosts":["*"],"allow_http":true,"broken":true,"updated_at":"2025-05-06T07:08:09Z"}]`},
		"PUT /api/vars/" + g + "/NAME":                   {body: `{"name":"NAME","value":"v"}`},
		"DELETE /api/vars/" + g + "/GONE":                {body: `{"deleted":false}`},
		"GET /api/crons/" + g:                            {body: `[{"name":"tick","expression":"* * * * *","next_run":null,"last_run":"2025-05-06T07:08:09Z","running":1,"warning":"w"}]`},
		"GET /api/guilds":                                {body: `[{"id":"` + g + `","name":"One\u001b[2J","permissions":8}]`},
		"POST /api/tokens":                               {body: `{"token":"flora_new","token_id":"t-1","label":"ci","expires_at":"2025-05-06T07:08:09Z","guild_ids":["` + g + `"],"read_only":true}`},
		"GET /api/status/" + g:                           {body: `{"guild_id":"` + g + `","state":"penalty","since":null,"worker":2,"queued_events":1,"strikes":[{"at":"2025-05-06T07:08:09Z","reason":"it crashed"}],"apart_until":"2025-05-06T07:08:09Z"}`},
		"GET /api/limits":                                {body: `{"kv":{"keys":3,"value":{"bytes":1048576}},"api":{"x":1.5}}`},
		"PUT /api/kv/" + g + "/main/k":                   {body: `{"success":true}`},
		"GET /api/kv/" + g + "/main?limit=1000":          {body: `{"keys":[{"name":"a"}],"listComplete":false,"cursor":"a"}`},
		"GET /api/kv/" + g + "/main?cursor=a&limit=1000": {body: `{"keys":[{"name":"b"}],"listComplete":true}`},
	} {
		all[line] = a
	}
	return all
}

func TestMoreCommands(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		args     string // Split at spaces.
		stdin    string
		terminal bool
		code     ExitCode
		stdout   string // The whole of it; TIME stands for a local time.
		stderr   string // A part.
	}{
		"rollback":            {"rollback r-1", "", false, OK, "Rolled guild " + guildID + " back to r-1\n  revision  r-2\n  entry     src/main.ts\n", "warning: w"},
		"rollback, asked":     {"rollback r-1", "yes\n", true, OK, "Rolled guild " + guildID + " back to r-1\n  revision  r-2\n  entry     src/main.ts\n", "Roll guild " + guildID + " back to revision r-1? [y/N] "},
		"rollback, no":        {"rollback r-1", "n\n", true, Failure, "", "nothing was changed; answer y, or give --yes"},
		"rollback, json":      {"rollback r-1 --json", "", true, OK, `{"id":"r-2","guild_id":"` + guildID + `","entry":"src/main.ts","status":"success","deployed_at":"0001-01-01T00:00:00Z","deploy_source":"","actor":{"actor_type":""},"warnings":["w"]}` + "\n", ""},
		"rollback of nothing": {"rollback", "", false, Usage, "", "name a revision; `flora history` lists them: flora rollback <revision>"},
		"delete":              {"delete -y", "", true, OK, "Deleted the deployment of guild " + guildID + "; `flora history` has what it was\n", ""},
		"delete, no":          {"delete", "\n", true, Failure, "", "Stop and delete the script of guild " + guildID + "?"},
		"delete a store, no":  {"kv delete-store --name main", "\n", true, Failure, "", "Delete the KV store 'main'"},
		"history": {"history", "", false, OK, "REVISION  STATUS   DEPLOYED                 BY      WITH  ENTRY  CHANGES\n" +
			"r-2       failed   -                        ada     cli   m      deployment failed: " + strings.Repeat("x", 38) + "...\n" +
			"r-1       success  TIME  system  api   m      +1 -0 ~2 files\n", ""},
		"history of none":        {"history -n 0", "", false, Usage, "", "--limit is 0"},
		"secret":                 {"secret set KEY --host a.example,b.example", "s3cret\n", false, OK, "Set secret 'KEY' for guild " + guildID + ", for a.example, b.example\n", ""},
		"secret without hosts":   {"secret set KEY", "s3cret\n", false, Usage, "", "name the hosts that the secret may go to"},
		"secret of nothing":      {"secret set KEY --host *", "\n", false, Usage, "", "the secret is empty"},
		"secret as an argument":  {"secret set KEY value --host *", "", false, Usage, "", "accepts 1 argument, received 2"},
		"secret of bytes":        {"secret set KEY --host *", "\xff", false, Usage, "", "is not UTF-8"},
		"secret without end":     {"secret set KEY --host *", strings.Repeat("x", maxSecret+1), false, Limit, "", "has more than 524288 bytes"},
		"secrets":                {"secret list", "", false, OK, "NAME  HOSTS  UPDATED                  NOTES\nKEY   *      TIME  http, broken: set it anew\n", ""},
		"no such secret":         {"secret delete GONE", "", false, NotFound, "", "has no secret 'GONE'; `flora secret list` lists them"},
		"variable":               {"var set NAME v", "", false, OK, "Set variable 'NAME' for guild " + guildID + "\n", ""},
		"variable without value": {"var set NAME", "", false, Usage, "", "accepts 2 arg(s), received 1"},
		"no such variable":       {"var delete GONE", "", false, NotFound, "", "has no variable 'GONE'"},
		"crons":                  {"cron list", "", false, OK, "NAME  TIMES      NEXT  LAST                     RUNNING  WARNING\ntick  * * * * *  -     TIME  1        w\n", ""},
		"guilds":                 {"guilds", "", false, OK, "GUILD               NAME\n" + guildID + "  One\ufffd[2J\n", ""},
		"guilds in colour":       {"guilds", "", true, OK, "\x1b[1mGUILD               NAME\x1b[0m\n" + guildID + "  One\ufffd[2J\n", ""},
		"token":                  {"token create ci --guild " + guildID + " --expires-in 30d --read-only", "", false, OK, "flora_new\n", "Made token t-1, for " + guildID + ", to read only, until "},
		"token for no guild":     {"token create ci --guild x", "", false, Usage, "", `guild "x" is `},
		"token for no time":      {"token create ci --expires-in soon", "", false, Usage, "", `"soon" is no time; write seconds, or like 90m, 12h or 7d`},
		"status":                 {"status", "", false, OK, "guild:         " + guildID + "\nstate:         penalty\nworker:        2\napart until:   TIME\nqueued events: 1\nin flight:     0\ndropped:       0\nstrike:        TIME  it crashed\n", ""},
		"limits":                 {"limits", "", false, OK, "LIMIT           VALUE\napi.x           1.5\nkv.keys         3\nkv.value.bytes  1048576\n", ""},
		"all keys":               {"kv list-keys --store main --all", "", false, OK, "KEY  EXPIRES  METADATA\na    -        -\nb    -        -\n", ""},
		"a value of input":       {"kv set - --store main --key k", "text", false, OK, "Set k=4 bytes in store 'main'\n", ""},
		"two ends of a key":      {"kv set v --store main --key k --ttl 5 --expiration 9", "", false, Usage, "", "give --expiration or --ttl, not both"},
		"a shell that is none":   {"completion tcsh", "", false, Usage, "", `"tcsh" is none of the shells bash, zsh, fish, powershell`},
		"no shell":               {"completion", "", false, Usage, "", "name the shell: bash, zsh, fish, powershell"},
		"two ways to log in":     {"login --web " + token, "", false, Usage, "", "not both"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newTool(t, newServer(t, more()))
			u.stdin, u.terminal = row.stdin, row.terminal
			code, stdout, stderr := u.run(strings.Fields(row.args)...)
			if code != row.code {
				t.Errorf("exit code %d, want %d", code, row.code)
			}
			if diff := cmp.Diff(row.stdout, times.ReplaceAllString(stdout, "TIME")); diff != "" {
				t.Error(diff)
			}
			if !strings.Contains(stderr, row.stderr) || row.stderr == "" && stderr != "" {
				t.Errorf("stderr %q, want %q", stderr, row.stderr)
			}
			if strings.Contains(stdout+stderr, "s3cret") {
				t.Error("the secret is shown")
			}
		})
	}
}

// TestSecretsAreNotShown: on a terminal the value is asked for without echo.
func TestSecretsAreNotShown(t *testing.T) {
	t.Parallel()
	s := newServer(t, more())
	u := newTool(t, s)
	u.terminal = true
	u.hidden = func() (string, error) { return "s3cret", nil }
	code, stdout, stderr := u.run("secret", "set", "KEY", "--host", "a.example", "--allow-http")
	if code != OK || stderr != "Value of KEY: \n" || strings.Contains(stdout, "s3cret") {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
	want := []request{{Line: "PUT /api/secrets/" + guildID + "/KEY", Body: `{"allow_http":true,"allowed_hosts":["a.example"],"value":"s3cret"}`}}
	if diff := cmp.Diff(want, s.requests()); diff != "" {
		t.Error(diff)
	}
	u.hidden = func() (string, error) { return "", errors.New("interrupted") }
	if code, _, stderr := u.run("secret", "set", "KEY", "--host", "a.example"); code != Failure || !strings.Contains(stderr, "interrupted") {
		t.Errorf("%d %q", code, stderr)
	}
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		args  []string
		stdin string
		body  string
	}{
		"a value that lives":         {[]string{"kv", "set", "v", "--store", "main", "--key", "k", "--ttl", "1h30m"}, "", `{"value":"v","ttl":5400}`},
		"a value of input, whole":    {[]string{"kv", "set", "-", "--store", "main", "--key", "k"}, "a\n", `{"value":"a\n"}`},
		"a dash":                     {[]string{"kv", "set", "--store", "main", "--key", "k", "--", "-"}, "a\n", `{"value":"-"}`},
		"a variable of input":        {[]string{"var", "set", "NAME", "-"}, "a\r\n", `{"value":"a"}`},
		"a variable that is a dash":  {[]string{"var", "set", "NAME", "--", "-"}, "a\n", `{"value":"-"}`},
		"a variable that is nothing": {[]string{"var", "set", "NAME", ""}, "", `{"value":""}`},
		"a token":                    {[]string{"token", "create", "--expires-in", "90"}, "", `{"expires_in_secs":90}`},
	}
	for name, row := range rows {
		s := newServer(t, more())
		u := newTool(t, s)
		u.stdin = row.stdin
		if code, _, stderr := u.run(row.args...); code != OK {
			t.Errorf("%s: %d %q", name, code, stderr)
			continue
		}
		if got := s.requests()[0].Body; got != row.body {
			t.Errorf("%s: %s, want %s", name, got, row.body)
		}
	}
}

func TestSpans(t *testing.T) {
	t.Parallel()
	rows := map[string]time.Duration{
		"1": time.Second, "90": 90 * time.Second, "90m": 90 * time.Minute, "1h30m": 90 * time.Minute, "7d": 7 * day, "36600d": 36600 * day,
		"": 0, "0": 0, "-1": 0, "soon": 0, "1.5d": 0, "36601d": 0, "99999999999999999999": 0, "9999999999": 0, "500ms": 0, "-1h": 0, "1000000h": 0,
	}
	for text, want := range rows {
		var s span
		err := s.Set(text)
		if (err == nil) != (want != 0) || err == nil && time.Duration(s) != want {
			t.Errorf("%q: %s %v", text, time.Duration(s), err)
		}
	}
}

func FuzzSpan(f *testing.F) {
	for _, s := range []string{"1", "7d", "1h30m", "-9223372036854775808d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var s span
		if err := s.Set(text); err == nil && (s.seconds() < 1 || time.Duration(s) > 100*366*day) {
			t.Errorf("%q is %s", text, time.Duration(s))
		}
	})
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	file := func(path, contents string) client.File { return client.File{Path: path, Contents: contents} }
	got := differences(
		[]client.File{file("same.ts", "x\n"), file("gone.ts", "a\n"), file("changed.ts", "one\ntwo\n"), file("empty.ts", "")},
		[]client.File{file("same.ts", "x\n"), file("new.ts", "b"), file("changed.ts", "one\n2\n")},
	)
	want := []fileDiff{
		{"changed.ts", "modified", "--- a/changed.ts\n+++ b/changed.ts\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n"},
		{"empty.ts", "removed", "--- a/empty.ts\n+++ /dev/null\n"},
		{"gone.ts", "removed", "--- a/gone.ts\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"},
		{"new.ts", "added", "--- /dev/null\n+++ b/new.ts\n@@ -0,0 +1 @@\n+b\n\\ No newline at end of file\n"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestVersionOfTheServer(t *testing.T) {
	t.Parallel()
	all := answers()
	all["GET /api/auth/me"] = answer{header: http.Header{"X-Flora-Version": {"9.9"}}, body: `{"user":{"id":"7"}}`}
	s := newServer(t, all)
	u := newTool(t, s)
	if code, stdout, _ := u.run("version"); code != OK || stdout != "flora dev\nserver 9.9 ("+s.URL+"/api)\n" {
		t.Errorf("%d %q", code, stdout)
	}
	if code, stdout, _ := u.run("version", "--client"); code != OK || stdout != "flora dev\n" {
		t.Errorf("%d %q", code, stdout)
	}
	s.Close()
	if code, stdout, stderr := u.run("version"); code != OK || stdout != "flora dev\n" || stderr != "" {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	now := func(shift time.Duration) http.Header {
		return http.Header{"X-Flora-Version": {"dev"}, "Date": {time.Now().Add(shift).UTC().Format(http.TimeFormat)}}
	}
	rows := map[string]struct {
		change func(u *tool, all map[string]answer)
		code   ExitCode
		lines  []string // Beginnings, in order.
	}{
		"well":          {func(*tool, map[string]answer) {}, OK, []string{"ok   settings", "ok   project", "ok   server", "ok   token  you are ada", "ok   clock", "ok   version", "warn guild"}},
		"a wrong token": {func(u *tool, _ map[string]answer) { u.env = append(u.env, "FLORA_TOKEN=flora_x") }, Auth, []string{"ok   server", "fail token"}},
		"no token":      {func(u *tool, _ map[string]answer) { u.env = append(u.env, "FLORA_TOKEN=") }, Auth, []string{"fail token", "      run `flora login`"}},
		"no server":     {func(u *tool, _ map[string]answer) { u.env = append(u.env, "FLORA_API_URL=http://127.0.0.1:1") }, Network, []string{"fail server"}},
		"no address":    {func(u *tool, _ map[string]answer) { u.env = append(u.env, "FLORA_API_URL=x") }, Usage, []string{"fail server"}},
		"starting":      {func(_ *tool, all map[string]answer) { delete(all, "GET /api/readyz") }, OK, []string{"ok   server", "warn server"}},
		"another guild": {func(u *tool, _ map[string]answer) { u.env = append(u.env, "FLORA_GUILD=100000000000000002") }, NotFound, []string{"fail guild"}},
		"no guild":      {func(u *tool, _ map[string]answer) { u.env = append(u.env, "FLORA_GUILD=") }, OK, []string{"warn guild"}},
		"a slow clock": {func(_ *tool, all map[string]answer) {
			all["GET /api/auth/me"] = answer{header: now(time.Hour), body: all["GET /api/auth/me"].body}
		}, OK, []string{"warn clock"}},
		"a fast clock": {func(_ *tool, all map[string]answer) {
			all["GET /api/auth/me"] = answer{header: now(-time.Hour), body: all["GET /api/auth/me"].body}
		}, OK, []string{"warn clock"}},
		"another version": {func(_ *tool, all map[string]answer) {
			all["GET /api/auth/me"] = answer{header: http.Header{"X-Flora-Version": {"1.2"}}, body: all["GET /api/auth/me"].body}
		}, OK, []string{"warn version  flora dev, server 1.2"}},
		"a broken project":        {func(u *tool, _ map[string]answer) { u.write("flora.json", "{") }, Usage, []string{"fail project"}},
		"no compiler":             {func(*tool, map[string]answer) {}, OK, []string{"warn tsc  TypeScript's compiler is not here"}},
		"a compiler without node": {func(u *tool, _ map[string]answer) { program(u.t, u.dir, "node_modules/.bin/tsc") }, OK, []string{"warn tsc  ", "      install Node.js"}},
		"a compiler": {func(u *tool, _ map[string]answer) {
			program(u.t, u.dir, "node_modules/.bin/tsc")
			program(u.t, u.dir, "bin/node")
			u.env = append(u.env, "PATH="+filepath.Join(u.dir, "bin"))
		}, OK, []string{"ok   tsc  "}},
		"a runtime": {func(u *tool, _ map[string]answer) {
			program(u.t, u.dir, "bin/flora-runtime")
			u.env = append(u.env, "PATH="+filepath.Join(u.dir, "bin"))
		}, OK, []string{"ok   runtime  "}},
		"an open file": {func(u *tool, _ map[string]answer) {
			file := filepath.Join(strings.TrimPrefix(u.env[0], "HOME="), ".config", "flora", "cli.json")
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte("{}"), 0o600), os.Chmod(file, 0o644)); err != nil {
				u.t.Fatal(err)
			}
		}, Failure, []string{"fail settings", "      chmod 600 "}},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := more()
			all["GET /api/auth/me"] = answer{header: now(0), body: `{"user":{"id":"7","username":"ada"}}`}
			all["GET /api/readyz"] = answer{body: "ok"}
			u := newTool(t, newServer(t, all))
			u.env = append(u.env, "FLORA_RETRY_SECS=0")
			row.change(u, all)
			code, stdout, stderr := u.run("doctor")
			if code != row.code || stderr != "" {
				t.Errorf("%d %q\n%s", code, stderr, stdout)
			}
			rest := "\n" + stdout
			for _, line := range row.lines {
				_, after, ok := strings.Cut(rest, "\n"+line)
				if !ok {
					t.Fatalf("there is no line %q, in this order, in\n%s", line, stdout)
				}
				rest = after
			}
			var doc doctorDoc
			if _, stdout, _ := u.run("doctor", "--json"); json.Unmarshal([]byte(stdout), &doc) != nil || doc.OK != (row.code == OK) {
				t.Errorf("%s", stdout)
			}
		})
	}
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	s := newServer(t, more())
	u := newTool(t, s)
	rows := map[string]struct {
		args []string
		want string
	}{
		"commands":  {[]string{"hist"}, "history\t"},
		"shells":    {[]string{"completion", ""}, "powershell"},
		"guilds":    {[]string{"get", "--guild", ""}, guildID + "\tOne\ufffd[2J"},
		"stores":    {[]string{"kv", "get", "--store", ""}, "main"},
		"levels":    {[]string{"logs", "--level", ""}, "warn"},
		"names":     {[]string{"kv", "delete-store", "--name", ""}, "main"},
		"of others": {[]string{"get", "--api", "http://127.0.0.1:1", "--guild", ""}, ":4"},
	}
	for name, row := range rows {
		code, stdout, stderr := u.run(append([]string{"__complete"}, row.args...)...)
		if code != OK || !strings.Contains(stdout, row.want) || strings.Contains(stderr, "warning") {
			t.Errorf("%s: %d %q %q", name, code, stdout, stderr)
		}
	}
	for _, shell := range shells {
		if code, stdout, stderr := u.run("completion", shell); code != OK || !strings.Contains(stdout, "flora") || stderr != "" {
			t.Errorf("%s: %d %q", shell, code, stderr)
		}
	}
}

// TestCompletionOffersNoCode: names are the server's, and stand in a command
// line at once.
func TestCompletionOffersNoCode(t *testing.T) {
	t.Parallel()
	s := newServer(t, map[string]answer{"GET /api/kv/stores?guild_id=" + guildID: {body: `[{"store_name":"fine-1"},{"store_name":"$(touch x)"},{"store_name":"a;b"},{"store_name":"a\nb"},{"store_name":"--yes"}]`}})
	code, stdout, _ := newTool(t, s).run("__complete", "kv", "get", "--store", "")
	if code != OK || stdout != "fine-1\n:4\n" {
		t.Errorf("%d %q %v", code, stdout, s.requests())
	}
}

// TestJSONIsHarmless: control characters that JSON may hold as they are would be
// followed by a terminal.
func TestJSONIsHarmless(t *testing.T) {
	t.Parallel()
	s := newServer(t, map[string]answer{
		"GET /api/kv/stores?guild_id=" + guildID: {body: "[{\"store_name\":\"a\u009b2J\u007fä<\"}]"},
		"GET /api/deployments":                   {status: 400, body: "{\"message\":\"no\u009b2J\",\"code\":\"x\"}"},
	})
	if code, stdout, _ := newTool(t, s).run("kv", "list-stores", "--json"); code != OK || !strings.Contains(stdout, `"a\u009b2J\u007fä<"`) {
		t.Errorf("%d %q", code, stdout)
	}
	if _, _, stderr := newTool(t, s).run("list", "--json"); !strings.Contains(stderr, `no\u009b2J`) {
		t.Errorf("%q", stderr)
	}
}

// TestKeysEnd: a server that always has more is not followed for ever.
func TestKeysEnd(t *testing.T) {
	t.Parallel()
	page := answer{body: `{"keys":[{"name":"a"}],"listComplete":false,"cursor":"c"}`}
	s := newServer(t, map[string]answer{"GET /api/kv/" + guildID + "/main?limit=1000": page, "GET /api/kv/" + guildID + "/main?cursor=c&limit=1000": page})
	if code, _, stderr := newTool(t, s).run("kv", "list-keys", "--store", "main", "--all"); code != Failure || !strings.Contains(stderr, "again and again") {
		t.Errorf("%d %q", code, stderr)
	}
}
