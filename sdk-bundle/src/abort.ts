// AbortController and AbortSignal, with the events that they need.
import { DOMException } from "./exception";
import { report } from "./failure";
import { MathMax, NumberOf, ObjectDefineProperty, ReflectApply, TypeErrorCtor, add, dict, list, toStringTag } from "./primordials";
import { setTimeout } from "./timers";

interface Listener {
  run: any;
  once: boolean;
}

let abortNow: (s: AbortSignal, reason: unknown) => void;
let follow: (s: AbortSignal, f: () => void) => () => void;
let isSignal: (v: unknown) => boolean;
let make: () => AbortSignal;
const key = {};

export class AbortSignal {
  #aborted = false;
  #reason: unknown;
  #listeners = list<Listener>();
  #inner = list<() => void>(); // The SDK's own, which run first.
  onabort: unknown = null;

  static {
    make = () => new AbortSignal(key);
    isSignal = (v) => v !== null && typeof v === "object" && #aborted in v;
    abortNow = (s, reason) => s.#abort(reason);
    follow = (s, f) => {
      add(s.#inner, f);
      return () => {
        const kept = list<() => void>();
        for (let i = 0; i < s.#inner.length; i++) if (s.#inner[i] !== f) add(kept, s.#inner[i]!);
        s.#inner = kept;
      };
    };
  }

  constructor(by?: unknown) {
    if (by !== key) throw new TypeErrorCtor("Illegal constructor: use new AbortController().signal, AbortSignal.timeout or AbortSignal.any");
  }
  #abort(reason: unknown): void {
    if (this.#aborted) return;
    this.#aborted = true;
    this.#reason = reason === undefined ? new DOMException("This operation was aborted", "AbortError") : reason;
    const inner = this.#inner;
    this.#inner = list();
    for (let i = 0; i < inner.length; i++) inner[i]!();
    const event = dict<unknown>();
    event.type = "abort";
    event.target = event.currentTarget = this;
    const all = this.#listeners;
    this.#listeners = list();
    if (typeof this.onabort === "function") call(this.onabort, this, event);
    for (let i = 0; i < all.length; i++) call(all[i]!.run, this, event);
  }
  get aborted(): boolean {
    return this.#aborted;
  }
  get reason(): unknown {
    return this.#reason;
  }
  throwIfAborted(): void {
    if (this.#aborted) throw this.#reason;
  }
  addEventListener(type: unknown, run: unknown, options?: any): void {
    if (type !== "abort" || run === null || run === undefined || this.#aborted) return;
    for (let i = 0; i < this.#listeners.length; i++) if (this.#listeners[i]!.run === run) return;
    add(this.#listeners, { run, once: !!options?.once });
  }
  removeEventListener(type: unknown, run: unknown): void {
    const kept = list<Listener>();
    for (let i = 0; i < this.#listeners.length; i++) if (type !== "abort" || this.#listeners[i]!.run !== run) add(kept, this.#listeners[i]!);
    this.#listeners = kept;
  }
  static abort(reason?: unknown): AbortSignal {
    const s = make();
    abortNow(s, reason);
    return s;
  }
  static timeout(ms: unknown): AbortSignal {
    const delay = NumberOf(ms);
    if (!(delay >= 0 && delay <= 9007199254740991)) throw new TypeErrorCtor("AbortSignal.timeout(ms): ms must be a number that is not negative");
    const s = make();
    setTimeout(() => abortNow(s, new DOMException("The operation timed out", "TimeoutError")), MathMax(delay, 1));
    return s;
  }
  static any(signals: any): AbortSignal {
    const all = list<AbortSignal>();
    const it: any = ReflectApply(signals[Symbol.iterator], signals, []);
    for (let step = it.next(); !step.done; step = it.next()) {
      if (!isSignal(step.value)) throw new TypeErrorCtor("AbortSignal.any(signals): each must be an AbortSignal");
      add(all, step.value);
    }
    const s = make();
    for (let i = 0; i < all.length; i++) {
      if (!all[i]!.#aborted) continue;
      abortNow(s, all[i]!.#reason);
      return s;
    }
    for (let i = 0; i < all.length; i++) follow(all[i]!, () => abortNow(s, all[i]!.#reason));
    return s;
  }
}
ObjectDefineProperty(AbortSignal.prototype, toStringTag, { __proto__: null, value: "AbortSignal", configurable: true } as PropertyDescriptor);

function call(run: any, signal: AbortSignal, event: unknown): void {
  try {
    if (typeof run === "function") ReflectApply(run, signal, [event]);
    else if (typeof run.handleEvent === "function") run.handleEvent(event);
  } catch (e) {
    report(e);
  }
}

export class AbortController {
  #signal = make();
  get signal(): AbortSignal {
    return this.#signal;
  }
  abort(reason?: unknown): void {
    abortNow(this.#signal, reason);
  }
}
ObjectDefineProperty(AbortController.prototype, toStringTag, { __proto__: null, value: "AbortController", configurable: true } as PropertyDescriptor);

/** Calls f when the signal aborts; what it gives takes that back. */
export function onAbort(s: AbortSignal, f: () => void): () => void {
  return follow(s, f);
}

export function isAbortSignal(v: unknown): v is AbortSignal {
  return isSignal(v);
}
