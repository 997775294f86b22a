//go:build cgo

package sandbox

// #include "early.h"
import "C"

import "golang.org/x/sys/unix"

// early is what was done before the first thread was started.
func early() before {
	d := C.flora_early()
	return before{
		ran:        d.ran != 0,
		noNewPrivs: outcome(d.no_new_privs),
		landlock:   outcome(d.landlock),
		abi:        max(int(d.landlock), 0),
		capability: outcome(d.capabilities),
	}
}

func outcome(code C.int) error {
	if code < 0 {
		return unix.Errno(-code)
	}
	return nil
}
