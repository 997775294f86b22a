// How a ReadableStream is iterated, and made from what can be iterated, by the
// Streams standard.
import { ObjectCreate, ObjectGetPrototypeOf, ObjectSetPrototypeOf, ReflectApply, SymbolAsyncIterator, SymbolIterator, TypeErrorCtor, put, react } from "./primordials";
import { type Deferred, deferred, invoke, promised, rejectedWith, resolvedWith, then } from "./promises";
import { DefaultController, Readable, type Reader, acquire, cancel, read, release } from "./rs";
import { isObject } from "./webidl";

export function illegal(what: string): TypeError {
  return new TypeErrorCtor(`Illegal invocation: this is no ${what}`);
}

export function releasedError(): TypeError {
  return new TypeErrorCtor("The reader was released");
}

/** What a read gives. */
export function result(value: unknown, done: boolean): { value: any; done: boolean } {
  const out = {} as { value: any; done: boolean };
  put(out, "value", value);
  put(out, "done", done);
  return out;
}

const AsyncIteratorPrototype = ObjectGetPrototypeOf(ObjectGetPrototypeOf(ObjectGetPrototypeOf((async function* () {})())));

interface Walk {
  reader: Reader;
  preventCancel: boolean;
  ongoing: Promise<any> | undefined;
  finished: boolean;
}

let walkIn: (v: unknown) => Walk | undefined;

/** What for await takes; its prototype is made of this class's methods. */
class Iterator {
  #w: Walk;
  static {
    walkIn = (v) => (isObject(v) && #w in v ? v.#w : undefined);
  }
  constructor(w: Walk) {
    this.#w = w;
  }
  next(): Promise<any> {
    const w = walkIn(this);
    if (w === undefined) return rejectedWith(illegal("asynchronous iterator of a ReadableStream"));
    return queued(w, () => step(w));
  }
  return(value?: unknown): Promise<any> {
    const w = walkIn(this);
    if (w === undefined) return rejectedWith(illegal("asynchronous iterator of a ReadableStream"));
    const out = queued(w, () => {
      if (w.finished) return resolvedWith(result(value, true));
      w.finished = true;
      const { reader } = w;
      const ended = w.preventCancel || reader.stream === undefined ? resolvedWith(undefined) : cancel(reader.stream, value);
      release(reader);
      return then(ended, () => undefined);
    });
    return then(out, () => result(value, true));
  }
}
const { next, return: finish } = Iterator.prototype;
const iteratorPrototype = ObjectCreate(AsyncIteratorPrototype);
put(iteratorPrototype, "next", next);
put(iteratorPrototype, "return", finish);

/** Runs f when what was asked before has settled. */
function queued(w: Walk, f: () => Promise<any>): Promise<any> {
  const go = (): Promise<any> => f();
  w.ongoing = w.ongoing === undefined ? go() : chained(w.ongoing, go);
  return w.ongoing;
}

function chained(p: Promise<any>, f: () => Promise<any>): Promise<any> {
  const d: Deferred<any> = deferred();
  const go = (): void => react(f(), d.resolve, d.reject);
  react(p, go, go);
  return d.promise;
}

function step(w: Walk): Promise<any> {
  if (w.finished) return resolvedWith(result(undefined, true));
  if (w.reader.stream === undefined) return rejectedWith(releasedError());
  const d = deferred<any>();
  read(w.reader, {
    chunk: (v) => d.resolve(result(v, false)),
    close: () => {
      w.finished = true;
      release(w.reader);
      d.resolve(result(undefined, true));
    },
    error: (e) => {
      w.finished = true;
      release(w.reader);
      d.reject(e);
    },
  });
  return d.promise;
}

/** What for await takes of a stream. */
export function iterate(s: Readable, preventCancel: boolean): object {
  const w: Walk = { reader: acquire(s, false), preventCancel, ongoing: undefined, finished: false };
  const it = new Iterator(w);
  ObjectSetPrototypeOf(it, iteratorPrototype);
  return it;
}

/** A stream of what can be iterated: ReadableStream.from. */
export function fromIterable(items: any): Readable {
  if (items === undefined || items === null) throw new TypeErrorCtor("ReadableStream.from: expected something that can be iterated");
  let method = items[SymbolAsyncIterator];
  if (method === undefined || method === null) method = items[SymbolIterator];
  if (typeof method !== "function") throw new TypeErrorCtor("ReadableStream.from: expected something that can be iterated");
  const it = ReflectApply(method, items, []);
  if (!isObject(it)) throw new TypeErrorCtor("ReadableStream.from: the iterator is no object");
  const { next: nextOf } = it as any;
  const s = new Readable();
  const c = new DefaultController(s, 0, undefined);
  c.pull = () =>
    thenPromise(invoke(nextOf, it, []), (r) => {
      if (!isObject(r)) throw new TypeErrorCtor("ReadableStream.from: the iterator gave what is no result");
      if ((r as any).done) {
        c.close();
        return undefined;
      }
      return thenPromise(promised((r as any).value), (v) => c.enqueue(v));
    });
  c.cancel = (reason) => {
    let f: unknown;
    try {
      f = (it as any).return;
    } catch (e) {
      return rejectedWith(e);
    }
    if (f === undefined || f === null) return resolvedWith(undefined);
    return then(invoke(f as Function, it, [reason]), (r) => {
      if (!isObject(r)) throw new TypeErrorCtor("ReadableStream.from: the iterator gave what is no result");
    });
  };
  c.begin(undefined);
  return s;
}

/** Promise.prototype.then whose function may give a promise. */
function thenPromise(p: Promise<any>, f: (v: any) => unknown): Promise<unknown> {
  const d = deferred<unknown>();
  react(
    p,
    (v) => {
      let out: unknown;
      try {
        out = f(v);
      } catch (e) {
        d.reject(e);
        return;
      }
      react(out === undefined ? settled : out, d.resolve, d.reject);
    },
    d.reject,
  );
  return d.promise;
}
const settled = promised(undefined);
