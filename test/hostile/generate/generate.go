// Package generate combines the corpus's scripts into new ones: what is evil,
// in the places from which it may run, after whatever was broken before. The
// same seed makes the same scripts.
package generate

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/flora-runtime/flora-runtime/test/hostile/corpus"
)

// Script is a generated one.
type Script struct {
	Trigger corpus.Trigger
	Body    string
}

// breakage is what a script does to the language first.
var breakage = []string{
	`Array.prototype.push = () => { throw new Error("push"); };`,
	`Array.prototype[Symbol.iterator] = function* () { for (;;) yield 1; };`,
	`Promise.prototype.then = function () { return this; };`,
	`Object.defineProperty(Object.prototype, "then", { get() { return (r) => r(1); }, configurable: true });`,
	`Object.defineProperty(Promise, Symbol.species, { get() { throw new Error("species"); } });`,
	`Error.prepareStackTrace = (e, sites) => sites.map(String).join("x".repeat(1000));`,
	`Error.stackTraceLimit = Infinity;`,
	`JSON.stringify = () => "{"; JSON.parse = () => null;`,
	`Function.prototype.call = Function.prototype.apply = undefined;`,
	`Map.prototype.set = Map.prototype.get = () => { throw new Error("map"); };`,
	`for (const k of ["channelId", "content", "guildId", "0", "length"]) Object.defineProperty(Object.prototype, k, { get() { return IDS.channel; }, set() {}, configurable: true });`,
	`Object.freeze(Object.prototype);`,
	`Symbol.prototype[Symbol.toPrimitive] = null;`,
	`globalThis.console = new Proxy({}, { get: () => () => {} });`,
	`Object.setPrototypeOf(globalThis, null);`,
}

// places run f, each in a way of its own.
var places = []string{
	`await f(ctx);`,
	`f(ctx);`,
	`f(ctx).catch(() => {});`,
	`try { await f(ctx); } catch { }`,
	`try { f(ctx); } finally { f(ctx); }`,
	`try { throw 1; } catch { await f(ctx); } finally { f(ctx); }`,
	`setTimeout(() => f(ctx), %d);`,
	`setInterval(() => f(ctx), %d);`,
	`queueMicrotask(() => f(ctx));`,
	`Promise.resolve().then(() => f(ctx));`,
	`new Proxy({}, { get() { f(ctx); return 1; } }).x;`,
	`Object.keys(new Proxy({}, { ownKeys() { f(ctx); return []; } }));`,
	`({ get x() { f(ctx); return 1; } }).x;`,
	`String({ toString() { f(ctx); return ""; } });`,
	`+{ valueOf() { f(ctx); return 1; } };`,
	`JSON.stringify({ toJSON() { f(ctx); return 1; } });`,
	`[2, 1, 3].sort(() => { f(ctx); return 0; });`,
	`"aaa".replace(/a/g, () => { f(ctx); return "b"; });`,
	`Array.from({ length: %d }, () => { f(ctx); });`,
	`for (let i = 0; i < %d; i++) await tried(() => f(ctx));`,
	`await Promise.all(Array.from({ length: %d }, () => f(ctx)));`,
	`await Promise.race([f(ctx), new Promise((r) => setTimeout(r, %d))]);`,
	`rest.sendMessage({ channelId: IDS.ownChannel, get content() { f(ctx); return "x"; } }).catch(() => {});`,
	`rest.fetchChannel({ channelId: IDS.channel }).then(() => f(ctx), () => f(ctx));`,
	`store("g").set("k", "v").finally(() => f(ctx));`,
	`console.log({ toString() { f(ctx); return ""; }, get x() { f(ctx); return 1; } });`,
	`throw { get message() { f(ctx); return "m"; }, get stack() { f(ctx); return "s"; } };`,
	`Promise.reject({ get message() { f(ctx); return "m"; } });`,
	`(function* () { try { yield 1; } finally { f(ctx); } })().return(1);`,
	`class A { static { f(ctx); } }`,
	`Function("f", "ctx", "f(ctx)")(f, ctx);`,
	`cron("late%d", "* * * * * *", () => f(ctx));`,
}

// Next makes a script from one to three of the bodies.
func Next(rng *rand.Rand, bodies []string) Script {
	var b strings.Builder
	for range rng.IntN(3) {
		b.WriteString("try { " + pick(rng, breakage) + " } catch { }\n")
	}
	for range 1 + rng.IntN(3) {
		place := pick(rng, places)
		if strings.Contains(place, "%d") {
			place = fmt.Sprintf(place, 1+rng.IntN(20))
		}
		b.WriteString("{\nconst f = async (ctx) => {\n" + strings.TrimSpace(pick(rng, bodies)) + "\n};\n" + place + "\n}\n")
	}
	return Script{Trigger: pick(rng, corpus.Triggers), Body: b.String()}
}

func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }

// Bodies are those of the corpus that can stand anywhere.
func Bodies() ([]string, error) {
	all, err := corpus.All()
	if err != nil {
		return nil, err
	}
	var out []string
	for _, c := range all {
		if c.Trigger != corpus.Module && (len(out) == 0 || out[len(out)-1] != c.Body) {
			out = append(out, c.Body)
		}
	}
	return out, nil
}
