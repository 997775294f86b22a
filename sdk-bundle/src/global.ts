// What the global object is for the web: a target of events, which hears of
// errors that nothing caught and of rejections that nothing handles.
import { type Event, EventTarget, fire, globalTarget, handlers, heard } from "./event";
import { ErrorEvent, PromiseRejectionEvent } from "./eventkinds";
import { catcher, report, tellLog } from "./failure";
import { isErrorLike } from "./inspect";
import { ObjectDefineProperty, StringOf, TypeErrorCtor, dict } from "./primordials";
import { expose, needs } from "./webidl";

const { addEventListener: listen, removeEventListener: forget, dispatchEvent: send } = EventTarget.prototype;
export const addEventListener = listen;
export const removeEventListener = forget;
export const dispatchEvent = send;

handlers(globalThis, ["error", "unhandledrejection", "rejectionhandled"]);

/** Whether an error is being told already: one in its handler goes to the log. */
let telling = false;

/** Fires an event at the global object and tells whether the script took it. */
function taken(make: () => Event, name: string): boolean {
  if (telling || !heard(globalTarget, name)) return false;
  telling = true;
  try {
    return !fire(globalTarget, make());
  } finally {
    telling = false;
  }
}

function messageOf(e: any): string {
  try {
    return isErrorLike(e) ? `Uncaught ${e.name}: ${e.message}` : `Uncaught ${StringOf(e)}`;
  } catch {
    return "Uncaught";
  }
}

catcher.take = (error) =>
  taken(() => {
    const init = dict<unknown>();
    init.message = messageOf(error);
    init.error = error;
    init.cancelable = true;
    return new ErrorEvent("error", init);
  }, "error");

/** A promise was rejected and nothing handles it. */
export function rejected(reason: unknown, promise: unknown): void {
  const was =
    promise !== undefined &&
    taken(() => {
      const init = dict<unknown>();
      init.promise = promise;
      init.reason = reason;
      init.cancelable = true;
      return new PromiseRejectionEvent("unhandledrejection", init);
    }, "unhandledrejection");
  if (!was) tellLog(reason);
}

/** A promise that was told of as rejected has got a handler. */
export function handledLate(reason: unknown, promise: unknown): void {
  taken(() => {
    const init = dict<unknown>();
    init.promise = promise;
    init.reason = reason;
    return new PromiseRejectionEvent("rejectionhandled", init);
  }, "rejectionhandled");
}

export function reportError(e: unknown): void {
  needs(1, arguments.length, "reportError");
  report(e);
}

const only = {};

export class Navigator {
  constructor(key: unknown) {
    if (key !== only) throw new TypeErrorCtor("Illegal constructor");
  }
  get userAgent(): string {
    return "Flora";
  }
}
expose(Navigator, "Navigator");
export const navigator = new Navigator(only);

/** Puts self on the global object: an accessor would make it differ from a copy. */
export function installSelf(): void {
  ObjectDefineProperty(globalThis, "self", { __proto__: null, value: globalThis, writable: true, configurable: true } as PropertyDescriptor);
}
