// Package procfs reads what Linux knows about the memory and the CPU time of a
// process and all its descendants.
package procfs

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of CPU times in /proc: USER_HZ is 100 on every Linux.
const tick = 10 * time.Millisecond

// FS is a mounted /proc.
type FS string

// Default is where it is mounted.
const Default FS = "/proc"

// Memory of processes, in bytes.
type Memory struct {
	RSS    int64 // Resident, shared pages counted once per process.
	PSS    int64 // Resident, each shared page divided among those that share it.
	Unique int64 // Resident, what processes of one program share counted once.
}

// Stat is one line of /proc/<pid>/stat.
type Stat struct {
	PID, Parent int
	Name        string
	CPU         time.Duration // In user and kernel mode, without children.
}

// ParseStat reads /proc/<pid>/stat. The name may hold spaces and parentheses.
func ParseStat(text string) (Stat, error) {
	open, end := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if open < 0 || end < open {
		return Stat{}, fmt.Errorf("stat %q has no name in parentheses", text)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(text[:open]))
	if err != nil {
		return Stat{}, fmt.Errorf("stat %q has no process id: %w", text, err)
	}
	// From the state on: state, ppid, ... utime and stime are numbers 14 and 15
	// of the whole line.
	rest := strings.Fields(text[end+1:])
	if len(rest) < 13 {
		return Stat{}, fmt.Errorf("stat of process %d is cut short", pid)
	}
	s := Stat{PID: pid, Name: text[open+1 : end]}
	if s.Parent, err = strconv.Atoi(rest[1]); err != nil {
		return Stat{}, fmt.Errorf("parent of process %d: %w", pid, err)
	}
	for _, field := range rest[11:13] {
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return Stat{}, fmt.Errorf("CPU time of process %d: %w", pid, err)
		}
		s.CPU += time.Duration(n) * tick
	}
	return s, nil
}

// Rollup is the resident memory of one process, in bytes.
type Rollup struct{ RSS, PSS, Private int64 }

// ParseRollup reads /proc/<pid>/smaps_rollup.
func ParseRollup(text string) (Rollup, error) {
	var m Rollup
	var clean, dirty int64
	found := 0
	for lines := bufio.NewScanner(strings.NewReader(text)); lines.Scan(); {
		key, value, _ := strings.Cut(lines.Text(), ":")
		into := map[string]*int64{"Rss": &m.RSS, "Pss": &m.PSS, "Private_Clean": &clean, "Private_Dirty": &dirty}[key]
		if into == nil {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		if err != nil {
			return m, fmt.Errorf("memory %q: %w", lines.Text(), err)
		}
		*into = n << 10
		found++
	}
	if found != 4 {
		return m, errors.New("smaps_rollup lacks Rss, Pss, Private_Clean or Private_Dirty")
	}
	m.Private = clean + dirty
	return m, nil
}

// Tree lists the process and its descendants that live now, the process first.
func (f FS) Tree(root int) ([]Stat, error) {
	entries, err := os.ReadDir(string(f))
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	children := map[int][]Stat{}
	var out []Stat
	for _, e := range entries {
		if _, err := strconv.Atoi(e.Name()); err != nil {
			continue
		}
		s, err := f.stat(e.Name())
		switch {
		case gone(err):
			continue
		case err != nil:
			return nil, err
		case s.PID == root:
			out = append(out, s)
		default:
			children[s.Parent] = append(children[s.Parent], s)
		}
	}
	if out == nil {
		return nil, fmt.Errorf("process %d is gone", root)
	}
	for i := 0; i < len(out); i++ {
		out = append(out, children[out[i].PID]...)
	}
	return out, nil
}

func (f FS) stat(pid string) (Stat, error) {
	b, err := os.ReadFile(filepath.Join(string(f), pid, "stat"))
	if err != nil {
		return Stat{}, err
	}
	return ParseStat(string(b))
}

// gone reports whether a process ended while it was looked at.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || err != nil && strings.Contains(err.Error(), "no such process")
}

// CPU is the time that the process and its living descendants have used.
func (f FS) CPU(root int) (time.Duration, error) {
	tree, err := f.Tree(root)
	var sum time.Duration
	for _, s := range tree {
		sum += s.CPU
	}
	return sum, err
}

// Memory adds up what the processes use. For Unique, what each has for itself
// is added to the most that any of them shares: processes of one program share
// the same pages, whoever else maps them too.
func (f FS) Memory(pids ...int) (Memory, error) {
	var sum Memory
	var shared int64
	for _, pid := range pids {
		b, err := os.ReadFile(filepath.Join(string(f), strconv.Itoa(pid), "smaps_rollup"))
		if err != nil {
			return sum, fmt.Errorf("memory of process %d: %w", pid, err)
		}
		m, err := ParseRollup(string(b))
		if err != nil {
			return sum, fmt.Errorf("process %d: %w", pid, err)
		}
		sum.RSS += m.RSS
		sum.PSS += m.PSS
		sum.Unique += m.Private
		shared = max(shared, m.RSS-m.Private)
	}
	sum.Unique += shared
	return sum, nil
}

// TreeMemory is the memory of the process and its descendants.
func (f FS) TreeMemory(root int) (Memory, error) {
	tree, err := f.Tree(root)
	if err != nil {
		return Memory{}, err
	}
	return f.Memory(pids(tree)...)
}

func pids(tree []Stat) []int {
	out := make([]int, len(tree))
	for i, s := range tree {
		out[i] = s.PID
	}
	return out
}

// Children lists the descendants of the process whose command line has the
// argument.
func (f FS) Children(root int, argument string) ([]int, error) {
	tree, err := f.Tree(root)
	if err != nil {
		return nil, err
	}
	var out []int
	for _, s := range tree[1:] {
		b, err := os.ReadFile(filepath.Join(string(f), strconv.Itoa(s.PID), "cmdline"))
		if gone(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("command line of process %d: %w", s.PID, err)
		}
		if slices.Contains(strings.Split(string(b), "\x00"), argument) {
			out = append(out, s.PID)
		}
	}
	return out, nil
}
