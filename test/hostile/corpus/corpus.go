// Package corpus holds the hostile scripts: what each does, how it is set off
// and how it must end.
package corpus

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

//go:embed */*.js
var files embed.FS

// Trigger is how a script's body comes to run.
type Trigger string

// The triggers.
const (
	Load        Trigger = "load"        // While the script loads.
	Message     Trigger = "message"     // In the handler of a message.
	Timer       Trigger = "timer"       // In a timer that the handler set.
	Microtask   Trigger = "microtask"   // In a microtask that the handler queued.
	Cron        Trigger = "cron"        // In a cron job of every second.
	Interaction Trigger = "interaction" // In the handler of a slash command.
	Module      Trigger = "module"      // It is a whole script that waits for a message itself.
)

// Triggers lists those that any body can be given to.
var Triggers = []Trigger{Load, Message, Timer, Microtask, Cron, Interaction}

// Outcome is how a script ends.
type Outcome string

// The outcomes.
const (
	OK   Outcome = "ok"   // It ends, and did no harm.
	CPU  Outcome = "cpu"  // Stopped at a limit of CPU or wall time.
	Mem  Outcome = "mem"  // Its isolate is given up for its memory.
	Kill Outcome = "kill" // Its worker process is lost.
	Type Outcome = "type" // It gets an error of the language.
	Deny Outcome = "deny" // What it asks for is not its own.
	Rate Outcome = "rate" // A limit of rate or number refuses it.
)

var outcomes = []Outcome{OK, CPU, Mem, Kill, Type, Deny, Rate}

// Case is a script with one of its triggers.
type Case struct {
	Topic, Name string
	Trigger     Trigger
	Expect      []Outcome // More than one only where chance decides.
	Log         *regexp.Regexp
	Slow        bool // Only part of a soak.
	Body        string
}

// ID names the case.
func (c Case) ID() string { return c.Topic + "/" + c.Name + "/" + string(c.Trigger) }

// All reads all cases.
func All() ([]Case, error) {
	names, err := fs.Glob(files, "*/*.js")
	if err != nil {
		return nil, fmt.Errorf("list the corpus: %w", err)
	}
	var out []Case
	for _, name := range names {
		b, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the corpus: %w", err)
		}
		cases, err := parse(name, string(b))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		out = append(out, cases...)
	}
	return out, nil
}

// parse reads the header: comment lines "// key: value" up to the first line
// that is no comment. Comments without a known key say why.
func parse(name, text string) ([]Case, error) {
	c := Case{Topic: path.Dir(name), Name: strings.TrimSuffix(path.Base(name), ".js")}
	triggers := []Trigger{Message}
	for line := range strings.Lines(text) {
		comment, ok := strings.CutPrefix(line, "//")
		if !ok {
			break
		}
		key, value, _ := strings.Cut(strings.TrimSpace(comment), ": ")
		switch key {
		case "trigger":
			triggers = split[Trigger](value)
		case "expect":
			c.Expect = split[Outcome](value)
		case "log":
			re, err := regexp.Compile(value)
			if err != nil {
				return nil, fmt.Errorf("log: %w", err)
			}
			c.Log = re
		case "slow":
			c.Slow = value == "yes"
		}
	}
	c.Body = text
	if len(c.Expect) == 0 {
		return nil, fmt.Errorf("no line says what to expect (%v)", outcomes)
	}
	for _, o := range c.Expect {
		if !slices.Contains(outcomes, o) {
			return nil, fmt.Errorf("unknown outcome %q", o)
		}
	}
	out := make([]Case, len(triggers))
	for i, t := range triggers {
		if t != Module && !slices.Contains(Triggers, t) {
			return nil, fmt.Errorf("unknown trigger %q", t)
		}
		out[i] = c
		out[i].Trigger = t
	}
	return out, nil
}

func split[S ~string](list string) (out []S) {
	for name := range strings.SplitSeq(list, ",") {
		out = append(out, S(strings.TrimSpace(name)))
	}
	return out
}

// Names of the words that set a script off.
const (
	Word    = "!go" // A message.
	Command = "go"  // A slash command.
)

// Source is the module to deploy. Bodies see IDS, what is there to be attacked,
// and tried(f), which gives the code or the name of the error that f ends with.
func (c Case) Source(ids map[string]string) string { return Source(c.Trigger, c.Body, ids) }

// Source puts a body behind its trigger. It logs "finished" and what the body
// returns.
func Source(t Trigger, body string, ids map[string]string) string {
	doc, err := json.Marshal(ids)
	if err != nil {
		panic(err) // Strings only.
	}
	prelude := "const IDS = " + string(doc) + ";\n" +
		"const tried = async (f) => { try { const v = await f(); return \"fine\"; } catch (e) { return e.code ?? e.name; } };\n" +
		"const { log } = console, { stringify } = JSON;\n" +
		"const finish = (v) => log(\"finished \" + (typeof v === \"string\" ? v : stringify(v)));\n"
	if t == Module {
		return prelude + body
	}
	const handler = "async (ctx) => { finish(await evil(ctx)); }"
	evil := "const evil = async (ctx) => {\n" + body + "\n};\n"
	onWord := func(what string) string {
		return "on(\"messageCreate\", async (ctx) => { if (ctx.msg.content !== \"" + Word + "\") return; " + what + " });\n"
	}
	switch t {
	case Load:
		return prelude + evil + "finish(await evil({}));\n"
	case Timer:
		return prelude + evil + onWord("setTimeout(async () => finish(await evil(ctx)), 1);")
	case Microtask:
		return prelude + evil + onWord("queueMicrotask(async () => finish(await evil(ctx)));")
	case Cron:
		return prelude + evil + "cron(\"c\", \"* * * * * *\", " + handler + ");\n"
	case Interaction:
		return prelude + evil + "createBot({ slashCommands: [slash({ name: \"" + Command + "\", description: \"go\", run: " + handler + " })] });\n"
	default:
		return prelude + evil + onWord("finish(await evil(ctx));")
	}
}
