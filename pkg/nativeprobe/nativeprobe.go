//go:build nativeprobe && amd64

// Package nativeprobe makes the system calls that a process would make which a
// script has taken over. It exists in builds for tests only.
package nativeprobe

// #cgo LDFLAGS: -lpthread
// #include "call.h"
import "C"

import (
	"fmt"
	"os"
)

// Here makes the call on the calling thread.
func Here(name string) (result int64, errno int) { return made(name, 0) }

// Later makes it on a thread that is started for it, by C.
func Later(name string) (result int64, errno int) { return made(name, 1) }

func made(name string, later C.int) (int64, int) {
	a, ok := byName[name]
	if !ok {
		panic("nativeprobe: no attack is called " + name)
	}
	var call C.FloraCall
	call.number = C.long(a.number)
	call.forks = C.int(boolean(a.forks))
	for i, v := range a.args {
		call.args[i] = v.word()
	}
	C.flora_make(&call, later)
	return int64(call.result), int(call.error)
}

// word gives the argument as a register holds it.
func (v value) word() C.long {
	switch v.kind {
	case text:
		return C.flora_text(C.CString(v.text))
	case room:
		return C.flora_room(C.int(v.number))
	case executable:
		return C.flora_page()
	case control:
		return C.long(os.Getppid())
	case memory:
		return C.flora_text(C.CString(fmt.Sprintf("/proc/%d/mem", os.Getppid())))
	case self:
		return C.long(os.Getpid())
	case filled:
		return C.flora_filled(C.int(v.number), C.long(v.more))
	case iovec:
		return C.flora_iovec()
	}
	return C.long(v.number)
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}
