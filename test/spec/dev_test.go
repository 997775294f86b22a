package spec

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// atWork is an author with a project, for whom flora dev runs.
type atWork struct {
	t      *testing.T
	dir    string
	cmd    *exec.Cmd
	stderr *rig.Tail
	done   chan struct{}

	mu     sync.Mutex // Guards the events.
	events []devEvent
	seen   int // Of them, by wait.
}

type devEvent struct {
	Event    string `json:"event"`
	Message  string `json:"message"`
	URL      string `json:"url"`
	Entry    string `json:"entry"`
	Revision string `json:"revision"`
	Running  string `json:"running"`
}

const answering = `import { text } from "./lib";
on("messageCreate", (ctx) => { if (ctx.msg.content === "!v") return ctx.reply(text); });
`

// newProject makes a project of two files.
func newProject(t *testing.T) *atWork {
	t.Helper()
	w := &atWork{t: t, dir: t.TempDir()}
	w.save("flora.json", `{ "entry": "src/main.ts" }`)
	w.save("src/main.ts", answering)
	w.save("src/lib.ts", `export const text = "one";`)
	return w
}

func (w *atWork) save(name, text string) {
	w.t.Helper()
	file := filepath.Join(w.dir, filepath.FromSlash(name))
	if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
		w.t.Fatal(err)
	}
}

// tool is a command of flora in the project.
func (w *atWork) tool(args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(bin, "flora"), args...) //nolint:gosec,noctx // Our own binary; the tests end it.
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "HOME="+w.dir, "FLORA_API_URL=", "FLORA_TOKEN=", "FLORA_GUILD=", "FLORA_RUNTIME="+filepath.Join(bin, "flora-runtime"))
	return cmd
}

// start starts flora dev; what it prints becomes events.
func (w *atWork) start(args ...string) {
	w.t.Helper()
	w.cmd, w.stderr, w.done = w.tool(append([]string{"dev", "--json"}, args...)...), &rig.Tail{}, make(chan struct{})
	w.cmd.Stderr = w.stderr
	w.events, w.seen = nil, 0
	out, err := w.cmd.StdoutPipe()
	if err == nil {
		err = w.cmd.Start()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	done := w.done
	go func() {
		defer close(done)
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			var e devEvent
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				e = devEvent{Event: "no JSON", Message: lines.Text()}
			}
			w.mu.Lock()
			w.events = append(w.events, e)
			w.mu.Unlock()
		}
		_ = w.cmd.Wait()
	}()
	cmd := w.cmd
	w.t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt) // It ends its runtime before the folder goes.
		kill := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
		<-done
	})
}

// wait gives the next event of the kind whose text matches.
func (w *atWork) wait(event, pattern string) devEvent {
	w.t.Helper()
	re := regexp.MustCompile(pattern)
	var got devEvent
	err := until(fmt.Sprintf("%s with %q", event, pattern), func() (bool, error) {
		w.mu.Lock()
		defer w.mu.Unlock()
		for w.seen < len(w.events) {
			got = w.events[w.seen]
			w.seen++
			if got.Event == event && re.MatchString(got.Message+got.URL+got.Entry) {
				return true, nil
			}
		}
		select {
		case <-w.done:
			return false, errors.New("flora dev has ended")
		default:
		}
		return false, nil
	})
	if err != nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.t.Fatalf("%s; it printed %+v\n%s", err, w.events, w.stderr)
	}
	return got
}

// end waits until it has ended and gives its exit code.
func (w *atWork) end(s os.Signal) int {
	w.t.Helper()
	if s != nil {
		if err := w.cmd.Process.Signal(s); err != nil {
			w.t.Fatal(err)
		}
	}
	select {
	case <-w.done:
	case <-time.After(patience):
		w.t.Fatalf("flora dev did not end:\n%s", w.stderr)
	}
	return w.cmd.ProcessState.ExitCode()
}

// address is what the runtime says of itself.
type address struct {
	PID     int    `json:"pid"`
	URL     string `json:"url"`
	Guild   string `json:"guild"`
	Channel string `json:"channel"`
}

func (w *atWork) address() address {
	w.t.Helper()
	var a address
	doc, err := os.ReadFile(filepath.Join(w.dir, ".flora", "data", "dev.json"))
	if err == nil {
		err = json.Unmarshal(doc, &a)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// answers waits until the bot answers "!v" so.
func (w *atWork) answers(want string) {
	w.t.Helper()
	a := w.address()
	channel := a.URL + "/sim/guilds/" + a.Guild + "/channels/" + a.Channel + "/messages"
	var heard string
	err := until(fmt.Sprintf("the answer %q", want), func() (bool, error) {
		if status, answer, err := call("POST", channel, "", []byte(`{"content":"!v"}`)); err != nil || status >= 300 {
			return false, fmt.Errorf("say: %d %s %w", status, answer, err)
		}
		err := until("an answer", func() (bool, error) {
			status, answer, err := call("GET", channel+"?limit=1", "", nil)
			var list []message
			if err == nil && status == http.StatusOK {
				err = json.Unmarshal(answer, &list)
			}
			if err != nil || len(list) == 0 || !list[0].Author.Bot {
				return false, err
			}
			heard = list[0].Content
			return true, nil
		})
		return heard == want, err
	})
	if err != nil {
		w.t.Fatalf("%s; the last was %q", err, heard)
	}
}

func TestDevFollowsSaves(t *testing.T) {
	t.Parallel()
	w := newProject(t)
	w.start("--port", "0")
	if e := w.wait("ready", ""); !strings.HasPrefix(e.URL, "http://127.0.0.1:") || w.events[0].Event != "ready" {
		t.Errorf("the first thing is %+v", w.events[0])
	}
	w.wait("deployed", "src/main.ts")
	w.answers("one")
	lib := func(text string) string { return fmt.Sprintf("export const text = %q;", text) }
	remove := func(name string) {
		if err := os.RemoveAll(filepath.Join(w.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	steps := []struct {
		name    string
		edit    func()
		event   string
		matches string
		answer  string
	}{
		{"a save", func() { w.save("src/lib.ts", lib("two")) }, "deployed", "", "two"},
		{"broken", func() { w.save("src/lib.ts", "// Broken.\nlet x = ;") }, "failed", `src/lib\.ts:2:9:\n.*2 │ let x = ;`, "two"},
		{"mended", func() { w.save("src/lib.ts", lib("three")) }, "deployed", "", "three"},
		{"one that throws", func() { w.save("src/lib.ts", lib("x")+"\nthrow new Error('on purpose');") }, "failed", `on purpose(.|\n)*src/lib\.ts:2`, "three"},
		{"mended again", func() { w.save("src/lib.ts", lib("four")) }, "deployed", "", "four"},
		{"an editor that renames", func() {
			w.save("src/.lib.ts.tmp", lib("five"))
			if err := os.Rename(filepath.Join(w.dir, "src/.lib.ts.tmp"), filepath.Join(w.dir, "src/lib.ts")); err != nil {
				t.Fatal(err)
			}
		}, "deployed", "", "five"},
		{"removed", func() { remove("src/lib.ts") }, "failed", `cannot find "\./lib"`, "five"},
		{"there again", func() { w.save("src/lib.ts", lib("six")) }, "deployed", "", "six"},
		{"all removed", func() { remove("src") }, "failed", "", "six"},
		{"all there again", func() { w.save("src/lib.ts", lib("seven")); w.save("src/main.ts", answering) }, "deployed", "", "seven"},
		{"a folder that is new", func() {
			w.save("src/main.ts", strings.Replace(answering, "./lib", "./deep/er/lib", 1))
			w.wait("failed", "deep/er/lib")
			w.save("src/deep/er/lib.ts", lib("eight"))
		}, "deployed", "", "eight"},
		{"a project file that is broken", func() { w.save("flora.json", `{ "entry": `) }, "failed", `flora\.json`, "eight"},
		{"another entry", func() {
			w.save("src/other.ts", strings.Replace(answering, `import { text } from "./lib";`, `const text = "nine";`, 1))
			w.save("flora.json", `{ "entry": "src/other.ts" }`)
		}, "deployed", "src/other.ts", "nine"},
		{"no project file", func() { remove("flora.json") }, "deployed", "src/main.ts", "eight"},
	}
	for _, s := range steps {
		s.edit()
		w.wait(s.event, s.matches)
		w.answers(s.answer)
	}
	if code := w.end(os.Interrupt); code != 0 {
		t.Errorf("it ended with %d:\n%s", code, w.stderr)
	}
}

// gone waits until the process has ended.
func gone(t *testing.T, pid int) {
	t.Helper()
	if err := until("the end of process "+strconv.Itoa(pid), func() (bool, error) {
		state, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
		if errors.Is(err, os.ErrNotExist) {
			return true, nil
		}
		return strings.Contains(string(state), ") Z "), err
	}); err != nil {
		t.Error(err)
	}
}

// TestDevEnds: whatever ends it leaves no process behind.
func TestDevEnds(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		end    func(w *atWork, runtime int) int
		code   int
		stderr string
	}{
		"Ctrl-C":  {func(w *atWork, _ int) int { return w.end(os.Interrupt) }, 0, ""},
		"SIGTERM": {func(w *atWork, _ int) int { return w.end(syscall.SIGTERM) }, 0, ""},
		"a kill":  {func(w *atWork, _ int) int { return w.end(syscall.SIGKILL) }, -1, ""},
		"the runtime's death": {func(w *atWork, runtime int) int {
			if err := syscall.Kill(runtime, syscall.SIGKILL); err != nil {
				w.t.Fatal(err)
			}
			return w.end(nil)
		}, 1, `the runtime ended by itself \(signal: killed\); it said last:\\n.+`},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newProject(t)
			w.start("--port", "0")
			w.wait("deployed", "")
			runtime := w.address().PID
			p := &rig.Process{Cmd: &exec.Cmd{Process: &os.Process{Pid: runtime}}}
			workers, err := p.Workers()
			if err != nil || len(workers) == 0 {
				t.Fatalf("workers %v, %v", workers, err)
			}
			if code := row.end(w, runtime); code != row.code || !regexp.MustCompile(row.stderr).MatchString(w.stderr.String()) {
				t.Errorf("exit code %d, standard error %q; want %d, %q", code, w.stderr, row.code, row.stderr)
			}
			for _, pid := range append(workers, runtime) {
				gone(t, pid)
			}
			// Nothing is in the way of the next one.
			w.start("--port", "0")
			w.wait("deployed", "")
			w.answers("one")
		})
	}
}

// output runs flora to its end.
func (w *atWork) output(env []string, args ...string) (int, string) {
	w.t.Helper()
	cmd := w.tool(args...)
	cmd.Env = append(cmd.Env, env...)
	timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	out, err := cmd.CombinedOutput()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		w.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(out)
}

func TestDevTwice(t *testing.T) {
	t.Parallel()
	w := newProject(t)
	w.start("--port", "0")
	w.wait("deployed", "")
	code, out := w.output(nil, "dev", "--port", "0")
	if code != 5 || !strings.Contains(out, "flora dev is already running in this project (process "+strconv.Itoa(w.cmd.Process.Pid)+")") {
		t.Errorf("the second one: exit code %d, %s", code, out)
	}
	w.answers("one")
}

func TestDevPorts(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // At once.
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	port := strconv.Itoa(taken.Addr().(*net.TCPAddr).Port) //nolint:forcetypeassert // By net's documentation.
	w := newProject(t)
	if code, out := w.output(nil, "dev", "--port", port); code != 5 || !strings.Contains(out, "port "+port+" is taken") {
		t.Errorf("a port that is asked for: exit code %d, %s", code, out)
	}
	// The standard one, which somebody else may have too.
	if l, err := net.Listen("tcp", "127.0.0.1:3000"); err == nil { //nolint:noctx // At once.
		defer func() { _ = l.Close() }()
	}
	w.start()
	w.wait("warning", `port 3000 is taken; using \d+`)
	w.wait("ready", `:30\d\d/$`)
	w.wait("deployed", "")
	w.answers("one")
}

// TestDevFindsTheRuntime: one that runs is used, and stays.
func TestDevFindsTheRuntime(t *testing.T) {
	t.Parallel()
	w := newProject(t)
	p := dev(t, w.dir, "--data-dir", filepath.Join(w.dir, ".flora", "data"), "--no-starter")
	w.start()
	if e := w.wait("ready", ""); e.URL != p.url+"/" {
		t.Errorf("it uses %s, and %s runs", e.URL, p.url)
	}
	w.wait("deployed", "")
	w.answers("one")
	if code := w.end(os.Interrupt); code != 0 {
		t.Errorf("exit code %d\n%s", code, w.stderr)
	}
	w.answers("one")
	// What a runtime that was killed left behind misleads nobody.
	p.kill()
	w.start("--port", "0")
	w.wait("deployed", "")
	w.answers("one")
}

func TestDevWithoutRuntime(t *testing.T) {
	t.Parallel()
	w := newProject(t)
	alone := filepath.Join(t.TempDir(), "flora")
	if err := os.Link(filepath.Join(bin, "flora"), alone); err != nil {
		b, rerr := os.ReadFile(filepath.Join(bin, "flora"))
		if err := errors.Join(rerr, os.WriteFile(alone, b, 0o700)); err != nil { //nolint:gosec // A program.
			t.Fatal(err)
		}
	}
	rows := map[string]struct {
		runtime string
		code    int
		want    string
	}{
		"none":            {"", 1, "flora-runtime is not here"},
		"one that is not": {filepath.Join(w.dir, "flora.json"), 2, "which is no program"},
		"one that fails":  {"/bin/false", 1, "the runtime ended by itself (exit status 1)"},
	}
	for name, row := range rows {
		cmd := exec.CommandContext(t.Context(), alone, "dev", "--port", "0") //nolint:gosec // Our own binary.
		cmd.Dir = w.dir
		cmd.Env = []string{"HOME=" + w.dir, "PATH=/nowhere", "FLORA_RUNTIME=" + row.runtime}
		out, err := cmd.CombinedOutput()
		if _, ok := errors.AsType[*exec.ExitError](err); !ok || cmd.ProcessState.ExitCode() != row.code || !strings.Contains(string(out), row.want) {
			t.Errorf("%s: %v, %s", name, err, out)
		}
	}
}

// TestDevIsQuick: the promise is 300 ms from a save to the answer; see the row
// "save to answered message" of the benchmarks.
func TestDevIsQuick(t *testing.T) {
	t.Parallel()
	w := newProject(t)
	dev(t, w.dir, "--data-dir", filepath.Join(w.dir, ".flora", "data"), "--no-starter", "--no-rate-limits")
	w.start()
	w.wait("deployed", "")
	w.answers("one")
	const limit = 3 * time.Second
	for i := range 5 {
		want := fmt.Sprint("save ", i)
		began := time.Now()
		w.save("src/lib.ts", fmt.Sprintf("export const text = %q;", want))
		w.wait("deployed", "")
		w.answers(want)
		if took := time.Since(began); took > limit {
			t.Errorf("save %d was answered after %s", i, took)
		}
	}
}

// TestDevsAtOnce: several projects that are started together do not get in each
// other's way, though all look for a port from the same one on.
func TestDevsAtOnce(t *testing.T) {
	t.Parallel()
	all := make([]*atWork, 4)
	for i := range all {
		all[i] = newProject(t)
		all[i].save("src/lib.ts", fmt.Sprintf("export const text = \"project %d\";", i))
	}
	for _, w := range all {
		w.start()
	}
	for i, w := range all {
		w.wait("deployed", "")
		w.answers(fmt.Sprint("project ", i))
	}
}
