package cli

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// runtimeName is the runtime's file name.
const runtimeName = "flora-runtime"

// runtimeBinary finds the runtime that commands start on this machine: the one
// that FLORA_RUNTIME names, else the one beside flora, else the one of PATH.
func (a *app) runtimeBinary() (string, error) {
	if a.system() != "linux" {
		return "", coded(Failure, "the runtime is for Linux only. %s", a.elsewhere())
	}
	if named := a.env("FLORA_RUNTIME"); named != "" {
		file, err := a.path(named)
		if err != nil {
			return "", err
		}
		if !executable(file) {
			return "", usage("FLORA_RUNTIME is %s, which is no program; name the file of flora-runtime, or unset it", file)
		}
		return file, nil
	}
	var looked []string
	if a.Self != "" {
		if self, err := filepath.EvalSymlinks(a.Self); err == nil {
			looked = append(looked, filepath.Dir(self))
		}
	}
	// Of the state's environment, not of the process's.
	for _, dir := range filepath.SplitList(a.env("PATH")) {
		if filepath.IsAbs(dir) {
			looked = append(looked, dir)
		}
	}
	for _, dir := range looked {
		if file := filepath.Join(dir, runtimeName); executable(file) {
			return file, nil
		}
	}
	return "", coded(Failure, `flora-runtime is not here: it is neither beside flora nor in PATH.
Build both with "make build" in Flora's sources and run flora from there, put flora-runtime into PATH,
or name it: FLORA_RUNTIME=/path/to/flora-runtime. To use a runtime that is elsewhere, give its address with --api.`)
}

func executable(file string) bool {
	_, err := exec.LookPath(file)
	return err == nil && strings.ContainsRune(file, filepath.Separator)
}

// elsewhere says what to do where there is no runtime.
func (a *app) elsewhere() string {
	if a.system() == "windows" {
		return "Run flora inside WSL 2 (`wsl --install`), or use a runtime that is elsewhere: --api https://flora.example.org/api."
	}
	return "Run it in a Linux machine or container and name it with --api http://127.0.0.1:3000/api, or use one that is elsewhere: --api https://flora.example.org/api."
}

// childEnv is the environment of what is started here, a runtime or a compiler.
// It may be, or run, what somebody else wrote, and needs no API token for that.
func (a *app) childEnv() []string {
	return slices.DeleteFunc(slices.Clone(a.Env), func(v string) bool { return strings.HasPrefix(v, "FLORA_TOKEN=") })
}

// lastLines keeps the end of what a runtime says.
type lastLines struct {
	mu sync.Mutex // Guards b.
	b  []byte
}

const (
	lastBytes = 8 << 10
	lastCount = 30
)

// Write implements io.Writer.
func (l *lastLines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.b = append(l.b, b...); len(l.b) > 2*lastBytes {
		l.b = bytes.Clone(l.b[len(l.b)-lastBytes:])
	}
	return len(b), nil
}

func (l *lastLines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(string(l.b)), "\n")
	return strings.Join(lines[max(0, len(lines)-lastCount):], "\n")
}
