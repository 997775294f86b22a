package endpoint_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/op"
	"github.com/flora-runtime/flora-runtime/v8ops/endpoint"
)

var update = flag.Bool("update", false, "rewrite the lists in docs/rest.md")

const page = "../../docs/rest.md"

// The lists in the documentation are those of the table.
func TestThePageListsTheTable(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	got := string(b)
	want := between(t, got, "<!-- list -->\n", "<!-- end -->", functions())
	want = between(t, want, "<!-- left out -->\n", "<!-- end of left out -->", leftOut())
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s is not what the table says; run this test with -update (-want +got):\n%s", page, diff)
	}
}

// between puts text between two marks.
func between(t *testing.T, whole, begin, end, text string) string {
	t.Helper()
	head, tail, ok := strings.Cut(whole, begin)
	_, tail, closed := strings.Cut(tail, end)
	if !ok || !closed {
		t.Fatalf("%s lacks the marks %s and %s", page, begin, end)
	}
	return head + begin + text + end + tail
}

func functions() string {
	var b strings.Builder
	for _, s := range endpoint.Sections() {
		fmt.Fprintf(&b, "\n### %s\n\n| function | arguments | result | rule | Discord's route |\n| --- | --- | --- | --- | --- |\n", s.Title)
		for _, e := range s.Rows {
			gives := ""
			if e.Gives != "" {
				gives = "`" + cell(e.Gives) + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | `%s %s` |\n", e.Function(), arguments(e), gives, e.Confinement(), e.Method, e.Path)
		}
		b.WriteString("\n")
		for _, e := range s.Rows {
			fmt.Fprintf(&b, "- `%s`: %s\n", e.Function(), e.Doc)
		}
	}
	return b.String() + "\n"
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }

func arguments(e endpoint.Endpoint) string {
	if e.Own {
		return "`" + cell(e.Takes) + "`"
	}
	var names []string
	for _, p := range e.Params() {
		if p.Rule == op.Guild && p.Name == "guildId" {
			continue // Which all of them have.
		}
		name := p.Name
		if !p.Required {
			name += "?"
		}
		names = append(names, "`"+name+"`")
	}
	return strings.Join(names, " ")
}

func leftOut() string {
	var b strings.Builder
	b.WriteString("| Discord's operation | why |\n| --- | --- |\n")
	for _, o := range slices.Sorted(maps.Keys(endpoint.LeftOut)) {
		fmt.Fprintf(&b, "| `%s` | %s |\n", o, endpoint.LeftOut[o])
	}
	return b.String()
}

// Names are unique, in the spelling of ops, and every row says what it is.
func TestRowsAreWhole(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, e := range endpoint.All() {
		if seen[e.Name] || e.Name != endpoint.Snake(endpoint.Camel(e.Name)) {
			t.Errorf("%s is there twice, or not spelt like an op", e.Name)
		}
		seen[e.Name] = true
		if e.Doc == "" || !strings.HasSuffix(e.Doc, ".") || e.Method == "" {
			t.Errorf("%s has no documentation, or no method", e.Name)
		}
		if e.Own != (e.Takes != "") || e.Own != (e.Rule != "") {
			t.Errorf("%s: rows with code of their own say what they take and their rule, and no others", e.Name)
		}
		_ = e.Parts() // Panics about a placeholder that there is not.
		names := map[string]bool{}
		for _, p := range e.Params() {
			if names[p.Name] && !e.Own {
				t.Errorf("%s takes %s twice", e.Name, p.Name)
			}
			names[p.Name] = true
		}
	}
}
