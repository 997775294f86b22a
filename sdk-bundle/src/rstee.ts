// ReadableStream.tee, by the Streams standard.
import { bufferOf, copyOf } from "./bytes";
import { structuredCopy } from "./clone";
import { type Deferred, deferred, nothing, promised, resolvedWith } from "./promises";
import { react } from "./primordials";
import { DefaultController, type Pulling, Readable, Reader, acquire, cancel, read, release } from "./rs";
import { ByteController } from "./rsbytes";
import { type View, makeView, viewInfo } from "./views";

/** Begins both branches. What they come from is cancelled when both are. */
function begin(s: Readable, controllers: Pulling<any>[], pull: (i: number) => Promise<unknown>, canceled: boolean[], done: Deferred<undefined>): void {
  const reasons: unknown[] = [undefined, undefined];
  for (let i = 0; i < 2; i++) {
    controllers[i]!.pull = () => pull(i);
    controllers[i]!.cancel = (reason) => {
      canceled[i] = true;
      reasons[i] = reason;
      if (canceled[1 - i]) react(cancel(s, [reasons[0], reasons[1]]), done.resolve as never, done.reject);
      return done.promise;
    };
    controllers[i]!.begin(undefined);
  }
}

export function teeDefault(s: Readable, clone: boolean): [Readable, Readable] {
  const reader = acquire(s, false);
  let reading = false;
  let again = false;
  const canceled = [false, false];
  const done: Deferred<undefined> = deferred<undefined>();
  const branches = [new Readable(), new Readable()] as [Readable, Readable];
  const controllers = [new DefaultController(branches[0], 1, undefined), new DefaultController(branches[1], 1, undefined)];

  const pull = (): Promise<unknown> => {
    if (reading) {
      again = true;
      return resolvedWith(undefined);
    }
    reading = true;
    read(reader, {
      chunk: (v) =>
        react(
          settled,
          () => {
            again = false;
            let second = v;
            if (!canceled[1] && clone) {
              try {
                second = structuredCopy(v);
              } catch (e) {
                controllers[0]!.fail(e);
                controllers[1]!.fail(e);
                react(cancel(s, e), done.resolve as never, done.reject);
                return;
              }
            }
            if (!canceled[0]) controllers[0]!.enqueue(v);
            if (!canceled[1]) controllers[1]!.enqueue(second);
            reading = false;
            if (again) void pull();
          },
          nothing,
        ),
      close: () => {
        reading = false;
        for (let i = 0; i < 2; i++) if (!canceled[i]) controllers[i]!.close();
        if (!canceled[0] || !canceled[1]) done.resolve(undefined);
      },
      error: () => {
        reading = false;
      },
    });
    return resolvedWith(undefined);
  };
  begin(s, controllers, pull, canceled, done);
  react(reader.closed.promise, nothing, (e) => {
    controllers[0]!.fail(e);
    controllers[1]!.fail(e);
    if (!canceled[0] || !canceled[1]) done.resolve(undefined);
  });
  return branches;
}

const settled = promised(undefined);

export function teeBytes(s: Readable): [Readable, Readable] {
  let reader = acquire(s, false);
  let reading = false;
  const again = [false, false];
  const canceled = [false, false];
  const done = deferred<undefined>();
  const branches = [new Readable(), new Readable()] as [Readable, Readable];
  const controllers = [new ByteController(branches[0], 0, undefined), new ByteController(branches[1], 0, undefined)] as [ByteController, ByteController];

  const forward = (r: Reader): void =>
    react(r.closed.promise, nothing, (e) => {
      if (r !== reader) return;
      controllers[0].fail(e);
      controllers[1].fail(e);
      if (!canceled[0] || !canceled[1]) done.resolve(undefined);
    });
  const copy = (v: View): View | undefined => {
    try {
      const { offset, length, buffer } = viewInfo(v);
      return makeView("Uint8Array", bufferOf(copyOf(makeView("Uint8Array", buffer, offset, length) as Uint8Array)), 0, length);
    } catch (e) {
      controllers[0].fail(e);
      controllers[1].fail(e);
      react(cancel(s, e), done.resolve as never, done.reject);
      return undefined;
    }
  };
  const more = (): void => {
    reading = false;
    if (again[0]) void pull(0);
    else if (again[1]) void pull(1);
  };
  const pullDefault = (): void => {
    if (reader.byob) {
      release(reader);
      reader = acquire(s, false);
      forward(reader);
    }
    read(reader, {
      chunk: (v) =>
        react(
          settled,
          () => {
            again[0] = again[1] = false;
            let second = v;
            if (!canceled[0] && !canceled[1]) {
              second = copy(v);
              if (second === undefined) return;
            }
            if (!canceled[0]) controllers[0].enqueue(v);
            if (!canceled[1]) controllers[1].enqueue(second);
            more();
          },
          nothing,
        ),
      close: () => {
        reading = false;
        for (let i = 0; i < 2; i++) if (!canceled[i]) controllers[i]!.close();
        for (let i = 0; i < 2; i++) if (controllers[i]!.pending.length > 0) controllers[i]!.respond(0);
        if (!canceled[0] || !canceled[1]) done.resolve(undefined);
      },
      error: () => {
        reading = false;
      },
    });
  };
  const pullByob = (view: View, i: number): void => {
    if (!reader.byob) {
      release(reader);
      reader = acquire(s, true);
      forward(reader);
    }
    const mine = controllers[i]!;
    const others = controllers[1 - i]!;
    (s.controller as ByteController).pullInto(view, 1, {
      chunk: (v) =>
        react(
          settled,
          () => {
            again[0] = again[1] = false;
            if (!canceled[1 - i]) {
              const second = copy(v);
              if (second === undefined) return;
              if (!canceled[i]) mine.respondWithNewView(v);
              others.enqueue(second);
            } else if (!canceled[i]) {
              mine.respondWithNewView(v);
            }
            more();
          },
          nothing,
        ),
      close: (v) => {
        reading = false;
        if (!canceled[i]) mine.close();
        if (!canceled[1 - i]) others.close();
        if (v !== undefined) {
          if (!canceled[i]) mine.respondWithNewView(v);
          if (!canceled[1 - i] && others.pending.length > 0) others.respond(0);
        }
        if (!canceled[0] || !canceled[1]) done.resolve(undefined);
      },
      error: () => {
        reading = false;
      },
    });
    s.disturbed = true;
  };
  const pull = (i: number): Promise<unknown> => {
    if (reading) {
      again[i] = true;
      return resolvedWith(undefined);
    }
    reading = true;
    const request = controllers[i]!.byobRequest();
    if (request === null) pullDefault();
    else pullByob(request.view!, i);
    return resolvedWith(undefined);
  };
  begin(s, controllers, pull, canceled, done);
  forward(reader);
  return branches;
}
