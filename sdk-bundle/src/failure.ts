// Errors on their way in (what an op failed with) and out (what a script
// threw). What was thrown is never trusted: looking at it may throw again.
import { inspect, isErrorLike } from "./inspect";
import { natives } from "./host";
import { ErrorCtor, JSONStringify, ObjectKeys, RangeErrorCtor, TypeErrorCtor, dict, hide, includes, put, slice, split, startsWith, trim } from "./primordials";

/** Makes the error of a failed op; the frames are the ones of its call. */
export function opError(doc: any, at: Error): Error {
  const Ctor = doc.class === "TypeError" ? TypeErrorCtor : doc.class === "RangeError" ? RangeErrorCtor : ErrorCtor;
  const e: any = new Ctor(doc.message);
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
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    if (!startsWith(trim(line), "at ") || includes(line, "flora:sdk")) continue;
    // Built-ins that only the SDK's own frames have called.
    if (out === "" && includes(line, "(<anonymous>)")) continue;
    out += "\n" + line;
  }
  return out;
}

const cap = 16 * 1024;
const causes = 8;

function cut(s: string): string {
  return s.length > cap ? slice(s, 0, cap) + "... (cut)" : s;
}

/** Describes anything thrown as the JSON that natives.done and report take. */
export function describe(e: unknown): string {
  let name = "Error";
  let message: string;
  let frames = "";
  try {
    if (isErrorLike(e)) {
      const x = e as any;
      if (typeof x.name === "string" && x.name !== "") name = x.name;
      message = typeof x.message === "string" ? x.message : inspect(x.message);
      frames = framesOf(stackOf(x)) + causesOf(x);
    } else {
      name = "Uncaught";
      message = inspect(e);
    }
  } catch {
    message = "the thrown value cannot be shown: looking at it throws";
  }
  const doc = dict<string>();
  doc.name = slice(name, 0, 256);
  doc.message = cut(message);
  doc.stack = cut(frames);
  doc.text = cut(`${doc.name}: ${doc.message}${frames}`);
  return JSONStringify(doc);
}

function causesOf(e: any): string {
  let out = "";
  for (let n = 0; n < causes; n++) {
    if (ArrayLike(e.errors)) {
      for (let i = 0; i < e.errors.length && i < causes; i++) out += `\n[${i}] ${oneLine(e.errors[i])}`;
    }
    e = e.cause;
    if (e === undefined || e === null) break;
    out += `\nCaused by: ${oneLine(e)}`;
    if (!isErrorLike(e)) break;
  }
  return out;
}

function ArrayLike(v: any): boolean {
  return v !== null && typeof v === "object" && typeof v.length === "number";
}

function oneLine(e: any): string {
  return isErrorLike(e) ? `${e.name}: ${e.message}${framesOf(stackOf(e))}` : inspect(e);
}

/** What may take an error or a rejection before the log is told; set by globalevents.ts. */
export const catcher: { take(e: unknown): boolean; takeRejection(reason: unknown, promise: unknown): boolean } = { take: () => false, takeRejection: () => false };

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
