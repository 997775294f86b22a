package sdkbundle_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/discord/catalog"
	sdkbundle "github.com/flora-runtime/flora-runtime/sdk-bundle"
)

var eventEntry = regexp.MustCompile(`(?m)^    (\w+): (\w+)(?:<(\w+)>)?;$`)

// The declarations and the catalog name the same events, with the same payloads.
func TestTypesAndCatalogAgree(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join("types", "events.d.ts"))
	if err != nil {
		t.Fatal(err)
	}
	_, body, ok := strings.Cut(string(text), "  interface Events {\n")
	if !ok {
		t.Fatal("there is no interface Events")
	}
	body, _, _ = strings.Cut(body, "\n  }\n")
	// Contexts that are more than BaseContext have their payload in their name.
	own := map[string]string{
		"MessageContext": "Message", "InteractionContext": "CommandInteraction", "ComponentContext": "ComponentInteraction",
		"ModalContext": "ModalInteraction", "AutocompleteContext": "AutocompleteInteraction",
	}
	got := map[string]string{}
	for _, m := range eventEntry.FindAllStringSubmatch(body, -1) {
		got[m[1]] = m[3]
		if m[3] == "" {
			got[m[1]] = own[m[2]]
		}
	}
	want := map[string]string{catalog.Ready: "ReadyEvent"}
	for _, e := range catalog.Events() {
		for _, s := range e.Scripts {
			want[s.Name] = s.Object
			if !strings.Contains(body, "/** "+s.When+" */\n    "+s.Name+": ") {
				t.Errorf("the comment of %s is not %q", s.Name, s.When)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("events and their payloads (-catalog +declarations):\n%s", diff)
	}
}

// What scripts get of recorded events has the declared types: each recording is
// assigned to its type, in strict mode and with no member that is not declared.
func TestRecordedPayloadsHaveTheirTypes(t *testing.T) {
	t.Parallel()
	types, err := sdkbundle.Types()
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join("..", "pkg", "discord", "testdata", "events", "*.json"))
	if err != nil || len(names) < 70 {
		t.Fatalf("%d recordings, %v", len(names), err)
	}
	slices.Sort(names)
	var source strings.Builder
	for i, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var r struct {
			Event   string
			Payload json.RawMessage
		}
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&source, "// %s\nconst e%d: flora.Ctx<%q>[\"msg\"] = %s;\n", filepath.Base(name), i, r.Event, r.Payload)
	}
	dir := t.TempDir()
	for name, contents := range map[string]string{
		"tsconfig.json": `{"compilerOptions":{"strict":true,"noEmit":true,"types":[],"target":"ES2022","module":"ESNext","lib":["ES2023"]},"include":["*.ts"]}`,
		"flora.d.ts":    types, "payloads.ts": source.String() + "export {};\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(contents), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check(t, "-p", dir)
}
