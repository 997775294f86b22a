package container

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"golang.org/x/sys/unix"

	"github.com/flora-runtime/flora-runtime/pkg/auth"
	"github.com/flora-runtime/flora-runtime/pkg/clock"
	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
	"github.com/flora-runtime/flora-runtime/pkg/store/embedded"
	"github.com/flora-runtime/flora-runtime/test/internal/rig"
)

var bin string

func TestMain(m *testing.M) {
	if inside := os.Getenv(entering); inside != "" {
		fmt.Fprintln(os.Stderr, enter(inside))
		os.Exit(1)
	}
	if os.Getuid() != 0 && exec.Command("sudo", "-n", "true").Run() == nil {
		os.Exit(asRoot())
	}
	os.Exit(rig.Main(m, &bin))
}

// asRoot runs these tests as root, who alone can make and enter a root.
func asRoot() int {
	self, err := os.Executable()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	cmd := exec.Command("sudo", append([]string{"-n", "-E", "env", "PATH=" + os.Getenv("PATH"), self}, os.Args[1:]...)...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "as root:", err)
		return 1
	}
	return 0
}

// engine is a container that runs, or is to: the room, and the bot in it.
type engine struct {
	*rig.Process
	image *image
	room  room
	sim   *rig.Process
	token string
	said  int
}

func (e *engine) start(t *testing.T, address, port string) {
	t.Helper()
	e.room.Env = []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "API_ADDRESS=" + address, "API_PORT=" + port,
		"FLORA_DISCORD_API_BASE=" + e.sim.URL + "/api/v10", "DISCORD_TOKEN=simulated", "DISCORD_CLIENT_ID=1", "DISCORD_CLIENT_SECRET=secret",
		"API_SECRET=" + strings.Repeat("s", 32), "SECRETS_MASTER_KEY=" + strings.Repeat("ab", 32), "API_OPERATOR_SECRET=" + strings.Repeat("o", 32),
		"FLORA_STORAGE_EMBEDDED=true", "FLORA_DISCORD_GLOBAL_LIMIT=0", "FLORA_DISCORD_INTENTS=guild_messages,message_content",
		"FLORA_RUNTIME_MAX_WORKERS=1",
	}
	for _, name := range slices.Sorted(maps.Keys(e.image.Env)) {
		e.room.Env = append(e.room.Env, name+"="+e.image.Env[name])
	}
	cmd, err := e.room.command(append(slices.Clone(e.image.Entrypoint), e.image.Cmd...)...)
	if err != nil {
		t.Fatal(err)
	}
	p, err := rig.Run(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Kill)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the container said:\n%s", p.Stderr)
		}
	})
	p.Guild, p.Channel = e.sim.Guild, e.sim.Channel
	e.Process = p
}

// newEngine makes the image and what is outside of it.
func newEngine(t *testing.T, i *image) *engine {
	t.Helper()
	dir := t.TempDir()
	e := &engine{image: i, room: room{Root: filepath.Join(dir, "root"), Data: filepath.Join(dir, "data"), WorkDir: i.WorkDir}}
	if len(i.Volumes) != 1 {
		t.Fatalf("the image has the volumes %q, want one", i.Volumes)
	}
	e.room.Volume = i.Volumes[0]
	if _, err := fmt.Sscanf(i.User, "%d:%d", &e.room.UID, &e.room.GID); err != nil || e.room.UID == 0 || e.room.GID == 0 {
		t.Fatalf("the image runs as %q, want numbers, and not root: %v", i.User, err)
	}
	if err := os.Mkdir(e.room.Root, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := i.assemble(e.room.Root, bin); err != nil {
		t.Fatal(err)
	}
	sim, err := rig.Start(bin, dir, os.Environ(), "discordsim", "--port", "0", "--guilds", "1", "--no-rate-limits")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sim.Kill)
	e.sim = sim
	var world struct {
		Guilds []struct {
			ID       string
			OwnerID  string `json:"owner_id"`
			Channels []struct {
				ID   string
				Type int
			}
		}
	}
	_, answer, err := rig.Call("GET", sim.URL+"/sim", "", nil)
	if err == nil {
		err = json.Unmarshal(answer, &world)
	}
	if err != nil || len(world.Guilds) == 0 {
		t.Fatalf("look at the simulated Discord: %v %s", err, answer)
	}
	sim.Guild = world.Guilds[0].ID
	text := slices.IndexFunc(world.Guilds[0].Channels, func(c struct {
		ID   string
		Type int
	}) bool {
		return c.Type == 0
	})
	sim.Channel = world.Guilds[0].Channels[text].ID
	e.authorize(t, world.Guilds[0].OwnerID)
	return e
}

// authorize puts an API token into the data folder, which a volume's first use
// gives the owner and rights that the image says.
func (e *engine) authorize(t *testing.T, owner string) {
	t.Helper()
	store, err := embedded.Open(embedded.Config{Dir: filepath.Join(e.room.Data, "state")})
	if err != nil {
		t.Fatal(err)
	}
	e.token, _, err = auth.NewTokens(store, clock.Real, zap.NewNop()).Create(t.Context(), "test", auth.Owner{UserID: owner, Username: "owner"})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	volume := filepath.Join(e.room.Root, e.room.Volume)
	if err := run("chown", "-R", "--reference="+volume, e.room.Data); err != nil {
		t.Fatal(err)
	}
	if err := run("chmod", "--reference="+volume, e.room.Data); err != nil {
		t.Fatal(err)
	}
}

func (e *engine) deploy(t *testing.T) {
	t.Helper()
	body := `{"entry":"main.ts","files":[{"path":"main.ts","contents":"on('messageCreate', async (c) => { if (!c.msg.author.bot) await c.reply('heard ' + c.msg.content) })"}]}`
	status, answer, err := rig.Call("POST", e.URL+"/api/deployments/"+e.Guild, e.token, []byte(body))
	if err != nil || status != http.StatusOK {
		t.Fatalf("deploy: %d %s %v", status, answer, err)
	}
}

// answers says something and waits for the answer.
func (e *engine) answers(t *testing.T) {
	t.Helper()
	e.said++
	text := "m" + strconv.Itoa(e.said)
	at := e.sim.URL + "/sim/guilds/" + e.Guild + "/channels/" + e.Channel + "/messages"
	if status, answer, err := rig.Call("POST", at, "", []byte(`{"content":"`+text+`"}`)); err != nil || status != http.StatusOK {
		t.Fatalf("say: %d %s %v", status, answer, err)
	}
	if err := rig.Until("the answer to "+text, func() (bool, error) {
		_, answer, err := rig.Call("GET", at+"?limit=1000", "", nil)
		return strings.Contains(string(answer), `"heard `+text+`"`), err
	}); err != nil {
		t.Fatal(err)
	}
}

// process is one of the container's, as /proc tells from outside.
type process struct {
	pid    int
	status map[string]string
}

// processes lists those in the container.
func (e *engine) processes(t *testing.T) []process {
	t.Helper()
	namespace := func(pid string) string {
		name, _ := os.Readlink("/proc/" + pid + "/ns/pid") // "" when it has ended.
		return name
	}
	own := namespace(strconv.Itoa(e.Cmd.Process.Pid))
	if own == "" {
		t.Fatal("the container has ended")
	}
	all, err := filepath.Glob("/proc/[0-9]*/status")
	if err != nil {
		t.Fatal(err)
	}
	var out []process
	for _, path := range all {
		text, err := os.ReadFile(path)
		pid := filepath.Base(filepath.Dir(path))
		if err != nil || namespace(pid) != own {
			continue
		}
		p := process{status: map[string]string{}}
		if p.pid, err = strconv.Atoi(pid); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			name, value, _ := strings.Cut(line, ":")
			p.status[name] = strings.Join(strings.Fields(value), " ")
		}
		out = append(out, p)
	}
	return out
}

// TestImage runs the image as an engine would, as it is meant and with less.
func TestImage(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Fatal("only root can make the image's root and enter it: run this as root, or with a sudo that asks for no password")
	}
	i, err := read()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name string
		with func(r *room)
	}{
		{"as it is meant", func(*room) {}},
		{"with an old engine and a root that can be written", func(r *room) { r.NoLandlock, r.Writable = true, true }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := newEngine(t, i)
			row.with(&e.room)
			before := look(t, e.room.Root)
			host, port := rig.FreeAddress(t)
			e.start(t, host, port)
			e.deploy(t)
			e.answers(t)
			e.healthy(t)
			e.confined(t)
			e.reaps(t)
			e.stops(t)
			if diff := cmp.Diff(before, look(t, e.room.Root), cmp.AllowUnexported(entry{})); diff != "" {
				t.Errorf("what is not the volume was written (-before +after):\n%s", diff)
			}
			if e.room.Writable {
				return
			}
			// The next container has what was stored.
			e.start(t, host, port)
			e.answers(t)
			e.stops(t)
		})
	}
}

// healthy runs the image's health check.
func (e *engine) healthy(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{nil, {"--ready"}} {
		cmd, err := e.room.command(append(slices.Clone(e.image.Health), args...)...)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("the health check %q: %v\n%s", args, err, out)
		}
	}
}

// confined looks at what the container's processes may and what it mounts.
func (e *engine) confined(t *testing.T) {
	t.Helper()
	all := e.processes(t)
	if len(all) < 2 {
		t.Errorf("the container has %d processes, want the runtime and a worker", len(all))
	}
	uid := strconv.Itoa(e.room.UID)
	for _, p := range all {
		if want := strings.TrimSpace(strings.Repeat(uid+" ", 4)); p.status["Uid"] != want || p.status["Groups"] != "" {
			t.Errorf("%s is user %q of groups %q, want %q of none", p.status["Name"], p.status["Uid"], p.status["Groups"], want)
		}
		for _, set := range []string{"CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb"} {
			if strings.Trim(p.status[set], "0") != "" {
				t.Errorf("%s has capabilities: %s %s", p.status["Name"], set, p.status[set])
			}
		}
	}
	if inside := strings.Fields(all[slices.IndexFunc(all, func(p process) bool { return p.pid == e.Cmd.Process.Pid })].status["NSpid"]); inside[len(inside)-1] != "1" {
		t.Errorf("the runtime is process %q of the container, want 1", inside)
	}
	_, _, kernel := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	status, answer, err := rig.Call("GET", e.URL+"/readyz?verbose", strings.Repeat("o", 32), nil)
	var told struct {
		Sandbox struct{ Features sandbox.Report }
	}
	if err == nil {
		err = json.Unmarshal(answer, &told)
	}
	if err != nil || status != http.StatusOK {
		t.Fatalf("look at the sandbox: %d %s %v", status, answer, err)
	}
	for feature, want := range map[string]bool{
		sandbox.NoNewPrivs: true, sandbox.Seccomp: true, sandbox.Capabilities: true, sandbox.Limits: true,
		sandbox.Landlock: kernel == 0 && !e.room.NoLandlock, sandbox.Cgroup: false,
	} {
		if told.Sandbox.Features.Has(feature) != want {
			t.Errorf("%s is in force: %t, want %t: %s", feature, !want, want, answer)
		}
	}
	if e.room.Writable {
		return
	}
	mounts, err := os.ReadFile(fmt.Sprintf("/proc/%d/mountinfo", e.Cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	var writable []string
	for line := range strings.Lines(string(mounts)) {
		fields := strings.Fields(line)
		if strings.HasPrefix(fields[5], "rw") && !strings.HasPrefix(fields[4], "/dev/") {
			writable = append(writable, fields[4])
		}
	}
	if diff := cmp.Diff([]string{"/proc", e.room.Volume}, slices.Sorted(slices.Values(writable))); diff != "" {
		t.Errorf("what can be written (-want +got):\n%s\n%s", diff, mounts)
	}
}

// reaps kills a worker: the first process of a container must not leave it
// behind as a zombie, and go on.
func (e *engine) reaps(t *testing.T) {
	t.Helper()
	workers, err := e.Workers()
	if err != nil || len(workers) == 0 {
		t.Fatalf("there is no worker: %v", err)
	}
	for _, pid := range workers {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	e.answers(t)
	if err := rig.Until("the dead to be buried", func() (bool, error) {
		for _, p := range e.processes(t) {
			if strings.HasPrefix(p.status["State"], "Z") || slices.Contains(workers, p.pid) {
				return false, fmt.Errorf("process %d (%s) is %s", p.pid, p.status["Name"], p.status["State"])
			}
		}
		return true, nil
	}); err != nil {
		t.Error(err)
	}
}

// stops sends the image's signal.
func (e *engine) stops(t *testing.T) {
	t.Helper()
	if err := e.Signal(unix.SignalNum(e.image.StopSignal)); err != nil {
		t.Fatal(err)
	}
	if code := e.Cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("after %s it ended with %d, want 0:\n%s", e.image.StopSignal, code, e.Stderr)
	}
}
