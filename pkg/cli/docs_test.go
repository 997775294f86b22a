package cli

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "rewrite the commands in docs/cli.md")

const page = "../../docs/cli.md"

// TestThePageHasEveryCommand holds the commands' part of the page to cobra.
func TestThePageHasEveryCommand(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- commands -->\n", "<!-- end -->"
	got := string(b)
	head, rest, ok := strings.Cut(got, begin)
	_, tail, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("%s lacks its marks", page)
	}
	var commands strings.Builder
	everyCommand((&app{}).root(), func(c *cobra.Command) {
		if c.HasParent() && !c.Hidden {
			describe(&commands, c)
		}
		// What prints a document says which.
		if c.HasParent() && !c.HasSubCommands() && !c.Hidden && !strings.Contains(head, "`"+c.CommandPath()+"` |") && !strings.Contains(head, "`"+c.CommandPath()+"` ") {
			t.Errorf("%s does not say what `%s --json` prints", page, c.CommandPath())
		}
	})
	want := head + begin + commands.String() + end + tail
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s is not what the commands say; run this test with -update (-want +got):\n%s", page, diff)
	}
}

// describe writes a command's part of the page.
func describe(b *strings.Builder, c *cobra.Command) {
	fmt.Fprintf(b, "\n### %s\n\n", c.CommandPath())
	if c.HasSubCommands() {
		fmt.Fprintf(b, "%s.\n", c.Short)
		return
	}
	text := c.Long
	if text == "" {
		text = c.Short + "."
	}
	for i, paragraph := range strings.Split(strings.TrimSpace(text), "\n\n") {
		if i > 0 {
			b.WriteString("\n")
		}
		if strings.HasPrefix(paragraph, "  ") {
			fmt.Fprintf(b, "```\n%s\n```\n", paragraph)
			continue
		}
		fmt.Fprintf(b, "%s\n", plain(paragraph))
	}
	fmt.Fprintf(b, "\n```sh\n# %s\n", c.UseLine())
	for line := range strings.Lines(c.Example) {
		b.WriteString(strings.TrimSpace(line) + "\n")
	}
	b.WriteString("```\n")
	var rows []string
	c.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" && !f.Hidden {
			rows = append(rows, row(f))
		}
	})
	if len(rows) > 0 {
		b.WriteString("\n| flag | |\n| --- | --- |\n" + strings.Join(rows, ""))
	}
}

// plain keeps what would be markup as it is.
func plain(text string) string {
	return strings.NewReplacer("<", `\<`, "*", `\*`, "|", `\|`).Replace(text)
}

func row(f *pflag.Flag) string {
	name := "`--" + f.Name + "`"
	if f.Shorthand != "" {
		name += ", `-" + f.Shorthand + "`"
	}
	kind, usage := pflag.UnquoteUsage(f)
	if kind != "" {
		name += " " + kind
	}
	if f.DefValue != "" && f.DefValue != "false" && f.DefValue != "0" && f.DefValue != "[]" && f.DefValue != "0s" {
		usage += "; `" + f.DefValue + "` without it"
	}
	return "| " + name + " | " + plain(usage) + " |\n"
}
