// ReadableStream.pipeTo, by the Streams standard.
import { type AbortSignal, isAborted, onAbort, reasonFor } from "./abort";
import { TypeErrorCtor, add, list, react } from "./primordials";
import { deferred, nothing, promised, resolvedWith } from "./promises";
import { type Readable, acquire, cancel, read, release } from "./rs";
import { Writable, Writer } from "./ws";

export function pipe(from: Readable, to: Writable, preventClose: boolean, preventAbort: boolean, preventCancel: boolean, signal: AbortSignal | undefined): Promise<undefined> {
  const reader = acquire(from, false);
  const writer = new Writer(to);
  from.disturbed = true;
  const done = deferred<undefined>();
  let ending = false;
  let lastWrite: Promise<unknown> = promised(undefined);
  let forget = nothing;

  const finish = (failed: boolean, e: unknown): void => {
    writer.release();
    release(reader);
    forget();
    if (failed) done.reject(e);
    else done.resolve(undefined);
  };
  /** Waits for the writes that are under way, also those that begin meanwhile. */
  const written = (f: () => void): void => {
    const waited = lastWrite;
    const go = (): void => {
      if (waited === lastWrite) f();
      else written(f);
    };
    react(waited, go, go);
  };
  const end = (action: (() => Promise<unknown>) | undefined, failed: boolean, e: unknown): void => {
    if (ending) return;
    ending = true;
    const act = (): void => {
      if (action === undefined) {
        finish(failed, e);
        return;
      }
      react(
        action(),
        () => finish(failed, e),
        (other) => finish(true, other),
      );
    };
    if (to.state === "writable" && !to.closeQueuedOrInFlight()) written(act);
    else act();
  };

  if (signal !== undefined) {
    const aborted = (): void => {
      const e = reasonFor(signal);
      const actions = list<() => Promise<unknown>>();
      if (!preventAbort) add(actions, () => (to.state === "writable" ? to.abort(e) : resolvedWith(undefined)));
      if (!preventCancel) add(actions, () => (from.state === "readable" ? cancel(from, e) : resolvedWith(undefined)));
      end(() => together(actions), true, e);
    };
    if (isAborted(signal)) {
      aborted();
      return done.promise;
    }
    forget = onAbort(signal, aborted);
  }

  const sourceFailed = (e: unknown): void => end(preventAbort ? undefined : () => to.abort(e), true, e);
  const sinkFailed = (e: unknown): void => end(preventCancel ? undefined : () => cancel(from, e), true, e);
  const sourceClosed = (): void => end(preventClose ? undefined : () => writer.closeWithErrorPropagation(), false, undefined);

  // What has ended already, in the standard's order.
  if (from.state === "errored") sourceFailed(from.error);
  else react(reader.closed.promise, nothing, sourceFailed);
  if (to.state === "errored") sinkFailed(to.error);
  else react(writer.closed.promise, nothing, sinkFailed);
  if (from.state === "closed") sourceClosed();
  else react(reader.closed.promise, sourceClosed, nothing);
  if (to.closeQueuedOrInFlight() || to.state === "closed") {
    const e = new TypeErrorCtor("pipeTo: the stream to write to is closed");
    end(preventCancel ? undefined : () => cancel(from, e), true, e);
  }

  const step = (): void => {
    if (ending) return;
    react(
      writer.ready.promise,
      () => {
        if (ending) return;
        read(reader, {
          chunk: (v) => {
            // A step later: enqueue must not call the sink at once.
            const w = deferred<unknown>();
            lastWrite = w.promise;
            react(
              promised(undefined),
              () => {
                react(writer.write(v), w.resolve, w.resolve);
                step();
              },
              nothing,
            );
          },
          close: nothing,
          error: nothing,
        });
      },
      nothing,
    );
  };
  step();
  return done.promise;
}

/** Waits for all, as Promise.all does. */
function together(all: (() => Promise<unknown>)[]): Promise<unknown> {
  const ps = list<Promise<unknown>>();
  for (let i = 0; i < all.length; i++) {
    const f = all[i]!;
    add(ps, f());
  }
  const d = deferred<undefined>();
  let left = ps.length;
  if (left === 0) d.resolve(undefined);
  for (let i = 0; i < ps.length; i++) react(ps[i], () => --left === 0 && d.resolve(undefined), d.reject);
  return d.promise;
}
