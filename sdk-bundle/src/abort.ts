// AbortController and AbortSignal, by the DOM standard.
import { Event, EventTarget, fire, handlers, heard, signals } from "./event";
import { DOMException } from "./exception";
import { NumberOf, TypeErrorCtor, WeakRefCtor, add, list, weakValue } from "./primordials";
import { runLater } from "./timers";
import { enforced, expose, isObject, looksLike, needs, sequence } from "./webidl";

let abortNow: (s: AbortSignal, reason: unknown) => void;
let follow: (s: AbortSignal, f: () => void) => () => void;
let isSignal: (v: unknown) => v is AbortSignal;
let make: () => AbortSignal;
/** Whether a signal has aborted, whatever a script made of its accessors. */
export let isAborted: (s: AbortSignal) => boolean;
export let reasonFor: (s: AbortSignal) => unknown;
let depend: (s: AbortSignal, on: AbortSignal) => void;
const key = {};

/**
 * How a signal is known to those that it depends on: they keep it only while
 * somebody waits for it.
 */
interface Link {
  weak: WeakRef<AbortSignal>;
  kept: AbortSignal | undefined;
}

export class AbortSignal extends EventTarget {
  #aborted = false;
  #reason: unknown;
  #inner = list<() => void>(); // The SDK's own, which run first.
  #sources = list<AbortSignal>(); // Of a signal that depends on others; each is no such one itself.
  #dependents = list<Link>();
  #room = 16; // So many dependents until those that are gone are looked for.
  #link: Link | undefined; // Of a signal that depends on others.

  static {
    make = () => new AbortSignal(key);
    isSignal = (v): v is AbortSignal => isObject(v) && #aborted in v;
    isAborted = (s) => s.#aborted;
    reasonFor = (s) => s.#reason;
    abortNow = (s, reason) => s.#abort(reason);
    follow = (s, f) => {
      if (s.#aborted) return () => {};
      add(s.#inner, f);
      s.#keep();
      return () => {
        const kept = list<() => void>();
        for (let i = 0; i < s.#inner.length; i++) if (s.#inner[i] !== f) add(kept, s.#inner[i]!);
        s.#inner = kept;
        s.#keep();
      };
    };
    signals.heard = (t) => {
      if (isSignal(t)) t.#keep();
    };
    depend = (s, on) => {
      if (on.#aborted) return abortNow(s, on.#reason);
      if (on.#link === undefined) s.#join(on);
      else for (let i = 0; i < on.#sources.length; i++) s.#join(on.#sources[i]!);
    };
  }

  constructor(by?: unknown) {
    if (by !== key) throw new TypeErrorCtor("Illegal constructor: use new AbortController().signal, AbortSignal.timeout or AbortSignal.any");
    super();
  }
  #abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
    // All know before the first of them runs a script's code.
    const also = list<AbortSignal>();
    for (let i = 0; i < this.#dependents.length; i++) {
      const d = weakValue(this.#dependents[i]!.weak);
      if (d === undefined || d.#aborted) continue;
      d.#aborted = true;
      d.#reason = this.#reason;
      add(also, d);
    }
    this.#dependents = list();
    this.#run();
    for (let i = 0; i < also.length; i++) also[i]!.#run();
  }
  #run(): void {
    const inner = this.#inner;
    this.#inner = list();
    for (let i = 0; i < inner.length; i++) inner[i]!();
    fire(this, new Event("abort"));
  }
  get aborted(): boolean {
    return this.#aborted;
  }
  get reason(): any {
    return this.#reason;
  }
  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }
  static abort(reason?: unknown): AbortSignal {
    const s = make();
    abortNow(s, reason);
    return s;
  }
  static timeout(ms: unknown): AbortSignal {
    needs(1, arguments.length, "AbortSignal.timeout");
    const delay = enforced(NumberOf(ms), "AbortSignal.timeout(ms): ms");
    const s = make();
    runLater(() => abortNow(s, new DOMException("The operation timed out", "TimeoutError")), delay);
    return s;
  }
  static any(all: unknown): AbortSignal {
    needs(1, arguments.length, "AbortSignal.any");
    const from = sequence(all, "AbortSignal.any(signals)");
    for (let i = 0; i < from.length; i++) if (!isSignal(from[i])) throw new TypeErrorCtor("AbortSignal.any(signals): each must be an AbortSignal");
    const s = make();
    for (let i = 0; i < from.length; i++) {
      const one = from[i] as AbortSignal;
      if (!one.#aborted) continue;
      s.#aborted = true;
      s.#reason = one.#reason;
      return s;
    }
    for (let i = 0; i < from.length; i++) depend(s, from[i] as AbortSignal);
    s.#link ??= s.#ownLink();
    return s;
  }
  #ownLink(): Link {
    return { weak: new WeakRefCtor(this as AbortSignal), kept: undefined };
  }
  #join(source: AbortSignal): void {
    for (let i = 0; i < this.#sources.length; i++) if (this.#sources[i] === source) return;
    this.#link ??= this.#ownLink();
    add(this.#sources, source);
    add(source.#dependents, this.#link);
    if (source.#dependents.length < source.#room) return;
    const there = list<Link>();
    for (let i = 0; i < source.#dependents.length; i++) if (weakValue(source.#dependents[i]!.weak) !== undefined) add(there, source.#dependents[i]!);
    source.#dependents = there;
    source.#room = 16 + 2 * there.length;
  }
  /** Somebody waits for it, or nobody any more. */
  #keep(): void {
    if (this.#link !== undefined) this.#link.kept = this.#inner.length > 0 || heard(this, "abort") ? this : undefined;
  }
}
expose(AbortSignal, "AbortSignal");
looksLike(AbortSignal, "aborted reason");
handlers(AbortSignal.prototype, ["abort"]);

export class AbortController {
  #signal = make();
  get signal(): AbortSignal {
    return this.#signal;
  }
  abort(reason?: unknown): void {
    abortNow(this.#signal, reason);
  }
}
expose(AbortController, "AbortController");

signals.aborted = (s) => {
  if (!isSignal(s)) throw new TypeErrorCtor("EventTarget.addEventListener: signal must be an AbortSignal");
  return isAborted(s);
};
signals.follow = (s, f) => follow(s as AbortSignal, f);

/** Calls f when the signal aborts; what it gives takes that back. */
export function onAbort(s: AbortSignal, f: () => void): () => void {
  return follow(s, f);
}

export function isAbortSignal(v: unknown): v is AbortSignal {
  return isSignal(v);
}

/** A signal of the SDK's own, and how it is aborted. */
export function makeSignal(): AbortSignal {
  return make();
}

export function abort(s: AbortSignal, reason: unknown): void {
  abortNow(s, reason);
}

/** Makes a signal of the SDK's own abort with another, which does not keep it. */
export function abortWith(mine: AbortSignal, other: AbortSignal): void {
  depend(mine, other);
}
