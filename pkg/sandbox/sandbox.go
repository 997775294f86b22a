// Package sandbox takes rights away from the running process, for good: files,
// network, other processes, system calls and memory. It is for processes that
// run or parse what strangers wrote, and says what it could apply.
//
// Landlock and capabilities belong to single threads, so they go in a C
// constructor that runs before Go or the engine start any; the environment
// that Environ gives asks for it. Seccomp and limits follow in Enter, when the
// process has opened what it needs.
package sandbox

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// Mode says what happens where the kernel lacks something.
type Mode string

// The modes.
const (
	Auto    Mode = "auto"    // Apply what there is.
	Require Mode = "require" // Refuse to go on without one of Required.
	Off     Mode = "off"
)

// The features of a sandbox.
const (
	NoNewPrivs   = "no_new_privs"
	Landlock     = "landlock"
	Scopes       = "landlock_scopes"
	Seccomp      = "seccomp"
	Capabilities = "capabilities"
	Limits       = "rlimits"
	// Cgroup is a control group with limits, which the process that starts the
	// confined one sees to.
	Cgroup = "cgroup"
)

// Features lists them.
func Features() []string {
	return []string{NoNewPrivs, Landlock, Scopes, Seccomp, Capabilities, Limits, Cgroup}
}

// Required are the features that Require insists on.
var Required = []string{NoNewPrivs, Landlock, Seccomp}

// Feature is one part of a sandbox and whether it is in force.
type Feature struct {
	Name   string `json:"feature"`
	On     bool   `json:"on"`
	Detail string `json:"detail,omitempty"` // A version, or why it is missing.
}

// Report is what was applied to a process.
type Report []Feature

// Has reports whether the feature is in force.
func (r Report) Has(name string) bool {
	for _, f := range r {
		if f.Name == name {
			return f.On
		}
	}
	return false
}

// remedies say what an operator does about a missing feature.
var remedies = map[string]string{
	NoNewPrivs: "run Linux 3.5 or newer",
	Landlock:   "run Linux 5.13 or newer with landlock in its list of security modules (boot with lsm=landlock,...), and a container runtime whose own filter allows its system calls",
	Seccomp:    "run a kernel with CONFIG_SECCOMP_FILTER, and a container runtime whose own filter allows the seccomp system call",
}

// Check gives an error that names each required feature that is missing, with
// what to do.
func (r Report) Check() error {
	var missing []string
	for _, name := range Required {
		if r.Has(name) {
			continue
		}
		detail := "not applied"
		for _, f := range r {
			if f.Name == name && f.Detail != "" {
				detail = f.Detail
			}
		}
		missing = append(missing, fmt.Sprintf("%s (%s; %s)", name, detail, remedies[name]))
	}
	if missing == nil {
		return nil
	}
	return fmt.Errorf("the sandbox cannot be had whole: missing %s; or set runtime.sandbox = \"auto\" to run with what there is", strings.Join(missing, ", "))
}

// before is what the constructor did.
type before struct {
	ran                              bool
	noNewPrivs, landlock, capability error
	abi                              int
}

// environment is what the constructor looks for; its value is the number of
// the first descriptor that it closes.
const environment = "FLORA_SANDBOX"

// Environ is what a child's environment must hold to have it confined from its
// first instruction on. The child keeps descriptors below keep, from 3 to 9.
func Environ(keep int) string { return fmt.Sprintf("%s=%d", environment, keep) }

var errNotAsked = errors.New("the process was not started confined")

// Enter gives up the rest. Nothing can be opened from here on, and the threads
// that run already are bound too. It must be called once, in a process that
// was started with Environ.
func Enter(p Profile) (Report, error) {
	b := early()
	if !b.ran {
		b.noNewPrivs, b.landlock, b.capability = errNotAsked, errNotAsked, errNotAsked
	}
	if err := limit(p); err != nil {
		return nil, err
	}
	filter := install(p)
	report := Report{
		feature(NoNewPrivs, b.noNewPrivs, ""),
		feature(Landlock, b.landlock, fmt.Sprintf("ABI %d", b.abi)),
		feature(Scopes, scoped(b), ""),
		feature(Seccomp, filter, ""),
		feature(Capabilities, b.capability, ""),
		feature(Limits, nil, ""),
	}
	return report, nil
}

func scoped(b before) error {
	if b.landlock == nil && b.abi < 6 {
		return errors.New("needs Linux 6.12")
	}
	return b.landlock
}

func feature(name string, err error, detail string) Feature {
	if err == nil {
		return Feature{name, true, detail}
	}
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP) {
		err = fmt.Errorf("this kernel does not have it: %w", err)
	}
	return Feature{name, false, err.Error()}
}

// Shield keeps the other processes of the same user from reading this one's
// memory, and the system from writing it to a core file.
func Shield() error {
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("keep other processes out of this one's memory: %w", err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("limit core files: %w", err)
	}
	return nil
}
