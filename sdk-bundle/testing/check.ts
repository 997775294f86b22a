// What is declared to authors is what the sources are.
import type * as declared from "./index";
import * as asserts from "./src/assert";
import type * as inIsolates from "./isolate/bot";
import * as real from "./src/index";

type Members<T> = { [K in keyof T]: T[K] };
const start: typeof declared.createTestBot = real.createTestBot as unknown as (...a: Parameters<typeof real.createTestBot>) => Promise<declared.TestBot>;
// Every declared member is there with a type that fits.
declare const made: Members<Omit<real.TestBot, "discord">>;
const seen: Members<declared.TestBot> = made;
// Nothing that is there is left undeclared.
type Undeclared = Exclude<keyof real.TestBot, keyof declared.TestBot | "discord">;
const nothing: [Undeclared] extends [never] ? true : Undeclared = true;
// The bot of isolates is the same.
declare const other: Members<inIsolates.TestBot>;
const alike: Members<declared.TestBot> = other;
type More = Exclude<keyof inIsolates.TestBot, keyof declared.TestBot>;
const none: [More] extends [never] ? true : More = true;
// The same of the assertions.
type Declared = typeof declared;
const asserted: Pick<Declared, keyof typeof asserts & keyof Declared> = asserts;
type Missing = Exclude<keyof typeof asserts, keyof Declared | "show" | "diff">;
const complete: [Missing] extends [never] ? true : Missing = true;
export { alike, asserted, complete, none, nothing, seen, start };
