package sdkbundle_test

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

// denoNames are the values of Deno's namespace by Deno's own declarations, the
// package @types/deno of the version that Deno.version tells, each with its
// kind.
//
//go:embed testdata/deno_names.txt
var denoNames string

// there is what works; everything else of denoNames is refused.
var there = map[string]string{
	"env": "object", "inspect": "function", "args": "object", "noColor": "boolean", "Permissions": "function", "PermissionStatus": "function",
	"permissions": "object", "openKv": "function", "Kv": "function", "KvU64": "function", "AtomicOperation": "function", "KvListIterator": "function", "version": "object",
	"build": "object", "mainModule": "string", "cron": "function", "serve": "function",
}

// TestDenoHasEveryName walks Deno's own list: what is not there is refused with
// a text, and nothing is undefined.
func TestDenoHasEveryName(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, evaluator, isolatetest.Options{})
	rows := strings.Split(strings.TrimSpace(denoNames), "\n")
	if len(rows) < 150 {
		t.Fatalf("only %d names", len(rows))
	}
	for _, row := range rows {
		name, kind, _ := strings.Cut(row, " ")
		kind, _, _ = strings.Cut(kind, " ")
		if name == "cron" || name == "serve" {
			continue // They come with what runs them.
		}
		var code string
		switch {
		case there[name] != "":
			code = fmt.Sprintf(`if (typeof Deno.%s !== %q) throw "it is " + typeof Deno.%[1]s`, name, there[name])
		case name == "stdin" || name == "stdout" || name == "stderr":
			code = fmt.Sprintf(`if (typeof Deno.%s !== "object") throw "it is no object"`, name)
		case strings.HasPrefix(name, "errors."):
			code = fmt.Sprintf(`const e = new Deno.%s("m", { cause: 1 }); if (!(e instanceof Error) || e.name !== %q || e.message !== "m" || e.cause !== 1 || !e.stack.startsWith(%[2]q + ": m\n")) throw e.stack`, name, strings.TrimPrefix(name, "errors."))
		case kind == "class":
			code = refused(name, fmt.Sprintf(`Reflect.construct(Deno.%s, [])`, name))
		case kind == "function" || name == "test" || name == "bench":
			code = refused(name, fmt.Sprintf(`await Deno.%s()`, name))
		default:
			code = refused(name, "Deno."+name)
		}
		payload, _ := json.Marshal(map[string]string{"code": code})
		if f := r.Dispatch("eval", string(payload)); f != nil {
			t.Errorf("Deno.%s (%s): %s", name, kind, f.Text)
		}
	}
}

func refused(name, expression string) string {
	return fmt.Sprintf(`let e; try { %s } catch (x) { e = x }
	if (!(e instanceof Deno.errors.NotCapable) || !e.message.startsWith("Deno.%s is not available in Flora: ")) throw e ?? "it is not refused"`, expression, name)
}

func TestDeno(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, code, want string }{
		{"version", `const { deno, v8, typescript } = Deno.version; console.log(/^2\.\d+\.\d+$/.test(deno), /^13\.6\./.test(v8), /^\d+\.\d+\.\d+$/.test(typescript), Deno.version === Deno.version)`, "true true true true"},
		{"build", `const { arch, os, target } = Deno.build; console.log(["x86_64", "aarch64"].includes(arch), os, target === arch + "-unknown-linux-gnu")`, "true linux true"},
		{"small ones", `console.log(Deno.args.length, Deno.noColor, Deno.mainModule)`, "0 true file:///guild/100000000000000001/bundle.js"},
		{"functions that give promises reject", `console.log(await Deno.readFile("x").catch((e) => e.name + ": " + e.message))`,
			"NotCapable: Deno.readFile is not available in Flora: there is no file system; keep what must last in Deno.openKv() or kv.store(), and bundle what the script needs"},
		{"others throw", `try { Deno.exit(1) } catch (e) { console.log(e.message, e instanceof Deno.errors.NotCapable) }`, "Deno.exit is not available in Flora: a script runs inside Flora and has no process of its own true"},
		{"members of objects", `try { Deno.stdout.writeSync(1) } catch (e) { console.log(e.name) }`, "NotCapable"},
		{"setting a refused value", `try { Deno.exitCode = 1 } catch (e) { console.log(e.name) }`, "NotCapable"},
		{"what never was", `console.log(Deno.nothing, "readFile" in Deno, typeof Deno.Command)`, "undefined true function"},
		{"a script may add to it", `Deno.mine = 1; Deno.version = 2; console.log(Deno.mine, Deno.version)`, "1 2"},
		{"env", `for (const f of [() => Deno.env.set("A", "b"), () => Deno.env.delete("A")]) try { f() } catch (e) { console.log(e.name, e instanceof Deno.errors.NotCapable) }`, "NotCapable true\nNotCapable true"},
		{"states", `for (const name of ["env", "net", "read", "write", "run", "sys", "ffi", "import"]) { const s = await Deno.permissions.query({ name }); console.log(name, s.state, s.partial, s instanceof Deno.PermissionStatus && s instanceof EventTarget, s.onchange) }`,
			"env granted false true null\nnet granted false true null\nread denied false true null\nwrite denied false true null\nrun denied false true null\nsys denied false true null\nffi denied false true null\nimport denied false true null"},
		{"all ways of asking", `const p = Deno.permissions, d = { name: "run" }; console.log([await p.query(d), await p.request(d), await p.revoke(d), p.querySync(d), p.requestSync(d), p.revokeSync(d)].map((s) => s.state).join())`, "denied,denied,denied,denied,denied,denied"},
		{"bad questions", `for (const d of [{ name: "x" }, {}, undefined, { name: "net", host: ":::" }, { name: "net", host: "a/b" }, { name: "net", host: "u@h" }, { name: "__proto__" }]) console.log(await Deno.permissions.query(d).catch((e) => e.name))`, strings.TrimSuffix(strings.Repeat("TypeError\n", 7), "\n")},
		{"illegal", `for (const C of [Deno.Permissions, Deno.PermissionStatus]) try { new C() } catch (e) { console.log(e.message) }`, "Illegal constructor\nIllegal constructor"},
		{"hosts", `const ask = (host) => Deno.permissions.querySync({ name: "net", host }).state; console.log(["example.com", "example.com:80", "8.8.8.8", "[2606:4700::1]:443"].map(ask).join());
			console.log([...new Set(["localhost", "a.localhost:1", "127.0.0.1", "127.1", "0x7f.1", "2130706433", "10.1.2.3", "172.31.0.1", "192.168.0.1:80", "169.254.169.254", "100.64.0.1", "0.0.0.0", "[::1]", "[::]", "[fe80::1]", "[fd00::1]", "[::ffff:8.8.8.8]", "[2002:808:808::]", "[2001::1]", "[2001:db8::1]", "[64:ff9b::808:808]", "224.0.0.1", "255.255.255.255"].map(ask))].join())`, "granted,granted,granted,granted\ndenied"},
	}
	r := isolatetest.Load(t, evaluator, isolatetest.Options{})
	for _, tt := range tests {
		before := len(r.Logs())
		run(t, r, tt.code)
		if diff := cmp.Diff(tt.want, strings.Join(logs(r)[before:], "\n")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestImportMeta(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, `console.log(import.meta.url === Deno.mainModule, import.meta.main, import.meta.resolve("./a/../b.ts"), import.meta.resolve("https://example.com/x"));
		try { import.meta.resolve("zod") } catch (e) { console.log(e.name) } console.log(Object.keys(import.meta).join())`, isolatetest.Options{})
	want := []string{"true true file:///guild/100000000000000001/b.ts https://example.com/x", "TypeError", "url,main,resolve"}
	if diff := cmp.Diff(want, logs(r)); diff != "" {
		t.Error(diff)
	}
}

// TestFailuresAreOfDenosClasses: an operation's failure keeps its name and code.
func TestFailuresAreOfDenosClasses(t *testing.T) {
	t.Parallel()
	rows := []struct{ answer, class string }{
		{`{"class":"Error","message":"m","code":"NOT_FOUND"}`, "NotFound"},
		{`{"class":"Error","name":"TimeoutError","message":"m","code":"TIMEOUT"}`, "TimedOut"},
		{`{"class":"Error","message":"m","code":"SCOPE_FORBIDDEN"}`, "NotCapable"},
		{`{"class":"Error","message":"m","code":"CONFLICT"}`, "AlreadyExists"},
		{`{"class":"Error","message":"m","code":"UNAVAILABLE"}`, "Busy"},
	}
	for _, row := range rows {
		r := isolatetest.Load(t, evaluator, isolatetest.Options{Ops: []string{"op_send_message"}, Answer: func(isolatetest.Call) (string, bool, bool) { return row.answer, false, true }})
		run(t, r, fmt.Sprintf(`const e = await rest.sendMessage({ channelId: "1", content: "x" }).catch((e) => e); console.log(e instanceof Deno.errors.%s, e instanceof Error, e.name, e.message)`, row.class))
		name := "Error"
		if strings.Contains(row.answer, "TimeoutError") {
			name = "TimeoutError"
		}
		if diff := cmp.Diff([]string{"true true " + name + " m"}, logs(r)); diff != "" {
			t.Errorf("%s: %s", row.class, diff)
		}
	}
}

// TestDenoVersionsAreTheOnesChecked: the version of TypeScript is the one that
// checks the declarations.
func TestDenoVersionsAreTheOnesChecked(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("package.json")
	if err != nil {
		t.Fatal(err)
	}
	var p struct {
		DevDependencies map[string]string `json:"devDependencies"`
	}
	if err := json.Unmarshal(b, &p); err != nil {
		t.Fatal(err)
	}
	r := isolatetest.Load(t, `console.log(Deno.version.typescript)`, isolatetest.Options{})
	if diff := cmp.Diff([]string{p.DevDependencies["typescript"]}, logs(r)); diff != "" {
		t.Error(diff)
	}
}
