package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/flora-runtime/flora-runtime/examples"
	"github.com/flora-runtime/flora-runtime/pkg/project"
)

// initOptions are the command's flags.
type initOptions struct {
	template    string
	list, force bool
}

func (a *app) initCommand() *cobra.Command {
	var o initOptions
	c := &cobra.Command{
		Use: "init [dir]", Short: "Begin a bot",
		Long: `Makes a project: the project file flora.json, a script in src/main.ts with a test
beside it, and what an editor needs to know the types. Nothing is downloaded, and
npm is not needed.

Without dir it is made in the folder you are in, which may be a git repository: a
README.md that is there stays, and .gitignore gets the lines that it lacks. Other
files that are in the way are named, and nothing is written; --force replaces those,
and touches no others.

With --json: {dir, template, files, kept}; files were written, those kept were there.
With --list it is a list of {name, description}.`,
		Example: "  flora init mybot\n  flora init . --template moderation\n  flora init --list",
		Args:    cobra.MaximumNArgs(1),
		RunE: a.run(func(ctx context.Context, args []string) error {
			if o.list {
				return a.listTemplates()
			}
			return a.init(ctx, cmp.Or(append(args, ".")...), o)
		}),
	}
	c.Flags().StringVarP(&o.template, "template", "t", examples.Templates()[0].Name, "what to begin with; --list shows them")
	c.Flags().BoolVar(&o.list, "list", false, "list the templates")
	c.Flags().BoolVar(&o.force, "force", false, "replace the files that are in the way")
	return c
}

func (a *app) listTemplates() error {
	all := examples.Templates()
	if a.json {
		return a.printJSON(all)
	}
	for _, t := range all {
		if err := a.printf("%-12s %s\n", t.Name, t.Description); err != nil {
			return err
		}
	}
	return nil
}

// made is what init tells of a project, with --json as it is.
type made struct {
	Dir      string   `json:"dir"`
	Template string   `json:"template"`
	Files    []string `json:"files"` // Written.
	Kept     []string `json:"kept"`  // Were there already, and stay as they are.
}

func (a *app) init(ctx context.Context, dir string, o initOptions) error {
	template, err := templateNamed(o.template)
	if err != nil {
		return err
	}
	target, err := a.path(dir)
	if err != nil {
		return err
	}
	if err := fitForProject(target); err != nil {
		return err
	}
	files, err := skeleton(filepath.Base(target), template)
	if err != nil {
		return err
	}
	m := made{Dir: target, Template: template.Name, Files: []string{}, Kept: []string{}}
	if err := m.settle(target, files, o.force); err != nil {
		return err
	}
	for _, name := range m.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := replaceFile(filepath.Join(target, filepath.FromSlash(name)), files[name], forAll); err != nil {
			return err
		}
	}
	if a.json {
		return a.printJSON(m)
	}
	return a.printf("%s", printable(m.text(dir)))
}

// text says what was made, and what to do next.
func (m made) text(dir string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Made a bot from the template %s in %s\n", m.Template, m.Dir)
	for _, name := range m.Files {
		if !strings.HasPrefix(name, typesDir) {
			fmt.Fprintf(&b, "  %s\n", name)
		}
	}
	fmt.Fprintf(&b, "  %s/\n", typesDir)
	for _, name := range m.Kept {
		if !strings.HasPrefix(name, typesDir) {
			fmt.Fprintf(&b, "  %s (it was there, and stays)\n", name)
		}
	}
	next := []string{
		"flora dev     # runs it in a simulated Discord; no account is needed",
		"flora test    # runs src/main.test.ts",
		"flora deploy  # gives it to a server",
	}
	if filepath.Clean(dir) != "." {
		next = []string{"cd " + quoted(dir), next[0], next[1]}
	}
	b.WriteString("\nNext:\n  " + strings.Join(next, "\n  ") + "\n")
	return b.String()
}

// quoted is a path as a shell takes it.
func quoted(p string) string {
	if strings.ContainsFunc(p, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(`._-/\:`, r)
	}) {
		return `"` + p + `"`
	}
	return p
}

func templateNamed(name string) (examples.Template, error) {
	var names []string
	for _, t := range examples.Templates() {
		if t.Name == name {
			return t, nil
		}
		names = append(names, t.Name)
	}
	if near := nearest(name, names); near != "" {
		return examples.Template{}, usage("there is no template %q; did you mean %s?", name, near)
	}
	return examples.Template{}, usage("there is no template %q; `flora init --list` shows them", name)
}

// skeleton is a new project's files by name.
func skeleton(name string, template examples.Template) (map[string]string, error) {
	files, err := examples.Sources(template.Name)
	if err != nil {
		return nil, err
	}
	declared, err := ownDeclarations()
	if err != nil {
		return nil, err
	}
	for file, text := range declared {
		files[file] = text
	}
	files["flora.json"] = newProject
	files["tsconfig.json"] = tsconfig(nil)
	files[".gitignore"] = ".flora/\nnode_modules/\n"
	files["README.md"] = fmt.Sprintf(readme, name, template.Description)
	return files, nil
}

const newProject = `{
  "$schema": "./.flora/types/flora.schema.json",
  "entry": "src/main.ts"
}
`

const readme = "# %s\n\nA bot for Flora: %s.\n\n" + "```sh\n" +
	`flora dev     # runs it in a simulated Discord, and again after each save
flora test    # runs src/main.test.ts
flora check   # bundles it and checks the types
flora types   # writes .flora/types anew, which git does not keep
flora deploy  # gives it to a server
` + "```\n"

// settle decides what is written: nothing at all when something is in the way.
func (m *made) settle(dir string, files map[string]string, force bool) error {
	var taken []string
	for name, text := range files {
		there, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		switch {
		case errors.Is(err, fs.ErrNotExist):
			m.Files = append(m.Files, name)
		case err != nil:
			return usage("%s is in the way: %s", name, reason(err))
		case string(there) == text, name == "README.md":
			m.Kept = append(m.Kept, name)
		case name == ".gitignore":
			if files[name] = withLines(string(there), text); files[name] == string(there) {
				m.Kept = append(m.Kept, name)
			} else {
				m.Files = append(m.Files, name)
			}
		case force, strings.HasPrefix(name, ".flora/"):
			m.Files = append(m.Files, name)
		default:
			taken = append(taken, name)
		}
	}
	for _, name := range project.Files() {
		if _, ours := files[name]; !ours && regular(filepath.Join(dir, name)) {
			return coded(Conflict, "%s has a project file already: %s; `flora dev` runs it as it is", dir, name)
		}
	}
	if len(taken) > 0 {
		slices.Sort(taken)
		return coded(Conflict, "nothing was written, because these are there already:\n  %s\nTake another folder, or --force to replace them.", strings.Join(taken, "\n  "))
	}
	slices.Sort(m.Files)
	slices.Sort(m.Kept)
	return nil
}

// withLines is the text with the lines that it lacks at its end.
func withLines(text, lines string) string {
	have := map[string]bool{}
	for line := range strings.Lines(text) {
		have[strings.Trim(line, "/ \t\r\n")] = true
	}
	for line := range strings.Lines(lines) {
		if have[strings.Trim(line, "/\n")] {
			continue
		}
		if text != "" && !strings.HasSuffix(text, "\n") {
			text += "\n"
		}
		text += line
	}
	return text
}

// fitForProject refuses folders that cannot be made, or that some systems could
// not read.
func fitForProject(target string) error {
	info, err := os.Stat(target)
	if err == nil {
		if !info.IsDir() {
			return usage("%s is a file, not a folder; name another one", target)
		}
		return nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return usage("%s cannot be used: %s", target, reason(err))
	}
	return validName(filepath.Base(target))
}

// validName refuses names of folders that Windows cannot have, wherever this is:
// projects are shared.
func validName(name string) error {
	bad := func(why string) error {
		return usage("%q is no good name for a folder: %s; take letters, digits, - and _", name, why)
	}
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	switch {
	case name == "" || !utf8.ValidString(name):
		return bad("it is not valid text")
	case len(name) > 100:
		return bad("it has more than 100 bytes")
	case strings.ContainsAny(name, `<>:"|?*\`):
		return bad(`it has one of <>:"|?*\`)
	case strings.ContainsFunc(name, unicode.IsControl):
		return bad("it has a control character")
	case strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") || strings.HasPrefix(name, " "):
		return bad("it begins or ends with a space, or ends with a full stop")
	case strings.HasPrefix(name, "-"):
		return bad("it begins with -, which commands take for a flag")
	case slices.Contains(devices, stem) || len(stem) == 4 && (strings.HasPrefix(stem, "com") || strings.HasPrefix(stem, "lpt")) && stem[3] >= '1' && stem[3] <= '9':
		return bad("Windows keeps it for a device")
	}
	return nil
}

var devices = []string{"con", "prn", "aux", "nul"}

// reason is an error's without the path, which the message has already.
func reason(err error) string {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err.Error()
	}
	return err.Error()
}

// indented is a JSON document as people write it.
func indented(doc any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(doc); err != nil {
		panic(err) // Only called with maps of texts.
	}
	return b.String()
}
