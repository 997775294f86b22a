package playground

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

var address = regexp.MustCompile(`^Playground: (http://127\.0\.0\.1:\d+/)$`)

// TestNewcomer is the first thing that an author does, from an empty folder:
// flora init mybot && cd mybot && flora dev ends with a bot that answers in the
// page whose address is printed, and a save changes what it answers there.
func TestNewcomer(t *testing.T) {
	t.Parallel()
	home, dir := t.TempDir(), t.TempDir()
	env := append(os.Environ(), "HOME="+home, "XDG_CONFIG_HOME="+home, "FLORA_API_URL=", "FLORA_TOKEN=", "FLORA_GUILD=", "DISCORD_TOKEN=", "FLORA_RUNTIME=",
		"PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	// The port that people have may be taken here.
	url, told := develop(t, dir, env, "flora init mybot && cd mybot && exec flora dev --port 0")

	b := (&stage{browser: chromium(t)}).blank(t, server{})
	b.run(chromedp.Navigate(url))
	b.loaded()
	b.say("!ping")
	b.see(messages, "pong!")
	b.command("hello")
	b.click("button", "Run")
	b.see(messages, "Hello, ")

	file := filepath.Join(dir, "mybot", "src", "main.ts")
	source, err := os.ReadFile(file) //nolint:gosec // A test's own file.
	if err != nil {
		t.Fatal(err)
	}
	save := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	save(string(source) + "\nconst broken = {")
	told("not deployed: ")
	b.say("!ping")
	b.holds("the bot before the save goes on", `document.querySelector("#messages").innerText.split("pong!").length === 3`)
	save(strings.Replace(string(source), `"pong!"`, `"pong after a save!"`, 1))
	told("deployed src/main.ts in ")
	b.say("!ping")
	b.see(messages, "pong after a save!")
}

// develop runs a line of a shell that ends in flora dev, until the test ends. It
// gives the address of the playground once the project is deployed, and what
// waits for a line that begins so.
func develop(t *testing.T, dir string, env []string, line string) (url string, told func(begin string) string) {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), "bash", "-c", line) //nolint:gosec // A test's own line.
	cmd.Dir, cmd.Env, cmd.Stderr = dir, env, &rig.Tail{}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1000) // More than is ever said.
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGINT)
		stuck := time.AfterFunc(rig.Patience, func() { _ = cmd.Process.Kill() })
		for range lines { //nolint:revive // It has ended when there are no more.
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("flora dev did not end well with an interrupt: %v", err)
		}
		stuck.Stop()
	})
	told = func(begin string) string {
		t.Helper()
		deadline := time.After(rig.Patience)
		var before []string
		for {
			select {
			case line, ok := <-lines:
				if !ok {
					t.Fatalf("flora dev ended: %s\n%s", strings.Join(before, "\n"), cmd.Stderr)
				}
				if before = append(before, line); strings.HasPrefix(line, begin) {
					return line
				}
			case <-deadline:
				t.Fatalf("flora dev does not say %q: %s\n%s", begin, strings.Join(before, "\n"), cmd.Stderr)
			}
		}
	}
	m := address.FindStringSubmatch(told("Playground: "))
	if m == nil {
		t.Fatal("no address of the playground")
	}
	told("deployed src/main.ts in ")
	return m[1], told
}
