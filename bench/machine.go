package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
	"rogchap.com/v8go"

	"github.com/flora-runtime/flora-runtime/bench/internal/report"
)

// machine says where the numbers were taken, and with which programs.
func machine(ctx context.Context, peerDir string) []report.Fact {
	facts := []report.Fact{
		{Name: "cores", Value: strconv.Itoa(runtime.NumCPU()) + " " + cpuModel()},
		{Name: "kernel", Value: kernel()},
		{Name: "Go", Value: runtime.Version()},
		{Name: "V8", Value: v8go.Version()},
		{Name: "load at the start", Value: load()},
	}
	for _, program := range []struct{ name, path, arg string }{
		{"Node", "node", "--version"},
		{"workerd", filepath.Join(peerDir, workerdBinary), "--version"},
	} {
		version := "not there yet"
		if b, err := exec.CommandContext(ctx, program.path, program.arg).Output(); err == nil { //nolint:gosec // One of the two above.
			version = strings.TrimSpace(string(b))
		}
		facts = append(facts, report.Fact{Name: program.name, Value: strings.TrimPrefix(version, program.name+" ")})
	}
	return facts
}

func cpuModel() string {
	b, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(b)) {
		if name, model, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(model)
		}
	}
	return runtime.GOARCH
}

func kernel() string {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return runtime.GOOS
	}
	return unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
}

// load tells a quiet machine from a busy one.
func load() string {
	b, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(b))[:3], " ")
}
