package stores

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

var bin string

func TestMain(m *testing.M) { os.Exit(rig.Main(m, &bin)) }

// bot is a runtime with one script that answers.
type bot struct {
	*rig.Process
	t     *testing.T
	token string
	said  int
	sim   string // The address of a simulated Discord elsewhere, "" for the bot's own.
}

// start starts a runtime that keeps deployments in the database.
func start(t *testing.T, dir, database string) *bot {
	t.Helper()
	p, err := rig.Start(bin, dir, append(os.Environ(), "HOME="+dir, "FLORA_DATABASE_URL="+database), "dev", "--port", "0", "--guilds", "1", "--no-rate-limits")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the runtime said:\n%s", p.Stderr)
		}
	})
	token, err := p.Token()
	if err != nil {
		t.Fatal(err)
	}
	return &bot{Process: p, t: t, token: token}
}

func (b *bot) until(what string, holds func() (bool, error)) {
	b.t.Helper()
	if err := rig.Until(what, holds); err != nil {
		b.t.Fatal(err)
	}
}

// deploy deploys a script that answers with the prefix, and gives the status.
func (b *bot) deploy(prefix string) int {
	b.t.Helper()
	source := fmt.Sprintf("on('messageCreate', async (c) => { if (!c.msg.author.bot) await c.reply(%q + c.msg.content) })", prefix)
	body, err := json.Marshal(map[string]any{"entry": "main.ts", "files": []map[string]string{{"path": "main.ts", "contents": source}}})
	if err != nil {
		b.t.Fatal(err)
	}
	status, answer, err := rig.Call("POST", b.URL+"/api/deployments/"+b.Guild, b.token, body)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Logf("deploy of %q: %d %.200s", prefix, status, answer)
	return status
}

func (b *bot) messages() string {
	return cmp.Or(b.sim, b.URL) + "/sim/guilds/" + b.Guild + "/channels/" + b.Channel + "/messages"
}

func (b *bot) say() (text string) {
	b.t.Helper()
	b.said++
	text = "m" + strconv.Itoa(b.said)
	if status, answer, err := rig.Call("POST", b.messages(), "", []byte(`{"content":"`+text+`"}`)); err != nil || status != http.StatusOK {
		b.t.Fatalf("say: %d %s %v", status, answer, err)
	}
	return text
}

// answers says something and waits for the answer with the prefix.
func (b *bot) answers(prefix string) {
	b.t.Helper()
	b.heard(prefix + b.say())
}

func (b *bot) heard(text string) {
	b.t.Helper()
	b.until("the bot to say "+text, func() (bool, error) {
		said, err := b.messagesText()
		return strings.Contains(said, strconv.Quote(text)), err
	})
}

// messagesText is what was said in the channel, as JSON.
func (b *bot) messagesText() (string, error) {
	_, answer, err := rig.Call("GET", b.messages()+"?limit=1000", "", nil)
	return string(answer), err
}

// history asks for something that only the database knows.
func (b *bot) history() (status int, retryAfter string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), rig.Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, b.URL+"/api/deployments/"+b.Guild+"/history", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+b.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	if err := res.Body.Close(); err != nil {
		b.t.Error(err)
	}
	return res.StatusCode, res.Header.Get("Retry-After")
}

// awayFor is how long a database is away at least: in full with FLORA_SOAK.
func awayFor() time.Duration { return rig.Soak(2*time.Second, 30*time.Second) }

// TestTheDatabaseGoesAway takes Postgres away from a runtime that runs.
func TestTheDatabaseGoesAway(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ away, back func(s *dbtest.Server) error }{
		"stopped": {(*dbtest.Server).Stop, (*dbtest.Server).Start},
		"hanging": {(*dbtest.Server).Pause, (*dbtest.Server).Resume},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := dbtest.OwnPostgres(t)
			b := start(t, t.TempDir(), server.URL)
			if status := b.deploy("one "); status != http.StatusOK {
				t.Fatalf("deploy: %d", status)
			}
			b.answers("one ")
			if err := row.away(server); err != nil {
				t.Fatal(err)
			}
			since := time.Now()
			for round := 0; round < 2 || time.Since(since) < awayFor(); round++ {
				if status, retryAfter := b.history(); status != http.StatusServiceUnavailable || retryAfter == "" {
					t.Errorf("a request is answered with %d, Retry-After %q; want 503 and a time", status, retryAfter)
				}
				b.answers("one ")
			}
			if status := b.deploy("two "); status != http.StatusServiceUnavailable {
				t.Errorf("a deployment is answered with %d, want 503", status)
			}
			b.answers("one ")
			// A script whose worker dies now is loaded when the database is back.
			workers, err := b.Workers()
			if err != nil {
				t.Fatal(err)
			}
			for _, pid := range workers {
				if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
					t.Error(err)
				}
			}
			waiting := b.say()
			if err := row.back(server); err != nil {
				t.Fatal(err)
			}
			b.heard("one " + waiting)
			b.until("requests to be answered", func() (bool, error) {
				status, _ := b.history()
				return status == http.StatusOK, fmt.Errorf("the last was answered with %d", status)
			})
			if status := b.deploy("three "); status != http.StatusOK {
				t.Errorf("a deployment afterwards is answered with %d", status)
			}
			b.answers("three ")
		})
	}
}

// TestAnotherRuntimeGoesOn starts a runtime elsewhere on the same database: it
// serves what was deployed, and the tokens are good.
func TestAnotherRuntimeGoesOn(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnPostgres(t)
	b := start(t, t.TempDir(), server.URL)
	if status := b.deploy("one "); status != http.StatusOK {
		t.Fatalf("deploy: %d", status)
	}
	b.answers("one ")
	b.Kill()
	other := start(t, t.TempDir(), server.URL)
	other.said = b.said
	other.answers("one ")
	if other.token == b.token {
		t.Fatal("another data folder has the same token")
	}
	other.token = b.token
	if status, _ := other.history(); status != http.StatusOK {
		t.Errorf("the first runtime's token gets %d", status)
	}
}

// migrate runs flora-runtime migrate.
func migrate(t *testing.T, env ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "flora-runtime"), "migrate")
	cmd.Dir = t.TempDir()
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + cmd.Dir}, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	server := dbtest.OwnPostgres(t)
	if out, err := migrate(t); err == nil || !strings.Contains(out, "database.url is not set") {
		t.Errorf("without a database: %v\n%s", err, out)
	}
	steps, err := filepath.Glob("../../db/migrations/*.sql")
	if err != nil || len(steps) == 0 {
		t.Fatalf("look for the steps: %v", err)
	}
	n := len(steps)
	for _, want := range []string{fmt.Sprintf("the database is at step %d, %d applied", n, n), fmt.Sprintf("the database is at step %d, 0 applied", n)} {
		if out, err := migrate(t, "DATABASE_URL="+server.URL); err != nil || !strings.Contains(out, want) {
			t.Errorf("want %q: %v\n%s", want, err, out)
		}
	}
	if err := server.Stop(); err != nil {
		t.Fatal(err)
	}
	out, err := migrate(t, "DATABASE_URL="+server.URL)
	if err == nil || !strings.Contains(out, "cannot be used; see that it runs and that database.url is right") {
		t.Errorf("with a database that is away: %v\n%s", err, out)
	}
	if password := strings.Split(strings.TrimPrefix(server.URL, "postgres://flora:"), "@")[0]; strings.Contains(out, password) {
		t.Errorf("the password is shown: %s", out)
	}
}
