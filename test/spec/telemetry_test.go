package spec

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/flora-runtime/flora-runtime/pkg/telemetry/otlptest"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// TestTelemetry follows one event into the metrics and to a collector.
func TestTelemetry(t *testing.T) {
	t.Parallel()
	collector := otlptest.New(t)
	operator := net.JoinHostPort(rig.FreeAddress(t))
	dir := t.TempDir()
	p, err := start(dir, append(os.Environ(), "HOME="+dir, "FLORA_LOG_LEVEL=debug", "FLORA_TELEMETRY_OPERATOR_ADDRESS="+operator,
		"FLORA_TELEMETRY_OTLP_ENDPOINT="+collector.URL, "FLORA_TELEMETRY_TRACE_PERCENT=100"), "dev", "--port", "0", "--no-rate-limits")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	source := `on('messageCreate', async (c) => {
		if (c.msg.author.bot) return;
		if (c.msg.content === 'throw') throw new Error('secret of the guild');
		await c.reply('hello');
	})`
	body := fmt.Sprintf(`{"entry":"main.ts","files":[{"path":"main.ts","contents":%q}]}`, strings.ReplaceAll(source, "\n", " "))
	if status, answer, err := call("POST", p.url+"/api/deployments/"+p.guild, token(t, p), []byte(body)); err != nil || status != http.StatusOK {
		t.Fatalf("deploy: %d %s %v", status, answer, err)
	}
	if err := says(p, "hi", "hello"); err != nil {
		t.Fatal(err)
	}
	c := &conversation{p: p}
	c.say(t, "throw")
	get := func(path string) string {
		status, answer, err := call("GET", "http://"+operator+path, "", nil)
		if err != nil || status != http.StatusOK {
			t.Fatalf("GET %s: %d %v", path, status, err)
		}
		return string(answer)
	}
	if err := until("both dispatches to be counted", func() (bool, error) {
		text := get("/metrics")
		// The bot's own answer is a message, too.
		return strings.Contains(text, `flora_dispatch_total{event="messageCreate",outcome="ok"} 2`) &&
			strings.Contains(text, `flora_dispatch_total{event="messageCreate",outcome="failed"} 1`), nil
	}); err != nil {
		t.Fatalf("%s\n%s", err, get("/metrics"))
	}
	text := get("/metrics")
	for _, want := range []string{
		`flora_ops_total{op="op_send_message",outcome="ok"} 1`, `flora_discord_requests_total{method="POST",route="/channels/{channel.id}/messages",status="200"} 1`,
		`flora_http_requests_total{method="POST",route="/api/deployments/:guild",status="200"} 1`, "flora_isolate_count 1", `flora_gateway_connected{shard="0"} 1`,
		"flora_dispatch_errors_total 1", "go_goroutines ", "process_resident_memory_bytes ",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the metrics lack %q", want)
		}
	}
	if strings.Contains(text, p.guild) {
		t.Error("the metrics name a guild")
	}
	for path, want := range map[string]string{"/metrics/json": `"dispatch_total":3,"dispatch_errors":1`, "/readyz": `"ready"`, "/livez": "alive", "/debug/pprof/goroutine?debug=1": "goroutine profile"} {
		if got := get(path); !strings.Contains(got, want) {
			t.Errorf("%s says %.200q, not %q", path, got, want)
		}
	}
	status, answer, err := call("GET", p.url+"/api/metrics/json", token(t, p), nil)
	if err != nil || status != http.StatusOK || !strings.Contains(string(answer), `"dispatch_total":3`) {
		t.Errorf("over the API: %d %s %v", status, answer, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+operator+"/debug/pprof/", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "rebound.example.org"
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	said, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if res.StatusCode != http.StatusForbidden {
		t.Errorf("a foreign name: %d %s", res.StatusCode, said)
	}
	// The end sends what is left.
	if err := p.signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	checkTrace(t, p, collector.Spans())
}

// checkTrace looks for the way of the message that was answered.
func checkTrace(t *testing.T, p *process, spans []otlptest.Span) {
	t.Helper()
	by := map[string]otlptest.Span{}
	answered, failed := false, false
	for _, s := range spans {
		by[s.ID] = s
		for k, v := range s.Attributes {
			if strings.Contains(v, "secret") || strings.Contains(v, "hello") {
				t.Errorf("span %s tells %s=%s", s.Name, k, v)
			}
		}
	}
	for _, s := range spans {
		op, root := by[s.Parent], by[by[s.Parent].Parent]
		if s.Name == "discord" && s.Attributes["http.route"] == "/channels/{channel.id}/messages" && s.Attributes["http.request.method"] == "POST" {
			answered = true
			if op.Name != "op_send_message" || root.Name != "dispatch" || root.Parent != "" || root.Attributes["flora.guild_id"] != p.guild ||
				root.Attributes["flora.event"] != "messageCreate" || root.Attributes["flora.outcome"] != "ok" || root.Notes != 1 {
				t.Errorf("the request to Discord is below %+v, below %+v", op, root)
			}
			if !strings.Contains(p.stderr.String(), `"trace_id": "`+s.Trace+`"`) {
				t.Error("the log does not name the trace")
			}
		}
		failed = failed || s.Name == "dispatch" && s.Attributes["flora.outcome"] == "failed" && s.Failed == "a handler failed"
	}
	if !answered || !failed {
		t.Errorf("among %d spans: the answer %t, the failure %t", len(spans), answered, failed)
	}
}
