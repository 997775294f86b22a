package container

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	goruntime "runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// entering holds the room that a run of this test binary enters as its first
// process, before it becomes what runs there.
const entering = "FLORA_TEST_ENTERING"

// room is a container: a root, what of it may be written, and how it is run.
type room struct {
	Root, Data, Volume string // Data is what is mounted at the volume.
	Writable           bool   // The root is, too.
	NoLandlock         bool
	UID, GID           int
	WorkDir            string
	Env, Args          []string
}

// command starts the room's program as the first process of namespaces of its
// own. The network is this machine's.
func (r room) command(args ...string) (*exec.Cmd, error) {
	r.Args = args
	inside, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self)
	cmd.Env = []string{entering + "=" + string(inside)}
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNS | unix.CLONE_NEWPID | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS}
	return cmd, nil
}

// enter returns only with an error.
func enter(inside string) error {
	goruntime.LockOSThread()
	var r room
	if err := json.Unmarshal([]byte(inside), &r); err != nil {
		return err
	}
	if err := r.mount(); err != nil {
		return err
	}
	if err := r.drop(); err != nil {
		return err
	}
	if r.NoLandlock {
		if err := denyLandlock(); err != nil {
			return err
		}
	}
	path := ""
	for _, e := range r.Env {
		if dirs, ok := strings.CutPrefix(e, "PATH="); ok {
			for dir := range strings.SplitSeq(dirs, ":") {
				if _, err := os.Stat(filepath.Join(dir, r.Args[0])); err == nil && path == "" {
					path = filepath.Join(dir, r.Args[0])
				}
			}
		}
	}
	return fmt.Errorf("become %s: %w", r.Args[0], syscall.Exec(path, r.Args, r.Env))
}

// mount makes the root what the process sees, with what an engine puts in it.
func (r room) mount() error {
	type step struct {
		source, at, kind string
		flags            uintptr
		data             string
	}
	dev := filepath.Join(r.Root, "dev")
	steps := []step{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE, ""},
		{r.Root, r.Root, "", unix.MS_BIND, ""},
		{r.Data, filepath.Join(r.Root, r.Volume), "", unix.MS_BIND, ""},
		{"proc", filepath.Join(r.Root, "proc"), "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		{"tmpfs", dev, "tmpfs", unix.MS_NOSUID, "mode=755,size=64k"},
	}
	for _, s := range steps {
		if err := unix.Mount(s.source, s.at, s.kind, s.flags, s.data); err != nil {
			return fmt.Errorf("mount %s: %w", s.at, err)
		}
	}
	for _, name := range []string{"null", "zero", "full", "random", "urandom"} {
		at := filepath.Join(dev, name)
		if err := os.WriteFile(at, nil, 0o600); err != nil {
			return err
		}
		if err := unix.Mount("/dev/"+name, at, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s: %w", at, err)
		}
	}
	if err := unix.Mount("", dev, "", unix.MS_REMOUNT|unix.MS_RDONLY|unix.MS_NOSUID, ""); err != nil {
		return fmt.Errorf("make /dev read-only: %w", err)
	}
	if !r.Writable {
		if err := unix.Mount("", r.Root, "", unix.MS_REMOUNT|unix.MS_BIND|unix.MS_RDONLY, ""); err != nil {
			return fmt.Errorf("make the root read-only: %w", err)
		}
	}
	if err := os.Chdir(r.Root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("change the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leave the old root: %w", err)
	}
	return os.Chdir(r.WorkDir)
}

// drop gives up what the image's user does not have.
func (r room) drop() error {
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil {
			return fmt.Errorf("drop a capability: %w", err)
		}
	}
	err := errors.Join(syscall.Setgroups(nil), syscall.Setresgid(r.GID, r.GID, r.GID), syscall.Setresuid(r.UID, r.UID, r.UID))
	if err != nil {
		return fmt.Errorf("become user %d: %w", r.UID, err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	return nil
}

// denyLandlock has the kernel refuse it as the filters of older engines do.
func denyLandlock() error {
	refuse := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)}
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: unix.SYS_LANDLOCK_CREATE_RULESET, Jf: 2},
		{Code: unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K, K: unix.SYS_LANDLOCK_RESTRICT_SELF, Jt: 1},
		refuse,
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)), 0, 0); err != nil {
		return fmt.Errorf("install a filter: %w", err)
	}
	return nil
}
