package stores

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/db/dbtest"
	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/store/embedded"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// keeping keeps what it is told in all ways that a script has.
const keeping = `
const notes = kv.store('notes'), db = await Deno.openKv();
cron('yearly', '0 0 1 1 *', () => {});
schedule.on('remind', ({ data }) => rest.sendMessage({ channelId: data.channel, content: 'scheduled ' + data.text }));
db.listenQueue((v) => rest.sendMessage({ channelId: v.channel, content: 'queued ' + v.text }));
on('messageCreate', async (c) => {
  if (c.msg.author.bot) return;
  const [what, text, ms] = c.msg.content.split(' ');
  if (what === 'put') {
    await notes.set('k', text);
    await db.set(['n', 1n], { text });
    const value = { channel: c.msg.channelId, text };
    await db.enqueue(value, { delay: Number(ms) });
    await schedule(Date.now() + Number(ms), 'remind', value);
    await schedule(Date.now() + 1e9, 'remind', { text: 'much later' });
    await c.reply('kept ' + text);
  }
  if (what === 'get') {
    const later = (await schedule.list()).map((s) => s.data.text).sort();
    await c.reply(text + ' ' + JSON.stringify([await notes.get('k'), (await db.get(['n', 1n])).value, later.includes('much later'), secrets.get('KEY'), Deno.env.get('COLOUR')]));
  }
});`

// command runs flora-runtime and gives all that it wrote.
func (s *service) command(args ...string) (string, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), rig.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "flora-runtime"), args...) //nolint:gosec // Our own binary.
	cmd.Dir, cmd.Env = s.dir, s.env
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (s *service) must(args ...string) {
	s.t.Helper()
	if out, err := s.command(args...); err != nil {
		s.t.Fatalf("flora-runtime %v: %v\n%s", args, err, out)
	}
}

// refused runs a command that must fail and say so.
func (s *service) refused(says string, args ...string) {
	s.t.Helper()
	if out, err := s.command(args...); err == nil || !strings.Contains(out, says) {
		s.t.Errorf("flora-runtime %v: %v, want a failure that says %q\n%s", args, err, says, out)
	}
}

// on sets variables of the environment for what is started from now on.
func (s *service) on(env ...string) { s.env = slices.Concat(s.env, env) }

// unhosted has the service keep everything in its data folder.
func (s *service) unhosted(t *testing.T) {
	t.Helper()
	s.on("DATABASE_URL=", "CACHE_URL=", "FLORA_STORAGE_EMBEDDED=true")
	store, err := embedded.Open(embedded.Config{Dir: filepath.Join(s.dir, "data", "state")})
	if err != nil {
		t.Fatal(err)
	}
	s.token, _, err = auth.NewTokens(store, clock.Real, zap.NewNop()).Create(t.Context(), "test", auth.Owner{UserID: s.owner, Username: "owner"})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// call asks the API for something that must be 200.
func (s *service) call(method, path, body string) []byte {
	s.t.Helper()
	status, answer, err := rig.Call(method, s.URL+strings.ReplaceAll(path, "{g}", s.Guild), s.token, []byte(body))
	if err != nil || status/100 != 2 {
		s.t.Fatalf("%s %s: %d %s %v", method, path, status, answer, err)
	}
	return answer
}

// touched is when a store was written last, which deliveries do by themselves.
var touched = regexp.MustCompile(`"updated_at":"[^"]*"`)

// everything is what the API has of the guild, by path.
func (s *service) everything() map[string]string {
	s.t.Helper()
	out := map[string]string{}
	for _, path := range []string{
		"/api/deployments/{g}", "/api/deployments/{g}/history", "/api/secrets/{g}", "/api/vars/{g}", "/api/guilds/{g}/settings", "/api/crons/{g}",
		"/api/kv/stores?guild_id={g}", "/api/kv/export/{g}",
	} {
		out[path] = string(s.call("GET", path, ""))
		if strings.HasPrefix(path, "/api/kv/stores") {
			out[path] = touched.ReplaceAllString(out[path], "")
		}
	}
	return out
}

// asks sends the script a message and waits for the answer that begins with the
// word, of which it gives the rest.
func (s *service) asks(text, word string) (rest string) {
	s.t.Helper()
	if status, answer, err := rig.Call("POST", s.messages(), "", []byte(`{"content":`+strconv.Quote(text)+`}`)); err != nil || status != http.StatusOK {
		s.t.Fatalf("say: %d %s %v", status, answer, err)
	}
	s.until("an answer "+word, func() (bool, error) {
		for _, m := range s.spoken(s.t) {
			if after, ok := strings.CutPrefix(m, word); ok {
				rest = after
				return true, nil
			}
		}
		return false, nil
	})
	return rest
}

// spoken is what the bot said, the oldest first.
func (s *service) spoken(t *testing.T) (out []string) {
	t.Helper()
	text, err := s.messagesText()
	if err != nil {
		t.Fatal(err)
	}
	var all []struct {
		Content string
		Author  struct{ Bot bool }
	}
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	for _, m := range all {
		if m.Author.Bot {
			out = append(out, m.Content)
		}
	}
	return out
}

func (s *service) times(text string) (n int) {
	s.t.Helper()
	for _, m := range s.spoken(s.t) {
		if m == text {
			n++
		}
	}
	return n
}

// postgresTool runs pg_dump or pg_restore.
func postgresTool(t *testing.T, name string, args ...string) {
	t.Helper()
	path, err := dbtest.Program(name)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	if out, err := exec.CommandContext(ctx, path, args...).CombinedOutput(); err != nil { //nolint:gosec // An installed program.
		t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// TestBackupWipeRestore backs a runtime up while it runs, and restores it on an
// empty machine, as docs/operations.md says.
func TestBackupWipeRestore(t *testing.T) {
	t.Parallel()
	for _, inFolder := range []bool{false, true} {
		t.Run(map[bool]string{false: "with Postgres and Redis", true: "with embedded storage"}[inFolder], func(t *testing.T) {
			t.Parallel()
			s := newService(t)
			if inFolder {
				s.unhosted(t)
			}
			s.start(t)
			s.deploySource("console.log('the first revision')")
			s.call("PUT", "/api/secrets/{g}/KEY", `{"value":"hidden","allowed_hosts":["example.com"]}`)
			s.call("PUT", "/api/vars/{g}/COLOUR", `{"value":"blue"}`)
			s.call("PUT", "/api/guilds/{g}/settings", `{"error_replies":false,"error_text":"oh no"}`)
			s.deploySource(keeping)
			s.asks("put first 1000000", "kept first")
			s.call("POST", "/api/kv/export/{g}", "")
			archive, dump := filepath.Join(s.dir, "flora.tar.gz"), filepath.Join(s.dir, "flora.dump")
			word := ""
			for ms := 4000; ; ms *= 2 {
				word = "w" + strconv.Itoa(ms)
				s.asks(fmt.Sprintf("put %s %d", word, ms), "kept "+word)
				s.must("backup", archive)
				if s.times("queued "+word)+s.times("scheduled "+word) == 0 {
					break // Both are in the archive.
				}
				if err := os.Remove(archive); err != nil {
					t.Fatal(err)
				}
			}
			if !inFolder {
				postgresTool(t, "pg_dump", "--format=custom", "--file="+dump, s.postgres.URL)
			}
			before, had := s.everything(), s.asks("get before", "before ")
			for _, part := range []string{word, "true", "__FLORA_SECRET__", "blue"} {
				if !strings.Contains(had, part) {
					t.Errorf("the script has %s, without %s", had, part)
				}
			}
			s.refused("is there already", "backup", archive)
			s.refused("a runtime uses", "restore", archive)
			// What comes after the backup is not in it.
			s.asks("put after 1000000", "kept after")
			s.deploy("newer ")
			s.Kill()
			if err := os.RemoveAll(filepath.Join(s.dir, "data")); err != nil {
				t.Fatal(err)
			}
			queued, scheduled := s.times("queued "+word), s.times("scheduled "+word)

			s.on("FLORA_DATA_DIR=" + filepath.Join(s.dir, "another", "data"))
			damaged := filepath.Join(s.dir, "damaged.tar.gz")
			whole, err := os.ReadFile(archive)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(damaged, damage(t, whole), 0o600); err != nil {
				t.Fatal(err)
			}
			s.refused("nothing was changed", "restore", damaged)
			s.must("restore", "--check", archive)
			s.must("restore", archive)
			s.refused("overwrites nothing", "restore", archive)
			newer := s.postgres
			if !inFolder {
				s.postgres, s.redis = dbtest.OwnPostgres(t), dbtest.OwnRedis(t)
				postgresTool(t, "pg_restore", "--exit-on-error", "--no-owner", "--dbname="+s.postgres.URL, dump)
				s.on("DATABASE_URL="+s.postgres.URL, "CACHE_URL="+s.redis.URL)
			}
			s.start(t)
			if after := s.asks("get after", "after "); after != had {
				t.Errorf("the script has %s, and had %s", after, had)
			}
			for path, is := range s.everything() {
				if is != before[path] {
					t.Errorf("%s is %s\nand was %s", path, is, before[path])
				}
			}
			s.until("what was put off to come", func() (bool, error) {
				return s.times("queued "+word) > queued && s.times("scheduled "+word) > scheduled, nil
			})
			if !inFolder {
				s.olderFolder(t, newer, archive)
			}
		})
	}
}

// olderFolder restores the data folder only, beside a database that went on.
func (s *service) olderFolder(t *testing.T, newer *dbtest.Server, archive string) {
	t.Helper()
	s.Kill()
	s.on("DATABASE_URL="+newer.URL, "FLORA_DATA_DIR="+filepath.Join(s.dir, "third"))
	s.must("restore", archive)
	s.start(t)
	s.answers("newer ")
	if keys := string(s.call("GET", "/api/kv/{g}/notes/k", "")); !strings.Contains(keys, "w") {
		t.Errorf("the key is %s", keys)
	}
}

// TestBackupWithoutARuntime backs up a data folder that nobody uses, to standard
// output.
func TestBackupWithoutARuntime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	data := filepath.Join(dir, "data")
	store, err := embedded.Open(embedded.Config{Dir: filepath.Join(data, "state")})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	run := func(stdin *os.File, args ...string) (string, error) {
		ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
		defer cancel()
		cmd := exec.CommandContext(ctx, filepath.Join(bin, "flora-runtime"), args...) //nolint:gosec // Our own binary.
		cmd.Dir, cmd.Env = dir, []string{"FLORA_DATA_DIR=" + data}
		if stdin != nil {
			cmd.Stdin = stdin
		}
		out, err := cmd.Output()
		return string(out), err
	}
	archive, err := run(nil, "backup", "-")
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "a.tar.gz")
	if err := os.WriteFile(file, []byte(archive), 0o600); err != nil {
		t.Fatal(err)
	}
	data = filepath.Join(dir, "other")
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if out, err := run(f, "restore", "-"); err != nil || !strings.Contains(out, "restored state") {
		t.Fatalf("%v\n%s", err, out)
	}
	store, err = embedded.Open(embedded.Config{Dir: filepath.Join(data, "state")})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Error(err)
	}
	data = filepath.Join(dir, "none")
	if _, err := run(nil, "backup", "b.tar.gz"); err == nil {
		t.Error("a backup of nothing succeeds")
	}
	left, err := filepath.Glob(filepath.Join(dir, "b.tar.gz*"))
	if err != nil || len(left) > 0 {
		t.Errorf("it left %v (%v)", left, err)
	}
}

// damage changes a bit in the middle of what is compressed, one that matters: a
// repetition may be of what stands in several places.
func damage(t *testing.T, archive []byte) []byte {
	t.Helper()
	unpacked := func(packed []byte) []byte {
		z, err := gzip.NewReader(bytes.NewReader(packed))
		if err != nil {
			return nil
		}
		text, err := io.ReadAll(z)
		if err != nil {
			return nil
		}
		return text
	}
	text := unpacked(archive)
	for at := len(archive) / 2; at < len(archive); at++ {
		out := slices.Clone(archive)
		out[at] ^= 1
		if !bytes.Equal(text, unpacked(out)) {
			return out
		}
	}
	t.Fatal("no bit of the archive matters")
	return nil
}
