// Deno.cron, on the jobs of cron.
import { isAbortSignal, isAborted, onAbort } from "./abort";
import { cronEnd, cronJob, loading } from "./events";
import { ArrayIsArray, ErrorCtor, PromiseCtor, ReflectApply, StringOf, TypeErrorCtor, add, dict, isSafeInteger, list, regExpExec, slice, split, toUpperCase, trim } from "./primordials";
import { resolvedWith } from "./promises";

const longestName = 64;
const nameForm = /^[A-Za-z0-9_\- \t\n\f\r]+$/;
const longestPause = 60 * 60 * 1000;
const mostPauses = 5;
/** Deno's own, for a job that says nothing. */
const pauses = [100, 1000, 5000, 30_000, 60_000];

const taken = dict<boolean>();

const what = "Deno.cron(name, schedule, options?, handler)";

function nameOf(v: unknown): string {
  if (typeof v !== "string" || v === "") throw new TypeErrorCtor(`${what}: name must be a text that is not empty`);
  if (v.length > longestName) throw new TypeErrorCtor(`${what}: the name has at most ${longestName} characters, this one has ${v.length}`);
  if (regExpExec(nameForm, v) === null) throw new TypeErrorCtor(`${what}: a name has letters, digits, spaces, hyphens and underscores only`);
  if (taken[v] === true) throw new TypeErrorCtor(`${what}: there is a job named ${v} already`);
  return v;
}

function whole(v: unknown, field: string): string {
  if (!isSafeInteger(v)) throw new TypeErrorCtor(`${what}: ${field} must be a whole number`);
  return StringOf(v);
}

/** One field of a schedule as text. */
function fieldText(v: any, field: string): string {
  if (v === undefined) return "*";
  if (typeof v === "number") return whole(v, field);
  if (v === null || typeof v !== "object") throw new TypeErrorCtor(`${what}: ${field} must be a number, { exact } or { start, end, every }`);
  const { exact, start, end, every } = v;
  if (exact !== undefined) {
    if (!ArrayIsArray(exact)) return whole(exact, `${field}.exact`);
    if (exact.length === 0) throw new TypeErrorCtor(`${what}: ${field}.exact is empty`);
    let out = "";
    for (let i = 0; i < exact.length; i++) out += (i > 0 ? "," : "") + whole(exact[i], `${field}.exact`);
    return out;
  }
  const step = every === undefined ? "" : "/" + whole(every, `${field}.every`);
  if (start !== undefined && end !== undefined) return `${whole(start, `${field}.start`)}-${whole(end, `${field}.end`)}${step}`;
  if (start !== undefined) return whole(start, `${field}.start`) + (step === "" ? "/1" : step);
  if (end === undefined && every !== undefined) return "*" + step;
  throw new TypeErrorCtor(`${what}: ${field} needs exact, start or every`);
}

/** What is left out below what is given is the first of it, not all. */
function scheduleText(v: any): string {
  if (typeof v === "string") return v;
  if (v === null || typeof v !== "object") throw new TypeErrorCtor(`${what}: schedule must be a text of five fields or an object`);
  let { minute, hour, dayOfMonth } = v;
  const { month, dayOfWeek } = v;
  if (minute === undefined && (hour ?? dayOfMonth ?? dayOfWeek ?? month) !== undefined) {
    minute = 0;
    if (hour === undefined) {
      hour = 0;
      if (dayOfMonth === undefined && dayOfWeek === undefined) dayOfMonth = 1;
    }
  }
  return `${fieldText(minute, "minute")} ${fieldText(hour, "hour")} ${fieldText(dayOfMonth, "dayOfMonth")} ${fieldText(month, "month")} ${fieldText(dayOfWeek, "dayOfWeek")}`;
}

const digits = /^[0-9]+/;

/** Deno numbers weekdays from 1 for Sunday, cron from 0. */
function weekdays(field: string): string {
  const parts = split(field, ",");
  let out = "";
  for (let i = 0; i < parts.length; i++) {
    const one = parts[i]!;
    let days = one;
    let rest = "";
    for (let k = 0; k < one.length && rest === ""; k++) {
      if (one[k] === "/" || one[k] === "#") {
        days = slice(one, 0, k);
        rest = slice(one, k);
      }
    }
    const ends = split(days, "-");
    let text = "";
    for (let k = 0; k < ends.length; k++) text += (k > 0 ? "-" : "") + weekday(ends[k]!);
    out += (i > 0 ? "," : "") + text + rest;
  }
  return out;
}

function weekday(text: string): string {
  const found = regExpExec(digits, text);
  if (found === null) return text;
  const n = +found[0]!;
  if (n < 1 || n > 7) throw new TypeErrorCtor(`${what}: weekdays are 1 (Sunday) to 7 (Saturday), or SUN to SAT; ${found[0]} is none`);
  return `${n - 1}${slice(text, found[0]!.length)}`;
}

/** A schedule as the host takes it. */
function expression(v: unknown): string {
  const fields = list<string>();
  const text = trim(scheduleText(v));
  let word = "";
  for (let i = 0; i <= text.length; i++) {
    const c = text[i];
    if (c !== undefined && c !== " " && c !== "\t") {
      word += c;
    } else if (word !== "") {
      add(fields, word);
      word = "";
    }
  }
  if (fields.length !== 5) throw new TypeErrorCtor(`${what}: a schedule has five fields: minute, hour, day of month, month and day of week; this one has ${fields.length}`);
  return `${fields[0]} ${fields[1]} ${fields[2]} ${fields[3]} ${weekdays(toUpperCase(fields[4]!))}`;
}

function backoffOf(v: unknown): number[] {
  if (v === undefined || v === null) return pauses;
  if (!ArrayIsArray(v) || v.length > mostPauses) throw new TypeErrorCtor(`${what}: backoffSchedule must be an array of at most ${mostPauses} milliseconds`);
  const out = list<number>();
  for (let i = 0; i < v.length; i++) {
    const ms = v[i];
    if (!isSafeInteger(ms) || ms < 0 || ms > longestPause) throw new TypeErrorCtor(`${what}: each of backoffSchedule is a whole number of milliseconds from 0 to ${longestPause}`);
    add(out, ms);
  }
  return out;
}

/** Has the handler run at the times of the schedule. */
export function cron(name: unknown, schedule: unknown, third: any, fourth?: any): Promise<void> {
  const job = nameOf(name);
  const expr = expression(schedule);
  let handler = third;
  let o = fourth;
  if (typeof third !== "function") {
    handler = fourth;
    o = third;
  } else if (typeof fourth === "function") throw new TypeErrorCtor(`${what}: there are two handlers`);
  if (typeof handler !== "function") throw new TypeErrorCtor(`${what}: handler must be a function`);
  if (o !== undefined && o !== null && typeof o !== "object") throw new TypeErrorCtor(`${what}: options must be an object`);
  const backoff = backoffOf(o?.backoffSchedule);
  const signal = o?.signal ?? undefined;
  if (signal !== undefined && !isAbortSignal(signal)) throw new TypeErrorCtor(`${what}: signal must be an AbortSignal`);
  if (!loading) throw new ErrorCtor(`${what}: call it at the top level, so that the script's jobs are known when it has loaded`);
  if (signal !== undefined && isAborted(signal)) return resolvedWith<void>(undefined);
  let ended = false;
  cronJob(job, expr, true, backoff, () => (ended ? undefined : ReflectApply(handler, undefined, [])));
  taken[job] = true;
  return new PromiseCtor<void>((resolve) => {
    if (signal === undefined) return;
    onAbort(signal, () => {
      ended = true;
      taken[job] = false;
      cronEnd(job);
      resolve();
    });
  });
}
