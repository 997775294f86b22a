// Package flora_test holds the rules that no single package can hold: which
// way imports point, and that each package says what it is for.
package flora_test

import (
	"context"
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const module = "github.com/flora-runtime/flora-runtime/"

// rule forbids packages that match from to depend on packages that match any
// of to, directly or, with deep, at any distance. A pattern is a path below
// the module, or a whole import path; a trailing "/..." takes what is below it.
type rule struct {
	from   string
	except []string
	to     []string
	deep   bool
	why    string
}

var rules = []rule{
	{from: "pkg/v8", to: []string{"pkg/...", "v8ops/...", "sdk-bundle"}, why: "the engine's binding knows nothing of Flora"},
	{from: "pkg/isolate", to: []string{"pkg/discord", "pkg/bot", "pkg/deploy", "pkg/wire", "pkg/op", "v8ops/...", "sdk-bundle"}, deep: true, why: "an isolate knows neither Discord nor how it is reached"},
	{from: "pkg/worker", to: []string{"pkg/discord", "pkg/bot", "pkg/kv", "pkg/store/...", "pkg/api", "pkg/auth", "pkg/config", "v8ops/..."}, deep: true, why: "a worker holds nothing worth stealing"},
	{from: "pkg/supervisor", to: []string{"pkg/v8", "pkg/isolate", "pkg/worker", "pkg/discord", "pkg/bot"}, deep: true, why: "control never runs a line of script"},
	{from: "pkg/bot", to: []string{"pkg/v8", "pkg/isolate", "pkg/worker", "pkg/api"}, deep: true, why: "control never runs a line of script"},
	{from: "pkg/api", to: []string{"pkg/v8", "pkg/isolate", "pkg/worker", "pkg/supervisor", "pkg/wire"}, why: "routes know services, not isolates"},
	{from: "v8ops/...", to: []string{"pkg/bot", "pkg/api", "pkg/supervisor", "pkg/worker", "pkg/isolate", "pkg/v8"}, deep: true, why: "an op is a handler in control"},
	{from: "pkg/...", except: []string{"pkg/store/...", "pkg/kv"}, to: []string{"github.com/cockroachdb/pebble/v2/...", "github.com/jackc/pgx/v5/...", "github.com/redis/rueidis/..."}, why: "databases stand behind the services' interfaces"},
	{from: "pkg/...", except: []string{"pkg/discord", "pkg/discordsim"}, to: []string{"github.com/diamondburned/arikawa/v3/..."}, why: "Discord stands behind pkg/discord"},
	{from: "pkg/...", except: []string{"pkg/bundle", "pkg/recipe", "pkg/project"}, to: []string{"github.com/evanw/esbuild/..."}, why: "foreign sources are parsed in the bundle child and by the author's own tool only"},
	{from: "pkg/...", except: []string{"pkg/cli"}, to: []string{"pkg/project"}, why: "a project on a disk is bundled by the author's own tool only"},
	{from: "pkg/project", to: []string{"pkg/bundle", "pkg/deploy", "pkg/api", "C"}, deep: true, why: "the CLI cross-compiles and stays small"},
	{from: "pkg/...", except: []string{"pkg/v8"}, to: []string{"rogchap.com/v8go"}, why: "V8 stands behind pkg/v8"},
	{from: "cmd/flora", to: []string{"pkg/v8", "pkg/isolate", "pkg/bot", "pkg/app", "pkg/kv", "pkg/store/...", "C"}, deep: true, why: "the CLI cross-compiles and stays small"},
	{from: "cmd/flora", to: []string{"pkg/api", "pkg/discord", "pkg/discordsim", "pkg/supervisor"}, deep: true, why: "the CLI speaks HTTP only"},
	{from: "v8ops/endpoint", to: []string{"pkg/discord", "pkg/scope", "v8ops/outbound", "v8ops/body"}, deep: true, why: "the table is data: the SDK's types and the documentation are made of it"},
	{from: "sdk-bundle", to: []string{"pkg/discord", "pkg/v8", "pkg/isolate"}, deep: true, why: "the SDK is bundled without knowing Discord's client or the engine"},
	{from: "pkg/...", except: []string{"pkg/discordsim/contract"}, to: []string{"pkg/discordsim/contract", "github.com/santhosh-tekuri/jsonschema/v6/..."}, why: "only tests hold the wire against Discord's document"},
	{from: "pkg/egress", to: []string{"pkg/discord", "pkg/bot", "pkg/api", "pkg/supervisor", "pkg/v8", "pkg/isolate", "pkg/store/...", "v8ops/..."}, deep: true, why: "what goes out knows only which guild asks"},
	{from: "pkg/subtle", to: []string{"pkg/v8", "pkg/isolate", "pkg/platform", "pkg/op", "pkg/wire", "v8ops/..."}, deep: true, why: "keys meet nothing but cryptography"},
	{from: "pkg/platform", to: []string{"pkg/...", "v8ops/..."}, why: "what a script's strings meet in a worker stands alone"},
	{from: "pkg/...", except: []string{"pkg/app", "pkg/trial", "pkg/kv", "pkg/store/..."}, to: []string{"pkg/store/...", "db/..."}, why: "services know the interface, not which database is behind it"},
	{from: "pkg/...", except: []string{"pkg/telemetry/...", "pkg/app"}, to: []string{"github.com/prometheus/..."}, why: "what is measured stands behind interfaces of those who measure"},
	{from: "pkg/...", except: []string{"pkg/telemetry/...", "pkg/trace"}, to: []string{"go.opentelemetry.io/..."}, why: "spans are begun through pkg/trace only"},
	{from: "pkg/playground", to: []string{"pkg/...", "v8ops/...", "sdk-bundle"}, deep: true, why: "a page knows HTTP only, and what it may ask is a list in one place"},
	{from: "pkg/...", except: []string{"pkg/app"}, to: []string{"pkg/trial"}, why: "tests of scripts have control and isolates in one process, which nothing else may"},
	{from: "pkg/trial/report", to: []string{"pkg/...", "v8ops/..."}, why: "the CLI links it"},
	{from: "pkg/fault", to: []string{"pkg/..."}, why: "everything may depend on the error type"},
	{from: "pkg/snowflake", to: []string{"pkg/..."}, why: "everything may depend on ids"},
}

type listed struct {
	ImportPath, Dir, Name string
	Imports, Deps         []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, "go", "list", "-json=ImportPath,Dir,Name,Imports,Deps", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func matches(pattern, path string) bool {
	base, below := strings.CutSuffix(pattern, "/...")
	path = strings.TrimPrefix(path, module)
	return path == base || below && strings.HasPrefix(path, base+"/")
}

func matchesAny(patterns []string, path string) bool {
	for _, p := range patterns {
		if matches(p, path) {
			return true
		}
	}
	return false
}

func TestImportsPointOneWay(t *testing.T) {
	t.Parallel()
	all := packages(t)
	for _, r := range rules {
		found := false
		for _, p := range all {
			if !matches(r.from, p.ImportPath) || matchesAny(r.except, p.ImportPath) {
				continue
			}
			found = true
			deps := p.Imports
			if r.deep {
				deps = p.Deps
			}
			for _, d := range deps {
				if matchesAny(r.to, d) {
					t.Errorf("%s must not depend on %s: %s", strings.TrimPrefix(p.ImportPath, module), strings.TrimPrefix(d, module), r.why)
				}
			}
		}
		if !found {
			t.Errorf("rule for %s matches no package", r.from)
		}
	}
}

func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		files, err := filepath.Glob(filepath.Join(p.Dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		comments := 0
		sources := 0
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			sources++
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if f.Doc != nil {
				comments++
			}
		}
		if sources > 0 && comments != 1 {
			t.Errorf("%s has %d package comments, want exactly one", p.ImportPath, comments)
		}
	}
}
