// Event and EventTarget, by the DOM standard. A target has no parents here, so an
// event's path is its target alone.
import { DOMException } from "./exception";
import { report } from "./failure";
import { elapsed } from "./elapsed";
import { ObjectDefineProperty, ObjectGetOwnPropertyDescriptor, ObjectSetPrototypeOf, ReflectApply, TypeErrorCtor, add, append, dict, list } from "./primordials";
import { constants, dictionary, expose, isObject, looksLike, needs, textOf } from "./webidl";

interface Flags {
  type: string;
  bubbles: boolean;
  cancelable: boolean;
  composed: boolean;
  target: unknown;
  current: unknown;
  phase: number;
  ready: boolean; // It was given a type.
  dispatching: boolean;
  stopped: boolean;
  stoppedNow: boolean;
  canceled: boolean;
  passive: boolean;
  trusted: boolean;
  at: number;
}

let flagsOf: (e: Event) => Flags;
let isEvent: (v: unknown) => v is Event;

// Every event has it as a property of its own, with one getter for all.
const isTrusted = ObjectGetOwnPropertyDescriptor(
  {
    get isTrusted(): boolean {
      return flagsOf(this as unknown as Event).trusted;
    },
  },
  "isTrusted",
)!;
ObjectSetPrototypeOf(isTrusted, null);
isTrusted.configurable = false;

export class Event {
  #f: Flags;
  declare readonly isTrusted: boolean;

  static {
    flagsOf = (e) => e.#f;
    isEvent = (v): v is Event => isObject(v) && #f in v;
  }

  constructor(type: unknown, init?: unknown) {
    needs(1, arguments.length, "Event");
    const text = textOf(type);
    const o = dictionary(init, "Event");
    this.#f = {
      type: text,
      bubbles: !!o.bubbles,
      cancelable: !!o.cancelable,
      composed: !!o.composed,
      target: null,
      current: null,
      phase: 0,
      ready: true,
      dispatching: false,
      stopped: false,
      stoppedNow: false,
      canceled: false,
      passive: false,
      trusted: false,
      at: elapsed(),
    };
    ObjectDefineProperty(this, "isTrusted", isTrusted);
  }
  get type(): string {
    return this.#f.type;
  }
  get target(): any {
    return this.#f.target;
  }
  get srcElement(): any {
    return this.#f.target;
  }
  get currentTarget(): any {
    return this.#f.current;
  }
  composedPath(): any[] {
    const out: any[] = [];
    if (this.#f.current !== null) append(out, this.#f.current);
    return out;
  }
  get eventPhase(): number {
    return this.#f.phase;
  }
  stopPropagation(): void {
    this.#f.stopped = true;
  }
  get cancelBubble(): boolean {
    return this.#f.stopped;
  }
  set cancelBubble(v: unknown) {
    if (v) this.#f.stopped = true;
  }
  stopImmediatePropagation(): void {
    this.#f.stopped = true;
    this.#f.stoppedNow = true;
  }
  get bubbles(): boolean {
    return this.#f.bubbles;
  }
  get cancelable(): boolean {
    return this.#f.cancelable;
  }
  get returnValue(): boolean {
    return !this.#f.canceled;
  }
  set returnValue(v: unknown) {
    if (!v) cancel(this.#f);
  }
  preventDefault(): void {
    cancel(this.#f);
  }
  get defaultPrevented(): boolean {
    return this.#f.canceled;
  }
  get composed(): boolean {
    return this.#f.composed;
  }
  get timeStamp(): number {
    return this.#f.at;
  }
  initEvent(type: unknown, bubbles: unknown = false, cancelable: unknown = false): void {
    needs(1, arguments.length, "Event.initEvent");
    const f = this.#f;
    const text = textOf(type);
    if (f.dispatching) return;
    f.ready = true;
    f.stopped = f.stoppedNow = f.canceled = f.trusted = false;
    f.target = null;
    f.type = text;
    f.bubbles = !!bubbles;
    f.cancelable = !!cancelable;
  }
}
expose(Event, "Event");
/** As it was before a script had it. */
export const { initEvent } = Event.prototype;
looksLike(Event, "type bubbles cancelable composed currentTarget defaultPrevented eventPhase target timeStamp");
constants(Event, { NONE: 0, CAPTURING_PHASE: 1, AT_TARGET: 2, BUBBLING_PHASE: 3 });

function cancel(f: Flags): void {
  if (f.cancelable && !f.passive) f.canceled = true;
}

export function isDispatching(e: Event): boolean {
  return flagsOf(e).dispatching;
}

interface Listener {
  run: any;
  capture: boolean;
  once: boolean;
  passive: boolean;
  removed: boolean;
  unfollow: (() => void) | undefined; // Lets go of the signal that would remove it.
}

/** The handlers that are attributes, such as onabort, by the name of the event. */
interface Attribute {
  value: any;
  listener: Listener | undefined;
}

let listenersOf: (t: EventTarget) => Record<string, Listener[]>;
let attributesOf: (t: EventTarget) => Record<string, Attribute>;
let isTarget: (v: unknown) => v is EventTarget;

/** The methods of events work on the global object and on nothing, too. */
function targetOf(self: unknown): EventTarget {
  if (self === undefined || self === null || self === globalThis) return globalTarget;
  if (!isTarget(self)) throw new TypeErrorCtor("Illegal invocation: this is no EventTarget");
  return self;
}

/**
 * What a signal given to addEventListener does, and what is done when a target
 * gets its first listener for abort or loses its last; set by abort.ts, which
 * needs targets itself.
 */
export const signals: { aborted(s: unknown): boolean; follow(s: unknown, f: () => void): () => void; heard(t: EventTarget): void } = {
  aborted: () => false,
  follow: () => () => {},
  heard: () => {},
};

export class EventTarget {
  #listeners = dict<Listener[]>();
  #attributes = dict<Attribute>();

  static {
    listenersOf = (t) => t.#listeners;
    attributesOf = (t) => t.#attributes;
    isTarget = (v): v is EventTarget => isObject(v) && #listeners in v;
  }

  addEventListener(type: unknown, callback: unknown, options?: any): void {
    const self = targetOf(this);
    needs(2, arguments.length, "EventTarget.addEventListener");
    const name = textOf(type);
    const o = isObject(options) ? (options as any) : undefined;
    const capture = o === undefined ? !!options : !!o.capture;
    const once = o === undefined ? false : !!o.once;
    const passive = o === undefined ? false : !!o.passive;
    const signal = o === undefined ? undefined : o.signal;
    if (callback !== null && callback !== undefined && !isObject(callback)) throw new TypeErrorCtor("EventTarget.addEventListener: the listener must be a function or an object");
    if (signal !== undefined && signals.aborted(signal)) return;
    if (callback === null || callback === undefined) return;
    const l = listen(self, name, callback, capture, once, passive);
    if (signal !== undefined && l !== undefined) l.unfollow = signals.follow(signal, () => forget(self, name, l));
  }
  removeEventListener(type: unknown, callback: unknown, options?: any): void {
    const self = targetOf(this);
    needs(2, arguments.length, "EventTarget.removeEventListener");
    const name = textOf(type);
    const capture = isObject(options) ? !!(options as any).capture : !!options;
    if (callback !== null && callback !== undefined && !isObject(callback)) throw new TypeErrorCtor("EventTarget.removeEventListener: the listener must be a function or an object");
    const all = listenersOf(self)[name];
    if (all === undefined) return;
    for (let i = 0; i < all.length; i++) {
      if (all[i]!.run === callback && all[i]!.capture === capture) return forget(self, name, all[i]!);
    }
  }
  dispatchEvent(event: unknown): boolean {
    const self = targetOf(this);
    needs(1, arguments.length, "EventTarget.dispatchEvent");
    if (!isEvent(event)) throw new TypeErrorCtor("EventTarget.dispatchEvent: expected an Event");
    const f = flagsOf(event);
    if (f.dispatching || !f.ready) throw new DOMException("The event is being dispatched already", "InvalidStateError");
    f.trusted = false;
    return dispatch(self, event);
  }
}
expose(EventTarget, "EventTarget");
/** As they were before a script had them. */
export const { addEventListener, removeEventListener, dispatchEvent } = EventTarget.prototype;

/** Adds a listener unless it is there. */
function listen(to: EventTarget, name: string, run: unknown, capture: boolean, once: boolean, passive: boolean): Listener | undefined {
  const all = (listenersOf(to)[name] ??= list());
  for (let i = 0; i < all.length; i++) if (all[i]!.run === run && all[i]!.capture === capture) return undefined;
  const l: Listener = { run, capture, once, passive, removed: false, unfollow: undefined };
  add(all, l);
  if (name === "abort") signals.heard(to);
  return l;
}

function forget(from: EventTarget, name: string, which: Listener): void {
  which.removed = true;
  const { unfollow } = which;
  which.unfollow = undefined;
  if (unfollow !== undefined) unfollow();
  const all = listenersOf(from)[name];
  if (all === undefined) return;
  // A dispatch may be walking the old list.
  const kept = list<Listener>();
  for (let i = 0; i < all.length; i++) if (all[i] !== which) add(kept, all[i]!);
  if (kept.length === 0) delete listenersOf(from)[name];
  else listenersOf(from)[name] = kept;
  if (name === "abort") signals.heard(from);
}

/** Whether anything listens for an event. */
export function heard(t: EventTarget, name: string): boolean {
  return listenersOf(t)[name] !== undefined;
}

function dispatch(to: EventTarget, event: Event): boolean {
  const f = flagsOf(event);
  f.dispatching = true;
  f.target = f.current = to === globalTarget ? globalThis : to;
  f.phase = 2;
  // Those that are added meanwhile wait for the next event.
  for (let pass = 0; pass < 2 && !f.stopped; pass++) {
    const all = listenersOf(to)[f.type];
    const count = all === undefined ? 0 : all.length;
    for (let i = 0; i < count && !f.stoppedNow; i++) {
      const l = all![i]!;
      if (l.capture !== (pass === 0) || l.removed) continue;
      if (l.once) forget(to, f.type, l);
      f.passive = l.passive;
      call(l.run, f.current, event);
      f.passive = false;
    }
  }
  f.phase = 0;
  f.current = null;
  f.dispatching = f.stopped = f.stoppedNow = false;
  return !f.canceled;
}

function call(run: any, self: unknown, event: unknown): void {
  try {
    if (typeof run === "function") {
      ReflectApply(run, self, [event]);
      return;
    }
    const { handleEvent } = run;
    if (typeof handleEvent !== "function") throw new TypeErrorCtor("The listener has no function handleEvent");
    ReflectApply(handleEvent, run, [event]);
  } catch (e) {
    report(e);
  }
}

/** Dispatches an event of the runtime's own. */
export function fire(to: EventTarget, event: Event): boolean {
  flagsOf(event).trusted = true;
  return dispatch(to, event);
}

/** The accessors of a handler attribute. first is run when a handler is set. */
export function handler(name: string, first?: (t: any) => void): { get(this: unknown): any; set(this: unknown, v: unknown): void } {
  return {
    get(this: unknown): any {
      return attributesOf(targetOf(this))[name]?.value ?? null;
    },
    set(this: unknown, v: unknown): void {
      const t = targetOf(this);
      const a = (attributesOf(t)[name] ??= { value: null, listener: undefined });
      a.value = isObject(v) ? v : null;
      if (a.value === null) {
        if (a.listener !== undefined) forget(t, name, a.listener);
        a.listener = undefined;
      } else if (a.listener === undefined) {
        a.listener = listen(t, name, (e: Event) => handle(a.value, t, e), false, false, false);
      }
      if (first !== undefined) first(t);
    },
  };
}

/** Puts handler attributes, such as onabort, on a prototype. */
export function handlers(on: object, names: string[], first?: (t: any) => void): void {
  for (let i = 0; i < names.length; i++) {
    const { get, set } = handler(names[i]!, first);
    ObjectDefineProperty(on, "on" + names[i]!, { __proto__: null, get, set, enumerable: true, configurable: true } as PropertyDescriptor);
  }
}

/** What window.onerror is called with; set by eventkinds.ts. */
export const errors: { argumentsOf(e: Event): unknown[] | undefined } = { argumentsOf: () => undefined };

/** Calls a handler attribute; what it gives may cancel the event. */
function handle(value: any, t: EventTarget, e: Event): void {
  if (typeof value !== "function") return;
  const self = t === globalTarget ? globalThis : t;
  const error = t === globalTarget && flagsOf(e).type === "error" ? errors.argumentsOf(e) : undefined;
  if (error !== undefined) {
    if (ReflectApply(value, self, error) === true) cancel(flagsOf(e));
    return;
  }
  if (ReflectApply(value, self, [e]) === false) cancel(flagsOf(e));
}

/** What the global object is as a target. */
export const globalTarget = new EventTarget();
