package playground

import (
	"os"
	"syscall"
	"testing"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// restart ends a runtime below an open page, and starts it again at the same
// address: the page says so, and goes on by itself with what is there then.
func restart(t *testing.T, s *stage) {
	dir := t.TempDir()
	_, port := rig.FreeAddress(t)
	start := func() *rig.Process {
		p, err := rig.Start(bin, dir, environment(dir), "dev", "--port", port)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(p.Kill)
		return p
	}
	p := start()
	own := &stage{p: p, browser: s.browser}
	b := own.open(t, server{p.Guild, p.Channel}, "alice")
	for _, text := range []string{"ERR_CONNECTION_REFUSED", "ERR_INCOMPLETE_CHUNKED_ENCODING", "status of 503", "ERR_CONNECTION_RESET"} {
		b.tolerate(text)
	}
	b.say("!ping")
	b.see(messages, "pong!")
	if err := p.Signal(os.Signal(syscall.SIGTERM)); err != nil {
		t.Fatal(err)
	}
	b.see("#trouble", "flora-runtime does not answer")
	own.p = start()
	b.gone("#trouble", "flora-runtime does not answer")
	b.gone(messages, "pong!") // The simulator keeps nothing.
	b.say("!ping")
	b.see(messages, "pong!")
	own.deploy(t, b.g, `console.log("loaded anew");`)
	b.see("#lines", "loaded anew")
}
