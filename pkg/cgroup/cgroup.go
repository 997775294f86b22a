// Package cgroup puts child processes into control groups of their own, where
// the machine lets this process make some: version 2 with a subtree that was
// handed to it (systemd's Delegate=yes, or a container that may write its own),
// or version 1 with groups that it may write. The kernel then holds each child
// to a size and a number of threads, whatever the child does.
package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/containerd/cgroups/v3"
	"github.com/containerd/cgroups/v3/cgroup1"
	"github.com/containerd/cgroups/v3/cgroup2"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// mountpoint is where control groups are found.
const mountpoint = "/sys/fs/cgroup"

// prefix begins the name of every group that is made here.
const prefix = "flora-"

// Limits of one group.
type Limits struct {
	Memory int64 // In bytes; swap is not to be had beyond it.
	Tasks  int64 // Processes and threads.
}

// Maker makes groups below the one that this process is in.
type Maker struct {
	unified bool
	base    string // Of version 2.
}

// Group holds one child.
type Group struct {
	add    func(pid uint64) error
	remove func() error
}

// Open finds out which groups this process may make. It fails where it may make
// none; its text says why. With version 2 this process moves into a group beside
// those that it makes, since only the leaves of that tree may hold processes.
func Open() (*Maker, error) {
	m := &Maker{unified: cgroups.Mode() == cgroups.Unified}
	if m.unified {
		if err := m.settle(); err != nil {
			return nil, err
		}
	}
	if err := m.sweep(); err != nil {
		return nil, err
	}
	// What can be made is known once it was.
	g, err := m.New("probe", Limits{Memory: 64 << 20, Tasks: 64})
	if err != nil {
		return nil, err
	}
	return m, g.Remove()
}

// settle moves this process out of the way of its children's groups.
func (m *Maker) settle() error {
	own, err := cgroup2.NestedGroupPath("")
	if err != nil {
		return fmt.Errorf("find this process's own control group: %w", err)
	}
	if filepath.Base(own) == prefix+"control" {
		m.base = filepath.Dir(own) // Started again in place.
		return nil
	}
	m.base = own
	if own == "/" {
		return nil // The root may hold processes.
	}
	leaf, err := cgroup2.NewManager(mountpoint, filepath.Join(own, prefix+"control"), &cgroup2.Resources{})
	if err == nil {
		err = leaf.AddProc(uint64(os.Getpid())) //nolint:gosec // It is positive.
	}
	if err != nil {
		return fmt.Errorf("this process's control group was not handed to it: %w", err)
	}
	return nil
}

// sweep removes what a process of ours left that was killed.
func (m *Maker) sweep() error {
	dirs := []string{filepath.Join(mountpoint, m.base)}
	if !m.unified {
		dirs = nil
		nested := cgroup1.NestedPath("")
		for _, controller := range []cgroup1.Name{cgroup1.Memory, cgroup1.Pids} {
			own, err := nested(controller)
			if err != nil {
				return fmt.Errorf("find this process's own control group: the controller %q: %w", controller, err)
			}
			dirs = append(dirs, filepath.Join(mountpoint, string(controller), own))
		}
	}
	for _, dir := range dirs {
		left, err := filepath.Glob(filepath.Join(dir, prefix+"*-*"))
		if err != nil {
			return fmt.Errorf("list control groups: %w", err)
		}
		for _, group := range left {
			var maker int
			if _, err := fmt.Sscanf(filepath.Base(group), prefix+"%d-", &maker); err == nil && unix.Kill(maker, 0) == unix.ESRCH {
				_ = os.Remove(group) // One that holds a process stays.
			}
		}
	}
	return nil
}

// New makes a group with the name, which must be new.
func (m *Maker) New(name string, l Limits) (*Group, error) {
	if l.Memory <= 0 || l.Tasks <= 0 {
		return nil, errors.New("a control group needs limits")
	}
	if strings.ContainsAny(name, "/.") {
		return nil, fmt.Errorf("%q is no name for a control group", name)
	}
	name = fmt.Sprintf("%s%d-%s", prefix, os.Getpid(), name)
	if m.unified {
		return m.version2(name, l)
	}
	return version1(name, l)
}

func (m *Maker) version2(name string, l Limits) (*Group, error) {
	swap := int64(0)
	group, err := cgroup2.NewManager(mountpoint, filepath.Join(m.base, name), &cgroup2.Resources{
		Memory: &cgroup2.Memory{Max: &l.Memory, Swap: &swap}, Pids: &cgroup2.Pids{Max: l.Tasks},
	})
	if err != nil {
		return nil, fmt.Errorf("make a control group: %w", err)
	}
	return &Group{add: group.AddProc, remove: group.Delete}, nil
}

func version1(name string, l Limits) (*Group, error) {
	both := func() ([]cgroup1.Subsystem, error) {
		return []cgroup1.Subsystem{cgroup1.NewMemory(mountpoint), cgroup1.NewPids(mountpoint)}, nil
	}
	required := func(s cgroup1.Subsystem, _ cgroup1.Path, err error) error {
		return fmt.Errorf("the controller %q: %w", s.Name(), err)
	}
	group, err := cgroup1.New(cgroup1.NestedPath("/"+name),
		&specs.LinuxResources{Memory: &specs.LinuxMemory{Limit: &l.Memory}, Pids: &specs.LinuxPids{Limit: l.Tasks}},
		cgroup1.WithHierarchy(both), func(c *cgroup1.InitConfig) error { c.InitCheck = required; return nil })
	if err != nil {
		return nil, fmt.Errorf("make a control group: %w", err)
	}
	return &Group{add: func(pid uint64) error { return group.AddProc(pid) }, remove: group.Delete}, nil
}

// Add moves the process into the group. What it used before stays accounted
// where it was.
func (g *Group) Add(pid int) error {
	if err := g.add(uint64(pid)); err != nil { //nolint:gosec // It is positive.
		return fmt.Errorf("move process %d into its control group: %w", pid, err)
	}
	return nil
}

// What ends is in its group for a moment longer than it is waited for.
const (
	lingers  = 2 * time.Second
	askAgain = 10 * time.Millisecond
)

// Remove deletes the group; its processes must have ended.
func (g *Group) Remove() error {
	for began := time.Now(); ; time.Sleep(askAgain) {
		err := g.remove()
		if err == nil {
			return nil
		}
		if time.Since(began) > lingers {
			return fmt.Errorf("remove a control group: %w", err)
		}
	}
}
