// Promises as the web's algorithms use them, past what a script made of the
// class.
import { PromiseCtor, ReflectApply, promiseResolve, react } from "./primordials";

export interface Deferred<T> {
  promise: Promise<T>;
  pending: boolean;
  resolve(v: T): void;
  reject(e: unknown): void;
}

export function deferred<T = void>(): Deferred<T> {
  let ok!: (v: T) => void;
  let err!: (e: unknown) => void;
  const promise = new PromiseCtor<T>((resolve, reject) => {
    ok = resolve;
    err = reject;
  });
  const d: Deferred<T> = {
    promise,
    pending: true,
    resolve: (v) => {
      d.pending = false;
      ok(v);
    },
    reject: (e) => {
      d.pending = false;
      err(e);
    },
  };
  return d;
}

/** A value as a promise; a promise is itself. */
export function promised(v: unknown): Promise<any> {
  try {
    return promiseResolve(PromiseCtor, v);
  } catch (e) {
    return rejectedWith(e);
  }
}

export function resolvedWith<T>(v: T): Promise<T> {
  return new PromiseCtor<T>((resolve) => resolve(v));
}

export function rejectedWith(e: unknown): Promise<any> {
  return new PromiseCtor((_, reject) => reject(e));
}

export function nothing(): void {}

/** Keeps a rejection from being told as one that nobody handles. */
export function handled(p: Promise<unknown>): void {
  react(p, nothing, nothing);
}

/** Promise.prototype.then. */
export function then<R>(p: Promise<unknown>, ok: (v: any) => R, err?: (e: unknown) => R): Promise<R> {
  return new PromiseCtor<R>((resolve, reject) => {
    react(
      p,
      (v) => {
        try {
          resolve(ok(v));
        } catch (e) {
          reject(e);
        }
      },
      (e) => {
        if (err === undefined) {
          reject(e);
          return;
        }
        try {
          resolve(err(e));
        } catch (other) {
          reject(other);
        }
      },
    );
  });
}

/** Calls a script's function; what it throws is a rejection. */
export function invoke(f: Function, self: unknown, args: unknown[]): Promise<any> {
  try {
    return promised(ReflectApply(f, self, args));
  } catch (e) {
    return rejectedWith(e);
  }
}
