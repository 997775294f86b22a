package sdkbundle_test

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

//go:embed testdata/preamble.js
var preamble string

//go:embed testdata/bot.js
var bot string

// builtins are the globals of the language that the preamble overwrites.
var builtins = strings.Fields(`Object Function Array String Number Boolean Symbol BigInt Math JSON Reflect Proxy Promise Map Set WeakMap WeakSet WeakRef
	FinalizationRegistry Date RegExp Error TypeError RangeError SyntaxError ReferenceError EvalError URIError AggregateError ArrayBuffer DataView
	Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array BigInt64Array BigUint64Array
	Atomics Iterator Intl parseInt parseFloat isNaN isFinite decodeURI encodeURIComponent escape eval`)

// inherited are names that the SDK writes or reads in its own objects; the
// preamble lays accessors for them into Object.prototype.
var inherited = strings.Fields(`0 1 2 3 value get set writable enumerable configurable name message stack type content embeds components data options args flags ephemeral
	replyTo channelId messageId interactionId token store key metadata expiration ttl fields title color footer author custom_id label emoji style url accessory items
	default_values channel_types expr skipIfRunning subcommands run description msg conversation event id at ok err text code discord_code depth left path refs prefix raw next
	options params match customId fields selected target focused author member channelId cooldown roles permissions aliases required default choices groups index told until uses seconds per`)

func hostilePreamble(t *testing.T) string {
	t.Helper()
	list := func(v []string) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	var there []string
	r := isolatetest.Load(t, `console.log(JSON.stringify(`+list(builtins)+`.filter((n) => n in globalThis)))`, isolatetest.Options{})
	if err := json.Unmarshal([]byte(r.Logs()[0].Text), &there); err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("NAMES", list(there), "INHERITED", list(inherited)).Replace(preamble)
}

// play runs the whole bot through its events and tells all that it did.
func play(t *testing.T, script string) []string {
	t.Helper()
	ops := append(append([]string{"op_ban_member", "op_kick_member", "op_fetch_guild", "op_fetch_member", "op_fetch_channel", "op_fetch_roles", "op_add_reaction",
		"op_delete_message", "op_trigger_typing", "op_send_autocomplete_result", "op_delete_original_interaction_response"}, kvOps...), answerOps...)
	answers := map[string]string{
		"op_fetch_guild":   `{"owner_id":"1","roles":[{"id":"100000000000000001","permissions":"0"},{"id":"7","permissions":"4"}]}`,
		"op_fetch_member":  `{"user":{"id":"100000000000000044","global_name":"G"},"joined_at":"j","roles":[]}`,
		"op_fetch_channel": `{"id":"100000000000000055","parent_id":"1"}`,
		"op_fetch_roles":   `[{"id":"7","name":"Big Mods"},{"id":"100000000000000077","name":"other"}]`,
		"op_kv_get":        `"v"`, "op_kv_get_with_metadata": `{"value":"v","metadata":{"a":[1]},"expiration":5}`, "op_kv_list_keys": `{"keys":[{"name":"k"}],"listComplete":true}`,
	}
	r := isolatetest.Load(t, script, isolatetest.Options{Ops: ops, Answer: func(c isolatetest.Call) (string, bool, bool) {
		if c.Op == "op_kick_member" {
			return `{"class":"TypeError","message":"no","code":"INVALID_INPUT","discord_code":1}`, false, true
		}
		if a, ok := answers[c.Op]; ok {
			return a, true, true
		}
		return `{"id":"9"}`, true, true
	}})
	var out []string
	for _, e := range [][2]string{
		{"messageCreate", `{"id":"11","channelId":"22","content":"!all a b","author":{"bot":false},"member":{"roles":["7"]}}`},
		{"messageCreate", typedMessage(`!t "a \"b\"" 5 yes 1h30m <@100000000000000044> <#100000000000000055> "big mods" x and more`)},
		{"messageCreate", typedMessage(`<@900000000000000001> typed a 5 <@100000000000000066> 100000000000000055 <@&100000000000000077> y`)},
		{"messageCreate", typedMessage(`!!t a 50`)},
		{"messageCreate", typedMessage(`!help`)},
		{"messageCreate", typedMessage(`!help t`)},
		{"messageCreate", typedMessage(`natural`)},
		{"interactionCreate", picked},
		{"interactionCreate", picked},
		{"interactionCreate", `{"interactionId":"5","interactionToken":"t","commandName":"Look","data":{"type":3,"target_id":"8","resolved":{"messages":{"8":{"content":"c"}}}}}`},
		{"autocomplete", `{"interactionId":"6","interactionToken":"u","commandName":"pick","data":{"options":[{"name":"text","type":3,"value":"ab","focused":true}]}}`},
		{"componentInteraction", `{"interactionId":"7","interactionToken":"v","data":{"custom_id":"vote:a:b","component_type":5,"values":["9"],"resolved":{"users":{"9":{"id":"9"}}}}}`},
		{"componentInteraction", `{"interactionId":"8","interactionToken":"w","data":{"custom_id":"n42","component_type":2}}`},
		{"modalSubmit", `{"interactionId":"9","interactionToken":"x","messageId":"1","data":{"custom_id":"form:a:b","components":[{"type":18,"component":{"type":4,"custom_id":"t","value":"v"}},{"type":1,"components":[{"type":8,"custom_id":"c","values":["9"]}]}],"resolved":{"channels":{"9":{"id":"9","name":"n"}}}}}`},
		{"interactionCreate", used("mod", `[{"name":"user","type":2,"options":[{"name":"ban","type":1,"options":[{"name":"who","type":6,"value":"9"}]}]}]`)},
		{"componentInteraction", component},
		{"fails", `{}`},
		{"__cron:tick", `{"name":"tick","scheduledAt":"2026-01-02T03:05:00Z"}`},
		{"say", `{}`},
		{"waits", `{}`},
	} {
		if f := r.Dispatch(e[0], e[1]); f != nil {
			first, _, _ := strings.Cut(f.Text, "\n")
			out = append(out, e[0]+" failed: "+first)
		}
	}
	for _, c := range r.Calls() {
		out = append(out, c.Op+" "+soon.ReplaceAllString(c.Args, `"expiration":"soon"`))
	}
	for _, l := range r.Logs() {
		out = append(out, fmt.Sprint(l.Level, " ", frames.ReplaceAllString(l.Text, "")))
	}
	return append(out, r.Declared()...)
}

var (
	soon   = regexp.MustCompile(`"expiration":\d{10,}`)
	frames = regexp.MustCompile(`\n    at [^\n]*`)
)

func typedMessage(content string) string {
	quoted, err := json.Marshal(content)
	if err != nil {
		panic(err)
	}
	return `{"id":"11","channelId":"22","guildId":"33","content":` + string(quoted) + `,"author":{"id":"44","bot":false},"member":{"roles":["7"]},"mentions":[{"id":"100000000000000044","username":"u","member":{"roles":[]}}]}`
}

const picked = `{"interactionId":"4","interactionToken":"s","channelId":"22","user":{"id":"44"},"member":{"roles":["7"]},"commandName":"pick","data":{"type":1,"options":[{"name":"who","type":6,"value":"9"},{"name":"where","type":7,"value":"8"},{"name":"any","type":9,"value":"7"},{"name":"file","type":11,"value":"6"}],` +
	`"resolved":{"users":{"9":{"id":"9","username":"u"}},"members":{"9":{"nick":"n"}},"roles":{"7":{"id":"7","name":"r"}},"attachments":{"6":{"id":"6","filename":"f"}}}}}`

// samples are values that a script can no longer fill once its built-ins are
// broken.
const samples = `const samples = [new Map([[1, { a: 2 }]]), new Set(["x"]), new Date(0), /a/gi, new Uint8Array([1, 2]), new ArrayBuffer(3), new WeakMap(), Object(1), Object("s")];
`

func TestTheSDKSurvivesAHostilePreamble(t *testing.T) {
	t.Parallel()
	want := play(t, samples+bot)
	if len(want) < 40 {
		t.Fatalf("the bot did too little: %q", want)
	}
	for _, line := range want {
		if strings.Contains(line, "the SDK used") || strings.Contains(line, "cannot be shown") {
			t.Errorf("the bot itself is broken: %s", line)
		}
	}
	got := play(t, samples+hostilePreamble(t)+bot)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the preamble changes what the bot does (-without +with):\n%s", diff)
	}
}

func TestPromisesThatAreTamperedWith(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, code string }{
		{"constructor with a species of its own", `Promise.prototype.constructor = { get [Symbol.species]() { throw new Error("species"); } };`},
		{"constructor that is nothing", `Promise.prototype.constructor = undefined;`},
		{"constructor that is no object", `Promise.prototype.constructor = 5;`},
		{"then that does nothing", `Promise.prototype.then = () => {};`},
		{"then of every object", `Object.defineProperty(Object.prototype, "then", { get() { throw new Error("then"); } });`},
		{"Promise that is another", `globalThis.Promise = class { constructor() { throw new Error("no promises"); } };`},
		{"handlers that return a promise with an odd then", `const { reply } = { reply: null }; const odd = (p) => Object.assign(p, { then() { throw new Error("then"); } }); globalThis.odd = odd;`},
	}
	for _, tt := range tests {
		script := `globalThis.odd = (p) => p; ` + tt.code + `
			on("messageCreate", (ctx) => odd(ctx.reply("a")));
			on("messageCreate", () => console.log("next"));
			queueMicrotask(() => console.log("microtask"));
			setTimeout(() => console.log("timer"), 1);`
		r := isolatetest.Load(t, script, isolatetest.Options{Ops: answerOps})
		if tt.name == "then of every object" {
			// Results that are objects are resolved with, and the language asks
			// them for then; the script has only itself to blame.
			if f := r.Dispatch("messageCreate", message); f != nil && f.Message != "then" {
				t.Errorf("%s: %s", tt.name, f.Text)
			}
		} else if f := r.Dispatch("messageCreate", message); f != nil {
			t.Errorf("%s: %s", tt.name, f.Text)
		}
		sameCalls(t, r, []call{{"op_send_message", `{"channelId":"22","content":"a","replyTo":"11"}`}})
		for _, text := range []string{"next", "microtask", "timer"} {
			r.WaitLog(tt.name+": "+text, func(l isolatetest.Line) bool { return l.Text == text })
		}
	}
}

// poisonedWeb takes what a test reads with, and has every member of the web's
// classes throw. Not what is made before the script runs, but what is made when
// it first touches it, would take these.
const poisonedWeb = `
	const { text } = Response.prototype, { redirect } = Response;
	const made = URL.createObjectURL;
	const status = Object.getOwnPropertyDescriptor(Response.prototype, "status").get;
	for (const c of [Request, Response, Object.getPrototypeOf(Response), Headers, URL, URLSearchParams, Event, EventTarget, AbortSignal, AbortController, ReadableStream, Blob, crypto.constructor]) {
		for (const o of [c, c.prototype]) {
			for (const k of Reflect.ownKeys(o)) {
				const d = Object.getOwnPropertyDescriptor(o, k);
				if (!d.configurable || k === "prototype" || k === "constructor" || k === "name" || k === "length") continue;
				if (typeof d.value === "function") Object.defineProperty(o, k, { value() { throw new Error("the SDK used " + c.name + "." + String(k)); } });
				else if (d.get) Object.defineProperty(o, k, { get() { throw new Error("the SDK used " + c.name + "." + String(k)); } });
			}
		}
	}
	delete console.info;
`

func TestTheWebsClassesDoNotUseEachOthersMembers(t *testing.T) {
	t.Parallel()
	t.Run("fetch", func(t *testing.T) {
		t.Parallel()
		r := fetcher(t, nil)
		says(t, r, poisonedWeb+`
			const r = await fetch(new Request("http://a.b/", { referrer: "http://c.d/", method: "POST", body: "x" }));
			console.log(status.call(r), await text.call(r), status.call(redirect("http://a.b/")));
			try { new Request("http://u:p@a.b/"); } catch (e) { console.log(e.message.slice(0, 40)); }
			console.log(made(new Blob(["x"])).slice(0, 10));`,
			"201 hällo 302", "Request: a URL with a user name or passw", "blob:null/")
	})
	t.Run("events", func(t *testing.T) {
		t.Parallel()
		r := isolatetest.Load(t, `const type = Object.getOwnPropertyDescriptor(Event.prototype, "type").get;`+poisonedWeb+`
			const e = new CustomEvent("a");
			e.initCustomEvent("b");
			addEventListener("b", (e) => console.log(type.call(e)));
			dispatchEvent(e);`, isolatetest.Options{})
		if got := logs(r); len(got) != 1 || got[0] != "b" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("Deno.serve", func(t *testing.T) {
		t.Parallel()
		got, failure := answersOf(t, poisonedWeb+`Deno.serve(() => new Response("hi", { headers: { a: "b" } }))`, "GET", "/x", nil, 0)
		want := []call{{"op_serve_respond", `{"id":"r1","status":200,"statusText":"","headers":[["a","b"],["content-type","text/plain;charset=UTF-8"]],"text":"hi"}`}}
		if diff := cmp.Diff(want, got); diff != "" || failure != "" {
			t.Errorf("%s (-want +got):\n%s", failure, diff)
		}
	})
	t.Run("EventSource", func(t *testing.T) {
		t.Parallel()
		r := isolatetest.Load(t, poisonedWeb+`const s = new EventSource("https://a.b/"); s.onmessage = (e) => console.log(e.data); s.onerror = (e) => console.log(e.message);`,
			isolatetest.Options{Ops: fetchOps(), Answer: func(isolatetest.Call) (string, bool, bool) {
				return `{"status":200,"statusText":"","url":"https://a.b/","redirected":false,"headers":[["content-type","text/event-stream"]],"more":false}`, true, true
			}, Bytes: func(isolatetest.Call) []byte { return []byte("data: one\n\n") }})
		r.WaitLog("an event", func(l isolatetest.Line) bool { return true })
		if got := r.Logs()[0].Text; got != "one" {
			t.Errorf("got %q", got)
		}
	})
}

// survives holds that a script, after what it needs, does the same in its event
// whether the preamble ran before it or not.
func survives(t *testing.T, what, event, needs, script string, o isolatetest.Options) {
	t.Helper()
	use := func(script string) []string {
		r := isolatetest.Load(t, script, o)
		if f := r.Dispatch(event, "{}"); f != nil {
			t.Errorf("it failed: %s", f.Text)
		}
		return logs(r)
	}
	want := use(needs + script)
	if len(want) < 15 || want[len(want)-1] != "end" {
		t.Fatalf("the script did too little: %q", want)
	}
	got := use(needs + hostilePreamble(t) + script)
	for _, line := range got {
		if strings.Contains(line, "the SDK used") {
			t.Error(line)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the preamble changes what %s does (-without +with):\n%s", what, diff)
	}
}
