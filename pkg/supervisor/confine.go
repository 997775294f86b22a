package supervisor

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"go.uber.org/zap"

	"github.com/flora-runtime/flora-runtime/pkg/sandbox"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// detailBytes bounds what is kept of a feature's detail.
const detailBytes = 200

// confined notes what the worker says of its sandbox, and takes the kernel's
// word where it has one. It has seen no script yet.
func (s *slot) confined(proc Process, r wire.Ready) error {
	p, ok := proc.(*process)
	if !ok || p.mode == sandbox.Off {
		s.pool.note(s.index, nil)
		return nil
	}
	report := make(sandbox.Report, 0, len(sandbox.Features()))
	for _, name := range sandbox.Features() {
		f := sandbox.Feature{Name: name}
		if i := slices.IndexFunc(r.Sandbox, func(f wire.Feature) bool { return f.Name == name }); i >= 0 {
			f.On, f.Detail = r.Sandbox[i].On, strings.ToValidUTF8(r.Sandbox[i].Detail[:min(len(r.Sandbox[i].Detail), detailBytes)], "")
		}
		if name == sandbox.Cgroup {
			f.On, f.Detail = p.group != nil, p.ungrouped
		}
		report = append(report, f)
	}
	st, err := status(p.PID())
	if err != nil {
		return err
	}
	for i := range report {
		f := &report[i]
		if f.Name == sandbox.NoNewPrivs && f.On && st["NoNewPrivs"] != "1" || f.Name == sandbox.Seccomp && f.On && st["Seccomp"] != "2" {
			return errors.New("the worker says of its sandbox what is not so")
		}
	}
	s.pool.note(s.index, report)
	fields := make([]zap.Field, 0, len(report))
	missing := false
	for _, f := range report {
		// Few machines have groups to give, and the other limits do without.
		missing = missing || !f.On && f.Name != sandbox.Cgroup
		switch {
		case !f.On:
			fields = append(fields, zap.String(f.Name, "missing: "+f.Detail))
		case f.Detail != "":
			fields = append(fields, zap.String(f.Name, f.Detail))
		default:
			fields = append(fields, zap.Bool(f.Name, true))
		}
	}
	if missing {
		s.log.Warn("worker is confined in part", fields...)
	} else {
		s.log.Info("worker is confined", fields...)
	}
	if p.mode == sandbox.Require {
		return report.Check()
	}
	return nil
}

func (p *Pool) note(index int, r sandbox.Report) {
	p.reporting.Lock()
	defer p.reporting.Unlock()
	p.reports[index] = r
}

// Sandbox says what is in force on every worker that was started: a feature is
// on when it is on in all of them. It is empty when none is confined.
func (p *Pool) Sandbox() sandbox.Report {
	p.reporting.Lock()
	defer p.reporting.Unlock()
	var out sandbox.Report
	for _, r := range p.reports {
		if out == nil {
			out = slices.Clone(r)
			continue
		}
		for i := range min(len(out), len(r)) {
			if out[i].On && !r[i].On {
				out[i] = r[i]
			}
		}
	}
	return out
}

// status reads the members of /proc/<pid>/status.
func status(pid int) (map[string]string, error) {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return nil, fmt.Errorf("look at the worker: %w", err)
	}
	out := map[string]string{}
	for line := range bytes.Lines(b) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		out[string(name)] = string(bytes.TrimSpace(value))
	}
	return out, nil
}
