package sandbox

import "golang.org/x/sys/unix"

// rule is a system call that the process may make, and why it has to.
type rule struct {
	number uintptr
	name   string
	reason string
	tests  []test // All must hold; other arguments are refused.
}

// test compares one argument, or the bits of it in mask, with what it may be.
// Only the lower half is compared unless pointer is set: the kernel takes these
// arguments as 32-bit numbers, or gives their upper bits no meaning.
type test struct {
	arg     int
	mask    uint32 // 0 is all bits.
	oneOf   []uint32
	pointer bool // The upper half must be zero.
}

// grave is a system call that no library makes by itself, in no version: who
// tries has taken the process over, and it ends at once, with SIGSYS.
type grave struct {
	number uintptr
	name   string
}

const (
	clone4go = unix.CLONE_VM | unix.CLONE_FS | unix.CLONE_FILES | unix.CLONE_SIGHAND | unix.CLONE_SYSVSEM | unix.CLONE_THREAD
	clone4c  = clone4go | unix.CLONE_SETTLS | unix.CLONE_PARENT_SETTID | unix.CLONE_CHILD_CLEARTID
	// mapTypes are the bits of mmap's flags that say whether it is shared.
	mapTypes = 0xf
)

// allowed lists what Go, the C library and V8 use after their start, the most
// frequent first: the kernel goes through the list on each call that has
// tests, and before Linux 5.11 on all.
func allowed(p Profile, pid uint32) []rule {
	executable := []test{{arg: 2, mask: unix.PROT_EXEC, oneOf: []uint32{0}}}
	if p.Compiles {
		executable = nil
	}
	rules := []rule{
		{number: unix.SYS_FUTEX, name: "futex", reason: "locks and the scheduler"},
		{number: unix.SYS_READ, name: "read", reason: "frames from control"},
		{number: unix.SYS_WRITE, name: "write", reason: "frames to control, waking the poller, last words on stderr"},
		{number: unix.SYS_EPOLL_PWAIT, name: "epoll_pwait", reason: "Go's poller and timers"},
		{number: unix.SYS_NANOSLEEP, name: "nanosleep", reason: "Go's monitor thread"},
		{number: unix.SYS_MADVISE, name: "madvise", reason: "giving memory back", tests: []test{{arg: 2, oneOf: []uint32{
			unix.MADV_DONTNEED, unix.MADV_FREE, unix.MADV_NORMAL, unix.MADV_WILLNEED, unix.MADV_HUGEPAGE, unix.MADV_NOHUGEPAGE, unix.MADV_COLLAPSE, unix.MADV_DONTDUMP, unix.MADV_DODUMP, unix.MADV_DONTFORK,
		}}}},
		{number: unix.SYS_MMAP, name: "mmap", reason: "heaps; private, not growing by itself, so that the data limit counts it", tests: append([]test{
			{arg: 3, mask: mapTypes | unix.MAP_GROWSDOWN, oneOf: []uint32{unix.MAP_PRIVATE}},
		}, executable...)},
		{number: unix.SYS_MUNMAP, name: "munmap", reason: "heaps"},
		{number: unix.SYS_MPROTECT, name: "mprotect", reason: "heaps and guard pages", tests: executable},
		{number: unix.SYS_SCHED_YIELD, name: "sched_yield", reason: "spinning locks"},
		{number: unix.SYS_TGKILL, name: "tgkill", reason: "preempting own threads, abort", tests: []test{{arg: 0, oneOf: []uint32{pid}}}},
		{number: unix.SYS_RT_SIGPROCMASK, name: "rt_sigprocmask", reason: "signals of threads"},
		{number: unix.SYS_RT_SIGRETURN, name: "rt_sigreturn", reason: "return from a signal"},
		{number: unix.SYS_GETPID, name: "getpid", reason: "preempting own threads"},
		{number: unix.SYS_GETTID, name: "gettid", reason: "naming threads"},
		{number: unix.SYS_CLOCK_GETTIME, name: "clock_gettime", reason: "CPU time of threads"},
		{number: unix.SYS_CLOCK_NANOSLEEP, name: "clock_nanosleep", reason: "sleeping"},
		{number: unix.SYS_GETRANDOM, name: "getrandom", reason: "seeds"},
		{number: unix.SYS_RESTART_SYSCALL, name: "restart_syscall", reason: "the kernel's own, after a stop"},
		{number: unix.SYS_EPOLL_CTL, name: "epoll_ctl", reason: "Go's poller"},
		{number: unix.SYS_CLONE, name: "clone", reason: "threads, nothing else", tests: []test{{arg: 0, oneOf: []uint32{clone4go, clone4c}}}},
		{number: unix.SYS_SET_ROBUST_LIST, name: "set_robust_list", reason: "start of a thread"},
		{number: unix.SYS_RSEQ, name: "rseq", reason: "start of a thread"},
		{number: unix.SYS_SIGALTSTACK, name: "sigaltstack", reason: "start of a thread"},
		{number: unix.SYS_RT_SIGACTION, name: "rt_sigaction", reason: "dying of a signal"},
		{number: unix.SYS_SCHED_GETAFFINITY, name: "sched_getaffinity", reason: "counting cores"},
		{number: unix.SYS_SCHED_GETPARAM, name: "sched_getparam", reason: "locks of V8 that are contended"},
		{number: unix.SYS_SCHED_GETSCHEDULER, name: "sched_getscheduler", reason: "locks of V8 that are contended"},
		{number: unix.SYS_BRK, name: "brk", reason: "the C heap"},
		{number: unix.SYS_MREMAP, name: "mremap", reason: "the C heap; rights stay"},
		{number: unix.SYS_CLOSE, name: "close", reason: "giving up the connection"},
		{number: unix.SYS_SHUTDOWN, name: "shutdown", reason: "giving up the connection"},
		{number: unix.SYS_FCNTL, name: "fcntl", reason: "non-blocking mode", tests: []test{{arg: 1, oneOf: []uint32{unix.F_GETFD, unix.F_GETFL, unix.F_SETFL}}}},
		{number: unix.SYS_FSTAT, name: "fstat", reason: "what stderr is"},
		{number: unix.SYS_PRCTL, name: "prctl", reason: "names of threads and mappings", tests: []test{{arg: 0, oneOf: []uint32{unix.PR_SET_NAME, unix.PR_SET_VMA}}}},
		{number: unix.SYS_KILL, name: "kill", reason: "Go raises signals on itself", tests: []test{{arg: 0, oneOf: []uint32{pid}}}},
		{number: unix.SYS_PRLIMIT64, name: "prlimit64", reason: "reading own limits, such as the stack's", tests: []test{{arg: 0, oneOf: []uint32{0}}, {arg: 2, oneOf: []uint32{0}, pointer: true}}},
		{number: unix.SYS_GETRLIMIT, name: "getrlimit", reason: "reading own limits, such as the stack's"},
		{number: unix.SYS_GETRUSAGE, name: "getrusage", reason: "CPU time of the process"},
		{number: unix.SYS_SYSINFO, name: "sysinfo", reason: "size of the machine's memory"},
		{number: unix.SYS_EXIT, name: "exit", reason: "end of a thread"},
		{number: unix.SYS_EXIT_GROUP, name: "exit_group", reason: "end of the process"},
	}
	if p.Compiles {
		rules = append(rules, rule{number: unix.SYS_PKEY_MPROTECT, name: "pkey_mprotect", reason: "V8's compiled code"})
	}
	return rules
}

// graves are the same on all architectures but for those in gravesHere.
var graves = append([]grave{
	{unix.SYS_EXECVE, "execve"}, {unix.SYS_EXECVEAT, "execveat"},
	{unix.SYS_PTRACE, "ptrace"}, {unix.SYS_PROCESS_VM_READV, "process_vm_readv"}, {unix.SYS_PROCESS_VM_WRITEV, "process_vm_writev"},
	{unix.SYS_KCMP, "kcmp"}, {unix.SYS_PIDFD_GETFD, "pidfd_getfd"}, {unix.SYS_PIDFD_SEND_SIGNAL, "pidfd_send_signal"},
	{unix.SYS_MOUNT, "mount"}, {unix.SYS_UMOUNT2, "umount2"}, {unix.SYS_PIVOT_ROOT, "pivot_root"}, {unix.SYS_CHROOT, "chroot"},
	{unix.SYS_UNSHARE, "unshare"}, {unix.SYS_SETNS, "setns"},
	{unix.SYS_BPF, "bpf"}, {unix.SYS_PERF_EVENT_OPEN, "perf_event_open"}, {unix.SYS_USERFAULTFD, "userfaultfd"},
	{unix.SYS_IO_URING_SETUP, "io_uring_setup"}, {unix.SYS_IO_URING_ENTER, "io_uring_enter"}, {unix.SYS_IO_URING_REGISTER, "io_uring_register"},
	{unix.SYS_KEYCTL, "keyctl"}, {unix.SYS_ADD_KEY, "add_key"}, {unix.SYS_REQUEST_KEY, "request_key"},
	{unix.SYS_INIT_MODULE, "init_module"}, {unix.SYS_FINIT_MODULE, "finit_module"}, {unix.SYS_DELETE_MODULE, "delete_module"},
	{unix.SYS_KEXEC_LOAD, "kexec_load"}, {unix.SYS_OPEN_BY_HANDLE_AT, "open_by_handle_at"},
}, gravesHere...)

// nowhere lists the system calls that are told that there is no such file,
// instead of being refused: a bundler looks for what need not be there.
func nowhere(p Profile) []uintptr {
	if !p.Looks {
		return nil
	}
	return append([]uintptr{unix.SYS_OPENAT, unix.SYS_OPENAT2, sysFstatat, unix.SYS_READLINKAT, unix.SYS_FACCESSAT, unix.SYS_STATX}, nowhereHere...)
}
