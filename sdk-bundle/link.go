package sdkbundle

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/evanw/esbuild/pkg/api"
)

// entry is the module that all others are found from.
const entry = "src/index.ts"

// linker makes one script of the SDK's modules. What entry imports, and what
// that imports, is the core: it runs when the snapshot is made, so every isolate
// has its functions and objects from the beginning. What a module names in
// import() is a part: a function inside the core's, which runs when it is first
// called, and costs an isolate nothing before. Parts see the core's names by
// their place in it; what several parts import is a part of its own.
type linker struct {
	tree fs.FS
	core map[string]bool // Modules, by their path.
	// parts are the modules in import().
	parts  []string
	needed map[name]*need

	mu sync.Mutex // Guards needed while esbuild loads modules.
}

// name is what a module exports.
type name struct{ module, name string }

// need is a name that parts import from the core.
type need struct {
	renamed bool   // A part calls it otherwise than its module.
	there   string // How the core calls it; "" for a type.
	alias   string // How parts reach it when they cannot by its own name, which may be theirs.
}

// link gives the script.
func link(tree fs.FS) (string, error) {
	l := &linker{tree: tree, needed: map[name]*need{}}
	if err := l.look(); err != nil {
		return "", err
	}
	core, err := l.bundleCore()
	if err != nil {
		return "", err
	}
	parts, err := l.bundleParts()
	if err != nil {
		return "", err
	}
	// Parts come first for their variables: the core may call them while it runs.
	return finish("(() => {\n" + parts + core + "})();\n")
}

func options() api.BuildOptions {
	return api.BuildOptions{
		Bundle: true,
		Write:  false,
		Format: api.FormatESModule,
		Outdir: "/out",
		Target: api.ES2022,
		// A single letter beyond Latin-1 would make V8 want two bytes a letter.
		Charset:  api.CharsetASCII,
		LogLevel: api.LogLevelSilent,
		// No tsconfig.json of the working directory may change the result. Strict
		// mode is what keeps the SDK's functions out of a script's stack frames.
		TsconfigRaw: `{"compilerOptions":{"alwaysStrict":true,"useDefineForClassFields":true}}`,
	}
}

func build(o api.BuildOptions) ([]api.OutputFile, error) {
	out := api.Build(o)
	if len(out.Errors) > 0 {
		return nil, failure(out.Errors)
	}
	return out.OutputFiles, nil
}

func failure(of []api.Message) error {
	return errors.New(strings.Join(api.FormatMessages(of, api.FormatMessagesOptions{}), "\n"))
}

// finish takes the white space away.
func finish(script string) (string, error) {
	out := api.Transform("\"use strict\";\n"+script, api.TransformOptions{
		Target: api.ES2022, Charset: api.CharsetASCII, LogLevel: api.LogLevelSilent,
		// Names stay readable for profiles.
		MinifyWhitespace: true,
	})
	if len(out.Errors) > 0 {
		return "", failure(out.Errors)
	}
	return string(out.Code), nil
}

// modules resolves imports inside the tree only. Those in import() stay as
// partPrefix and the module's path. It notes what was loaded and what was named.
type modules struct {
	tree   fs.FS
	revise func(module, text string) (string, error)

	mu     sync.Mutex // Guards the members below.
	loaded map[string]bool
	named  map[string]bool
}

const partPrefix = "part:"

func newModules(tree fs.FS) *modules {
	return &modules{tree: tree, loaded: map[string]bool{}, named: map[string]bool{}}
}

func (m *modules) plugin() api.Plugin {
	return api.Plugin{Name: "modules", Setup: func(b api.PluginBuild) {
		b.OnResolve(api.OnResolveOptions{Filter: ".*"}, func(a api.OnResolveArgs) (api.OnResolveResult, error) {
			p := path.Clean(a.Path)
			if a.Kind != api.ResolveEntryPoint {
				p = path.Join("src", path.Clean("/" + a.Path)[1:]) + ".ts"
			}
			if a.Kind != api.ResolveJSDynamicImport {
				return api.OnResolveResult{Path: p, Namespace: "sdk"}, nil
			}
			m.mu.Lock()
			m.named[p] = true
			m.mu.Unlock()
			return api.OnResolveResult{Path: partPrefix + p, External: true}, nil
		})
		b.OnLoad(api.OnLoadOptions{Filter: ".*", Namespace: "sdk"}, func(a api.OnLoadArgs) (api.OnLoadResult, error) {
			m.mu.Lock()
			m.loaded[a.Path] = true
			m.mu.Unlock()
			text, err := read(m.tree, a.Path)
			if err == nil && m.revise != nil {
				text, err = m.revise(a.Path, text)
			}
			return api.OnLoadResult{Contents: &text, Loader: api.LoaderTS}, err
		})
	}}
}

func read(tree fs.FS, module string) (string, error) {
	if module == "src/endpoints.ts" {
		return endpointsModule(), nil
	}
	text, err := fs.ReadFile(tree, module)
	return string(text), err
}

// look finds the core, the parts and the names between them.
func (l *linker) look() error {
	m := newModules(l.tree)
	o := options()
	o.EntryPoints, o.Plugins = []string{entry}, []api.Plugin{m.plugin()}
	if _, err := build(o); err != nil {
		return err
	}
	l.core = m.loaded
	// Parts may name others.
	found := m.named
	for len(found) > len(l.parts) {
		l.parts = slices.Sorted(maps.Keys(found))
		m = newModules(l.tree)
		m.revise = l.note
		o.EntryPoints, o.Plugins = l.parts, []api.Plugin{m.plugin()}
		if _, err := build(o); err != nil {
			return err
		}
		maps.Copy(found, m.named)
	}
	for _, p := range l.parts {
		if l.core[p] {
			return fmt.Errorf("%s is named in import(), but what runs at the start imports it as well; it can be no part", p)
		}
	}
	return nil
}

// imported matches an import statement as the SDK's sources have it.
var imported = regexp.MustCompile(`(?m)^import (type )?\{([^}]*)\} from "\./([^"]+)";$`)

// otherwise matches what else would take names from another module.
var otherwise = regexp.MustCompile(`(?m)^(?:import|export)\b[^;"]*from "\./([^"]+)";`)

// note keeps what a part's module wants of the core.
func (l *linker) note(module, text string) (string, error) {
	return l.imports(module, text, func(n name, here string) (string, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.needed[n] == nil {
			l.needed[n] = &need{}
		}
		l.needed[n].renamed = l.needed[n].renamed || here != n.name
		return "", nil
	})
}

// imports replaces the import statements that name the core by what put gives
// for each name and what the module calls it.
func (l *linker) imports(module, text string, put func(n name, here string) (string, error)) (string, error) {
	if l.core[module] {
		return text, nil
	}
	var failed error
	text = imported.ReplaceAllStringFunc(text, func(statement string) string {
		parts := imported.FindStringSubmatch(statement)
		from := path.Join("src", parts[3]) + ".ts"
		if !l.core[from] {
			return statement
		}
		var out strings.Builder
		for spec := range strings.SplitSeq(parts[2], ",") {
			spec = strings.TrimSpace(spec)
			if parts[1] != "" || spec == "" || strings.HasPrefix(spec, "type ") {
				continue
			}
			there, here, renamed := strings.Cut(spec, " as ")
			if !renamed {
				here = there
			}
			s, err := put(name{from, there}, here)
			failed = errors.Join(failed, err)
			out.WriteString(s)
		}
		return out.String()
	})
	for _, m := range otherwise.FindAllStringSubmatch(text, -1) {
		if from := path.Join("src", m[1]) + ".ts"; l.core[from] {
			failed = errors.Join(failed, fmt.Errorf(`%s takes from %s, which is of the core, in another form than import { a, b } from "./module";`, module, from))
		}
	}
	return text, failed
}

// exported is the end of an ES module as esbuild writes it.
var exported = regexp.MustCompile(`export \{([^}]*)\};\n$`)

// pairs reads the names of an import or export clause.
func pairs(clause string) (out [][2]string) {
	for spec := range strings.SplitSeq(clause, ",") {
		if spec = strings.TrimSpace(spec); spec == "" {
			continue
		}
		a, b, renamed := strings.Cut(spec, " as ")
		if !renamed {
			b = a
		}
		out = append(out, [2]string{a, b})
	}
	return out
}

// bundleCore gives the core's code and learns how it calls what parts need.
func (l *linker) bundleCore() (string, error) {
	names := slices.SortedFunc(maps.Keys(l.needed), func(a, b name) int {
		return strings.Compare(a.module+" "+a.name, b.module+" "+b.name)
	})
	var all strings.Builder
	all.WriteString("import \"./index\";\n")
	for i, n := range names {
		fmt.Fprintf(&all, "export { %s as core%d } from \"./%s\";\n", n.name, i, strings.TrimSuffix(path.Base(n.module), ".ts"))
	}
	o := options()
	o.Stdin = &api.StdinOptions{Contents: all.String(), Loader: api.LoaderTS}
	o.Plugins = []api.Plugin{newModules(l.tree).plugin()}
	out, err := build(o)
	if err != nil {
		return "", err
	}
	code := string(out[0].Contents)
	calls := map[string]string{}
	if m := exported.FindStringSubmatch(code); m != nil {
		for _, p := range pairs(m[1]) {
			calls[p[1]] = p[0]
		}
	}
	code = exported.ReplaceAllString(code, "")
	for i, n := range names {
		need := l.needed[n]
		// What is not there is a type.
		if need.there = calls[fmt.Sprintf("core%d", i)]; need.there != "" && (need.renamed || need.there != n.name) {
			need.alias = fmt.Sprintf("$core%d", i)
			code += "const " + need.alias + " = " + need.there + ";\n"
		}
	}
	return l.callParts(code)
}

// changes matches a variable that is exported and changes.
var changes = regexp.MustCompile(`(?m)^export let (\w+)`)

// place gives a part's module the names of the core: they are in reach.
func (l *linker) place(module, text string) (string, error) {
	return l.imports(module, text, func(n name, here string) (string, error) {
		need := l.needed[n]
		if need.there == "" || need.there == here {
			return "", nil
		}
		source, err := read(l.tree, n.module)
		if err != nil {
			return "", err
		}
		for _, m := range changes.FindAllStringSubmatch(source, -1) {
			if m[1] == n.name {
				return "", fmt.Errorf("%s: %s of %s changes and must have its own name, but is %s in the core: rename what else is called so", module, n.name, n.module, need.there)
			}
		}
		return "const " + here + " = " + need.alias + ";", nil
	})
}

// language are the globals of the language that a script can replace, or whose
// members it can. Parts have no use for them: what they need was taken before.
var language = strings.Fields(`Object Function Array String Number Boolean Symbol BigInt Math JSON Reflect Proxy Promise Map Set WeakMap WeakSet WeakRef
	FinalizationRegistry Date RegExp Error TypeError RangeError SyntaxError ReferenceError EvalError URIError AggregateError ArrayBuffer DataView
	Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array BigInt64Array BigUint64Array
	SharedArrayBuffer Atomics Iterator Intl WebAssembly parseInt parseFloat isNaN isFinite decodeURI decodeURIComponent encodeURI encodeURIComponent escape unescape eval`)

// asked stands for a global in the code of parts, so that it is found.
const asked = "$global_"

var chunkImport = regexp.MustCompile(`(?m)^import (?:\{([^}]*)\} from )?"\./([^"]+)";\n`)

// bundleParts gives the parts as functions.
func (l *linker) bundleParts() (string, error) {
	if len(l.parts) == 0 {
		return "", nil
	}
	m := newModules(l.tree)
	m.revise = l.place
	o := options()
	o.Splitting, o.Plugins = true, []api.Plugin{m.plugin()}
	o.ChunkNames = "chunk-[hash]"
	o.Define = map[string]string{}
	for _, g := range language {
		o.Define[g] = asked + g
	}
	// What the core itself calls so is meant.
	for _, need := range l.needed {
		delete(o.Define, need.there)
	}
	for i, p := range l.parts {
		o.EntryPointsAdvanced = append(o.EntryPointsAdvanced, api.EntryPoint{InputPath: p, OutputPath: fmt.Sprintf("part%d", i)})
	}
	files, err := build(o)
	if err != nil {
		return "", err
	}
	slices.SortFunc(files, func(a, b api.OutputFile) int { return strings.Compare(a.Path, b.Path) })
	var out strings.Builder
	wrong := ""
	for _, f := range files {
		wrong += unsafe(f.Contents)
		out.WriteString(function(called(f.Path), string(f.Contents)))
	}
	if wrong != "" {
		return "", errors.New("parts ask for globals that a script may have changed; what they need of these must be taken before, in primordials.ts:\n" + wrong)
	}
	return l.callParts(out.String())
}

// ofGlobal matches the other way to a global.
var ofGlobal = regexp.MustCompile(`\bglobalThis\s*[.\[]|\}\s*=\s*globalThis\b`)

// unsafe gives the lines of a part's code that ask for globals, and the files
// that they are from.
func unsafe(code []byte) string {
	var out strings.Builder
	file := ""
	for line := range strings.Lines(string(code)) {
		if strings.HasPrefix(line, "// ") {
			file = strings.TrimSpace(line[3:])
		}
		if strings.Contains(line, asked) || ofGlobal.MatchString(line) {
			out.WriteString(file + ": " + strings.TrimSpace(strings.ReplaceAll(line, asked, "")) + "\n")
		}
	}
	return out.String()
}

// called is the name of the function that a file's code becomes.
func called(file string) string {
	return "$" + strings.ReplaceAll(strings.TrimSuffix(path.Base(file), ".js"), "-", "_")
}

// function makes a function of an ES module, which runs once. What it makes
// counts only when it came to its end: a script may run out of stack or of time
// in the middle.
func function(f, code string) string {
	var head, tail strings.Builder
	for _, m := range chunkImport.FindAllStringSubmatch(code, -1) {
		head.WriteString("const {")
		for _, p := range pairs(m[1]) {
			fmt.Fprintf(&head, "%s: %s,", p[0], p[1])
		}
		fmt.Fprintf(&head, "} = %s();\n", called(m[2]))
	}
	code = chunkImport.ReplaceAllString(code, "")
	if m := exported.FindStringSubmatch(code); m != nil {
		for _, p := range pairs(m[1]) {
			fmt.Fprintf(&tail, "%s: %s,", p[1], p[0])
		}
	}
	code = exported.ReplaceAllString(code, "")
	return fmt.Sprintf("let %[1]s$made;\nfunction %[1]s() {\nif (%[1]s$made !== undefined) return %[1]s$made;\n%[2]s%[3]s\nreturn %[1]s$made = { __proto__: null, %[4]s };\n}\n",
		f, head.String(), code, tail.String())
}

var partCall = regexp.MustCompile(`import\("` + partPrefix + `([^"]+)"\)`)

// callParts replaces import() by calls.
func (l *linker) callParts(code string) (string, error) {
	var failed error
	code = partCall.ReplaceAllStringFunc(code, func(s string) string {
		p := partCall.FindStringSubmatch(s)[1]
		i := slices.Index(l.parts, p)
		if i < 0 {
			failed = errors.Join(failed, fmt.Errorf("%s is no part", p))
		}
		return fmt.Sprintf("$part%d()", i)
	})
	return code, failed
}
