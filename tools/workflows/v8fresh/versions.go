package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// replaced is the module that the product imports; what stands in for it is the
// fork.
const replaced = "rogchap.com/v8go"

// engine is the fork at a version, and the V8 that it carries.
type engine struct {
	Module string // As the module proxy knows it: v0.34.0.
	V8     [4]int
}

func (e engine) String() string {
	return fmt.Sprintf("V8 %d.%d.%d.%d (%s)", e.V8[0], e.V8[1], e.V8[2], e.V8[3], e.Module)
}

// state is what the product links and what it could.
type state struct {
	Fork           string // github.com/...
	Pinned, Newest engine
}

// Stale tells whether the fork has a newer V8.
func (s state) Stale() bool { return slices.Compare(s.Newest.V8[:], s.Pinned.V8[:]) > 0 }

func (s state) String() string {
	if s.Stale() {
		return fmt.Sprintf("%s has %s; linked is %s", s.Fork, s.Newest, s.Pinned)
	}
	return fmt.Sprintf("%s is linked as %s, and has nothing newer", s.Fork, s.Pinned)
}

// look asks the go command, so the module proxy that it is set up with.
func look(ctx context.Context, dir string) (state, error) {
	var pinned struct {
		Replace *struct{ Path, Version string }
	}
	if err := ask(ctx, dir, &pinned, "list", "-m", "-json", replaced); err != nil {
		return state{}, err
	}
	if pinned.Replace == nil || pinned.Replace.Version == "" {
		return state{}, fmt.Errorf("go.mod does not replace %s by a version of a fork", replaced)
	}
	s := state{Fork: pinned.Replace.Path}
	var newest struct{ Version string }
	// Outside of the module, whose go.mod is not to be changed.
	if err := ask(ctx, os.TempDir(), &newest, "list", "-m", "-json", s.Fork+"@latest"); err != nil {
		return state{}, err
	}
	var err error
	if s.Pinned, err = carried(ctx, s.Fork, pinned.Replace.Version); err != nil {
		return state{}, err
	}
	s.Newest, err = carried(ctx, s.Fork, newest.Version)
	return s, err
}

// carried downloads the fork and reads the headers of its V8.
func carried(ctx context.Context, fork, version string) (engine, error) {
	var got struct{ Dir string }
	if err := ask(ctx, os.TempDir(), &got, "mod", "download", "-json", fork+"@"+version); err != nil {
		return engine{}, err
	}
	header, err := os.ReadFile(filepath.Join(got.Dir, "deps", "include", "v8-version.h"))
	if err != nil {
		return engine{}, fmt.Errorf("look for the V8 in %s %s: %w", fork, version, err)
	}
	e := engine{Module: version}
	for i, name := range []string{"MAJOR_VERSION", "MINOR_VERSION", "BUILD_NUMBER", "PATCH_LEVEL"} {
		m := regexp.MustCompile(`(?m)^#define V8_` + name + ` (\d+)$`).FindSubmatch(header)
		if m == nil {
			return engine{}, fmt.Errorf("the headers of %s %s do not say V8_%s", fork, version, name)
		}
		if _, err := fmt.Sscan(string(m[1]), &e.V8[i]); err != nil {
			return engine{}, fmt.Errorf("read V8_%s of %s %s: %w", name, fork, version, err)
		}
	}
	return e, nil
}

// ask runs the go command and reads the JSON that it prints.
func ask(ctx context.Context, dir string, into any, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // Our own arguments.
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "PWD="+dir)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, into)
	} else {
		err = errors.Join(err, told(out, said.String()))
	}
	if err != nil {
		return fmt.Errorf("go %s: %w", strings.Join(args, " "), err)
	}
	return nil
}

// told is what the go command says of its failure: download does so in JSON.
func told(out []byte, said string) error {
	var failed struct{ Error string }
	if json.Unmarshal(out, &failed) == nil && failed.Error != "" {
		said = failed.Error
	}
	return errors.New(strings.TrimSpace(said))
}
