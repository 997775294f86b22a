package bot_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/flora-runtime/flora-runtime/pkg/bot"
	"github.com/flora-runtime/flora-runtime/pkg/fault"
	"github.com/flora-runtime/flora-runtime/pkg/wire"
)

// failing is an op that fails in the way its key says.
func failing(key string) (any, error) {
	switch key {
	case "fault":
		return nil, fault.New(fault.ScopeForbidden, "Forbidden: not yours").With("status", 403).With("discord_code", 50001)
	case "named":
		f := fault.New(fault.Timeout, "too slow")
		f.Name = "TimeoutError"
		return nil, f
	case "inside":
		return nil, fmt.Errorf("read %s: %w", key, errInside)
	case "panic":
		panic(errInside)
	case "huge":
		return json.RawMessage(`"` + strings.Repeat("x", wire.MaxFrame) + `"`), nil
	case "unencodable":
		return func() {}, nil
	}
	return nil, nil
}

func TestErrorsOfOpsBecomeErrorsOfTheScript(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{})
	w.deploy(guildA, `on("messageCreate", async (ctx) => {
		try { console.log(ctx.msg.content + ": " + await kv.store("s").delete(ctx.msg.content)); }
		catch (e) { console.log(ctx.msg.content + ": " + JSON.stringify([e instanceof TypeError, e.name, e.message, e.code, e.status, e.discord_code])); }
	});`)
	for _, row := range []struct{ key, want string }{
		{"fault", `[false,"Error","Forbidden: not yours","SCOPE_FORBIDDEN",403,50001]`},
		{"named", `[false,"TimeoutError","too slow","TIMEOUT",null,null]`},
		{"inside", `[false,"Error","internal error; try again, and tell the operator if it stays","INTERNAL",null,null]`},
		{"panic", `[false,"Error","internal error; try again, and tell the operator if it stays","INTERNAL",null,null]`},
		{"unencodable", `[false,"Error","internal error; try again, and tell the operator if it stays","INTERNAL",null,null]`},
		{"huge", `[false,"RangeError","the result is too large for a script","TOO_LARGE",null,null]`},
		{"fine", "undefined"},
	} {
		w.message(guildA, row.key)
		w.wait(guildA, 1, row.key+": ")
		if n := w.count(guildA, row.key+": "+row.want); n != 1 {
			t.Errorf("%s: want %s in\n%s", row.key, row.want, strings.Join(w.lines(guildA), "\n"))
		}
	}
	for _, l := range w.lines(guildA) {
		if strings.Contains(l, errInside.Error()) {
			t.Errorf("the inside leaks: %s", l)
		}
	}
}

func TestAGoneScriptsOpsEnd(t *testing.T) {
	t.Parallel()
	w, _, p, load := puppetWorld(t, options{}, "messageCreate")
	p.send(t, wire.OpCall{Instance: load.Instance, Call: 1, Op: 0, Args: []byte(`{"key":"held"}`)})
	w.ops.wait(t, 1, "get held")
	p.send(t, wire.Gone{Instance: load.Instance, Lost: "out of memory"})
	again := p.loaded(t, "messageCreate")
	w.until("the op's context to end", func() bool { w.ops.mu.Lock(); defer w.ops.mu.Unlock(); return w.ops.ended == 1 })
	// It is not answered: there is nobody to answer.
	p.send(t, wire.OpCall{Instance: again.Instance, Call: 1, Op: 1, Args: []byte(`{"key":"k","value":"v"}`)})
	if r := next[wire.OpResult](t, p); r.Instance != again.Instance || !r.OK {
		t.Fatalf("got %d %t %s", r.Instance, r.OK, r.Result)
	}
}

func TestAnOpHasALimitOfTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{limits: func(l *bot.Limits) { l.Op = 20 * time.Millisecond }})
	w.deploy(guildA, `on("messageCreate", async () => {
		try { await kv.store("s").get("held"); } catch (e) { console.log(e.name + ": " + e.message + ": " + e.code); }
	});`)
	w.message(guildA, "x")
	w.wait(guildA, 1, "TimeoutError: the operation did not end within 20ms: TIMEOUT")
}

func TestAHostileWorkerCannotHaveMoreOpsPending(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		calls int
		args  string
		raw   int
		want  map[string]int
	}{
		"calls":                      {12, "{}", 0, map[string]int{"RATE_LIMITED": 2}},
		"bytes":                      {7, `"` + strings.Repeat("x", 11<<20) + `"`, 0, map[string]int{"RATE_LIMITED": 2}},
		"bytes beside the arguments": {7, "{}", 11 << 20, map[string]int{"RATE_LIMITED": 2}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, _, p, load := puppetWorld(t, options{limits: func(l *bot.Limits) { l.Script.PendingOps = 10 }})
			for i := range row.calls {
				p.send(t, wire.OpCall{Instance: load.Instance, Call: uint32(i + 1), Op: 4, Args: []byte(row.args), Raw: make([]byte, row.raw)})
			}
			got := map[string]int{}
			for range 2 {
				r := next[wire.OpResult](t, p)
				var doc struct{ Code string }
				if err := json.Unmarshal(r.Result, &doc); err != nil || r.OK {
					t.Fatalf("got %t %s", r.OK, r.Result)
				}
				got[doc.Code]++
			}
			if d := cmp.Diff(got, row.want); d != "" {
				t.Fatal(d)
			}
			w.ops.release("held")
			for range row.calls - 2 {
				if r := next[wire.OpResult](t, p); !r.OK {
					t.Fatalf("got %s", r.Result)
				}
			}
			p.send(t, wire.OpCall{Instance: load.Instance, Call: 100, Op: 99}, wire.OpCall{Instance: load.Instance, Call: 101, Op: -1})
			for range 2 {
				if r := next[wire.OpResult](t, p); r.OK || !strings.Contains(string(r.Result), "NOT_SUPPORTED") {
					t.Fatalf("got %t %s", r.OK, r.Result)
				}
			}
		})
	}
}

func TestAHostileWorkerCannotDeclareWithoutEnd(t *testing.T) {
	t.Parallel()
	synced := make(chan string, 4096)
	w, _, p, load := puppetWorld(t, options{sync: syncInto(synced)})
	for i := range 1000 {
		p.send(t, wire.Declared{Instance: load.Instance, Kind: "cron", Value: fmt.Sprintf(`{"name":"c%d","expr":"0 0 * * *"}`, i)})
		p.send(t, wire.Declared{Instance: load.Instance, Kind: "commands", Value: fmt.Sprintf(`[%d]`, i)})
	}
	p.send(t, wire.Declared{Instance: load.Instance, Kind: "commands", Value: `[`}, wire.Log{Instance: load.Instance, Text: "end"})
	w.wait(guildA, 1, "end")
	if n := len(w.crons.Jobs(guildA)); n != 8 {
		t.Errorf("got %d cron jobs, want 8", n)
	}
	last := ""
	for last != "[999]" {
		last = <-synced
	}
	w.within("the core to close", w.bot.Close)
	if n := len(synced); n != 0 {
		t.Errorf("%d more syncs", n)
	}
}

func TestAnAnsweredInteractionLivesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{limits: func(l *bot.Limits) { l.Dispatch = 500 * time.Millisecond }})
	w.deploy(guildA, `on("interactionCreate", async (ctx) => {
		if (ctx.msg.commandName === "deferred") await ctx.defer();
		try { await kv.store("s").get(ctx.msg.commandName); console.log(ctx.msg.commandName + " went on"); }
		catch (e) { console.log(ctx.msg.commandName + " " + e.name); }
	});`)
	w.interaction(guildA, "deferred")
	w.ops.wait(t, 1, "get deferred")
	w.interaction(guildA, "silent")
	w.wait(guildA, 1, "silent TimeoutError")
	w.ops.release("deferred")
	w.wait(guildA, 1, "deferred went on")
}

func TestLongErrorsDoNotStick(t *testing.T) {
	t.Parallel()
	w := newWorld(t, options{limits: func(l *bot.Limits) { l.InFlight = 1 }})
	w.deploy(guildA, `on("messageCreate", (ctx) => {
		if (ctx.msg.content === "long") throw new Error("x".repeat(40 << 20));
		if (ctx.msg.content === "log") console.log("x".repeat(40 << 20));
		console.log("here");
	});`)
	for _, say := range []string{"long", "log", "end"} {
		w.message(guildA, say)
	}
	w.wait(guildA, 2, "here")
	w.wait(guildA, 1, "dispatch failed: Error: xxx")
	w.wait(guildA, 1, "cut, the message has")
}
