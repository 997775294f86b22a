package sandbox

import (
	"testing"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// judge runs the filter as the kernel does.
func judge(t *testing.T, program []unix.SockFilter, number, arch uint32, args [6]uint64) uint32 {
	t.Helper()
	raw := make([]bpf.RawInstruction, len(program))
	for i, f := range program {
		raw[i] = bpf.RawInstruction{Op: f.Code, Jt: f.Jt, Jf: f.Jf, K: f.K}
	}
	code, ok := bpf.Disassemble(raw)
	if !ok {
		t.Fatal("the filter has instructions that are none")
	}
	// The virtual machine reads big-endian words, the kernel its own.
	words := []uint32{number, arch, 0, 0}
	for _, a := range args {
		words = append(words, uint32(a), uint32(a>>32))
	}
	var data []byte
	for _, w := range words {
		data = append(data, byte(w>>24), byte(w>>16), byte(w>>8), byte(w))
	}
	at, acc := 0, uint32(0)
	for {
		switch i := code[at].(type) {
		case bpf.LoadAbsolute:
			b := data[i.Off:]
			acc = uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
		case bpf.ALUOpConstant:
			acc &= i.Val
		case bpf.JumpIf:
			yes := acc == i.Val
			if i.Cond == bpf.JumpGreaterOrEqual {
				yes = acc >= i.Val
			}
			if i.Cond == bpf.JumpNotEqual {
				yes = acc != i.Val
			}
			if i.Cond == bpf.JumpLessThan {
				yes = acc < i.Val
			}
			if yes {
				at += int(i.SkipTrue)
			} else {
				at += int(i.SkipFalse)
			}
		case bpf.RetConstant:
			return i.Val
		default:
			t.Fatalf("instruction %d is %T", at, i)
		}
		at++
	}
}

func TestFilter(t *testing.T) {
	t.Parallel()
	const pid = 4711
	plain := compile(allowed(Profile{}, pid), nowhere(Profile{}), graves)
	jit := compile(allowed(Profile{Compiles: true}, pid), nil, graves)
	looks := compile(allowed(Profile{}, pid), nowhere(Profile{Looks: true}), graves)
	if len(plain) > 4096 {
		t.Fatalf("%d instructions are more than the kernel takes", len(plain))
	}
	private := uint64(unix.MAP_PRIVATE | unix.MAP_ANON)
	for name, row := range map[string]struct {
		program []unix.SockFilter
		number  uint32
		args    [6]uint64
		want    uint32
	}{
		"read":                        {plain, unix.SYS_READ, [6]uint64{}, actionAllow},
		"open":                        {plain, unix.SYS_OPENAT, [6]uint64{}, actionRefuse},
		"open in a bundler":           {looks, unix.SYS_OPENAT, [6]uint64{}, actionNowhere},
		"socket":                      {plain, unix.SYS_SOCKET, [6]uint64{}, actionRefuse},
		"execve":                      {plain, unix.SYS_EXECVE, [6]uint64{}, actionKill},
		"clone3":                      {plain, unix.SYS_CLONE3, [6]uint64{}, actionAbsent},
		"clone of Go":                 {plain, unix.SYS_CLONE, [6]uint64{clone4go}, actionAllow},
		"clone of the C library":      {plain, unix.SYS_CLONE, [6]uint64{clone4c}, actionAllow},
		"clone of a process":          {plain, unix.SYS_CLONE, [6]uint64{uint64(unix.SIGCHLD)}, actionRefuse},
		"clone of a thread elsewhere": {plain, unix.SYS_CLONE, [6]uint64{clone4c | unix.CLONE_NEWNET}, actionRefuse},
		"tgkill itself":               {plain, unix.SYS_TGKILL, [6]uint64{pid, 9, 23}, actionAllow},
		"tgkill another":              {plain, unix.SYS_TGKILL, [6]uint64{pid - 1, 9, 23}, actionRefuse},
		"kill everyone":               {plain, unix.SYS_KILL, [6]uint64{1<<64 - 1, 9}, actionRefuse},
		"mmap":                        {plain, unix.SYS_MMAP, [6]uint64{0, 4096, unix.PROT_READ | unix.PROT_WRITE, private}, actionAllow},
		"mmap shared":                 {plain, unix.SYS_MMAP, [6]uint64{0, 4096, unix.PROT_READ, unix.MAP_SHARED | unix.MAP_ANON}, actionRefuse},
		"mmap of both kinds":          {plain, unix.SYS_MMAP, [6]uint64{0, 4096, unix.PROT_READ, unix.MAP_SHARED_VALIDATE | unix.MAP_ANON}, actionRefuse},
		"mmap to execute":             {plain, unix.SYS_MMAP, [6]uint64{0, 4096, unix.PROT_EXEC, private}, actionRefuse},
		"mmap to execute, compiling":  {jit, unix.SYS_MMAP, [6]uint64{0, 4096, unix.PROT_EXEC, private}, actionAllow},
		"mmap shared, compiling":      {jit, unix.SYS_MMAP, [6]uint64{0, 4096, unix.PROT_READ, unix.MAP_SHARED}, actionRefuse},
		"mprotect":                    {plain, unix.SYS_MPROTECT, [6]uint64{0, 4096, unix.PROT_READ}, actionAllow},
		"mprotect to execute":         {plain, unix.SYS_MPROTECT, [6]uint64{0, 4096, unix.PROT_READ | unix.PROT_EXEC}, actionRefuse},
		"mprotect to execute, jit":    {jit, unix.SYS_MPROTECT, [6]uint64{0, 4096, unix.PROT_READ | unix.PROT_EXEC}, actionAllow},
		"pkey_mprotect":               {plain, unix.SYS_PKEY_MPROTECT, [6]uint64{}, actionRefuse},
		"own limits":                  {plain, unix.SYS_PRLIMIT64, [6]uint64{0, 3, 0, 0x7fff_0000_1000}, actionAllow},
		"changing own limits":         {plain, unix.SYS_PRLIMIT64, [6]uint64{0, 3, 0x7fff_0000_0000, 0}, actionRefuse},
		"limits at a round address":   {plain, unix.SYS_PRLIMIT64, [6]uint64{0, 3, 1 << 32, 0}, actionRefuse},
		"another's limits":            {plain, unix.SYS_PRLIMIT64, [6]uint64{1, 3, 0, 1}, actionRefuse},
		"fcntl":                       {plain, unix.SYS_FCNTL, [6]uint64{3, unix.F_SETFL}, actionAllow},
		"fcntl to signal":             {plain, unix.SYS_FCNTL, [6]uint64{3, unix.F_SETOWN}, actionRefuse},
		"what does not exist":         {plain, 1000, [6]uint64{}, actionRefuse},
	} {
		if got := judge(t, row.program, row.number, auditArch, row.args); got != row.want {
			t.Errorf("%s: got %#x, want %#x", name, got, row.want)
		}
	}
	if got := judge(t, plain, unix.SYS_READ, unix.AUDIT_ARCH_I386, [6]uint64{}); got != actionKill {
		t.Errorf("read of another architecture: got %#x", got)
	}
	if foreign != 0 {
		if got := judge(t, plain, foreign|unix.SYS_READ, auditArch, [6]uint64{}); got != actionKill {
			t.Errorf("read by the other table: got %#x", got)
		}
	}
}

func TestEveryRuleHasItsReason(t *testing.T) {
	t.Parallel()
	seen := map[uintptr]string{}
	note := func(number uintptr, name string) {
		if other, dup := seen[number]; dup {
			t.Errorf("%s and %s are both number %d", name, other, number)
		}
		seen[number] = name
	}
	for _, r := range allowed(Profile{Compiles: true}, 1) {
		note(r.number, r.name)
		if r.name == "" || r.reason == "" {
			t.Errorf("number %d has no name or no reason", r.number)
		}
	}
	for _, g := range graves {
		note(g.number, g.name)
	}
}

func TestAMissingFeatureIsNamedWithItsCure(t *testing.T) {
	t.Parallel()
	r := Report{{NoNewPrivs, true, ""}, {Landlock, false, "this kernel does not have it"}, {Seccomp, true, ""}}
	err := r.Check()
	want := `the sandbox cannot be had whole: missing landlock (this kernel does not have it; run Linux 5.13 or newer with landlock in its list of security modules (boot with lsm=landlock,...), and a container runtime whose own filter allows its system calls); or set runtime.sandbox = "auto" to run with what there is`
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	r[1].On = true
	if err := r.Check(); err != nil {
		t.Error(err)
	}
}
