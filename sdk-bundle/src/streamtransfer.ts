// Streams are moved by structuredClone and postMessage, by the Streams
// standard: what goes through the moved one is cloned on its way.
import { cloneable, structuredCopy } from "./clone";
import { handled, rejectedWith, resolvedWith } from "./promises";
import { readableFor, readableOf } from "./readable";
import { pipe } from "./rspipe";
import { Transform, pairOf, transformFor } from "./transform";
import { writableFor, writableOf } from "./writable";

/** A copy of what an end fails with; what cannot be cloned is told instead. */
function reasonOf(e: unknown): unknown {
  try {
    return structuredCopy(e);
  } catch (other) {
    return other;
  }
}

/** What lies between a stream and the one that it became. */
function passage(): Transform {
  const t = new Transform(1, undefined, 0, undefined);
  t.transform = (chunk) => {
    try {
      t.enqueue(structuredCopy(chunk));
      return resolvedWith(undefined);
    } catch (e) {
      return rejectedWith(e);
    }
  };
  t.in.abort_ = (reason) => t.sinkAbort(reasonOf(reason));
  t.out.cancel = (reason) => t.sourceCancel(reasonOf(reason));
  t.begin(undefined);
  return t;
}

function moveReadable(v: unknown): () => any {
  const t = passage();
  handled(pipe(readableOf(v)!, t.writable, false, false, false, undefined));
  return () => readableFor(t.readable);
}

function moveWritable(v: unknown): () => any {
  const t = passage();
  handled(pipe(t.readable, writableOf(v)!, false, false, false, undefined));
  return () => writableFor(t.writable);
}

cloneable({
  is: (v) => readableOf(v) !== undefined,
  movable: (v) => readableOf(v)!.reader === undefined,
  move: moveReadable,
});

cloneable({
  is: (v) => writableOf(v) !== undefined,
  movable: (v) => writableOf(v)!.writer === undefined,
  move: moveWritable,
});

cloneable({
  is: (v) => pairOf(v) !== undefined,
  movable: (v) => {
    const { readable, writable } = pairOf(v)!;
    return readableOf(readable)!.reader === undefined && writableOf(writable)!.writer === undefined;
  },
  move: (v) => {
    const { readable, writable } = pairOf(v)!;
    const one = moveReadable(readable);
    const two = moveWritable(writable);
    return () => transformFor(one(), two());
  },
});
