// Deno.errors: the classes of errors that Deno's authors test for. They are
// made when the first of them is asked for.
import { ErrorCtor, dict, hide, put, split } from "./primordials";

type Class = new (message?: string, options?: { cause?: unknown }) => Error;

const names =
  "NotFound PermissionDenied ConnectionRefused ConnectionReset ConnectionAborted NotConnected AddrInUse AddrNotAvailable BrokenPipe AlreadyExists InvalidData TimedOut " +
  "Interrupted WriteZero WouldBlock UnexpectedEof BadResource Http Busy NotSupported FilesystemLoop IsADirectory NetworkUnreachable NotADirectory NotCapable";

let made: Record<string, Class> | undefined;

function makeClass(name: string): Class {
  const C = class extends ErrorCtor {};
  hide(C, "name", name);
  hide(C.prototype, "name", name);
  return C;
}

/** The classes by their names. */
function classes(): Record<string, Class> {
  if (made !== undefined) return made;
  made = dict<Class>();
  const all = split(names, " ");
  for (let i = 0; i < all.length; i++) made[all[i]!] = makeClass(all[i]!);
  return made;
}

/** Deno.errors, an object of the script's own. */
export function makeErrors(): object {
  const out = {};
  const all = split(names, " ");
  for (let i = 0; i < all.length; i++) put(out, all[i]!, classes()[all[i]!]);
  return out;
}

/** What a script may not do, or the place where it runs cannot. */
export function notCapable(message: string): Error {
  return new (classes().NotCapable!)(message);
}

/** What is closed and used still. */
export function badResource(message: string): Error {
  return new (classes().BadResource!)(message);
}

// Codes of failed operations, which are errors of these classes as well.
const ofCodes = {
  __proto__: null as never,
  NOT_FOUND: "NotFound",
  FORBIDDEN: "PermissionDenied",
  UNAUTHORIZED: "PermissionDenied",
  SCOPE_FORBIDDEN: "NotCapable",
  CONFLICT: "AlreadyExists",
  TIMEOUT: "TimedOut",
  UNAVAILABLE: "Busy",
  UPSTREAM: "Http",
  NOT_SUPPORTED: "NotSupported",
} as Record<string, string>;

/** The class of an error's code that is a plain Error otherwise; undefined when there is none. */
export function classOfCode(code: unknown): Class | undefined {
  const name = typeof code === "string" ? ofCodes[code] : undefined;
  return name === undefined ? undefined : classes()[name];
}
