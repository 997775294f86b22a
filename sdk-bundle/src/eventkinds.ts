// The events of their own kinds, by the DOM and HTML standards.
import { Event, type EventTarget, errors, fire, initEvent, isDispatching } from "./event";
import { ObjectFreeze, ReflectApply, TypeErrorCtor, append, dict } from "./primordials";
import { dictionary, expose, isObject, needs, sequence, textOf } from "./webidl";

export class CustomEvent extends Event {
  #detail: unknown;

  constructor(type: unknown, init?: unknown) {
    needs(1, arguments.length, "CustomEvent");
    super(type, init);
    const { detail } = dictionary(init, "CustomEvent");
    this.#detail = detail === undefined ? null : detail;
  }
  get detail(): any {
    return this.#detail;
  }
  initCustomEvent(type: unknown, bubbles: unknown = false, cancelable: unknown = false, detail: unknown = null): void {
    needs(1, arguments.length, "CustomEvent.initCustomEvent");
    if (isDispatching(this)) return;
    ReflectApply(initEvent, this, [type, bubbles, cancelable]);
    this.#detail = detail;
  }
}
expose(CustomEvent, "CustomEvent");

export class ErrorEvent extends Event {
  #message: string;
  #filename: string;
  #lineno: number;
  #colno: number;
  #error: unknown;

  static {
    // What window.onerror is called with.
    errors.argumentsOf = (e) => (#lineno in e ? [e.#message, e.#filename, e.#lineno, e.#colno, e.#error] : undefined);
  }

  constructor(type: unknown, init?: unknown) {
    needs(1, arguments.length, "ErrorEvent");
    super(type, init);
    const o = dictionary(init, "ErrorEvent");
    this.#message = o.message === undefined ? "" : textOf(o.message);
    this.#filename = o.filename === undefined ? "" : textOf(o.filename);
    this.#lineno = o.lineno === undefined ? 0 : o.lineno >>> 0;
    this.#colno = o.colno === undefined ? 0 : o.colno >>> 0;
    this.#error = o.error;
  }
  get message(): string {
    return this.#message;
  }
  get filename(): string {
    return this.#filename;
  }
  get lineno(): number {
    return this.#lineno;
  }
  get colno(): number {
    return this.#colno;
  }
  get error(): any {
    return this.#error;
  }
}
expose(ErrorEvent, "ErrorEvent");

export const noConnection = "the connection failed";

/** What an error says, for an event. */
export function messageIn(e: any): string {
  return typeof e?.message === "string" ? e.message : noConnection;
}

/** Fires an error event with a message. */
export function fireError(to: EventTarget, message: string): void {
  const init = dict<unknown>();
  init.message = message;
  fire(to, new ErrorEvent("error", init));
}

export class PromiseRejectionEvent extends Event {
  #promise: unknown;
  #reason: unknown;

  constructor(type: unknown, init: unknown) {
    needs(2, arguments.length, "PromiseRejectionEvent");
    super(type, init);
    const o = dictionary(init, "PromiseRejectionEvent");
    if (!isObject(o.promise)) throw new TypeErrorCtor("PromiseRejectionEvent: promise must be an object");
    this.#promise = o.promise;
    this.#reason = o.reason;
  }
  get promise(): any {
    return this.#promise;
  }
  get reason(): any {
    return this.#reason;
  }
}
expose(PromiseRejectionEvent, "PromiseRejectionEvent");

/** A message with its ports, past what a script made of iterators. */
export let messageOf: (data: unknown, ports: unknown[], type?: string, origin?: string, lastEventId?: string) => Event;

export class MessageEvent extends Event {
  #data: unknown;
  #origin: string;
  #lastEventId: string;
  #source: unknown;
  #ports: readonly unknown[];

  static {
    messageOf = (data, all, type = "message", origin = "", lastEventId = "") => {
      const e = new MessageEvent(type);
      e.#data = data;
      e.#origin = origin;
      e.#lastEventId = lastEventId;
      const ports: unknown[] = [];
      for (let i = 0; i < all.length; i++) append(ports, all[i]);
      e.#ports = ObjectFreeze(ports);
      return e;
    };
  }

  constructor(type: unknown, init?: unknown) {
    needs(1, arguments.length, "MessageEvent");
    super(type, init);
    const o = dictionary(init, "MessageEvent");
    this.#data = o.data === undefined ? null : o.data;
    this.#origin = o.origin === undefined ? "" : textOf(o.origin);
    this.#lastEventId = o.lastEventId === undefined ? "" : textOf(o.lastEventId);
    this.#source = o.source === undefined ? null : o.source;
    const ports: unknown[] = [];
    if (o.ports !== undefined) {
      const all = sequence(o.ports, "MessageEvent: ports");
      for (let i = 0; i < all.length; i++) append(ports, all[i]);
    }
    this.#ports = ObjectFreeze(ports);
  }
  get data(): any {
    return this.#data;
  }
  get origin(): string {
    return this.#origin;
  }
  get lastEventId(): string {
    return this.#lastEventId;
  }
  get source(): any {
    return this.#source;
  }
  get ports(): any {
    return this.#ports;
  }
}
expose(MessageEvent, "MessageEvent");
