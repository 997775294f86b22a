package sdkbundle_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
	sdkbundle "github.com/flora-runtime/flora-runtime/sdk-bundle"
	"github.com/flora-runtime/flora-runtime/v8ops/endpoint"
)

// tsc gives TypeScript's compiler, in the version that package.json pins.
var tsc = sync.OnceValues(func() (string, error) {
	compiler := filepath.Join("node_modules", ".bin", "tsc")
	if installed() {
		return compiler, nil
	}
	out, err := exec.Command("npm", "ci", "--no-audit", "--no-fund").CombinedOutput() //nolint:noctx // npm's own time limits hold.
	if err != nil {
		return "", fmt.Errorf("npm ci: %w\n%s", err, out)
	}
	return compiler, nil
})

// installed tells whether node_modules holds what package.json pins.
func installed() bool {
	var want struct {
		DevDependencies map[string]string `json:"devDependencies"`
	}
	var have struct {
		Version string `json:"version"`
	}
	pinned, err := os.ReadFile("package.json")
	if err != nil || json.Unmarshal(pinned, &want) != nil {
		return false
	}
	there, err := os.ReadFile(filepath.Join("node_modules", "typescript", "package.json"))
	if err != nil || json.Unmarshal(there, &have) != nil {
		return false
	}
	return have.Version == want.DevDependencies["typescript"]
}

func TestTypeScriptAgrees(t *testing.T) {
	t.Parallel()
	for _, project := range []string{"tsconfig.json", filepath.Join("testing", "tsconfig.json"), filepath.Join("testing", "test", "tsconfig.json")} {
		check(t, "-p", project)
	}
	// What is made of the endpoint table goes beside what is written by hand.
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	project := t.TempDir()
	config := fmt.Sprintf(`{"extends": %[1]q, "include": [%[2]q, %[3]q, %[4]q, %[5]q, "rest.d.ts"]}`,
		filepath.Join(dir, "typetest", "tsconfig.json"), filepath.Join(dir, "types", "*.d.ts"),
		filepath.Join(dir, "typetest", "*.ts"), filepath.Join(dir, "..", "examples", "*", "src", "**", "*.ts"), filepath.Join(dir, "..", "examples", "*", "main.ts"))
	for name, text := range map[string]string{"tsconfig.json": config, "rest.d.ts": sdkbundle.RestTypes()} {
		if err := os.WriteFile(filepath.Join(project, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check(t, "-p", project)
}

// The declarations that authors get are one text; it must be right alone, and
// the documentation's examples must compile with it.
func TestTypesForAuthors(t *testing.T) {
	t.Parallel()
	text, err := sdkbundle.Types()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(text, "// What a Flora script can use") {
		t.Errorf("the introduction is not at the top: %.80s", text)
	}
	project := map[string]string{
		"tsconfig.json": `{"compilerOptions":{"strict":true,"noEmit":true,"types":[],"target":"ES2022","module":"ESNext","lib":["ES2023"]},"include":["*.ts"]}`,
		"flora.d.ts":    text,
	}
	all := examples(t)
	if len(all) < 20 {
		t.Fatalf("found only %d examples in the documentation", len(all))
	}
	for i, example := range all {
		project[fmt.Sprintf("example%d.ts", i)] = example + "\nexport {};\n"
	}
	dir := t.TempDir()
	for name, contents := range project {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check(t, "-p", dir)
}

var fence = regexp.MustCompile("(?s)```ts\n(.*?)```")

// examples are the scripts in the pages for authors.
func examples(t *testing.T) []string {
	t.Helper()
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, name := range pages {
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range fence.FindAllStringSubmatch(string(page), -1) {
			out = append(out, m[1])
		}
	}
	return out
}

// The examples do not only compile, they load.
func TestExamplesLoad(t *testing.T) {
	t.Parallel()
	ops := append(slices.Clone(kvOps), "op_denokv_read", "op_denokv_commit", "op_denokv_watch", "op_schedule_create", "op_schedule_cancel", "op_schedule_list")
	for _, e := range endpoint.All() {
		ops = append(ops, e.Op())
	}
	for _, example := range examples(t) {
		out := api.Transform(example, api.TransformOptions{Loader: api.LoaderTS, Format: api.FormatESModule})
		if len(out.Errors) > 0 {
			t.Errorf("%s\n%+v", example, out.Errors)
			continue
		}
		_, failure := isolatetest.TryLoad(t, string(out.Code), isolatetest.Options{
			Ops: ops,
			Answer: func(c isolatetest.Call) (string, bool, bool) {
				switch c.Op {
				case "op_kv_get_with_metadata":
					return `{"value":"5","metadata":null,"expiration":null,"version":1}`, true, true
				case "op_kv_get_many":
					return `[]`, true, true
				case "op_kv_increment":
					return `1`, true, true
				case "op_denokv_read":
					return `[[]]`, true, true
				case "op_denokv_commit":
					return `{"ok":true,"version":"00000000000000010000"}`, true, true
				case "op_schedule_list":
					return `[]`, true, true
				case "op_schedule_cancel":
					return `true`, true, true
				case "op_kv_list_keys":
					return `{"keys":[],"listComplete":true}`, true, true
				}
				if c.Op == "op_delete_message" {
					return `{"class":"Error","message":"no","code":"NOT_FOUND"}`, false, true
				}
				return `{"id":"5","audit_log_entries":[]}`, true, true
			},
		})
		if failure != nil {
			t.Errorf("%s\n%s", example, failure.Text)
		}
	}
}

func check(t *testing.T, args ...string) {
	t.Helper()
	compiler, err := tsc()
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), compiler, args...).CombinedOutput() //nolint:gosec // A pinned tool of this folder.
	if err != nil {
		t.Errorf("tsc %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
