package cli

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestLinksNothingHeavy: the tool cross-compiles and stays small.
func TestLinksNothingHeavy(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", "list", "-deps", "-f", "{{.ImportPath}} {{len .CgoFiles}}", "github.com/flora-runtime/flora-runtime/cmd/flora")
	cmd.Env = append(cmd.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/flora-runtime/flora-runtime/"
	allowed := []string{
		module + "cmd/flora", module + "pkg/cli", module + "pkg/client", module + "pkg/clock", module + "pkg/snowflake",
		module + "pkg/watch", module + "pkg/project", module + "pkg/recipe", module + "pkg/trial/report",
		// Templates and declarations are embedded.
		module + "examples", module + "sdk-bundle", module + "sdk-bundle/testing", module + "v8ops/endpoint", module + "pkg/op", module + "pkg/fault",
		"github.com/spf13/", "github.com/inconshreveable/mousetrap", "github.com/agnivade/levenshtein", "golang.org/x/",
		"github.com/cli/browser",   // login
		"github.com/aymanbagabas/", // diff
		"github.com/fsnotify/",     // dev
		"github.com/cenkalti/backoff/v5",
		// Bundling where the author is.
		"github.com/evanw/esbuild/", "github.com/tailscale/hujson", "github.com/Masterminds/semver/v3", "github.com/tdewolff/parse/",
		"github.com/tidwall/", "github.com/bmatcuk/doublestar/v4",
	}
	for line := range strings.Lines(string(out)) {
		name, cgo, _ := strings.Cut(strings.TrimSpace(line), " ")
		if cgo != "0" {
			t.Errorf("%s has %s files with cgo", name, cgo)
		}
		if first, _, _ := strings.Cut(name, "/"); !strings.Contains(first, ".") {
			continue // The standard library.
		}
		ok := false
		for _, a := range allowed {
			ok = ok || name == a || strings.HasSuffix(a, "/") && strings.HasPrefix(name, a)
		}
		if !ok {
			t.Errorf("the tool links %s", name)
		}
	}
}
