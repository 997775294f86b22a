package author

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// begin makes a project with nothing but what flora init writes.
func begin(t *testing.T, args ...string) command {
	t.Helper()
	c := command{dir: t.TempDir(), env: environment(t)}
	c.must(t, "flora", append([]string{"init"}, args...)...)
	return c
}

// install puts packages into the project's node_modules; names are of files
// there.
func install(t *testing.T, c command, files map[string]string) {
	t.Helper()
	for name, text := range files {
		write(t, c.dir, "node_modules/"+name, text)
	}
}

// TestEditorsKnowTheTypes: what an editor shows is what tsc says with the
// project's tsconfig.json.
func TestEditorsKnowTheTypes(t *testing.T) {
	t.Parallel()
	c := begin(t)
	tsc := compiler(t)
	if out := c.must(t, tsc, "-p", "."); out != "" {
		t.Errorf("%s", out)
	}
	// Types are there, not just missing everywhere.
	write(t, c.dir, "src/wrong.ts", `import { createTestBot } from "@flora/sdk/testing";
on("messageCreate", (ctx) => ctx.repply("x"));
const bot = await createTestBot({ file: "src/main.ts" });
await bot.shout("x");
slash({ name: "a", description: "b", options: [{ name: "n", description: "c", type: "integer", required: true }], run: (ctx) => ctx.options.n.toUpperCase() });
process.exit(1);
document.title;
`)
	out, code := c.run(t, tsc, "-p", ".", "--pretty", "false")
	if code == 0 {
		t.Error("wrong sources are right")
	}
	for _, want := range []string{"wrong.ts(2,34): error TS2551", "wrong.ts(4,11): error TS2339", "wrong.ts(5,143): error TS2339", "wrong.ts(6,1): error TS2", "wrong.ts(7,1): error TS2"} {
		if !strings.Contains(out, "src/"+want) {
			t.Errorf("there is no %s in\n%s", want, out)
		}
	}
}

// TestImportsHaveTypes: everything that a script can import is known to
// TypeScript once flora types has run.
func TestImportsHaveTypes(t *testing.T) {
	t.Parallel()
	c := begin(t)
	install(t, c, map[string]string{
		"esm/package.json":            `{"name":"esm","version":"3.1.0","type":"module","exports":{".":{"types":"./i.d.ts","default":"./i.js"},"./sub":{"types":"./sub.d.ts","default":"./sub.js"}}}`,
		"esm/i.d.ts":                  "export interface Shape { a: number }\nexport declare const named: Shape;\nexport default function f(): string;\n",
		"esm/i.js":                    "export const named = { a: 1 };\nexport default () => 'x';\n",
		"esm/sub.d.ts":                "export declare const sub: number;\n",
		"esm/sub.js":                  "export const sub = 1;\n",
		"cjs/package.json":            `{"name":"cjs","version":"1.2.0","main":"i.js","types":"i.d.ts"}`,
		"cjs/i.d.ts":                  "declare function c(): number;\ndeclare namespace c { const x: string; interface O {} }\nexport = c;\n",
		"cjs/i.js":                    "module.exports = () => 1; module.exports.x = 'x';\n",
		"plain/package.json":          `{"name":"plain","version":"1.0.0","main":"i.js"}`,
		"plain/i.js":                  "module.exports = { anything: 1 };\n",
		"@jsr/std__text/package.json": `{"name":"@jsr/std__text","version":"1.0.0","type":"module","exports":{".":{"types":"./i.d.ts","default":"./i.js"}}}`,
		"@jsr/std__text/i.d.ts":       "export declare function upper(text: string): string;\n",
		"@jsr/std__text/i.js":         "export const upper = (t) => t.toUpperCase();\n",
	})
	write(t, c.dir, "flora.json", `{ "entry": "src/main.ts", "imports": { "short": "npm:esm@^3", "@/": "./src/" } }`)
	write(t, c.dir, "src/part.ts", "export const part = 5;\n")
	write(t, c.dir, "src/words.json", `["a"]`)
	write(t, c.dir, "src/text.txt", "text")
	write(t, c.dir, "src/main.ts", `import f, { named, type Shape } from "npm:esm@3.1.0";
import { sub } from "npm:esm@3/sub";
import c, { x, type O } from "npm:cjs@1";
import { upper } from "jsr:@std/text@^1";
import again from "short";
import { part } from "@/part";
import { part as same } from "./part.ts";
import words from "./words.json";
import text from "./text.txt";
import type { MessageContext } from "@flora/sdk";
import { on as listen } from "@uwu/flora-sdk";
import plain, { anything } from "npm:plain@1";

const shape: Shape = named;
const o: O = {};
const s: string = f() + x + upper("a") + again() + text + words[0]!.trim();
const n: number = sub + c() + shape.a + part + same;
listen("messageCreate", (ctx: MessageContext) => console.log(s, n, o, plain, anything, ctx.author.id));
// @ts-expect-error It gives a text.
const wrong: number = f();
// @ts-expect-error It takes a text.
upper(1);
// @ts-expect-error It gives a text.
const alias: number = again();
// @ts-expect-error It is a number.
const inside: string = part;
console.log(wrong, alias, inside);
`)
	// The project's own tsconfig.json stays; this one is made for the import map.
	if err := os.Remove(filepath.Join(c.dir, "tsconfig.json")); err != nil {
		t.Fatal(err)
	}
	c.must(t, "flora", "types")
	if out := c.must(t, compiler(t), "-p", "."); out != "" {
		t.Errorf("%s", out)
	}
	// What TypeScript knows is what is bundled.
	out := c.must(t, "flora", "check", "--json")
	if !strings.Contains(out, `"ok":true`) {
		t.Errorf("%s", out)
	}
}
