package sandbox

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// ThreadStack is what each thread of a confined process takes of its data
// limit; the constructor sets it.
const ThreadStack = 2 << 20

// Profile is what a kind of process may still do.
type Profile struct {
	// Data bounds private writable memory in bytes, thread stacks included; 0
	// is no bound.
	Data uint64
	// CPU bounds the time on a core, in seconds; 0 is no bound.
	CPU uint64
	// Looks lets the process ask for files by name; it finds none.
	Looks bool
	// Compiles lets the process make memory executable.
	Compiles bool
}

// limit sets the resource limits. None on processes: it counts all of a user's,
// also those that are none of ours.
func limit(p Profile) error {
	limits := []struct {
		name     string
		resource int
		value    uint64
		wanted   bool
	}{
		{"core files", unix.RLIMIT_CORE, 0, true},
		{"file size", unix.RLIMIT_FSIZE, 0, true},
		{"message queues", unix.RLIMIT_MSGQUEUE, 0, true},
		{"locked memory", unix.RLIMIT_MEMLOCK, 0, true},
		{"data", unix.RLIMIT_DATA, p.Data, p.Data > 0},
		{"CPU time", unix.RLIMIT_CPU, p.CPU, p.CPU > 0},
		// No new descriptor of any kind; those that are open stay.
		{"open files", unix.RLIMIT_NOFILE, 0, true},
	}
	for _, l := range limits {
		if !l.wanted {
			continue
		}
		if err := unix.Setrlimit(l.resource, &unix.Rlimit{Cur: l.value, Max: l.value}); err != nil {
			return fmt.Errorf("limit %s to %d: %w", l.name, l.value, err)
		}
	}
	return nil
}
