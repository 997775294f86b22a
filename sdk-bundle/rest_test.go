package sdkbundle_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
	"github.com/flora-runtime/flora-runtime/v8ops/endpoint"
)

// The members of rest that the first version of Flora had, which must never go.
var originalRest = strings.Fields(`sendMessage editMessage deleteMessage bulkDeleteMessages pinMessage unpinMessage crosspostMessage fetchMessage fetchMessages addReaction removeReaction clearReactions
	sendInteractionResponse deferInteractionResponse updateInteractionResponse editOriginalInteractionResponse deleteOriginalInteractionResponse createFollowupMessage editFollowupMessage deleteFollowupMessage
	upsertGuildCommands createGuildCommand editGuildCommand deleteGuildCommand getGuildCommands getGuildCommand editGuildCommandPermissions getGuildCommandsPermissions getGuildCommandPermissions
	kickMember banMember unbanMember addMemberRole removeMemberRole editMember editCurrentMember
	createChannel editChannel deleteChannel createThread createThreadFromMessage joinThread leaveThread addThreadMember removeThreadMember executeWebhook editWebhook deleteWebhook`)

var capital = regexp.MustCompile(`[A-Z]`)

func opName(member string) string {
	return "op_" + capital.ReplaceAllStringFunc(member, func(s string) string { return "_" + strings.ToLower(s) })
}

// members reads the names of rest's members from a running isolate.
func members(t *testing.T) []string {
	t.Helper()
	r := isolatetest.Load(t, `console.log(JSON.stringify(Object.keys(rest)));`, isolatetest.Options{})
	var out []string
	if err := json.Unmarshal([]byte(r.Logs()[0].Text), &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRestMembersCallTheirOps(t *testing.T) {
	t.Parallel()
	all := members(t)
	var table []string
	for _, e := range endpoint.All() {
		table = append(table, e.Function())
	}
	if diff := cmp.Diff(table, all); diff != "" {
		t.Errorf("the members of rest are not those of the table (-want +got):\n%s", diff)
	}
	for _, name := range originalRest {
		if !slices.Contains(all, name) {
			t.Errorf("rest.%s is missing", name)
		}
	}
	var ops []string
	for _, name := range all {
		ops = append(ops, opName(name))
	}
	r := isolatetest.Load(t, evaluator, isolatetest.Options{Ops: ops, Answer: func(c isolatetest.Call) (string, bool, bool) {
		return fmt.Sprintf("%q", c.Op), true, true
	}})
	for i, name := range all {
		code := fmt.Sprintf(`const answer = await rest.%s({ channelId: "%d", nested: { on: [true, null, embed().setTitle("t")] } }); console.log(answer, rest.%s.name);`, name, i, name)
		run(t, r, code)
		last := r.Logs()[len(r.Logs())-1].Text
		if want := ops[i] + " " + name; last != want {
			t.Errorf("rest.%s answered %q, want %q", name, last, want)
		}
	}
	var want []call
	for i := range all {
		want = append(want, call{ops[i], fmt.Sprintf(`{"channelId":"%d","nested":{"on":[true,null,{"title":"t"}]}}`, i)})
	}
	sameCalls(t, r, want)
}

func TestRestWithoutArguments(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, `await rest.getGuildCommands();`, isolatetest.Options{Ops: []string{"op_get_guild_commands"}})
	sameCalls(t, r, []call{{"op_get_guild_commands", `{}`}})
}

func TestWhatArgumentsBecome(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, value, want string }{
		{"small bigint", `{ v: 5n, w: -9007199254740991n }`, `{"v":5,"w":-9007199254740991}`},
		{"id as bigint", `{ v: 1234567890123456789n }`, `{"v":"1234567890123456789"}`},
		{"undefined, functions and symbols go", `{ a: undefined, b() {}, c: Symbol("x"), d: 1 }`, `{"d":1}`},
		{"in lists they are null", `{ a: [undefined, () => {}] }`, `{"a":[null,null]}`},
		{"not finite", `{ a: NaN, b: Infinity }`, `{"a":null,"b":null}`},
		{"bytes", `{ a: new Uint8Array([104, 105]), b: new Uint8Array([0, 104, 105]).subarray(1), c: new Uint8Array([104, 105]).buffer, d: new Uint8ClampedArray([104, 105]), e: {} }`, `{"a":"aGk=","b":"aGk=","c":"aGk=","d":"aGk=","e":{}}`},
		{"dates", `{ a: new Date(0), b: new Date(NaN) }`, `{"a":"1970-01-01T00:00:00.000Z","b":null}`},
		{"toJSON", `{ a: { toJSON() { return { b: { toJSON: () => 1 } }; } } }`, `{"a":{"b":1}}`},
		{"builder in a builder's JSON", `{ components: [{ type: 1, components: [button()] }] }`, `{"components":[{"type":1,"components":[{"type":2}]}]}`},
		{"__proto__ is a key", `JSON.parse('{"__proto__":{"a":1}}')`, `{"__proto__":{"a":1}}`},
		{"inherited members are not sent", `Object.create({ a: 1 }, { b: { value: 2, enumerable: true } })`, `{"b":2}`},
		{"not an object", `undefined`, `{}`},
	}
	r := isolatetest.Load(t, evaluator, isolatetest.Options{Ops: []string{"op_send_message"}})
	for _, tt := range tests {
		before := len(r.Calls())
		run(t, r, "await rest.sendMessage("+tt.value+")")
		sameJSON(t, tt.name, tt.want, r.Calls()[before].Args)
	}
}

func TestArgumentsThatCannotBeSent(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, value, want string }{
		{"cycle", `(() => { const o = {}; o.o = o; return o; })()`, "TypeError: The value is nested more than 64 levels deep, or refers to itself"},
		{"numbers", `{ data: new Float64Array(3) }`, "TypeError: A Float64Array cannot be sent; give bytes as a Uint8Array"},
		{"getter that throws", `{ get a() { throw new RangeError("mine"); } }`, "RangeError: mine"},
		{"endless toJSON", `{ toJSON() { return this; } }`, "TypeError: The value is nested more than 64 levels deep, or refers to itself"},
	}
	r := isolatetest.Load(t, evaluator, isolatetest.Options{Ops: []string{"op_send_message"}})
	for _, tt := range tests {
		before := len(r.Logs())
		run(t, r, `let p; try { p = rest.sendMessage(`+tt.value+`); } catch { console.log("threw at once"); } await p.catch((e) => console.log(String(e)));`)
		if diff := cmp.Diff([]string{tt.want}, logs(r)[before:]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if n := len(r.Calls()); n != 0 {
		t.Errorf("%d calls were made", n)
	}
}

func TestErrorsOfOps(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, doc, want string }{
		{"plain", `{"class":"Error","message":"key not found"}`, `Error|key not found||`},
		{"class and code", `{"class":"TypeError","message":"Invalid input for emoji: x","code":"INVALID_INPUT"}`, `TypeError|Invalid input for emoji: x|INVALID_INPUT|`},
		{"details", `{"class":"Error","message":"Discord HTTP error (403): Missing Access (route: POST /x)","code":"DISCORD_HTTP_ERROR","discord_code":50001,"status":403}`,
			`Error|Discord HTTP error (403): Missing Access (route: POST /x)|DISCORD_HTTP_ERROR|50001`},
		{"name", `{"class":"Error","name":"TimeoutError","message":"late","code":"TIMEOUT"}`, `TimeoutError|late|TIMEOUT|`},
		{"__proto__ is no prototype", `{"class":"RangeError","message":"m","__proto__":{"code":"X"}}`, `RangeError|m||`},
	}
	for _, tt := range tests {
		r := isolatetest.Load(t, `
			async function asks() { await rest.deleteMessage({ channelId: "1", messageId: "2" }); }
			try { await asks(); } catch (e) {
				console.log([e.name, e.message, e.code, e.discord_code].join("|"));
				console.log(e.stack);
				console.log(e instanceof Error);
			}`,
			isolatetest.Options{Ops: []string{"op_delete_message"}, Answer: func(isolatetest.Call) (string, bool, bool) { return tt.doc, false, true }})
		got := logs(r)
		if got[0] != tt.want || got[2] != "true" {
			t.Errorf("%s: got %q", tt.name, got)
		}
		if !strings.Contains(got[1], "bundle.js:2:39") || strings.Contains(got[1], "flora:sdk") {
			t.Errorf("%s: the stack is not the author's: %s", tt.name, got[1])
		}
	}
}

func TestAnOpThatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, `await rest.createThread({}).catch((e) => console.log(e.message));`, isolatetest.Options{})
	if diff := cmp.Diff([]string{"This version of Flora has no operation op_create_thread"}, logs(r)); diff != "" {
		t.Error(diff)
	}
}

// The document at the top of ops.ts says what the ops take that the SDK calls
// beside those of rest.
func TestTheWireDocumentNamesTheOthers(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("src/ops.ts")
	if err != nil {
		t.Fatal(err)
	}
	document, _, found := strings.Cut(string(source), "\nimport ")
	if !found {
		t.Fatal("ops.ts does not begin with its document")
	}
	for _, name := range kvOps {
		if !strings.Contains(document, name) {
			t.Errorf("%s is not in the document", name)
		}
	}
}
