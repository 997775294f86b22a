package sandbox

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	goruntime "runtime"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// lacking names the program that a run of this test binary becomes, after it
// has made the kernel answer that it does not have Landlock.
const lacking = "FLORA_TEST_LACKING"

func lack() error {
	program := os.Getenv(lacking)
	if program == "" {
		return nil
	}
	goruntime.LockOSThread()
	filter := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0},
		{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: unix.SYS_LANDLOCK_CREATE_RULESET},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)},
		{Code: unix.BPF_RET | unix.BPF_K, K: unix.SECCOMP_RET_ALLOW},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&prog)), 0, 0); err != nil {
		return fmt.Errorf("install a filter: %w", err)
	}
	return fmt.Errorf("become %s: %w", program, syscall.Exec(program, os.Args, os.Environ()))
}

// TestRequireNamesWhatIsMissing starts the released binary on a kernel without
// Landlock.
func TestRequireNamesWhatIsMissing(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, "dev", "--port", "0")
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), lacking+"="+released, "FLORA_RUNTIME_SANDBOX=require", "FLORA_RUNTIME_MAX_WORKERS=1")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	exit, failed := errors.AsType[*exec.ExitError](cmd.Run())
	if !failed || exit.ExitCode() <= 0 {
		t.Fatalf("it started: %v\n%s", exit, said.Bytes())
	}
	for _, want := range []string{"missing landlock (this kernel does not have it", "run Linux 5.13 or newer", `runtime.sandbox = \"auto\"`} {
		if !strings.Contains(said.String(), want) && !strings.Contains(said.String(), strings.ReplaceAll(want, `\"`, `"`)) {
			t.Errorf("it does not say %q:\n%s", want, said.Bytes())
		}
	}
	for _, fine := range []string{"missing seccomp", "missing no_new_privs", "ready http"} {
		if strings.Contains(said.String(), fine) {
			t.Errorf("it says %q:\n%s", fine, said.Bytes())
		}
	}
}
