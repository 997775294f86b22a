// The arguments that a prefix command declares: read from the message's text,
// turned into values of their types, or refused with a sentence for people.
import { startOp } from "./host";
import { ArrayIsArray, NumberOf, ObjectKeys, StringOf, TypeErrorCtor, charCodeAt, dict, isFinite, isSafeInteger, put, slice, startsWith, toLowerCase, toUpperCase } from "./primordials";
import { Reader, parseDuration } from "./words";

export interface Argument {
  name: string;
  type?: string;
  description?: string;
  required?: boolean;
  default?: unknown;
  choices?: readonly unknown[];
  min?: number;
  max?: number;
}

const types = ["string", "integer", "number", "boolean", "user", "channel", "role", "duration", "rest"];

/** Checks what a command declares. */
export function checkArguments(command: string, args: unknown): Argument[] | undefined {
  if (args === undefined || args === null) return undefined;
  const fail = (why: string): never => {
    throw new TypeErrorCtor(`createBot: the command ${command}: ${why}`);
  };
  if (!ArrayIsArray(args)) return fail("args must be an array of { name, type }");
  for (let i = 0; i < args.length; i++) {
    const a = args[i];
    if (a === null || typeof a !== "object" || typeof a.name !== "string" || a.name === "") return fail("every argument must be an object with a name");
    const type = a.type ?? "string";
    let found = false;
    for (let k = 0; k < types.length; k++) if (types[k] === type) found = true;
    if (!found) return fail(`the argument ${a.name} has the type ${StringOf(type)}; it must be one of string integer number boolean user channel role duration rest`);
    if (type === "rest" && i < args.length - 1) return fail(`the argument ${a.name} takes the rest of the text, so it must be the last`);
  }
  return args;
}

/** How the command is used: "!ban <who> [reason...]". */
export function usageOf(mark: string, name: string, args: Argument[] | undefined): string {
  let out = mark + name;
  if (args === undefined) return out;
  for (let i = 0; i < args.length; i++) {
    const a = args[i]!;
    const shown = a.type === "rest" ? a.name + "..." : a.name;
    out += optional(a) ? ` [${shown}]` : ` <${shown}>`;
  }
  return out;
}

function optional(a: Argument): boolean {
  return a.required === false || a.default !== undefined;
}

type Ok = (values: Record<string, any>) => void;
type Bad = (why: string) => void;
type Value = (v: unknown) => void;

/** Reads all arguments; bad gets a sentence when one is wrong, err what an op failed with. */
export function readArguments(args: Argument[], text: string, msg: any, ok: Ok, bad: Bad, err: (e: unknown) => void): void {
  const reader = new Reader(text);
  const values = dict<any>();
  const step = (i: number): void => {
    if (i >= args.length) return ok({ ...values });
    const a = args[i]!;
    const from = reader.at;
    const word = a.type === "rest" ? reader.rest() : reader.next();
    if (word === undefined || (word === "" && a.type === "rest")) {
      if (!optional(a)) return bad(`${a.name} is missing.`);
      values[a.name] = a.default;
      return step(i + 1);
    }
    convert(
      a,
      word,
      msg,
      (v) => {
        values[a.name] = v;
        step(i + 1);
      },
      (why) => {
        // "!mute @ada spamming": what is no duration begins the reason.
        if (!optional(a) || i === args.length - 1) return bad(why);
        reader.back(from);
        values[a.name] = a.default;
        step(i + 1);
      },
      err,
    );
  };
  step(0);
}

function convert(a: Argument, word: string, msg: any, value: Value, bad: Bad, err: (e: unknown) => void): void {
  const refuse = (what: string) => bad(`${a.name}: ${shown(word)} is ${what}.`);
  const wrong = (v: unknown): string | undefined => bound(a, v);
  const give = (v: unknown) => {
    const why = wrong(v);
    if (why !== undefined) refuse(why);
    else value(v);
  };
  switch (a.type ?? "string") {
    case "integer": {
      const n = numberOf(word);
      return n !== undefined && isSafeInteger(n) ? give(n) : refuse("no whole number");
    }
    case "number": {
      const n = numberOf(word);
      return n !== undefined ? give(n) : refuse("no number");
    }
    case "boolean": {
      const b = booleanOf(word);
      return b !== undefined ? value(b) : refuse("neither yes nor no");
    }
    case "duration": {
      const ms = parseDuration(word);
      return ms !== undefined ? give(ms) : refuse('no span of time, such as "90s", "10m" or "1h30m"');
    }
    case "user":
      return user(word, msg, value, () => refuse("no member of this server"), err);
    case "channel":
      return channel(word, value, () => refuse("no channel of this server"), err);
    case "role":
      return role(word, value, () => refuse("no role of this server"), err);
    default:
      return give(word);
  }
}

const longestShown = 60;

function shown(word: string): string {
  return `"${word.length > longestShown ? slice(word, 0, longestShown) + "..." : word}"`;
}

/** What is wrong with a value that has the right type. */
function bound(a: Argument, v: unknown): string | undefined {
  if (ArrayIsArray(a.choices)) {
    let all = "";
    for (let i = 0; i < a.choices.length; i++) {
      const choice = a.choices[i];
      if (choice === v) return undefined;
      all += (i === 0 ? "" : ", ") + StringOf(choice);
    }
    return `none of: ${all}`;
  }
  const size = typeof v === "string" ? v.length : (v as number);
  const letters = typeof v === "string" ? " characters" : a.type === "duration" ? " ms" : "";
  if (a.min !== undefined && size < a.min) return typeof v === "string" ? `shorter than ${a.min}${letters}` : `less than ${a.min}${letters}`;
  if (a.max !== undefined && size > a.max) return typeof v === "string" ? `longer than ${a.max}${letters}` : `more than ${a.max}${letters}`;
  return undefined;
}

function numberOf(word: string): number | undefined {
  const n = NumberOf(word);
  return word !== "" && isFinite(n) ? n : undefined;
}

function booleanOf(word: string): boolean | undefined {
  switch (toLowerCase(word)) {
    case "yes":
    case "y":
    case "true":
    case "on":
    case "1":
      return true;
    case "no":
    case "n":
    case "false":
    case "off":
    case "0":
      return false;
    default:
      return undefined;
  }
}

/** The id in a mention that begins with one of the marks, or the bare id. */
function idOf(word: string, mark: string, other: string): string | undefined {
  let id = word;
  if (word[0] === "<" && word[word.length - 1] === ">") {
    const inner = slice(word, 1, word.length - 1);
    if (startsWith(inner, other)) id = slice(inner, other.length);
    else if (startsWith(inner, mark)) id = slice(inner, mark.length);
    else return undefined;
  }
  if (id.length < 15 || id.length > 20) return undefined;
  for (let i = 0; i < id.length; i++) if (charCodeAt(id, i) < 48 || charCodeAt(id, i) > 57) return undefined;
  return id;
}

type Err = (e: unknown) => void;

/** Discord's refusals of an id that is not there; everything else is an error of its own. */
function unless(absent: () => void, err: Err): Err {
  return (e: any) => {
    if (e?.code === "SCOPE_FORBIDDEN" || e?.code === "NOT_FOUND" || e?.code === "INVALID_INPUT" || e?.status === 404) absent();
    else err(e);
  };
}

function user(word: string, msg: any, value: Value, absent: () => void, err: Err): void {
  const id = idOf(word, "@", "@!");
  if (id === undefined) return absent();
  const mentioned = msg?.mentions;
  if (ArrayIsArray(mentioned)) {
    for (let i = 0; i < mentioned.length; i++) {
      const { member, ...u } = mentioned[i] ?? {};
      // Who is mentioned and no member has left.
      if (u.id === id && member !== undefined && member !== null) return value({ ...u, member: { ...member, user: u } });
    }
  }
  startOp(
    "op_fetch_member",
    { userId: id },
    (m) => {
      const u = camelKeys(m?.user);
      value({ ...u, member: { ...camelKeys(m), user: u } });
    },
    unless(absent, err),
  );
}

function channel(word: string, value: Value, absent: () => void, err: Err): void {
  const id = idOf(word, "#", "#");
  if (id === undefined) return absent();
  startOp("op_fetch_channel", { channelId: id }, (c) => value(camelKeys(c)), unless(absent, err));
}

/** A role by mention, id or name. */
function role(word: string, value: Value, absent: () => void, err: Err): void {
  const id = idOf(word, "@&", "@&");
  const name = toLowerCase(word);
  startOp(
    "op_fetch_roles",
    {},
    (all) => {
      if (ArrayIsArray(all)) {
        for (let i = 0; i < all.length; i++) {
          const r = all[i];
          if (r?.id === id || (id === undefined && toLowerCase(StringOf(r?.name)) === name)) return value(camelKeys(r));
        }
      }
      absent();
    },
    err,
  );
}

/** Discord's object with camelCase names beside its own, as events have them. */
function camelKeys(o: any): any {
  if (o === null || typeof o !== "object") return {};
  const out = { ...o };
  const keys = ObjectKeys(o);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    let name = "";
    for (let k = 0; k < key.length; k++) name += key[k] === "_" && k > 0 && k + 1 < key.length ? toUpperCase(key[++k]!) : key[k];
    if (name !== key) put(out, name, o[key]);
  }
  return out;
}
