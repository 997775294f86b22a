package sdkbundle_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/isolate/isolatetest"
)

func said(content string) string {
	b, err := json.Marshal(map[string]any{"id": "11", "channelId": "22", "content": content, "author": map[string]any{"id": "44", "bot": false}})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestPrefixCommands(t *testing.T) {
	t.Parallel()
	const bot = `createBot({ prefix: PREFIX, commands: [
		prefix({ name: "ping", run(ctx) { console.log(this.name, ctx.args, ctx.msg.channelId, typeof ctx.reply); } }),
		prefix({ name: "ping", run: () => console.log("the second one") }),
		prefix({ name: "__proto__", run: () => console.log("proto") }),
	], prefixCommands: [{ name: "other", run: () => console.log("other") }] });`
	tests := []struct {
		name, prefix, payload string
		want                  []string
	}{
		{"plain", `undefined`, said("!ping"), []string{"ping [] 22 function"}},
		{"arguments", `"!"`, said("  !ping a  b\tc\u00a0d\n\ufeffe "), []string{"ping [ \"a\", \"b\", \"c\", \"d\", \"e\" ] 22 function"}},
		{"space after the prefix", `"!"`, said("!  ping"), []string{"ping [] 22 function"}},
		{"longer prefix", `"bot, "`, said("bot, ping x"), []string{"ping [ \"x\" ] 22 function"}},
		{"empty prefix", `""`, said("ping"), []string{"ping [] 22 function"}},
		{"case counts", `"!"`, said("!Ping"), nil},
		{"another prefix", `"!"`, said("?ping"), nil},
		{"prefix in the middle", `"!"`, said("a !ping"), nil},
		{"prefix alone", `"!"`, said("!"), nil},
		{"empty", `"!"`, said(""), nil},
		{"unknown", `"!"`, said("!toString"), nil},
		{"odd name", `"!"`, said("!__proto__"), []string{"proto"}},
		{"commands win over prefixCommands", `"!"`, said("!other"), nil},
		{"bots are not heard", `"!"`, `{"content":"!ping","author":{"bot":true}}`, nil},
		{"no content", `"!"`, `{"author":{}}`, nil},
	}
	for _, tt := range tests {
		r := isolatetest.Load(t, strings.Replace(bot, "PREFIX", tt.prefix, 1), isolatetest.Options{})
		if f := r.Dispatch("messageCreate", tt.payload); f != nil {
			t.Errorf("%s: %s", tt.name, f.Text)
		}
		if diff := cmp.Diff(tt.want, logs(r)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// used is an application command's event.
func used(name, options string) string {
	return `{"interactionId":"5","interactionToken":"t","channelId":"22","commandName":"` + name + `","data":{"name":"` + name + `","options":` + options + `}}`
}

func TestSlashCommands(t *testing.T) {
	t.Parallel()
	const bot = `const tell = (what) => function (ctx) { console.log(what, this.name, ctx.options, typeof ctx.reply); };
	const mod = slash({ name: "mod", description: "d", subcommands: [
		{ name: "list", description: "d", run: tell("list") },
		{ name: "user", description: "d", subcommands: [{ name: "ban", description: "d", run: tell("ban") }] },
	] });
	createBot({ slashCommands: [
		slash({ name: "plain", description: "d", run: tell("plain") }), { name: "plain", description: "d", run: tell("second") }, mod,
		{ name: "open", description: "d", run: tell("open"), subcommands: [{ name: "a", description: "d", run: tell("a") }] },
		{ name: "byOption", description: "d", run: tell("byOption"), options: [
			{ name: "group", description: "d", type: "subcommand_group", options: [{ name: "sub", description: "d", type: "subcommand", run: tell("sub") }, { name: "bare", description: "d", type: "subcommand" }] }] },
		{ name: "self", description: "d", subcommands: mod.subcommands, run(ctx) { return handleSubcommand(ctx, this); } },
		{ name: "nothing", description: "d" },
	] });`
	tests := []struct {
		name, payload string
		want          []string
	}{
		{"plain", used("plain", `[{"name":"a","type":3,"value":"x"},{"name":"b","type":4,"value":2}]`), []string{"plain plain { a: \"x\", b: 2 } function"}},
		{"without options", used("plain", `null`), []string{"plain plain {} function"}},
		{"subcommand", used("mod", `[{"name":"list","type":1,"options":[{"name":"n","type":4,"value":1}]}]`), []string{"list list { n: 1 } function"}},
		{"group", used("mod", `[{"name":"user","type":2,"options":[{"name":"ban","type":1,"options":[{"name":"who","type":6,"value":"9"}]}]}]`), []string{"ban ban { who: { id: \"9\" } } function"}},
		{"unknown subcommand", used("mod", `[{"name":"none","type":1}]`), nil},
		{"unknown in a group", used("mod", `[{"name":"user","type":2,"options":[{"name":"none","type":1}]}]`), nil},
		{"run takes what no subcommand does", used("open", `[{"name":"b","type":1,"options":[{"name":"n","type":4,"value":1}]}]`), []string{"open open { n: 1 } function"}},
		{"subcommand before run", used("open", `[{"name":"a","type":1}]`), []string{"a a {} function"}},
		{"declared as options", used("byOption", `[{"name":"group","type":2,"options":[{"name":"sub","type":1,"options":[{"name":"n","type":4,"value":1}]}]}]`), []string{"sub sub { n: 1 } function"}},
		{"declared as options without run", used("byOption", `[{"name":"group","type":2,"options":[{"name":"bare","type":1}]}]`), []string{"byOption byOption {} function"}},
		{"handleSubcommand inside run", used("self", `[{"name":"list","type":1}]`), []string{"list list {} function"}},
		{"handleSubcommand that finds nothing", used("self", `[{"name":"none","type":1}]`), nil},
		{"no run", used("nothing", `[]`), nil},
		{"not declared", used("toString", `[]`), nil},
		{"no name", `{"interactionToken":"t"}`, nil},
	}
	for _, tt := range tests {
		r := isolatetest.Load(t, bot, isolatetest.Options{})
		if f := r.Dispatch("interactionCreate", tt.payload); f != nil {
			t.Errorf("%s: %s", tt.name, f.Text)
		}
		if diff := cmp.Diff(tt.want, logs(r)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestFlattenedCommands(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, code, want string }{
		{"plain", `[{ name: "a", description: "d", run() {} }]`, `[{"name":"a","description":"d"}]`},
		{"options pass through", `[{ name: "a", description: "d", nsfw: true, defaultMemberPermissions: "8", nameLocalizations: { de: "x" }, options: [
			{ name: "o", description: "d", type: "integer", required: true, choices: [{ name: "one", value: 1 }], minValue: 1, maxValue: 5, autocomplete: false, descriptionLocalizations: { de: "y" } },
			{ name: "c", description: "d", type: "channel", channelTypes: [0] }, { name: "f", description: "d", type: "attachment" }, { name: "s", description: "d", minLength: 1, maxLength: 2 }] }]`,
			`[{"name":"a","description":"d","nsfw":true,"defaultMemberPermissions":"8","nameLocalizations":{"de":"x"},"options":[
			{"name":"o","description":"d","type":"integer","required":true,"choices":[{"name":"one","value":1}],"minValue":1,"maxValue":5,"autocomplete":false,"descriptionLocalizations":{"de":"y"}},
			{"name":"c","description":"d","type":"channel","channelTypes":[0]},{"name":"f","description":"d","type":"attachment"},{"name":"s","description":"d","minLength":1,"maxLength":2}]}]`},
		{"permissions as numbers", `[{ name: "a", description: "d", defaultMemberPermissions: 1n << 40n }, { name: "b", description: "d", defaultMemberPermissions: 8 }, { name: "c", description: "d", defaultMemberPermissions: null }]`,
			`[{"name":"a","description":"d","defaultMemberPermissions":"1099511627776"},{"name":"b","description":"d","defaultMemberPermissions":"8"},{"name":"c","description":"d","defaultMemberPermissions":null}]`},
		{"subcommands", `[{ name: "a", description: "d", subcommands: [{ name: "s", description: "e", options: [{ name: "o", description: "f" }], run() {} }] }]`,
			`[{"name":"a","description":"d","options":[{"name":"s","description":"e","type":"subcommand","options":[{"name":"o","description":"f"}]}]}]`},
		{"groups", `[{ name: "a", description: "d", subcommands: [{ name: "g", description: "e", subcommands: [{ name: "s", description: "f", run() {} }] }] }]`,
			`[{"name":"a","description":"d","options":[{"name":"g","description":"e","type":"subcommand_group","options":[{"name":"s","description":"f","type":"subcommand"}]}]}]`},
		{"run inside options goes", `[{ name: "a", description: "d", options: [{ name: "g", description: "e", type: "subcommand_group", options: [{ name: "s", description: "f", type: "subcommand", run() {} }] }] }]`,
			`[{"name":"a","description":"d","options":[{"name":"g","description":"e","type":"subcommand_group","options":[{"name":"s","description":"f","type":"subcommand"}]}]}]`},
		{"context menu", `[{ name: "Report", type: "message", run() {} }]`, `[{"name":"Report","type":"message"}]`},
		{"none", `[]`, `[]`},
	}
	for _, tt := range tests {
		r := isolatetest.Load(t, `console.log(JSON.stringify(flattenCommands(`+tt.code+`))); createBot({ slashCommands: `+tt.code+` });`, isolatetest.Options{})
		sameJSON(t, tt.name+" by flattenCommands", tt.want, r.Logs()[0].Text)
		declared := r.Declared()
		last, found := strings.CutPrefix(declared[len(declared)-1], "commands ")
		if !found {
			t.Errorf("%s: the commands were not declared: %q", tt.name, declared)
			continue
		}
		sameJSON(t, tt.name+" as declared", tt.want, last)
	}
}

func TestWhatIsDeclared(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, code string
		want       []string
	}{
		{"a list that empties Discord's", `createBot({ commands: [{ name: "a", run() {} }] });`, []string{"mark !", "commands []"}},
		{"a prefix of its own", `createBot({ prefix: "flora, ", commands: [{ name: "a", run() {} }] });`, []string{"mark flora, ", "commands []"}},
		{"several prefixes and a mention, the longest first", `createBot({ prefix: ["!", "!!"], mentionPrefix: true, commands: [{ name: "a", run() {} }] });`,
			[]string{"mark <@!900000000000000001>", "mark <@900000000000000001>", "mark !!", "mark !", "commands []"}},
		{"more prefixes than control matches", `createBot({ prefix: Array.from("123456789"), commands: [{ name: "a", run() {} }] });`, []string{"event messageCreate", "commands []"}},
		{"options that complete themselves", `createBot({ slashCommands: [{ name: "a", description: "d", cooldown: 5, errorReply: "x", roles: ["1"], permissions: ["BanMembers"], options: [{ name: "o", description: "d", autocomplete: () => [] }] }] });`,
			[]string{"event interactionCreate", "event autocomplete", `commands [{"name":"a","description":"d","defaultMemberPermissions":"4","options":[{"name":"o","description":"d","autocomplete":true}]}]`}},
		{"components and modals by their ids", `onComponent("a", () => {}); onComponent("b{c}", () => {}); onModal(/d/, () => {});`, []string{"event componentInteraction", "event modalSubmit"}},
		{"no prefix is every message", `createBot({ prefix: "", commands: [{ name: "a", run() {} }] });`, []string{"event messageCreate", "commands []"}},
		{"a long prefix is every message", `createBot({ prefix: "x".repeat(200), commands: [{ name: "a", run() {} }] });`, []string{"event messageCreate", "commands []"}},
		{"commands and all messages", `createBot({ commands: [{ name: "a", run() {} }] }); on("messageCreate", () => {});`, []string{"mark !", "commands []", "event messageCreate"}},
		{"all messages and commands", `on("messageCreate", () => {}); createBot({ commands: [{ name: "a", run() {} }] });`, []string{"event messageCreate", "mark !", "commands []"}},
		{"slash commands only", `createBot({ slashCommands: [{ name: "a", description: "d" }] });`, []string{"event interactionCreate", `commands [{"name":"a","description":"d"}]`}},
		{"a second bot is refused", `createBot({}); createBot({ slashCommands: [{ name: "a", description: "d" }] });`, []string{"commands []"}},
		{"registered while loading", `await registerSlashCommands([{ name: "a", description: "d" }]);`, []string{`commands [{"name":"a","description":"d"}]`}},
		{"a bot without commands keeps what was registered", `registerSlashCommands([{ name: "a", description: "d" }]); createBot({});`, []string{`commands [{"name":"a","description":"d"}]`}},
		{"no bot, nothing said", `on("messageCreate", () => {});`, []string{"event messageCreate"}},
		{"one subscription an event", `on("a", () => {}); on("a", () => {});`, []string{"event a"}},
		{"cron", `cron("tick", "* * * * *", () => {}, { skipIfRunning: true });`, []string{`cron {"name":"tick","expr":"* * * * *","skipIfRunning":true}`, "event __cron:tick"}},
	}
	for _, tt := range tests {
		r := isolatetest.Load(t, tt.code, isolatetest.Options{})
		if diff := cmp.Diff(tt.want, r.Declared()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

func TestRegisteringAfterTheLoad(t *testing.T) {
	t.Parallel()
	r := isolatetest.Load(t, evaluator, isolatetest.Options{Ops: []string{"op_upsert_guild_commands"}})
	run(t, r, `await registerSlashCommands([{ name: "a", description: "d" }])`)
	sameCalls(t, r, []call{{"op_upsert_guild_commands", `{"guildId":"100000000000000001","commands":[{"name":"a","description":"d"}]}`}})
}

func TestWrongDeclarations(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, code, want string }{
		{"on without a name", `on("", () => {})`, "on(event, handler): event must be the name of an event"},
		{"on with a long name", `on("e".repeat(129), () => {})`, "on(event, handler): the name of an event has at most 128 characters"},
		{"on without a handler", `on("a")`, `on("a", handler): handler must be a function`},
		{"cron without a name", `cron("", "* * * * *", () => {})`, "cron(name, expr, handler): name must be a text that is not empty"},
		{"cron with a long name", `cron("c".repeat(122), "* * * * *", () => {})`, "cron(name, expr, handler): the name has at most 121 characters"},
		{"cron without an expression", `cron("a", undefined, () => {})`, "cron(name, expr, handler): expr must be a cron expression"},
		{"cron without a handler", `cron("a", "* * * * *")`, "cron(name, expr, handler): handler must be a function"},
		{"bot of nothing", `createBot()`, "createBot(options): pass { prefix?, commands?, slashCommands? }"},
		{"bot with a wrong prefix", `createBot({ prefix: 5 })`, "createBot: prefix must be a string"},
		{"bot with commands that are no list", `createBot({ commands: {} })`, "createBot: commands must be an array"},
		{"command without a name", `createBot({ commands: [{ run() {} }] })`, "createBot: commands: every command must be an object with a name"},
		{"slash command that is none", `createBot({ slashCommands: [null] })`, "createBot: slashCommands: every command must be an object with a name"},
		{"subcommand without a name", `createBot({ slashCommands: [{ name: "a", subcommands: [{}] }] })`, "subcommands: every command must be an object with a name"},
		{"flattenCommands of no list", `flattenCommands({})`, "flattenCommands(commands): pass an array of slash commands"},
		{"secrets.get of no text", `secrets.get(5)`, "secrets.get(name): name must be a string"},
		{"setTimeout of a text", `setTimeout("alert()")`, "setTimeout: the callback must be a function"},
		{"setInterval of nothing", `setInterval()`, "setInterval: the callback must be a function"},
		{"queueMicrotask of nothing", `queueMicrotask()`, "queueMicrotask: the callback must be a function"},
	}
	for _, tt := range tests {
		r, f := isolatetest.TryLoad(t, tt.code, isolatetest.Options{})
		if f == nil || f.Name != "TypeError" || f.Message != tt.want {
			t.Errorf("%s: got %+v, want a TypeError: %s", tt.name, f, tt.want)
			continue
		}
		if strings.Contains(f.Text, "flora:sdk") || !strings.Contains(f.Text, "bundle.js:1:") {
			t.Errorf("%s: the position is not the author's: %s", tt.name, f.Text)
		}
		if d := r.Declared(); len(d) != 0 {
			t.Errorf("%s: declared %q all the same", tt.name, d)
		}
	}
}

func TestQuestionsAboutContexts(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, code, want string }{
		{"has the role", `hasRole({ msg: { member: { roles: ["1", "2"] } } }, "2")`, "true"},
		{"has not", `hasRole({ msg: { member: { roles: ["1"] } } }, "2")`, "false"},
		{"no member", `hasRole({ msg: { member: null } }, "2")`, "false"},
		{"subcommand", `getSubcommand({ msg: { data: { options: [{ name: "s", type: 1 }] } } })`, "s"},
		{"subcommand of a group", `getSubcommand({ msg: { data: { options: [{ name: "g", type: 2, options: [{ name: "s", type: 1 }] }] } } })`, "s"},
		{"first option", `getSubcommand({ msg: { data: { options: [{ name: "o", type: 3 }] } } })`, "o"},
		{"no options", `getSubcommand({ msg: { data: {} } })`, "undefined"},
		{"group", `getSubcommandGroup({ msg: { data: { options: [{ name: "g", type: 2 }] } } })`, "g"},
		{"no group", `getSubcommandGroup({ msg: { data: { options: [{ name: "s", type: 1 }] } } })`, "undefined"},
		{"options", `flattenInteractionOptions([{ name: "g", type: 2, options: [{ name: "s", type: 1, options: [{ name: "a", type: 3, value: "x" }] }] }, { name: "b", type: 5, value: false }, null])`, "{ a: \"x\", b: false }"},
		{"options with an odd name", `Object.keys(flattenInteractionOptions([{ name: "__proto__", type: 3, value: "x" }]))`, "[ \"__proto__\" ]"},
		{"no options to flatten", `flattenInteractionOptions(undefined)`, "{}"},
		{"identities", `[prefix(1), slash(2)]`, "[ 1, 2 ]"},
		{"ids", `flora.guildId + " " + flora.applicationId`, "100000000000000001 900000000000000001"},
		{"the guild as scripts of the original read it", `__floraGuildId`, "100000000000000001"},
		{"namespace", `[flora.on === on, flora.rest === rest, flora.EmbedBuilder === EmbedBuilder, kv.store("a") instanceof KvStore]`, "[ true, true, true, true ]"},
	}
	r := isolatetest.Load(t, evaluator, isolatetest.Options{})
	for _, tt := range tests {
		before := len(r.Logs())
		run(t, r, "console.log("+tt.code+")")
		if diff := cmp.Diff([]string{tt.want}, logs(r)[before:]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
