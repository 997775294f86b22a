//go:build nativeprobe && amd64

package nativeprobe

// #include "call.h"
import "C"

import "runtime"

// Fault writes where there is no memory, as native code does that a script has
// led astray.
func Fault() { C.flora_fault() }

// Deafen takes the process from everybody but the calling thread, which spins:
// the Go runtime stops the world and waits for this thread for ever, so that no
// watchdog inside runs any more.
func Deafen() {
	C.flora_deafen()
	go runtime.GC()
	for n := uint64(0); ; n++ {
		spun = n
	}
}

var spun uint64
