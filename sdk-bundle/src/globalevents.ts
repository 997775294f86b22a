// What the global object is for the web: a target of events, which hears of
// errors that nothing caught and of rejections that nothing handles.
import { type Event, addEventListener, dispatchEvent, fire, globalTarget, heard, removeEventListener } from "./event";
import { ErrorEvent, PromiseRejectionEvent } from "./eventkinds";
import { catcher, report } from "./failure";
import { isErrorLike } from "./kinds";
import { StringOf, dict } from "./primordials";
import { needs } from "./webidl";

export { addEventListener, dispatchEvent, removeEventListener };

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

export function reportError(e: unknown): void {
  needs(1, arguments.length, "reportError");
  report(e);
}

catcher.take = (error) =>
  taken(() => {
    const init = dict<unknown>();
    init.message = messageOf(error);
    init.error = error;
    init.cancelable = true;
    return new ErrorEvent("error", init);
  }, "error");

catcher.takeRejection = (reason, promise) =>
  taken(() => {
    const init = dict<unknown>();
    init.promise = promise;
    init.reason = reason;
    init.cancelable = true;
    return new PromiseRejectionEvent("unhandledrejection", init);
  }, "unhandledrejection");

catcher.takeHandled = (reason, promise) =>
  void taken(() => {
    const init = dict<unknown>();
    init.promise = promise;
    init.reason = reason;
    return new PromiseRejectionEvent("rejectionhandled", init);
  }, "rejectionhandled");
