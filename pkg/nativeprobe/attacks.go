//go:build nativeprobe && amd64

package nativeprobe

import "golang.org/x/sys/unix"

type kind int

const (
	number     kind = iota
	text            // A C string.
	room            // Zeroed memory of this size.
	filled          // The same with a first word.
	executable      // A page that can be written.
	iovec
	control // The process id of control.
	self
	memory // The path of control's memory.
)

type value struct {
	kind   kind
	number int64
	text   string
	more   int64
}

func n(v int64) value              { return value{kind: number, number: v} }
func path(s string) value          { return value{kind: text, text: s} }
func zero(size int64) value        { return value{kind: room, number: size} }
func with(size, first int64) value { return value{kind: filled, number: size, more: first} }
func of(k kind) value              { return value{kind: k} }

type attack struct {
	name   string
	number int64
	args   []value
	forks  bool
	deadly bool // The process ends for trying.
	// works says that it succeeds without a sandbox, so that its failure means
	// something.
	works  bool
	absent bool // It is said not to exist, so that libraries do without.
}

// Name, Deadly, Works and Absent are for the test.
type Attack struct {
	Name                  string
	Deadly, Works, Absent bool
}

// Attacks lists them.
func Attacks() []Attack {
	out := make([]Attack, len(attacks))
	for i, a := range attacks {
		out[i] = Attack{a.name, a.deadly, a.works, a.absent}
	}
	return out
}

var byName = func() map[string]attack {
	m := map[string]attack{}
	for _, a := range attacks {
		m[a.name] = a
	}
	return m
}()

const at = unix.AT_FDCWD

var pass = path("/etc/passwd")

var attacks = []attack{
	{name: "open", number: unix.SYS_OPEN, args: []value{pass}, works: true},
	{name: "openat", number: unix.SYS_OPENAT, args: []value{n(at), pass}, works: true},
	{name: "openat2", number: unix.SYS_OPENAT2, args: []value{n(at), pass, zero(24), n(24)}, works: true},
	{name: "creat", number: unix.SYS_CREAT, args: []value{path("/tmp/flora-nativeprobe"), n(0o600)}},
	{name: "open memory of control", number: unix.SYS_OPEN, args: []value{of(memory), n(unix.O_RDWR)}},
	{name: "stat", number: unix.SYS_NEWFSTATAT, args: []value{n(at), pass, zero(256), n(0)}, works: true},
	{name: "readlink", number: unix.SYS_READLINK, args: []value{path("/proc/self/exe"), zero(256), n(256)}, works: true},
	{name: "getdents64 of a new descriptor", number: unix.SYS_GETDENTS64, args: []value{n(3), zero(256), n(256)}},
	{name: "socket inet", number: unix.SYS_SOCKET, args: []value{n(unix.AF_INET), n(unix.SOCK_STREAM), n(0)}, works: true},
	{name: "socket inet6", number: unix.SYS_SOCKET, args: []value{n(unix.AF_INET6), n(unix.SOCK_STREAM), n(0)}},
	{name: "socket udp", number: unix.SYS_SOCKET, args: []value{n(unix.AF_INET), n(unix.SOCK_DGRAM), n(0)}, works: true},
	{name: "socket unix", number: unix.SYS_SOCKET, args: []value{n(unix.AF_UNIX), n(unix.SOCK_STREAM), n(0)}, works: true},
	{name: "socket netlink", number: unix.SYS_SOCKET, args: []value{n(unix.AF_NETLINK), n(unix.SOCK_RAW), n(0)}, works: true},
	{name: "socketpair", number: unix.SYS_SOCKETPAIR, args: []value{n(unix.AF_UNIX), n(unix.SOCK_STREAM), n(0), zero(8)}, works: true},
	{name: "connect", number: unix.SYS_CONNECT, args: []value{n(3), with(16, unix.AF_INET), n(16)}},
	{name: "bind", number: unix.SYS_BIND, args: []value{n(3), with(16, unix.AF_INET), n(16)}},
	{name: "accept4", number: unix.SYS_ACCEPT4, args: []value{n(3), n(0), n(0), n(0)}},
	{name: "sendto", number: unix.SYS_SENDTO, args: []value{n(3), zero(8), n(0), n(0), n(0), n(0)}},
	{name: "sendmsg", number: unix.SYS_SENDMSG, args: []value{n(3), zero(56), n(0)}},
	{name: "recvmsg", number: unix.SYS_RECVMSG, args: []value{n(3), zero(56), n(unix.MSG_DONTWAIT)}},
	{name: "execve", number: unix.SYS_EXECVE, args: []value{path("/bin/true"), n(0), n(0)}, deadly: true},
	{name: "execveat", number: unix.SYS_EXECVEAT, args: []value{n(at), path("/bin/true"), n(0), n(0), n(0)}, deadly: true},
	{name: "fork", number: unix.SYS_FORK, forks: true, works: true},
	{name: "vfork", number: unix.SYS_VFORK, forks: true, works: true},
	{name: "clone of a process", number: unix.SYS_CLONE, args: []value{n(int64(unix.SIGCHLD))}, forks: true, works: true},
	{name: "clone of a user namespace", number: unix.SYS_CLONE, args: []value{n(unix.CLONE_NEWUSER | int64(unix.SIGCHLD))}, forks: true},
	{name: "clone3", number: unix.SYS_CLONE3, args: []value{zero(88), n(88)}, forks: true, absent: true, works: true},
	{name: "ptrace attach", number: unix.SYS_PTRACE, args: []value{n(unix.PTRACE_ATTACH), of(control)}, deadly: true},
	{name: "ptrace traceme", number: unix.SYS_PTRACE, args: []value{n(unix.PTRACE_TRACEME)}, deadly: true},
	{name: "process_vm_readv of control", number: unix.SYS_PROCESS_VM_READV, args: []value{of(control), of(iovec), n(1), of(iovec), n(1), n(0)}, deadly: true},
	{name: "process_vm_writev of control", number: unix.SYS_PROCESS_VM_WRITEV, args: []value{of(control), of(iovec), n(1), of(iovec), n(1), n(0)}, deadly: true},
	{name: "kcmp", number: unix.SYS_KCMP, args: []value{of(control), of(self), n(0)}, deadly: true},
	{name: "kill control", number: unix.SYS_KILL, args: []value{of(control), n(int64(unix.SIGKILL))}},
	{name: "kill control with nothing", number: unix.SYS_KILL, args: []value{of(control), n(0)}, works: true},
	{name: "kill the group", number: unix.SYS_KILL, args: []value{n(0), n(0)}, works: true},
	{name: "kill everyone", number: unix.SYS_KILL, args: []value{n(-1), n(0)}, works: true},
	{name: "tgkill control", number: unix.SYS_TGKILL, args: []value{of(control), of(control), n(int64(unix.SIGKILL))}},
	{name: "tgkill control with nothing", number: unix.SYS_TGKILL, args: []value{of(control), of(control), n(0)}, works: true},
	{name: "tkill", number: unix.SYS_TKILL, args: []value{of(control), n(0)}, works: true},
	{name: "rt_sigqueueinfo", number: unix.SYS_RT_SIGQUEUEINFO, args: []value{of(control), n(0), zero(128)}},
	{name: "rt_tgsigqueueinfo", number: unix.SYS_RT_TGSIGQUEUEINFO, args: []value{of(control), of(control), n(0), zero(128)}},
	{name: "pidfd_open", number: unix.SYS_PIDFD_OPEN, args: []value{of(control), n(0)}, works: true},
	{name: "pidfd_getfd", number: unix.SYS_PIDFD_GETFD, args: []value{n(3), n(0), n(0)}, deadly: true},
	{name: "pidfd_send_signal", number: unix.SYS_PIDFD_SEND_SIGNAL, args: []value{n(3), n(0), n(0), n(0)}, deadly: true},
	{name: "memfd_create", number: unix.SYS_MEMFD_CREATE, args: []value{path("x"), n(0)}, works: true},
	{name: "mount", number: unix.SYS_MOUNT, args: []value{path("none"), path("/tmp"), path("tmpfs"), n(0), n(0)}, deadly: true},
	{name: "umount2", number: unix.SYS_UMOUNT2, args: []value{path("/nowhere"), n(0)}, deadly: true},
	{name: "chroot", number: unix.SYS_CHROOT, args: []value{path("/")}, deadly: true},
	{name: "unshare", number: unix.SYS_UNSHARE, args: []value{n(unix.CLONE_NEWUSER)}, deadly: true},
	{name: "setns", number: unix.SYS_SETNS, args: []value{n(3), n(0)}, deadly: true},
	{name: "io_uring_setup", number: unix.SYS_IO_URING_SETUP, args: []value{n(1), zero(120)}, deadly: true},
	{name: "bpf", number: unix.SYS_BPF, args: []value{n(0), zero(128), n(128)}, deadly: true},
	{name: "perf_event_open", number: unix.SYS_PERF_EVENT_OPEN, args: []value{zero(128), n(0), n(-1), n(-1), n(0)}, deadly: true},
	{name: "userfaultfd", number: unix.SYS_USERFAULTFD, args: []value{n(0)}, deadly: true},
	{name: "keyctl", number: unix.SYS_KEYCTL, args: []value{n(0), n(-3), n(0)}, deadly: true},
	{name: "add_key", number: unix.SYS_ADD_KEY, args: []value{path("user"), path("x"), path("y"), n(1), n(-3)}, deadly: true},
	{name: "init_module", number: unix.SYS_INIT_MODULE, args: []value{zero(8), n(8), path("")}, deadly: true},
	{name: "mprotect to execute", number: unix.SYS_MPROTECT, args: []value{of(executable), n(4096), n(unix.PROT_READ | unix.PROT_EXEC)}, works: true},
	{name: "mmap to execute", number: unix.SYS_MMAP, args: []value{n(0), n(4096), n(unix.PROT_READ | unix.PROT_EXEC), n(unix.MAP_PRIVATE | unix.MAP_ANON), n(-1), n(0)}, works: true},
	{name: "mmap shared", number: unix.SYS_MMAP, args: []value{n(0), n(4096), n(unix.PROT_READ), n(unix.MAP_SHARED | unix.MAP_ANON), n(-1), n(0)}, works: true},
	{name: "mmap growing down", number: unix.SYS_MMAP, args: []value{n(0), n(4096), n(unix.PROT_READ), n(unix.MAP_PRIVATE | unix.MAP_ANON | unix.MAP_GROWSDOWN), n(-1), n(0)}, works: true},
	{name: "pkey_mprotect", number: unix.SYS_PKEY_MPROTECT, args: []value{of(executable), n(4096), n(unix.PROT_READ | unix.PROT_EXEC), n(-1)}, works: true},
	{name: "prctl dumpable", number: unix.SYS_PRCTL, args: []value{n(unix.PR_SET_DUMPABLE), n(1)}, works: true},
	{name: "prctl no parent-death signal", number: unix.SYS_PRCTL, args: []value{n(unix.PR_SET_PDEATHSIG), n(0)}, works: true},
	{name: "personality", number: unix.SYS_PERSONALITY, args: []value{n(0x0400000)}, works: true},
	{name: "seccomp", number: unix.SYS_SECCOMP, args: []value{n(unix.SECCOMP_GET_NOTIF_SIZES), n(0), zero(16)}, works: true},
	{name: "prlimit64 of control", number: unix.SYS_PRLIMIT64, args: []value{of(control), n(unix.RLIMIT_NOFILE), n(0), zero(16)}, works: true},
	{name: "prlimit64 of itself", number: unix.SYS_PRLIMIT64, args: []value{n(0), n(unix.RLIMIT_CORE), zero(16), n(0)}, works: true},
	{name: "setpriority of control", number: unix.SYS_SETPRIORITY, args: []value{n(0), of(control), n(0)}},
	{name: "sched_setaffinity of control", number: unix.SYS_SCHED_SETAFFINITY, args: []value{of(control), n(8), zero(8)}},
	{name: "symlink", number: unix.SYS_SYMLINK, args: []value{path("x"), path("/nowhere/x")}},
	{name: "link", number: unix.SYS_LINK, args: []value{pass, path("/nowhere/x")}},
	{name: "unlink", number: unix.SYS_UNLINK, args: []value{path("/nowhere")}},
	{name: "rename", number: unix.SYS_RENAME, args: []value{path("/nowhere"), path("/nowhere2")}},
	{name: "mkdir", number: unix.SYS_MKDIR, args: []value{path("/nowhere/x"), n(0o700)}},
	{name: "chmod", number: unix.SYS_CHMOD, args: []value{path("/nowhere"), n(0)}},
	{name: "chown", number: unix.SYS_CHOWN, args: []value{path("/nowhere"), n(0), n(0)}},
	{name: "mknod", number: unix.SYS_MKNOD, args: []value{path("/nowhere/x"), n(unix.S_IFIFO), n(0)}},
	{name: "ioctl TIOCSTI", number: unix.SYS_IOCTL, args: []value{n(0), n(unix.TIOCSTI), zero(8)}},
	{name: "fcntl owner of signals", number: unix.SYS_FCNTL, args: []value{n(3), n(unix.F_SETOWN), of(control)}, works: true},
	{name: "dup", number: unix.SYS_DUP, args: []value{n(0)}, works: true},
	{name: "pipe2", number: unix.SYS_PIPE2, args: []value{zero(8), n(0)}, works: true},
	{name: "shmget", number: unix.SYS_SHMGET, args: []value{n(0x464c), n(4096), n(0)}},
	{name: "mq_open", number: unix.SYS_MQ_OPEN, args: []value{path("x"), n(0), n(0), n(0)}},
	{name: "inotify_init1", number: unix.SYS_INOTIFY_INIT1, args: []value{n(0)}, works: true},
	{name: "timer_create", number: unix.SYS_TIMER_CREATE, args: []value{n(0), n(0), zero(8)}, works: true},
	{name: "setuid", number: unix.SYS_SETUID, args: []value{n(0)}},
	{name: "capset", number: unix.SYS_CAPSET, args: []value{with(8, 0x20080522), zero(24)}},
	{name: "x32 getpid", number: 0x40000000 | unix.SYS_GETPID, deadly: true},
	{name: "a number that is not in use", number: 999},
}
