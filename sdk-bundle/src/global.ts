// Errors and rejections on the global object, before anybody listens there: what
// does the listening is made when a script begins to.
import { catcher, tellLog } from "./failure";
import { here } from "./lazy";
import { ObjectDefineProperty, ReflectApply } from "./primordials";

/** A promise was rejected and nothing handles it. */
export function rejected(reason: unknown, promise: unknown): void {
  const { takeRejection } = catcher;
  if (promise === undefined || !takeRejection(reason, promise)) tellLog(reason);
}

/** A promise that was told of as rejected has got a handler. */
export function handledLate(reason: unknown, promise: unknown): void {
  const { takeHandled } = catcher;
  takeHandled(reason, promise);
}

/** Lays onerror and its kind on the global object. */
export function layHandlers(): void {
  layHandler("error");
  layHandler("unhandledrejection");
  layHandler("rejectionhandled");
}

function layHandler(name: string): void {
  let made: { get(this: unknown): any; set(this: unknown, v: unknown): void } | undefined;
  const access = () => {
    // It is what tells of errors.
    here(import("./globalevents"));
    return (made ??= here(import("./event")).handler(name));
  };
  const lazy = {
    get(this: unknown): any {
      return ReflectApply(access().get, this, []);
    },
    set(this: unknown, v: unknown): void {
      ReflectApply(access().set, this, [v]);
    },
  };
  ObjectDefineProperty(globalThis, "on" + name, { __proto__: null, get: lazy.get, set: lazy.set, enumerable: false, configurable: true } as PropertyDescriptor);
}
