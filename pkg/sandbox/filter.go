package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Where struct seccomp_data has its members.
const (
	offNumber = 0
	offArch   = 4
	offArgs   = 16
)

// tsync binds all threads of the process at once.
const tsync = 1

// install puts the filter into force on every thread.
func install(p Profile) error {
	program := compile(allowed(p, uint32(os.Getpid())), nowhere(p), graves) //nolint:gosec // A process id is positive.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// The constructor did it for all threads; without it this thread's goes to
	// the others with the filter.
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("give up new privileges: %w", err)
	}
	prog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}                                                  //nolint:gosec // compile bounds it.
	thread, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, tsync, uintptr(unsafe.Pointer(&prog))) //nolint:gosec // The kernel reads it during the call.
	runtime.KeepAlive(program)
	if errno != 0 {
		return errno
	}
	if thread != 0 {
		return errors.New("a thread has a filter of its own")
	}
	return nil
}

// maxJump is how far a classic BPF jump reaches.
const maxJump = 255

func load(offset int) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: uint32(offset)} //nolint:gosec // A small constant.
}

func answer(action uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
}

// on jumps by yes or no more instructions.
func on(how uint16, value uint32, yes, no int) unix.SockFilter {
	if yes > maxJump || no > maxJump {
		panic("sandbox: a rule is too long for a filter")
	}
	return unix.SockFilter{Code: unix.BPF_JMP | how | unix.BPF_K, Jt: uint8(yes), Jf: uint8(no), K: value} //nolint:gosec // Checked.
}

const (
	actionAllow   = unix.SECCOMP_RET_ALLOW
	actionRefuse  = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	actionAbsent  = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)
	actionNowhere = unix.SECCOMP_RET_ERRNO | uint32(unix.ENOENT)
	actionKill    = unix.SECCOMP_RET_KILL_PROCESS
)

// compile makes the filter: rules in their order, then look-ups, which find
// nothing, then graves, then refusal.
func compile(rules []rule, lookups []uintptr, graves []grave) []unix.SockFilter {
	program := []unix.SockFilter{
		load(offArch),
		on(unix.BPF_JEQ, auditArch, 1, 0),
		answer(actionKill),
		load(offNumber),
	}
	if foreign != 0 {
		program = append(program, on(unix.BPF_JGE, foreign, 0, 1), answer(actionKill))
	}
	for _, r := range rules {
		body := r.compile()
		program = append(program, on(unix.BPF_JEQ, uint32(r.number), 0, len(body))) //nolint:gosec // Numbers are small.
		program = append(program, body...)
	}
	for _, n := range lookups {
		program = append(program, on(unix.BPF_JEQ, uint32(n), 0, 1), answer(actionNowhere)) //nolint:gosec // Numbers are small.
	}
	// The C library then makes its threads with clone, whose flags are seen.
	program = append(program, on(unix.BPF_JEQ, unix.SYS_CLONE3, 0, 1), answer(actionAbsent))
	for _, g := range graves {
		program = append(program, on(unix.BPF_JEQ, uint32(g.number), 0, 1), answer(actionKill)) //nolint:gosec // Numbers are small.
	}
	return append(program, answer(actionRefuse))
}

// compile gives what follows when the number is the rule's; it always answers.
func (r rule) compile() []unix.SockFilter {
	var body []unix.SockFilter
	for _, t := range r.tests {
		if t.pointer {
			body = append(body, load(offArgs+8*t.arg+4), on(unix.BPF_JEQ, 0, 1, 0), answer(actionRefuse))
		}
		body = append(body, load(offArgs+8*t.arg))
		if t.mask != 0 {
			body = append(body, unix.SockFilter{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: t.mask})
		}
		for i, v := range t.oneOf {
			body = append(body, on(unix.BPF_JEQ, v, len(t.oneOf)-i, 0))
		}
		body = append(body, answer(actionRefuse))
	}
	return append(body, answer(actionAllow))
}
