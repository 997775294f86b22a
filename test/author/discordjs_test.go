package author

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// preamble is what the page takes for granted in discord.js' snippets.
const preamble = `import { %s } from "discord.js";
`

// given are the names that stand for what handlers get.
var given = map[string]string{
	"client": "Client<true>", "message": "OmitPartialGroupDMChannel<import('discord.js').Message<true>>", "interaction": "ChatInputCommandInteraction<'cached'>", "guild": "Guild",
}

var imported = regexp.MustCompile(`\b(?:[A-Z][A-Za-z]*(?:Builder|Style|Types|Bits|Flags|Bits)|Client|Events|REST|Routes|ComponentType|ChannelType)\b`)

// TestDiscordJSSnippetsAreRight holds the snippets of the page for those who
// come from discord.js against the declarations of the real one. What is beside
// them for Flora is compiled and deployed where all snippets are.
func TestDiscordJSSnippetsAreRight(t *testing.T) {
	t.Parallel()
	all := blocks(t, "docs/from-discordjs.md")
	packages, err := modules()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Symlink(packages, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	theirs, ours := 0, 0
	for i, b := range all {
		switch b.language {
		case "ts":
			ours++
			continue
		case "js":
			theirs++
		default:
			t.Errorf("line %d: a block of %q", b.line, b.language)
			continue
		}
		// Each has its counterpart right below.
		if i+1 == len(all) || all[i+1].language != "ts" {
			t.Errorf("line %d: nothing of Flora follows", b.line)
		}
		names := imported.FindAllString(b.text, -1)
		slices.Sort(names)
		text := fmt.Sprintf(preamble, strings.Join(slices.Compact(names), ", "))
		if len(names) == 0 {
			text = ""
		}
		for name, kind := range given {
			if !strings.Contains(b.text, "const "+name+" =") {
				text += fmt.Sprintf("/** @type {import('discord.js').%s} */ let %s = /** @type {any} */ (undefined);\n", kind, name)
			}
		}
		write(t, dir, fmt.Sprintf("line%d.mjs", b.line), text+b.text)
	}
	if theirs < 12 || theirs != ours {
		t.Errorf("%d snippets of discord.js, %d of Flora", theirs, ours)
	}
	write(t, dir, "tsconfig.json", `{"compilerOptions":{"allowJs":true,"checkJs":true,"noEmit":true,"strict":true,"noImplicitAny":false,"skipLibCheck":true,"target":"ES2023","lib":["ES2023"],`+
		`"module":"NodeNext","moduleResolution":"NodeNext","moduleDetection":"force","types":["node"]},"include":["*.mjs"]}`)
	command{dir: dir}.must(t, compiler(t), "-p", ".")
}

// TestFloraSnippetsDoTheSame runs what stands beside discord.js on that page.
func TestFloraSnippetsDoTheSame(t *testing.T) {
	t.Parallel()
	c := begin(t)
	under := map[string][]string{}
	for _, b := range blocks(t, "docs/from-discordjs.md") {
		if b.language == "ts" {
			under[b.heading] = append(under[b.heading], b.text)
		}
	}
	for name, texts := range under {
		for i, text := range texts {
			file := name
			if len(texts) > 1 {
				file += fmt.Sprintf("-%d", i+1)
			}
			write(t, c.dir, "src/"+file+".ts", text)
		}
	}
	tests, err := os.ReadFile("testdata/from-discordjs.test.ts")
	if err != nil {
		t.Fatal(err)
	}
	write(t, c.dir, "src/main.test.ts", string(tests))
	for name, texts := range under {
		for i := range texts {
			if file := fmt.Sprintf("%s-%d", name, i+1); len(texts) > 1 && !strings.Contains(string(tests), `"`+file+`"`) || len(texts) == 1 && !strings.Contains(string(tests), `"`+name+`"`) {
				t.Errorf("no test uses the snippet %d under %q", i+1, name)
			}
		}
	}
	c.must(t, compiler(t), "-p", ".")
	if out := c.must(t, "flora", "test"); !strings.Contains(out, "13 passed in ") {
		t.Errorf("%s", out)
	}
}
