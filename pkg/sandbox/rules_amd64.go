package sandbox

import "golang.org/x/sys/unix"

const (
	sysFstatat = unix.SYS_NEWFSTATAT
	auditArch  = unix.AUDIT_ARCH_X86_64
	// Numbers from here on are x32's, another way into the same kernel.
	foreign = 0x40000000
)

var nowhereHere = []uintptr{unix.SYS_OPEN, unix.SYS_STAT, unix.SYS_LSTAT, unix.SYS_READLINK, unix.SYS_ACCESS}

var gravesHere = []grave{{unix.SYS_KEXEC_FILE_LOAD, "kexec_file_load"}, {unix.SYS_IOPL, "iopl"}, {unix.SYS_IOPERM, "ioperm"}}
