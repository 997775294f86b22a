package author

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// visit is somebody who goes through a page: a folder, and variables.
type visit struct {
	t   *testing.T
	dir string
	env []string
	dev *session
}

// TestQuickstart runs every command of docs/quickstart.md, in its order, as they
// stand there.
func TestQuickstart(t *testing.T) {
	t.Parallel()
	sources, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	v := &visit{t: t, dir: t.TempDir(), env: environment(t, "FLORA_RUNTIME="+filepath.Join(bin, "flora-runtime"))}
	ran := map[string]bool{}
	for _, b := range blocks(t, "docs/quickstart.md") {
		if b.language != "sh" {
			t.Fatalf("line %d: a block of %q, which nobody runs", b.line, b.language)
		}
		switch {
		case strings.HasPrefix(b.text, "make build\n"):
			// It was made already: that the target is there is enough.
			text := strings.Replace(b.text, "make build\n", "make -n build >/dev/null\n", 1)
			(&visit{t: t, dir: sources, env: v.env}).shell(strings.Replace(text, "$PWD/bin", bin, 1))
			ran["build"] = true
		case b.text == "flora dev\n":
			v.develop()
			v.hears("!ping", "pong!")
			ran["dev"] = true
		case strings.HasPrefix(b.text, "cat >> src/main.ts"):
			v.shell(b.text)
			v.hears("hi", "Hi, ")
			ran["save"] = true
		case strings.HasPrefix(b.text, "export FLORA_API_URL="):
			v.dev.end(t)
			v.deploy(b.text)
			ran["deploy"] = true
		default:
			out := v.shell(b.text)
			for line := range strings.Lines(b.text) {
				ran[strings.TrimSpace(line)] = true
			}
			if strings.Contains(b.text, "flora test") && !strings.Contains(out, "3 passed in ") {
				t.Errorf("%s", out)
			}
		}
	}
	for _, must := range []string{"build", "flora init mybot", "cd mybot", "dev", "save", "flora test", "flora check", "deploy"} {
		if !ran[must] {
			t.Errorf("the page does not have %q any more", must)
		}
	}
}

// TestReadme: the first thing that people read ends with a bot that answers.
func TestReadme(t *testing.T) {
	t.Parallel()
	v := &visit{t: t, dir: t.TempDir(), env: environment(t, "FLORA_RUNTIME="+filepath.Join(bin, "flora-runtime"))}
	for _, b := range blocks(t, "README.md") {
		if begin, ok := strings.CutSuffix(b.text, " && flora dev\n"); ok && strings.HasPrefix(b.text, "make build\nexport PATH=$PWD/bin:$PATH\n") {
			lines := strings.Split(begin, "\n")
			v.shell(strings.Join(lines[2:], "\n"))
			v.develop()
			v.hears("!ping", "pong!")
			return
		}
	}
	t.Error("the readme does not begin with make build and flora dev")
}

// TestExamplesReadme: an example is begun with, run and deployed as its page says.
func TestExamplesReadme(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.CopyFS(filepath.Join(dir, "examples"), os.DirFS(filepath.Join("..", "..", "examples"))); err != nil {
		t.Fatal(err)
	}
	env := environment(t, "FLORA_RUNTIME="+filepath.Join(bin, "flora-runtime"))
	for _, b := range blocks(t, "examples/README.md") {
		for line := range strings.Lines(b.text) {
			line, _, _ = strings.Cut(line, "#")
			v := &visit{t: t, dir: dir, env: env}
			begin, develops := strings.CutSuffix(strings.TrimSpace(line), " && flora dev")
			switch {
			case strings.HasPrefix(line, "flora deploy"):
				v.server(func(p *rig.Process, token string) {
					v.env = append(v.env, "FLORA_API_URL="+p.URL+"/api", "FLORA_TOKEN="+token, "FLORA_GUILD="+p.Guild)
					v.shell(line)
				})
			case develops:
				v.shell(begin)
				v.develop()
				v.dev.end(t)
			default:
				v.shell(line)
			}
		}
	}
}

// TestOtherCommands: what else flora does works with the runtime of flora dev, as
// docs/dev.md says.
func TestOtherCommands(t *testing.T) {
	t.Parallel()
	v := &visit{t: t, dir: t.TempDir(), env: environment(t, "FLORA_RUNTIME="+filepath.Join(bin, "flora-runtime"))}
	v.shell("flora init mybot && cd mybot && echo secret > key.txt")
	write(t, v.dir, "src/main.ts", `on("messageCreate", (ctx) => { if (ctx.msg.content === "hi") ctx.reply(Deno.env.get("GREETING") + typeof secrets.get("API_KEY")); });`)
	v.develop()
	for _, b := range blocks(t, "docs/dev.md") {
		if strings.HasPrefix(b.text, "flora login --api http://127.0.0.1:3000 <") {
			v.shell(strings.Replace(b.text, "http://127.0.0.1:3000", v.dev.url, 1))
			v.hears("hi", "Good morningstring")
			return
		}
	}
	t.Error("docs/dev.md does not say how to log in")
}

// shell runs lines of a page. The folder and the variables that they leave are
// those of the next lines.
func (v *visit) shell(text string) string {
	v.t.Helper()
	end := filepath.Join(v.t.TempDir(), "end")
	c := command{dir: v.dir, env: append(v.env, "END_OF_BLOCK="+end)}
	out := c.must(v.t, "bash", "-c", "set -euo pipefail\n"+text+"\npwd > \"$END_OF_BLOCK\"\n")
	dir, err := os.ReadFile(end) //nolint:gosec // A test's own file.
	if err != nil {
		v.t.Fatal(err)
	}
	v.dir = strings.TrimSpace(string(dir))
	return out
}

// deploy runs the lines for a server, with a server in the place of the one that
// the page names.
func (v *visit) deploy(text string) {
	v.t.Helper()
	v.server(func(p *rig.Process, token string) { v.deployTo(p, token, text) })
}

// server runs a server for a while.
func (v *visit) server(use func(p *rig.Process, token string)) {
	v.t.Helper()
	dir := v.t.TempDir()
	p, err := rig.Start(bin, dir, append(os.Environ(), "HOME="+dir), "dev", "--port", "0")
	if err != nil {
		v.t.Fatal(err)
	}
	defer p.Kill()
	token, err := p.Token()
	if err != nil {
		v.t.Fatal(err)
	}
	use(p, token)
}

func (v *visit) deployTo(p *rig.Process, token, text string) {
	v.t.Helper()
	named, rest, _ := strings.Cut(text, "\n")
	for _, s := range [][2]string{{"FLORA_API_URL=https://flora.example.org/api", "FLORA_API_URL=" + p.URL + "/api"}, {"FLORA_TOKEN=flora_0123456789", "FLORA_TOKEN=" + token}, {"FLORA_GUILD=123456789012345678", "FLORA_GUILD=" + p.Guild}} {
		if !strings.Contains(named, s[0]) {
			v.t.Fatalf("%s does not say %s", named, s[0])
		}
		named = strings.Replace(named, s[0], s[1], 1)
	}
	out := v.shell(named + "\n" + rest)
	if !strings.Contains(out, "Deployed src/main.ts to guild "+p.Guild) || !strings.Contains(out, "deployed revision") {
		v.t.Errorf("%s", out)
	}
	world := guildsOf(v.t, p)
	converse(v.t, p.URL, world[0], "hi", "Hi, ")
}

// session is a running flora dev.
type session struct {
	cmd  *exec.Cmd
	url  string
	done chan struct{}
}

var playground = regexp.MustCompile(`^Playground: (http://127\.0\.0\.1:\d+)/`)

// develop starts flora dev and waits until the project is deployed.
func (v *visit) develop() {
	v.t.Helper()
	// The port that people have may be taken here.
	cmd := exec.CommandContext(context.WithoutCancel(v.t.Context()), filepath.Join(bin, "flora"), "dev", "--port", "0") //nolint:gosec // Our own binary.
	cmd.Dir, cmd.Env = v.dir, v.env
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = in, in
	if err := cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
	s := &session{cmd: cmd, done: make(chan struct{})}
	v.dev = s
	go func() {
		defer close(s.done)
		_ = cmd.Wait()
		_ = in.Close()
	}()
	v.t.Cleanup(func() { s.end(v.t) })
	seen := make(chan string)
	go func() {
		defer close(seen)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			select {
			case seen <- lines.Text():
			case <-s.done:
			}
		}
	}()
	var told []string
	deadline := time.After(rig.Patience)
	for deployed := false; s.url == "" || !deployed; {
		select {
		case line, ok := <-seen:
			if !ok {
				v.t.Fatalf("flora dev ended: %s", strings.Join(told, "\n"))
			}
			told = append(told, line)
			if m := playground.FindStringSubmatch(line); m != nil {
				s.url = m[1]
			}
			deployed = deployed || strings.HasPrefix(line, "deployed ")
		case <-deadline:
			v.t.Fatalf("flora dev did not deploy: %s", strings.Join(told, "\n"))
		}
	}
	go func() {
		for range seen { //nolint:revive // What comes later is nobody's matter.
		}
	}()
}

// end is Ctrl-C.
func (s *session) end(t *testing.T) {
	t.Helper()
	_ = s.cmd.Process.Signal(syscall.SIGINT)
	select {
	case <-s.done:
	case <-time.After(rig.Patience):
		_ = s.cmd.Process.Kill()
		t.Error("flora dev did not end with an interrupt")
	}
}

// hears says something in the playground's channel until the bot answers.
func (v *visit) hears(say, want string) {
	v.t.Helper()
	var world struct{ Guilds []guild }
	get(v.t, v.dev.url+"/sim", &world)
	converse(v.t, v.dev.url, world.Guilds[0], say, want)
}

// converse says something until the bot has answered with the text: a save takes
// a moment.
func converse(t *testing.T, url string, in guild, say, want string) {
	t.Helper()
	channel := url + "/sim/guilds/" + in.ID + "/channels/" + in.Channels[0].ID + "/messages"
	body, err := json.Marshal(map[string]string{"content": say})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	for tick := time.NewTicker(200 * time.Millisecond); ; {
		if status, answer, err := rig.Call(http.MethodPost, channel, "", body); err != nil || status >= 300 {
			t.Fatalf("%d %s %v", status, answer, err)
		}
		var heard []struct{ Content string }
		get(t, channel, &heard)
		for _, m := range heard {
			if strings.HasPrefix(m.Content, want) {
				tick.Stop()
				return
			}
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("the bot did not answer %q with %q: %+v", say, want, heard)
		}
	}
}
