package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/tailscale/hujson"

	"github.com/flora-runtime/flora-runtime/pkg/project"
	sdkbundle "github.com/flora-runtime/flora-runtime/sdk-bundle"
	sdkpackage "github.com/flora-runtime/flora-runtime/sdk-bundle/testing"
)

const (
	// typesDir is below a project; git ignores it.
	typesDir = ".flora/types"
	// typesTime is how long a server may take: there are other declarations.
	typesTime = 10 * time.Second
)

// typesOptions are the command's flags.
type typesOptions struct{ check, offline bool }

func (a *app) typesCommand() *cobra.Command {
	var o typesOptions
	c := &cobra.Command{
		Use: "types", Short: "Write the declarations that editors need",
		Long: `Writes the TypeScript declarations of what scripts can use to .flora/types, those of
the server that you are logged in to. Without a server they are those of flora
itself; it says which version they are of. Imports of npm: and jsr: get the types of
the package in node_modules.

A tsconfig.json is written where there is none. One that is there is never changed:
what it lacks is said.

With --json: {version, source, changed, notes}; source is the server's address, or
"flora", changed are the files that were, or would be, written, and notes say what
tsconfig.json lacks.`,
		Example: "  flora types\n  flora types --check",
		Args:    cobra.NoArgs,
		RunE:    a.run(func(ctx context.Context, _ []string) error { return a.types(ctx, o) }),
	}
	c.Flags().BoolVar(&o.check, "check", false, "write nothing; exit with 1 when something would change")
	c.Flags().BoolVar(&o.offline, "offline", false, "ask no server")
	return c
}

// typesReport is what the command tells, with --json as it is.
type typesReport struct {
	Version string   `json:"version"` // Flora's, that the declarations belong to.
	Source  string   `json:"source"`  // The server's address, or "flora".
	Changed []string `json:"changed"` // Files below the project that were, or would be, written.
	Notes   []string `json:"notes"`   // What tsconfig.json lacks.
}

func (a *app) types(ctx context.Context, o typesOptions) error {
	p, err := a.project(ctx, "")
	if err != nil {
		return err
	}
	r, err := a.writeTypes(ctx, p, o)
	if err != nil {
		return err
	}
	a.warnings(r.Notes)
	if err := a.say(r, "%s", r.text(o.check)); err != nil {
		return err
	}
	if o.check && len(r.Changed) > 0 {
		return coded(Failure, "the declarations are stale; run `flora types`")
	}
	return nil
}

// writeTypes brings the project's declarations up to date, or only looks what
// would change.
func (a *app) writeTypes(ctx context.Context, p *project.Project, o typesOptions) (typesReport, error) {
	r := typesReport{Changed: []string{}, Notes: []string{}}
	if err := checkFolder(p.Dir); err != nil {
		return r, err
	}
	sdk, source, err := a.declarations(ctx, o.offline)
	if err != nil {
		return r, err
	}
	r.Version, r.Source = versionOf(sdk), source
	files, err := projectTypes(p, sdk)
	if err != nil {
		return r, err
	}
	if err := r.settle(p, files); err != nil || o.check {
		return r, err
	}
	for _, name := range r.Changed {
		if err := replaceFile(filepath.Join(p.Dir, filepath.FromSlash(name)), files[name], forAll); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (r typesReport) text(check bool) string {
	of := "Flora " + r.Version + ", which is flora's own"
	if r.Source != "flora" {
		of = "Flora " + r.Version + " at " + r.Source
	}
	switch {
	case len(r.Changed) == 0:
		return "The declarations are up to date with " + of
	case check:
		return "Not up to date with " + of + ":\n  " + strings.Join(r.Changed, "\n  ")
	}
	return "Wrote the declarations of " + of + ":\n  " + strings.Join(r.Changed, "\n  ")
}

// settle finds what would change, and what the author has to.
func (r *typesReport) settle(p *project.Project, files map[string]string) error {
	there, err := os.ReadFile(filepath.Join(p.Dir, "tsconfig.json"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		files["tsconfig.json"] = tsconfig(p)
	case err != nil:
		return fmt.Errorf("read tsconfig.json: %w", err)
	default:
		r.Notes = append(r.Notes, lacks(p.Dir, there, localImports(p))...)
	}
	for name, text := range files {
		old, err := os.ReadFile(filepath.Join(p.Dir, filepath.FromSlash(name)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("read %s: %w", name, err)
		}
		if err != nil || string(old) != text {
			r.Changed = append(r.Changed, name)
		}
	}
	slices.Sort(r.Changed)
	return nil
}

// declarations gives the SDK's, of the server if one answers, and where they
// are from.
func (a *app) declarations(ctx context.Context, offline bool) (text, source string, err error) {
	if !offline {
		if api, err := a.client(ctx); err == nil {
			ctx, cancel := context.WithTimeout(ctx, typesTime)
			text, err = api.Types(ctx)
			cancel()
			if err == nil {
				return text, api.BaseURL(), nil
			}
			a.warn("%s; these are flora's own declarations", err)
		} else if codeOf(err) != Auth { // Who is not logged in has no server.
			return "", "", err
		}
	}
	text, err = sdkbundle.Declarations(Version)
	return text, "flora", err
}

// versionOf is the version in the declarations' first line.
func versionOf(declarations string) string {
	line, _, _ := strings.Cut(declarations, "\n")
	if version, ok := strings.CutPrefix(line, "// The declarations of Flora "); ok {
		return strings.TrimSuffix(version, ".")
	}
	return "unknown"
}

// ownDeclarations are the files of a new project.
func ownDeclarations() (map[string]string, error) {
	sdk, err := sdkbundle.Declarations(Version)
	if err != nil {
		return nil, err
	}
	return projectTypes(nil, sdk)
}

// projectTypes are the files of typesDir by their paths in the project.
func projectTypes(p *project.Project, sdk string) (map[string]string, error) {
	testing, err := sdkpackage.Types()
	if err != nil {
		return nil, err
	}
	modules, err := moduleTypes(p)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		typesDir + "/flora.d.ts":        sdk,
		typesDir + "/testing.d.ts":      testing,
		typesDir + "/modules.d.ts":      modules,
		typesDir + "/flora.schema.json": string(project.Schema()),
	}, nil
}

// tsconfig is what a project begins with.
func tsconfig(p *project.Project) string {
	include := []string{"src", typesDir}
	options := map[string]any{
		"target": "ES2022", "module": "ESNext", "moduleResolution": "bundler", "moduleDetection": "force",
		"lib": []string{"ES2023"}, "types": []string{},
		"strict": true, "noEmit": true, "isolatedModules": true, "skipLibCheck": true,
		"resolveJsonModule": true, "allowImportingTsExtensions": true,
	}
	if p != nil {
		if !strings.HasPrefix(p.Entry, "src/") {
			include[0] = "**/*"
		}
		if local := localImports(p); len(local) > 0 {
			paths := map[string]any{}
			for name, to := range local {
				paths[name] = []string{to}
			}
			options["paths"] = paths
		}
	}
	return indented(map[string]any{"compilerOptions": options, "include": include})
}

// localImports are the entries of the import map that name files, as
// TypeScript writes them.
func localImports(p *project.Project) map[string]string {
	out := map[string]string{}
	for name, to := range p.Imports {
		if !strings.HasPrefix(to, "./") && !strings.HasPrefix(to, "../") {
			continue
		}
		if strings.HasSuffix(name, "/") {
			name, to = name+"*", to+"*"
		}
		out[name] = to
	}
	return out
}

// lacks says what an author's tsconfig.json has to have, itself or by what it
// extends.
func lacks(dir string, text []byte, local map[string]string) []string {
	plain, err := hujson.Standardize(append(text, '\n'))
	if err != nil {
		return []string{"tsconfig.json is no JSON with comments; editors will not read it either"}
	}
	all := string(plain) + extended(dir, plain, 4)
	var notes []string
	if !strings.Contains(all, typesDir) {
		notes = append(notes, `tsconfig.json does not name the declarations; add "`+typesDir+`" to its "include"`)
	}
	names := make([]string, 0, len(local))
	for name := range local {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if !strings.Contains(all, `"`+name+`"`) {
			notes = append(notes, fmt.Sprintf(`tsconfig.json does not know the import %q; add %q: [%q] to its "paths"`, name, name, local[name]))
		}
	}
	return notes
}

// extended is the text of the author's own files that a configuration extends.
func extended(dir string, plain []byte, depth int) string {
	var one struct{ Extends string }
	var list struct{ Extends []string }
	if json.Unmarshal(plain, &one) == nil {
		list.Extends = []string{one.Extends}
	} else if json.Unmarshal(plain, &list) != nil {
		return ""
	}
	var all strings.Builder
	for _, name := range list.Extends {
		if !strings.HasPrefix(name, ".") || depth == 0 {
			continue
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		if !regular(file) {
			file += ".json"
		}
		text, err := os.ReadFile(file)
		if err != nil {
			continue // TypeScript tells of it.
		}
		if base, err := hujson.Standardize(append(text, '\n')); err == nil {
			all.Write(base)
			all.WriteString(extended(filepath.Dir(file), base, depth-1))
		}
	}
	return all.String()
}
