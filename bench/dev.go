package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/flora-runtime/flora-runtime/bench/internal/report"
	"github.com/flora-runtime/flora-runtime/bench/internal/stats"
)

const (
	// savedTarget is what an author may wait for, in ms.
	savedTarget = 300
	// savedLimit bounds the wait for one answer.
	savedLimit = time.Minute
)

// author is somebody with a project of a few files.
type author struct {
	*flora
	world
	dir  string
	tool string
	n    int // Saves so far.
}

// dev measures the author's loop: from the save of a file to the answer of the
// new script in the channel, with flora dev and, in turn, by hand.
func (b *bench) dev(ctx context.Context) error {
	a := &author{dir: filepath.Join(b.tmp, "project"), tool: filepath.Join(filepath.Dir(b.runtime), "flora")}
	if _, err := os.Stat(a.tool); err != nil {
		return fmt.Errorf("there is no flora beside the runtime (%w); make build makes it", err)
	}
	if err := a.write(); err != nil {
		return err
	}
	var err error
	data := filepath.Join(a.dir, ".flora", "data")
	if a.flora, err = b.startFlora(ctx, nil, "--data-dir", data, "--no-starter", "--no-rate-limits"); err != nil {
		return err
	}
	defer a.stop()
	if a.world, err = look(ctx, a.flora.url); err != nil {
		return err
	}
	var saved, byHand []float64
	for range b.plan.saveRounds {
		took, err := a.loop(ctx, b.plan.saves)
		if err != nil {
			return err
		}
		saved = append(saved, took...)
		for range b.plan.saves {
			ms, err := a.answered(ctx, func() error { _, err := output(a.command(ctx, "deploy")); return err })
			if err != nil {
				return err
			}
			byHand = append(byHand, ms)
		}
	}
	p99 := func(values []float64) stats.Summary { return stats.Of([]float64{stats.Percentile(values, 0.99)}) }
	row := report.Row{Group: "dev", Name: "save to answered message", Unit: "ms", Value: stats.Of(saved), Baseline: "flora deploy by hand", Base: stats.Of(byHand)}
	row.Target = report.ValueAtMost(savedTarget, row.Unit)
	b.report.Add(row)
	row.Name, row.Value, row.Base = "p99 of save to answered message", p99(saved), p99(byHand)
	b.report.Add(row)
	return nil
}

// write makes the project: an entry, a module that is saved again and again, and
// some that are not.
func (a *author) write() error {
	main := "import { text } from \"./text\";\n"
	files := map[string]string{}
	for i := range 20 {
		main += fmt.Sprintf("import { part%d } from \"./part%d\";\n", i, i)
		files[fmt.Sprintf("src/part%d.ts", i)] = fmt.Sprintf("export const part%d = (n: number): string => \"part %d of \" + n;\n", i, i)
	}
	main += "on(\"messageCreate\", (ctx) => { if (ctx.msg.content === \"!v\") return ctx.reply(text + \"|\" + part0(1)); });\n"
	files["src/main.ts"], files["src/text.ts"], files["flora.json"] = main, "export const text = \"0\";\n", "{}\n"
	for name, text := range files {
		file := filepath.Join(a.dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, []byte(text), 0o600)); err != nil {
			return fmt.Errorf("write the project: %w", err)
		}
	}
	return nil
}

// command is the tool in the project.
func (a *author) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := command(ctx, a.tool, args...)
	cmd.Dir = a.dir
	cmd.Env = append(ownEnvironment(), "HOME="+a.dir)
	if args[0] != "dev" {
		cmd.Env = append(cmd.Env, "FLORA_API_URL="+a.flora.url, "FLORA_TOKEN="+a.token, "FLORA_GUILD="+a.guilds[0].ID)
	}
	return cmd
}

// loop measures saves while flora dev runs; it finds the runtime by itself.
func (a *author) loop(ctx context.Context, saves int) (took []float64, err error) {
	cmd := a.command(ctx, "dev")
	p, err := start(cmd)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	nothing := func() error { return nil }
	for i := range saves + 1 {
		ms, err := a.answered(ctx, nothing)
		if err != nil {
			return nil, p.failure(err)
		}
		if i > 0 { // The first one waits for the start.
			took = append(took, ms)
		}
	}
	return took, nil
}

// answered saves, does what comes then, and waits for the new answer.
func (a *author) answered(ctx context.Context, then func() error) (ms float64, err error) {
	a.n++
	began := time.Now()
	if err := os.WriteFile(filepath.Join(a.dir, "src", "text.ts"), fmt.Appendf(nil, "export const text = \"%d\";\n", a.n), 0o600); err != nil {
		return 0, fmt.Errorf("save: %w", err)
	}
	if err := then(); err != nil {
		return 0, err
	}
	want := fmt.Sprintf("%d|", a.n)
	for time.Since(began) < savedLimit {
		got, err := a.ask(ctx)
		if err != nil {
			return 0, err
		}
		if strings.HasPrefix(got, want) {
			return stats.Milliseconds(time.Since(began)), nil
		}
	}
	return 0, fmt.Errorf("save %d was not answered within %s", a.n, savedLimit)
}

// ask says something and gives the bot's answer, or "" if there is none for the
// moment, as while there is no script.
func (a *author) ask(ctx context.Context) (string, error) {
	got, err := a.say(ctx, "!v", 100*time.Millisecond, 2*time.Millisecond)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return "", nil
	}
	return got, err
}
