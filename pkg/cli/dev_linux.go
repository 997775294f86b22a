package cli

import (
	"os"
	"os/exec"
	"syscall"
)

// own makes the child ours alone: a Ctrl-C is for us, who end it, and it does not
// outlive us when we are killed.
func own(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}

// lockFile takes a lock that ends with the process, or fails at once.
func lockFile(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) //nolint:gosec // A file's number.
}
