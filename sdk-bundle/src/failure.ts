// Errors on their way in (what an op failed with) and out (what a script
// threw). What was thrown is never trusted: looking at it may throw again.
import { classOfCode } from "./denoerrors";
import { natives } from "./host";
import { isErrorLike } from "./kinds";
import { here } from "./lazy";
import { ArrayIsArray, ErrorCtor, JSONStringify, ObjectKeys, RangeErrorCtor, TypeErrorCtor, add, dict, endsWith, hide, includes, list, put, slice, split, startsWith, trim } from "./primordials";

/** Makes the error of a failed op; the frames are the ones of its call. */
export function opError(doc: any, at: Error): Error {
  const Ctor = doc.class === "TypeError" ? TypeErrorCtor : doc.class === "RangeError" ? RangeErrorCtor : ErrorCtor;
  const known = Ctor === ErrorCtor ? classOfCode(doc.code) : undefined;
  const e: any = new (known ?? Ctor)(doc.message);
  // Scripts know the error by the name that it always had.
  if (known !== undefined) hide(e, "name", "Error");
  if (typeof doc.name === "string") hide(e, "name", doc.name);
  const keys = ObjectKeys(doc);
  for (let i = 0; i < keys.length; i++) {
    const k = keys[i]!;
    if (k !== "class" && k !== "message" && k !== "name" && k !== "stack") put(e, k, doc[k]);
  }
  hide(e, "stack", `${doc.name ?? Ctor.name}: ${doc.message}${framesOf(stackOf(at))}`);
  return e;
}

// What is looked at of a stack; a script may have written one of megabytes.
const longestStack = 64 * 1024;

/** A script may have set Error.prepareStackTrace, so a stack can be anything. */
export function stackOf(e: any): string {
  try {
    const s = e.stack;
    return typeof s === "string" ? slice(s, 0, longestStack) : "";
  } catch {
    return "";
  }
}

/** The author's frames of a stack, each on its own line with a line break before. */
export function framesOf(stack: string): string {
  const lines = split(stack, "\n");
  let out = "";
  let builtins = ""; // Frames of the language's own functions, which have no place.
  let ours = false; // Whether the frame before those is the SDK's.
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (!startsWith(trim(line), "at ")) continue;
    if (includes(line, "flora:sdk")) {
      ours = true;
      builtins = "";
    } else if (endsWith(line, "(<anonymous>)")) {
      builtins += "\n" + line;
    } else {
      // Built-ins that only the SDK has called, or that called it, are its own.
      out += (ours ? "" : builtins) + "\n" + line;
      ours = false;
      builtins = "";
    }
  }
  return out;
}

function shown(v: unknown): string {
  return here(import("./inspect")).shown(v);
}

function membersOf(e: object): string {
  return here(import("./members")).membersOf(here(import("./inspect")).plainWalk(), e);
}

const cap = 16 * 1024;
const causes = 8;
const most = 32; // Errors in one text.

function cut(s: string): string {
  return s.length > cap ? slice(s, 0, cap) + "... (cut)" : s;
}

/** Describes anything thrown as the JSON that natives.done and report take. */
export function describe(e: unknown): string {
  let name = "Error";
  let message: string;
  let rest = "";
  try {
    if (isErrorLike(e)) {
      const x = e as any;
      if (typeof x.name === "string" && x.name !== "") name = x.name;
      message = typeof x.message === "string" ? x.message : shown(x.message);
      rest = restOf(x);
    } else {
      name = "Uncaught";
      message = shown(e);
    }
  } catch {
    message = "the thrown value cannot be shown: looking at it throws";
  }
  const doc = dict<string>();
  doc.name = slice(name, 0, 256);
  doc.message = cut(message);
  doc.stack = cut(rest);
  doc.text = cut(`${doc.name}: ${doc.message}${rest}`);
  return JSONStringify(doc);
}

/** One error with those that it names as its causes or its parts. */
interface Chain {
  seen: unknown[];
  left: number;
}

/** What follows an error's first line: its frames, its members, its parts and causes. */
function restOf(e: any): string {
  const c: Chain = { seen: list(), left: most };
  return `${framesOf(stackOf(e))}${membersOf(e)}${causesOf(c, e, "")}`;
}

function causesOf(c: Chain, error: any, path: string): string {
  let out = "";
  let e = error;
  for (let n = 0; n < causes && c.left > 0; n++) {
    add(c.seen, e);
    const { errors } = e;
    if (ArrayIsArray(errors)) {
      for (let i = 0; i < errors.length && i < causes; i++) out += `\n${path}[${i}] ${partOf(c, errors[i], `${path}[${i}]`)}`;
      if (errors.length > causes) out += `\n${path}[...] ${errors.length - causes} more`;
    }
    e = e.cause;
    if (e === undefined || e === null) return out;
    out += `\n${path}${path === "" ? "" : " "}Caused by: ${known(c, e) ? "[an error above]" : lineOf(c, e)}`;
    if (!isErrorLike(e) || known(c, e)) return out;
  }
  return out;
}

function known(c: Chain, e: unknown): boolean {
  for (let i = 0; i < c.seen.length; i++) if (c.seen[i] === e) return true;
  return false;
}

function partOf(c: Chain, e: any, path: string): string {
  if (known(c, e)) return "[an error above]";
  return lineOf(c, e) + (isErrorLike(e) && path.length < 32 ? causesOf(c, e, path) : "");
}

function lineOf(c: Chain, e: any): string {
  if (--c.left < 0) return "...";
  if (!isErrorLike(e)) return shown(e);
  return `${e.name}: ${e.message}${framesOf(stackOf(e))}${membersOf(e)}`;
}

/** What may take an error or a rejection before the log is told, and hears of one that is handled late; set by globalevents.ts. */
export const catcher: { take(e: unknown): boolean; takeRejection(reason: unknown, promise: unknown): boolean; takeHandled(reason: unknown, promise: unknown): void } = {
  take: () => false,
  takeRejection: () => false,
  takeHandled: () => {},
};

/** Reports an error that belongs to no dispatch: to the script, then to the guild's log. */
export function report(e: unknown): void {
  const { take } = catcher;
  if (!take(e)) tellLog(e);
}

/** Tells the guild's log of an error that belongs to no dispatch. */
export function tellLog(e: unknown): void {
  try {
    const { report: tell } = natives;
    tell(0, 0, describe(e));
  } catch {
    // Nothing is left to tell it to.
  }
}
