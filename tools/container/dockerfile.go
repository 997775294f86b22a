package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// Image is what the last stage of a Dockerfile makes, and how it is run.
type Image struct {
	Base  string   `json:"base"`
	Bases []string `json:"bases"` // Those of all stages.
	Steps []Step   `json:"steps"`

	User       string            `json:"user"`
	WorkDir    string            `json:"work_dir"`
	Env        map[string]string `json:"env"`
	Volumes    []string          `json:"volumes"`
	Ports      []string          `json:"ports"`
	StopSignal string            `json:"stop_signal"`
	Entrypoint []string          `json:"entrypoint"`
	Cmd        []string          `json:"cmd"`
	Health     []string          `json:"health"`
}

// Step changes the image's files: a command line of the shell, or a copy.
type Step struct {
	Run  string   `json:"run,omitempty"`
	From string   `json:"from,omitempty"` // The stage that the sources are in.
	Copy []string `json:"copy,omitempty"`
	To   string   `json:"to,omitempty"`
}

// Read reads a Dockerfile. What BuildKit warns of is an error.
func Read(path string) (Image, error) {
	f, err := os.Open(path) //nolint:gosec // Its caller names it.
	if err != nil {
		return Image{}, err
	}
	defer func() { _ = f.Close() }()
	parsed, err := parser.Parse(f)
	if err != nil {
		return Image{}, fmt.Errorf("parse %s: %w", path, err)
	}
	var warned []string
	for _, w := range parsed.Warnings {
		warned = append(warned, w.Short)
	}
	lint := linter.New(&linter.Config{Warn: func(rule, _, _, said string, _ []parser.Range) {
		warned = append(warned, rule+": "+said)
	}})
	stages, _, err := instructions.Parse(parsed.AST, lint)
	if err != nil {
		return Image{}, fmt.Errorf("parse %s: %w", path, err)
	}
	if len(warned) > 0 {
		return Image{}, fmt.Errorf("parse %s: %s", path, strings.Join(warned, "; "))
	}
	image := Image{Env: map[string]string{}}
	for _, s := range stages {
		image.Bases = append(image.Bases, s.BaseName)
	}
	last := stages[len(stages)-1]
	image.Base = last.BaseName
	for _, c := range last.Commands {
		if err := image.apply(c); err != nil {
			return Image{}, fmt.Errorf("%s: %w", path, err)
		}
	}
	return image, nil
}

func (i *Image) apply(c instructions.Command) error {
	switch c := c.(type) {
	case *instructions.RunCommand:
		if !c.PrependShell || len(c.Files) > 0 {
			return fmt.Errorf("%s: only lines of the shell are understood", c)
		}
		i.Steps = append(i.Steps, Step{Run: strings.Join(c.CmdLine, " ")})
	case *instructions.CopyCommand:
		if c.Chown != "" || c.Chmod != "" || len(c.ExcludePatterns) > 0 || len(c.SourceContents) > 0 {
			return fmt.Errorf("%s: only --from is understood", c)
		}
		i.Steps = append(i.Steps, Step{From: c.From, Copy: c.SourcePaths, To: c.DestPath})
	case *instructions.EnvCommand:
		for _, kv := range c.Env {
			i.Env[kv.Key] = kv.Value
		}
	case *instructions.VolumeCommand:
		i.Volumes = append(i.Volumes, c.Volumes...)
	case *instructions.ExposeCommand:
		i.Ports = append(i.Ports, c.Ports...)
	case *instructions.UserCommand:
		i.User = c.User
	case *instructions.WorkdirCommand:
		i.WorkDir = c.Path
	case *instructions.StopSignalCommand:
		i.StopSignal = c.Signal
	case *instructions.EntrypointCommand:
		if c.PrependShell {
			return fmt.Errorf("%s: the shell would be process 1 and not pass signals on", c)
		}
		i.Entrypoint = c.CmdLine
	case *instructions.CmdCommand:
		if c.PrependShell {
			return fmt.Errorf("%s: the shell would be process 1 and not pass signals on", c)
		}
		i.Cmd = c.CmdLine
	case *instructions.HealthCheckCommand:
		if c.Health == nil || len(c.Health.Test) < 2 || c.Health.Test[0] != "CMD" {
			return fmt.Errorf("%s: only a program without a shell is understood", c)
		}
		i.Health = c.Health.Test[1:]
	case *instructions.ArgCommand, *instructions.LabelCommand:
	default:
		return fmt.Errorf("%s is not understood in the last stage", c.Name())
	}
	return nil
}
