package playground

import (
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// get asks as a program or a page does, and gives status and body.
func get(t *testing.T, method, url string, headers ...string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // It was read.
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// TestWhereItIs asks a real dev, one with a token of Discord's, and serve.
func TestWhereItIs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	dev, err := rig.Start(bin, dir, environment(dir), "dev", "--port", "0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(dev.Kill)
	token, err := dev.Token()
	if err != nil {
		t.Fatal(err)
	}
	real := t.TempDir()
	host := strings.TrimPrefix(dev.URL, "http://")
	discord := environment(real, "DISCORD_TOKEN=simulated", "FLORA_DISCORD_API_BASE="+dev.URL+"/api/v10")
	with, err := rig.Start(bin, real, discord, "dev", "--port", "0", "--data-dir", "d")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(with.Kill)
	served := t.TempDir()
	_, port := rig.FreeAddress(t)
	serve, err := rig.Start(bin, served, environment(served, "DISCORD_TOKEN=simulated", "FLORA_DISCORD_API_BASE="+dev.URL+"/api/v10", "FLORA_STORAGE_EMBEDDED=true",
		"FLORA_API_ADDRESS=127.0.0.1", "FLORA_API_PORT="+port, "DISCORD_CLIENT_ID=1", "DISCORD_CLIENT_SECRET=x", "DISCORD_REDIRECT_URI=http://127.0.0.1:"+port+"/api/auth/callback", "FLORA_API_SECRET="+strings.Repeat("x", 40), "FLORA_SECRETS_MASTER_KEY="+strings.Repeat("ab", 32)), "serve")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(serve.Kill)
	logs := "/playground/api/logs/" + dev.Guild
	for _, row := range []struct {
		name, method, url string
		headers           []string
		status            int
		text              string
	}{
		{"the page", "GET", dev.URL + "/", nil, 200, "Flora playground"},
		{"its log", "GET", dev.URL + logs, []string{"Sec-Fetch-Site", "same-origin"}, 200, "deployed revision"},
		{"another site", "GET", dev.URL + logs, []string{"Sec-Fetch-Site", "cross-site"}, 403, "forbidden"},
		{"a name that somebody made lead here", "GET", dev.URL + logs, []string{"Host", "evil.example:80"}, 403, "use 127.0.0.1 or localhost"},
		{"that name for the page", "GET", dev.URL + "/", []string{"Host", "evil.example:80"}, 403, "use 127.0.0.1 or localhost"},
		{"that name for the stream", "GET", dev.URL + "/sim/guilds/" + dev.Guild + "/stream", []string{"Host", "evil.example:80"}, 403, "forbidden"},
		{"another site's stream", "GET", dev.URL + "/sim/guilds/" + dev.Guild + "/stream", []string{"Origin", "https://evil.example"}, 403, "other sites"},
		{"localhost", "GET", dev.URL + logs, []string{"Host", "localhost:" + host[strings.LastIndex(host, ":")+1:]}, 200, "deployed revision"},
		{"no deploying", "POST", dev.URL + "/playground/api/deployments/" + dev.Guild, nil, 404, "no such route"},
		{"no secrets", "GET", dev.URL + "/playground/api/secrets/" + dev.Guild, nil, 404, "no such route"},
		{"another site's cron run", "POST", dev.URL + "/playground/api/crons/" + dev.Guild + "/x/run", []string{"Origin", "https://evil.example"}, 403, "forbidden"},
		{"a cron job that is none", "POST", dev.URL + "/playground/api/crons/" + dev.Guild + "/x/run", nil, 404, "no cron job"},
		{"a guild that is none", "GET", dev.URL + "/playground/api/logs/1", nil, 403, "Bot not in guild"},
		{"the API as ever", "GET", dev.URL + "/api/logs/" + dev.Guild, nil, 401, "unauthorized"},
		{"the API with the token", "GET", dev.URL + "/api/logs/" + dev.Guild, []string{"Authorization", "Bearer " + token}, 200, "deployed revision"},
		{"with Discord's token", "GET", with.URL + "/", nil, 200, "There is no simulated Discord here"},
		{"no requests there", "GET", with.URL + "/playground/api/logs/" + dev.Guild, nil, 404, "not_found"},
		{"no simulator there", "GET", with.URL + "/sim", nil, 404, "not_found"},
		{"serve", "GET", serve.URL + "/", nil, 404, "not_found"},
		{"its files", "GET", serve.URL + "/playground/main.js", nil, 404, "not_found"},
		{"its API", "GET", serve.URL + logs, nil, 404, "not_found"},
	} {
		if status, text := get(t, row.method, row.url, row.headers...); status != row.status || !strings.Contains(text, row.text) {
			t.Errorf("%s: got %d %.200s, want %d with %q", row.name, status, text, row.status, row.text)
		}
	}
	// Streams that are open do not keep it from ending.
	req, err := http.NewRequestWithContext(t.Context(), "GET", dev.URL+"/sim/guilds/"+dev.Guild+"/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // It ends with the process.
	began := time.Now()
	if err := dev.Signal(os.Signal(syscall.SIGTERM)); err != nil {
		t.Error(err)
	}
	t.Logf("it ended within %s", time.Since(began))
}
