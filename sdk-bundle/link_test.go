package sdkbundle_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
	sdkbundle "github.com/flora-runtime/flora-runtime/sdk-bundle"
)

// TestLinking runs scripts of made-up modules. Each tells in the global `out`
// what it did; parts that nothing called must not have run.
func TestLinking(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		modules map[string]string
		want    string // Of out, or of the error.
	}{
		{"a part runs when it is called, once", map[string]string{
			"index": `import { tell } from "./tell"; tell("core"); const load = () => import("./a") as any; tell("before"); load().f(); load().f();`,
			"tell":  `(globalThis as any).out = ""; export function tell(s: string): void { (globalThis as any).out += s + " "; }`,
			"a":     `import { tell } from "./tell"; tell("part"); export const f = () => tell("called");`,
		}, "core before part called called "},
		{"what two parts import is one", map[string]string{
			"index": `(globalThis as any).out = []; const out: any[] = (globalThis as any).out; out.push((import("./a") as any).a === (import("./b") as any).b);`,
			"a":     `import { shared } from "./c"; export const a = shared;`,
			"b":     `import { shared } from "./c"; export { shared as b } from "./c"; export const x = shared;`,
			"c":     `export const shared = { };`,
		}, "true"},
		{"a variable of the core stays one", map[string]string{
			"index": `import { set } from "./v"; set(1); const { get } = import("./a") as any; set(2); (globalThis as any).out = get();`,
			"v":     `export let v = 0; export function set(n: number): void { v = n; }`,
			"a":     `import { v } from "./v"; export const get = () => v;`,
		}, "2"},
		{"names of the core's that clash", map[string]string{
			"index": `import { name } from "./x"; import { name as other } from "./y"; (globalThis as any).out = { toString: () => name + other + (import("./a") as any).both() };`,
			"x":     `export const name = "x";`,
			"y":     `export const name = "y";`,
			"a":     `import { name } from "./x"; import { type T, name as mine } from "./y"; import type { U } from "./z"; const name2 = "own"; export const both = (): string => name + mine + name2; export type V = T | U;`,
			"z":     `export type U = 1;`,
		}, "xyxyown"},
		{"names of a part's that the core has, too", map[string]string{
			"index": `const inner = "core"; (globalThis as any).out = inner + (import("./a") as any).a + (import("./b") as any).b;`,
			"a":     `const inner = "a"; export const a = inner;`,
			"b":     `const inner = "b"; export const b = inner;`,
		}, "coreab"},
		{"a part of a part", map[string]string{
			"index": `(globalThis as any).out = (import("./a") as any).a();`,
			"a":     `export const a = () => (import("./b") as any).b;`,
			"b":     `export const b = "b";`,
		}, "b"},
		{"a part that fails runs again", map[string]string{
			"index": `import { tries } from "./t"; const load = () => import("./a") as any; try { load(); } catch {} (globalThis as any).out = load().a + tries.n;`,
			"t":     `export const tries = { n: 0 };`,
			"a":     `import { tries } from "./t"; tries.n++; if (tries.n === 1) throw 1; export const a = "made ";`,
		}, "made 2"},
		{"a part that is of the core", map[string]string{
			"index": `import "./a"; import("./a");`, "a": `export const a = 1;`,
		}, "src/a.ts is named in import(), but what runs at the start imports it as well; it can be no part"},
		{"a global that a script can change", map[string]string{
			"index": `import("./a");`, "a": "export const a = 1;\nexport const keys = Object.keys({});",
		}, "src/a.ts: var keys = Object.keys({});"},
		{"a global by the global object", map[string]string{
			"index": `import("./a");`, "a": `export const { Map: M } = globalThis as any;`,
		}, "src/a.ts: var { Map: M } = globalThis;"},
		{"a namespace of the core", map[string]string{
			"index": `import "./v"; import("./a");`, "v": `export const v = 1;`, "a": `import * as v from "./v"; export const a = v;`,
		}, `src/a.ts takes from src/v.ts, which is of the core, in another form than import { a, b } from "./module";`},
		{"a variable of the core that has another name there", map[string]string{
			"index": `import "./w"; import { set } from "./v"; set(1); import("./a");`,
			"w":     `export let v = 0; (globalThis as any).w = () => v++;`, "v": `export let v = 0; export function set(n: number): void { v = n; }`,
			"a": `import { v } from "./v"; export const a = () => v;`,
		}, "src/a.ts: v of src/v.ts changes and must have its own name, but is v2 in the core: rename what else is called so"},
		{"a module that is not there", map[string]string{"index": `import "./none";`}, "src/none.ts"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tree := fstest.MapFS{}
			for name, text := range tt.modules {
				// A statement a line, as the sources have it.
				tree["src/"+name+".ts"] = &fstest.MapFile{Data: []byte(strings.ReplaceAll(text, "; ", ";\n"))}
			}
			script, err := sdkbundle.Link(tree)
			if err != nil {
				if !strings.Contains(err.Error(), tt.want) {
					t.Errorf("got the error %v, want %s", err, tt.want)
				}
				return
			}
			r := isolatetest.Load(t, "(0, eval)("+quote(t, script)+"); console.log(String(out));", isolatetest.Options{})
			if got := strings.Join(logs(r), "\n"); got != tt.want {
				t.Errorf("got %q, want %q\n%s", got, tt.want, script)
			}
		})
	}
}
