package api_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/pkg/api"
	"github.com/flora-runtime/flora-runtime/pkg/deploy"
)

// begin sends the head of a request and leaves it at that.
func (e *env) begin(as, request string, header ...string) net.Conn {
	e.t.Helper()
	conn, err := (&net.Dialer{}).DialContext(e.t.Context(), "tcp", e.server.Listener.Addr().String())
	if err != nil {
		e.t.Fatal(err)
	}
	e.t.Cleanup(func() { _ = conn.Close() })
	// So that a few MiB that nobody reads do not fit into the kernel.
	if err := conn.(*net.TCPConn).SetReadBuffer(64 << 10); err != nil { //nolint:forcetypeassert // It was dialed.
		e.t.Fatal(err)
	}
	head := append([]string{request + " HTTP/1.1", "Host: x", "Authorization: Bearer " + e.tokens[as]}, header...)
	if _, err := io.WriteString(conn, strings.Join(head, "\r\n")+"\r\n\r\n"); err != nil {
		e.t.Fatal(err)
	}
	return conn
}

// TestSlowBodiesOfOneCaller: who sends nothing of many large bodies keeps
// neither memory nor anybody else's uploads.
func TestSlowBodiesOfOneCaller(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ request, kind, size string }{
		"builds":             {"POST /api/builds", "multipart/form-data; boundary=x", "Content-Length: 16000000"},
		"deploys":            {"POST " + deployURL, "application/json", "Content-Length: 32000000"},
		"values":             {"PUT /api/kv/" + own + "/s/k", "application/json", "Content-Length: 8000000"},
		"of no known length": {"POST /api/kv/" + own + "/s/batch", "application/json", "Transfer-Encoding: chunked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t, nil)
			const sent = 10
			refused := make(chan string, sent)
			for range sent {
				conn := e.begin("admin", row.request, "Content-Type: "+row.kind, row.size)
				go func() {
					res, err := http.ReadResponse(bufio.NewReader(conn), nil)
					if err == nil {
						refused <- res.Status + " " + res.Header.Get("Retry-After")
						_ = res.Body.Close()
					}
				}()
			}
			// 64 MB are 8 bodies of 8 MB less what each request needs.
			select {
			case got := <-refused:
				if got != "429 Too Many Requests 1" {
					t.Errorf("answered %s", got)
				}
			case <-time.After(patience):
				t.Fatal("all bodies are waited for")
			}
			if res := e.upload("neighbour", "guild_id", "100000000000000002", "entry", "a.ts", "project_zip", "PK1"); res.StatusCode != 200 {
				t.Errorf("a neighbour's upload: %d %s", res.StatusCode, text(t, res))
			}
		})
	}
}

// TestAnswersThatNobodyTakes end, and do not stay in memory.
func TestAnswersThatNobodyTakes(t *testing.T) {
	t.Parallel()
	done := make(chan struct{}, 1)
	e := newEnv(t, func(c *api.Config) {
		c.Limits.BodyTime, c.Limits.AnswerTime, c.Limits.RequestTime = 100*time.Millisecond, 100*time.Millisecond, 2*time.Second
		c.Meter = func(string, string, int, time.Duration, bool) { done <- struct{}{} }
	})
	if err := e.deployments.PutRevision(t.Context(), deploy.Revision{
		ID: "00000000-0000-4000-8000-000000000001", Guild: guildA, Entry: "a.ts", Status: deploy.Success, DeployedAt: noon, Bundle: strings.Repeat("x", 8<<20),
	}); err != nil {
		t.Fatal(err)
	}
	e.begin("admin", "GET "+deployURL+"?include_bundle=true")
	select {
	case <-done:
	case <-time.After(patience):
		t.Error("the answer is still waited for")
	}
}

// TestLargeAnswersOfOneCaller: what is being read slowly counts.
func TestLargeAnswersOfOneCaller(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(c *api.Config) { c.Limits.BytesPerCaller = 9 << 20 })
	for _, g := range []string{"1", "2"} {
		guild := map[string]deploy.Revision{"1": {Guild: guildA}, "2": {Guild: guildB}}[g]
		guild.ID, guild.Entry, guild.Status, guild.DeployedAt = "00000000-0000-4000-8000-00000000000"+g, "a.ts", deploy.Success, noon
		guild.Bundle = strings.Repeat("x", 6<<20)
		if err := e.deployments.PutRevision(t.Context(), guild); err != nil {
			t.Fatal(err)
		}
	}
	const url = deployURL + "?include_bundle=true"
	first := bufio.NewReader(e.begin("admin", "GET "+url))
	if line, err := first.ReadString('\n'); err != nil || !strings.Contains(line, " 200 ") {
		t.Fatalf("%q, %v", line, err)
	}
	if res := e.do("admin", "GET", url, "", nil); res.StatusCode != 429 {
		t.Errorf("a second answer: %d", res.StatusCode)
	}
	if res := e.do("neighbour", "GET", strings.ReplaceAll(url, own, "100000000000000002"), "", nil); res.StatusCode != 200 {
		t.Errorf("a neighbour: %d", res.StatusCode)
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(first, 6<<20)); err != nil {
		t.Fatal(err)
	}
	// The first one's end is seen by the server a moment later.
	for end := time.Now().Add(patience); ; {
		res := e.do("admin", "GET", url, "", nil)
		if _ = text(t, res); res.StatusCode == 200 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("after the first: %d", res.StatusCode)
		}
	}
}

func TestDownloadsAreCounted(t *testing.T) {
	t.Parallel()
	e := newEnv(t, func(c *api.Config) { c.Limits.StreamsPerCaller = 1 })
	stream := bufio.NewReader(e.begin("admin", "GET /api/logs/"+own+"/stream"))
	if line, err := stream.ReadString('\n'); err != nil || !strings.Contains(line, " 200 ") {
		t.Fatalf("%q, %v", line, err)
	}
	for as, want := range map[string]int{"admin": 429, "operator": 404} {
		if res := e.do(as, "GET", fmt.Sprintf("/api/kv/export/%s/%s", own, "00000000-0000-4000-8000-000000000001"), "", nil); res.StatusCode != want {
			t.Errorf("%s: %d %s", as, res.StatusCode, text(t, res))
		}
	}
}

func TestSlowImportsOfOneCaller(t *testing.T) {
	t.Parallel()
	e := newEnv(t, nil)
	const url = "/api/kv/import/100000000000000002"
	gzip := map[string]string{"Content-Type": "application/gzip"}
	slow := e.begin("operator", "POST /api/kv/import/"+own, "Content-Type: application/gzip", "Content-Length: 100")
	try := func(as string, want int) {
		t.Helper()
		for end := time.Now().Add(patience); ; { // The server sees what comes and goes a moment later.
			res := e.do(as, "POST", url, "x", gzip)
			if got := text(t, res); res.StatusCode == want {
				return
			} else if time.Now().After(end) {
				t.Fatalf("%s: %d %s, want %d", as, res.StatusCode, got, want)
			}
		}
	}
	try("operator", 429)
	try("neighbour", 400) // It is no archive, but was looked at.
	_ = slow.Close()
	try("operator", 400)
}
