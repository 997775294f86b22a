package cli

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/pkg/project"
)

// checkOptions are the command's flags.
type checkOptions struct{ requireTSC, offline bool }

func (a *app) checkCommand() *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use: "check [entry]", Short: "Bundle the script and check its types",
		Long: `Bundles the script, which shows errors of syntax and imports, and then checks its
types and those of the tests with TypeScript's compiler, tsc: the one in node_modules
of this folder or of one above, else the one on the PATH. Where there is none it says
so, and the types stay unchecked: "npm install --save-dev typescript" gets it.

It exits with 1 when something is wrong. Declarations that are not there yet are
written first, as "flora types" does.

With --json: {ok, bundle: {entry, bytes, error, warnings}, types: {checked, tsc,
diagnostics}}; diagnostics are a list of {file, line, column, code, message}.`,
		Example: "  flora check\n  flora check --json\n  flora check --require-tsc",
		Args:    cobra.MaximumNArgs(1),
		RunE:    a.run(func(ctx context.Context, args []string) error { return a.check(ctx, cmp.Or(args...), o) }),
	}
	c.Flags().BoolVar(&o.requireTSC, "require-tsc", false, "fail where there is no tsc")
	c.Flags().BoolVar(&o.offline, "offline", false, "ask no server for declarations")
	return c
}

// checkReport is what the command tells with --json.
type checkReport struct {
	OK     bool        `json:"ok"`
	Bundle checkBundle `json:"bundle"`
	Types  checkTypes  `json:"types"`
}

type checkBundle struct {
	Entry    string   `json:"entry,omitempty"`
	Bytes    int      `json:"bytes"`
	Error    string   `json:"error,omitempty"`
	Warnings []string `json:"warnings"`
}

type checkTypes struct {
	Checked     bool         `json:"checked"`
	TSC         string       `json:"tsc,omitempty"`
	Diagnostics []diagnostic `json:"diagnostics"`
}

func (a *app) check(ctx context.Context, entry string, o checkOptions) error {
	p, err := a.project(ctx, "")
	if err != nil {
		return err
	}
	r := checkReport{Bundle: checkBundle{Warnings: []string{}}, Types: checkTypes{Diagnostics: []diagnostic{}}}
	// Whether there is WebAssembly only a server can tell; deploy asks it.
	b, err := p.Bundle(ctx, project.BundleOptions{Entry: entry, WebAssembly: true})
	if broken, ok := errors.AsType[*project.Broken](err); ok && a.json {
		r.Bundle.Error = broken.Error()
		return a.checked(r, coded(Failure, "the script does not bundle"))
	}
	if err != nil {
		return err
	}
	r.Bundle.Entry, r.Bundle.Bytes = b.Entry, len(b.Code)
	r.Bundle.Warnings = append(r.Bundle.Warnings, b.Warnings...)
	a.warnings(b.Warnings)
	if err := a.declare(ctx, p, o.offline); err != nil {
		return err
	}
	r.Types.TSC = findTSC(a.system(), p.Dir, a.env("PATH"), regular)
	if r.Types.TSC == "" {
		const missing = `the types were not checked, because there is no tsc; get it with "npm install --save-dev typescript"`
		if o.requireTSC {
			return a.checked(r, coded(Failure, "%s", missing))
		}
		if !a.json {
			a.warn("%s", missing)
		}
		r.OK = true
		return a.checked(r, nil)
	}
	r.Types.Checked = true
	if r.Types.Diagnostics, err = a.typeCheck(ctx, r.Types.TSC, p.Dir); err != nil {
		return a.checked(r, err)
	}
	r.OK = true
	return a.checked(r, nil)
}

// checked tells the outcome and gives the error back.
func (a *app) checked(r checkReport, err error) error {
	var printed error
	switch {
	case a.json:
		printed = a.printJSON(r)
	case err == nil && r.Types.Checked:
		printed = a.printf("%s and its types are fine (%d bytes)\n", printable(r.Bundle.Entry), r.Bundle.Bytes)
	case err == nil:
		printed = a.printf("%s bundles (%d bytes)\n", printable(r.Bundle.Entry), r.Bundle.Bytes)
	}
	return errors.Join(err, printed)
}

// declare writes the declarations of a project that has none: a fresh clone.
func (a *app) declare(ctx context.Context, p *project.Project, offline bool) error {
	if regular(filepath.Join(p.Dir, "tsconfig.json")) && regular(filepath.Join(p.Dir, filepath.FromSlash(typesDir), "flora.d.ts")) {
		return nil
	}
	r, err := a.writeTypes(ctx, p, typesOptions{offline: offline})
	if err != nil {
		return err
	}
	if !a.json {
		a.warnings(r.Notes)
		a.note("%s", r.text(false))
	}
	return nil
}

// typeCheck runs tsc over the project. Its output is the author's, as it is.
func (a *app) typeCheck(ctx context.Context, tsc, dir string) ([]diagnostic, error) {
	pretty := a.Terminal && !a.json && a.env("NO_COLOR") == ""
	cmd := exec.CommandContext(ctx, tsc, "--project", "tsconfig.json", "--noEmit", "--pretty", strconv.FormatBool(pretty)) //nolint:gosec // The author's own compiler.
	cmd.Dir, cmd.Env, cmd.Stderr = dir, a.childEnv(), a.Stderr
	var out bytes.Buffer
	cmd.Stdout = a.Stdout
	if a.json {
		cmd.Stdout = &capped{to: &out, left: maxDiagnostics}
	}
	err := cmd.Run()
	all := diagnostics(out.String())
	if err == nil {
		return all, nil
	}
	if _, ended := errors.AsType[*exec.ExitError](err); !ended {
		return all, coded(Failure, "cannot run %s: %s", tsc, reason(err))
	}
	if ctx.Err() != nil {
		return all, ctx.Err()
	}
	return all, coded(Failure, "the types are wrong")
}

// maxDiagnostics is how many bytes of tsc's output are read.
const maxDiagnostics = 8 << 20

// capped drops what is beyond its bound.
type capped struct {
	to   io.Writer
	left int
}

func (c *capped) Write(b []byte) (int, error) {
	n := min(len(b), c.left)
	c.left -= n
	if _, err := c.to.Write(b[:n]); err != nil {
		return 0, err
	}
	return len(b), nil
}

// diagnostic is an error that tsc tells.
type diagnostic struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// told is a line of tsc's: "src/main.ts(3,7): error TS2322: Type ...".
var told = regexp.MustCompile(`^(?:(.+?)\((\d+),(\d+)\): )?error (TS\d+): (.*)$`)

// diagnostics reads tsc's plain output. Indented lines go on with a message.
func diagnostics(out string) []diagnostic {
	all := []diagnostic{}
	for line := range strings.Lines(out) {
		line = strings.TrimRight(line, "\r\n")
		if strings.HasPrefix(line, " ") && len(all) > 0 {
			all[len(all)-1].Message += "\n" + line
			continue
		}
		m := told.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		d := diagnostic{File: filepath.ToSlash(m[1]), Code: m[4], Message: m[5]}
		d.Line, _ = strconv.Atoi(m[2])   // What is no number of a line is 0.
		d.Column, _ = strconv.Atoi(m[3]) // The same.
		all = append(all, d)
	}
	return all
}

// findTSC is the path of TypeScript's compiler: of the project, else on the
// PATH; "" when there is none.
func findTSC(system, dir, path string, there func(string) bool) string {
	var folders []string
	for _, d := range upwards(system, dir) {
		folders = append(folders, join(system, d, "node_modules", ".bin"))
	}
	separator, names := ":", []string{"tsc"}
	if system == "windows" {
		// The one without an extension is a shell's script there.
		separator, names = ";", []string{"tsc.cmd", "tsc.exe"}
	}
	for _, d := range strings.Split(path, separator) {
		if absolute(system, d) { // What stands in the folder that one is in is not run by chance.
			folders = append(folders, d)
		}
	}
	for _, d := range folders {
		for _, name := range names {
			if file := join(system, d, name); there(file) {
				return file
			}
		}
	}
	return ""
}

// upwards is the folder and those above it.
func upwards(system, dir string) []string {
	separator := "/"
	if system == "windows" {
		separator = `\`
	}
	all := []string{dir}
	for {
		cut := strings.LastIndex(dir, separator)
		if cut < 0 {
			return all
		}
		up := dir[:cut]
		if up == "" || strings.HasSuffix(up, ":") {
			up += separator // The root.
		}
		if up == dir || up == separator && system == "windows" {
			return all
		}
		all, dir = append(all, up), up
	}
}
