package playground

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// TestLogin is flora login with the browser that people have: from the address
// that is printed to the page that sends them back to the terminal.
func TestLogin(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p, err := rig.Start(bin, dir, environment(dir), "dev", "--port", "0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	flora := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "flora"), args...) //nolint:gosec // Our own binary.
		cmd.Dir = dir
		cmd.Env = environment(dir, "XDG_CONFIG_HOME="+dir, "FLORA_API_URL="+p.URL+"/api", "FLORA_TOKEN=")
		return cmd
	}
	login := flora("login", "--web", "--no-browser")
	out, err := login.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := login.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = login.Process.Kill() })
	var address string
	lines := bufio.NewScanner(out)
	for address == "" && lines.Scan() {
		if line := strings.TrimSpace(lines.Text()); strings.HasPrefix(line, p.URL) {
			address = line
		}
	}

	b := (&stage{p: p, browser: chromium(t)}).blank(t, server{})
	b.tolerate("favicon.ico")
	b.run(chromedp.Navigate(address))
	b.click("button", "Log in as owner")
	b.click("button", "Allow")
	b.see("body", "You are logged in.")
	for lines.Scan() { //nolint:revive // It is read to its end.
	}
	if err := login.Wait(); err != nil {
		t.Fatalf("flora login: %v", err)
	}
	me := flora("whoami")
	me.Stderr = os.Stderr
	if text, err := me.Output(); err != nil || !strings.Contains(string(text), "owner") {
		t.Errorf("whoami: %v %s", err, text)
	}
}
