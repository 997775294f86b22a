package stores

import (
	"context"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

// counting answers with how many messages it has answered, by both kinds of
// stores, and puts off a message that is older than a restart.
const counting = `const s = kv.store('s');
on('messageCreate', async (c) => {
  if (c.msg.author.bot) return;
  const db = await Deno.openKv();
  const n = await s.increment('n');
  await db.atomic().sum(['n'], 1n).commit();
  await c.reply(n + ' ' + (await db.get(['n'])).value + ' of ' + c.msg.content);
});`

// flora runs the runtime's binary to its end.
func (s *service) flora(t *testing.T, env []string, args ...string) (out string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), rig.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "flora-runtime"), args...) //nolint:gosec // Our own binary.
	cmd.Env, cmd.Dir = slices.Concat(s.env, env), s.dir
	b, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatalf("%v: %v", args, err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// TestKeyValueDataMovesBetweenEngines serves with data in files, moves it to the
// database, serves with it there, and moves it back.
func TestKeyValueDataMovesBetweenEngines(t *testing.T) {
	t.Parallel()
	s := newService(t)
	on := map[string][]string{"pebble": {"FLORA_KV_ENGINE=pebble"}, "postgres": {"FLORA_KV_ENGINE=postgres"}}
	serve := func(engine string) {
		t.Helper()
		p, err := rig.Start(bin, s.dir, append(s.env, on[engine]...), "serve")
		if err != nil {
			t.Fatal(err)
		}
		s.run(t, p)
	}
	refused := func(engine, want string, args ...string) {
		t.Helper()
		if out, code := s.flora(t, on[engine], args...); code != 1 || !strings.Contains(out, want) {
			t.Errorf("%v with %s: %d %s, want %q", args, engine, code, out, want)
		}
	}
	refused("pebble", "there is no key-value data to move", "kv", "migrate", "--to", "postgres")
	refused("pebble", `--to is "redis"`, "kv", "migrate", "--to", "redis")
	serve("pebble")
	s.deploySource(counting)
	s.heard("1 1 of " + s.say())
	for i, to := range []string{"postgres", "pebble"} {
		from := []string{"pebble", "postgres"}[i]
		refused(from, "in use by", "kv", "migrate", "--to", to)
		if err := s.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		out, code := s.flora(t, nil, "kv", "migrate", "--to", to)
		if code != 0 || !strings.Contains(out, "2 keys in 2 stores of 1 servers") {
			t.Fatalf("move to %s: %d %s", to, code, out)
		}
		refused(from, `kv.engine must be "`+to+`"`, "serve")
		serve(to)
		s.heard([]string{"2 2 of ", "3 3 of "}[i] + s.say())
	}
}
