// The controller of streams of bytes, by the Streams standard.
import { bufferOf, copyInto, copyOf, Uint8ArrayCtor } from "./bytes";
import { Fifo } from "./fifo";
import { ArrayBufferCtor, MathMin, RangeErrorCtor, TypeErrorCtor, add, isDetached, list, moveBuffer } from "./primordials";
import { resolvedWith } from "./promises";
import { type Controller, type IntoRequest, Pulling, type ReadRequest, type Readable, closeStream, failStream, waitingIntos, waitingReads } from "./rs";
import { type View, makeView, viewInfo } from "./views";

interface Chunk {
  buffer: ArrayBuffer;
  offset: number;
  length: number;
}

interface PullInto {
  buffer: ArrayBuffer;
  room: number; // Of the whole buffer.
  offset: number;
  length: number;
  filled: number;
  least: number;
  element: number;
  name: string; // The view's class.
  reader: "default" | "byob" | "none";
}

/** The request that a source sees; its face is the script's object. */
export interface ByobRequest {
  controller: ByteController | undefined;
  view: Uint8Array | null;
}

function slice(buffer: ArrayBuffer, offset: number, length: number): ArrayBuffer {
  return bufferOf(copyOf(new Uint8ArrayCtor(buffer, offset, length)));
}

export class ByteController extends Pulling<Chunk> implements Controller {
  bytes = true;
  chunkSize: number | undefined;
  pending = new Fifo<PullInto>();
  request: ByobRequest | undefined = undefined;

  constructor(stream: Readable, mark: number, chunkSize: number | undefined) {
    super(stream, mark);
    this.chunkSize = chunkSize;
    stream.controller = this;
  }
  wantsPull(): boolean {
    if (this.stream.state !== "readable" || this.closeRequested || !this.started) return false;
    return waitingReads(this.stream) > 0 || waitingIntos(this.stream) > 0 || this.desired()! > 0;
  }
  fail(e: unknown): void {
    if (this.stream.state !== "readable") return;
    this.clearPending();
    this.reset();
    this.clear();
    failStream(this.stream, e);
  }
  clearPending(): void {
    this.invalidate();
    this.pending = new Fifo();
  }
  invalidate(): void {
    if (this.request === undefined) return;
    this.request.controller = undefined;
    this.request.view = null;
    this.request = undefined;
  }
  close(): void {
    if (this.closeRequested || this.stream.state !== "readable") return;
    if (this.total > 0) {
      this.closeRequested = true;
      return;
    }
    if (this.pending.length > 0) {
      const first = this.pending.peek();
      if (first.filled % first.element !== 0) {
        const e = new TypeErrorCtor("The stream was closed in the middle of an element of the view that is read into");
        this.fail(e);
        throw e;
      }
    }
    this.clear();
    closeStream(this.stream);
  }
  enqueue(view: View): void {
    if (this.closeRequested || this.stream.state !== "readable") return;
    const { buffer, offset, length } = viewInfo(view);
    if (isDetached(buffer)) throw new TypeErrorCtor("The chunk's buffer is detached");
    const moved = moveBuffer(buffer);
    if (this.pending.length > 0) {
      const first = this.pending.peek();
      if (isDetached(first.buffer)) throw new TypeErrorCtor("The buffer that is read into is detached");
      this.invalidate();
      first.buffer = moveBuffer(first.buffer);
      if (first.reader === "none") this.enqueueDetached(first);
    }
    const s = this.stream;
    if (s.reader !== undefined && !s.reader.byob) {
      this.serveReads();
      if (waitingReads(s) === 0) {
        this.put(moved, offset, length);
      } else {
        if (this.pending.length > 0) this.pending.shift();
        const { chunk } = s.reader.requests.shift();
        chunk(makeView("Uint8Array", moved, offset, length));
      }
    } else if (s.reader !== undefined) {
      this.put(moved, offset, length);
      this.commitAll(this.fillFromQueue());
    } else {
      this.put(moved, offset, length);
    }
    this.pullIfNeeded();
  }
  put(buffer: ArrayBuffer, offset: number, length: number): void {
    this.queue.push({ buffer, offset, length });
    this.total += length;
  }
  putCopy(buffer: ArrayBuffer, offset: number, length: number): void {
    let copy: ArrayBuffer;
    try {
      copy = slice(buffer, offset, length);
    } catch (e) {
      this.fail(e);
      throw e;
    }
    this.put(copy, 0, length);
  }
  enqueueDetached(d: PullInto): void {
    if (d.filled > 0) this.putCopy(d.buffer, d.offset, d.filled);
    this.shift();
  }
  shift(): PullInto {
    return this.pending.shift();
  }
  commit(d: PullInto): void {
    let done = false;
    if (this.stream.state === "closed") done = true;
    const view = this.convert(d);
    if (d.reader === "default") {
      const { chunk, close } = this.stream.reader!.requests.shift();
      if (done) close();
      else chunk(view);
    } else {
      const { chunk, close } = this.stream.reader!.intos.shift();
      if (done) close(view);
      else chunk(view);
    }
  }
  commitAll(all: PullInto[]): void {
    for (let i = 0; i < all.length; i++) this.commit(all[i]!);
  }
  convert(d: PullInto): View {
    return makeView(d.name, moveBuffer(d.buffer), d.offset, d.filled / d.element);
  }
  /** Fills what waits as far as the queue goes; gives those that are done. */
  fillFromQueue(): PullInto[] {
    const out = list<PullInto>();
    while (this.pending.length > 0 && this.total > 0) {
      const d = this.pending.peek();
      if (!this.fill(d)) continue;
      this.shift();
      add(out, d);
    }
    return out;
  }
  fill(d: PullInto): boolean {
    const most = MathMin(this.total, d.length - d.filled);
    const filled = d.filled + most;
    let left = most;
    let ready = false;
    const aligned = filled - (filled % d.element);
    if (aligned >= d.least) {
      left = aligned - d.filled;
      ready = true;
    }
    while (left > 0) {
      const head = this.queue.peek();
      const n = MathMin(left, head.length);
      copyInto(new Uint8ArrayCtor(d.buffer, d.offset + d.filled, n), new Uint8ArrayCtor(head.buffer, head.offset, n));
      if (head.length === n) this.queue.shift();
      else {
        head.offset += n;
        head.length -= n;
      }
      this.total -= n;
      this.invalidate();
      d.filled += n;
      left -= n;
    }
    return ready;
  }
  serveReads(): void {
    const r = this.stream.reader!;
    while (r.requests.length > 0) {
      if (this.total === 0) return;
      this.giveHead(r.requests.shift());
    }
  }
  giveHead(request: ReadRequest): void {
    const head = this.queue.shift();
    this.total -= head.length;
    this.drained();
    request.chunk(makeView("Uint8Array", head.buffer, head.offset, head.length));
  }
  /** After the queue has given something. */
  drained(): void {
    if (this.total === 0 && this.closeRequested) {
      this.clear();
      closeStream(this.stream);
    } else {
      this.pullIfNeeded();
    }
  }
  cancelSteps(reason: unknown): Promise<unknown> {
    this.clearPending();
    this.reset();
    const { cancel } = this;
    const out = cancel === undefined ? resolvedWith(undefined) : cancel(reason);
    this.clear();
    return out;
  }
  pullSteps(request: ReadRequest): void {
    if (this.total > 0) {
      this.giveHead(request);
      return;
    }
    const size = this.chunkSize;
    if (size !== undefined) {
      let buffer: ArrayBuffer;
      try {
        buffer = new ArrayBufferCtor(size);
      } catch (e) {
        request.error(e);
        return;
      }
      this.pending.push({ buffer, room: size, offset: 0, length: size, filled: 0, least: 1, element: 1, name: "Uint8Array", reader: "default" });
    }
    this.stream.reader!.requests.push(request);
    this.pullIfNeeded();
  }
  releaseSteps(): void {
    if (this.pending.length === 0) return;
    const first = this.pending.peek();
    first.reader = "none";
    this.pending = new Fifo();
    this.pending.push(first);
  }
  /** Reads into a view; min is in elements. */
  pullInto(view: View, min: number, request: IntoRequest): void {
    const { buffer: from, offset, length, element, name } = viewInfo(view);
    const least = min * element;
    let buffer: ArrayBuffer;
    try {
      buffer = moveBuffer(from);
    } catch (e) {
      request.error(e);
      return;
    }
    const room = viewInfo(new Uint8ArrayCtor(buffer)).length;
    const d: PullInto = { buffer, room, offset, length, filled: 0, least, element, name, reader: "byob" };
    const s = this.stream;
    if (this.pending.length > 0) {
      this.pending.push(d);
      s.reader!.intos.push(request);
      return;
    }
    if (s.state === "closed") {
      request.close(makeView(name, buffer, offset, 0));
      return;
    }
    if (this.total > 0) {
      if (this.fill(d)) {
        const filled = this.convert(d);
        this.drained();
        request.chunk(filled);
        return;
      }
      if (this.closeRequested) {
        const e = new TypeErrorCtor("The stream was closed in the middle of an element of the view that is read into");
        this.fail(e);
        request.error(e);
        return;
      }
    }
    this.pending.push(d);
    s.reader!.intos.push(request);
    this.pullIfNeeded();
  }
  byobRequest(): ByobRequest | null {
    if (this.request === undefined && this.pending.length > 0) {
      const d = this.pending.peek();
      const view = makeView("Uint8Array", d.buffer, d.offset + d.filled, d.length - d.filled) as Uint8Array;
      this.request = { controller: this, view };
    }
    return this.request ?? null;
  }
  respond(written: number): void {
    const d = this.pending.peek();
    if (this.stream.state === "closed") {
      if (written !== 0) throw new TypeErrorCtor("respond: the stream is closed, so nothing can have been written");
    } else {
      if (written === 0) throw new TypeErrorCtor("respond: nothing was written");
      if (d.filled + written > d.length) throw new RangeErrorCtor("respond: more was written than there is room for");
    }
    d.buffer = moveBuffer(d.buffer);
    this.responded(written);
  }
  respondWithNewView(view: View): void {
    const d = this.pending.peek();
    const { buffer, offset, length } = viewInfo(view);
    if (this.stream.state === "closed") {
      if (length !== 0) throw new TypeErrorCtor("respondWithNewView: the stream is closed, so the view must be empty");
    } else if (length === 0) throw new TypeErrorCtor("respondWithNewView: the view is empty");
    if (d.offset + d.filled !== offset) throw new RangeErrorCtor("respondWithNewView: the view begins elsewhere");
    if (d.room !== viewInfo(new Uint8ArrayCtor(buffer)).length) throw new RangeErrorCtor("respondWithNewView: the view's buffer has another size");
    if (d.filled + length > d.length) throw new RangeErrorCtor("respondWithNewView: the view is too long");
    d.buffer = moveBuffer(buffer);
    this.responded(length);
  }
  responded(written: number): void {
    const d = this.pending.peek();
    this.invalidate();
    if (this.stream.state === "closed") this.respondedClosed(d);
    else this.respondedReadable(written, d);
    this.pullIfNeeded();
  }
  respondedClosed(d: PullInto): void {
    if (d.reader === "none") this.shift();
    if (this.stream.reader === undefined || !this.stream.reader.byob) return;
    const done = list<PullInto>();
    while (done.length < waitingIntos(this.stream)) add(done, this.shift());
    this.commitAll(done);
  }
  respondedReadable(written: number, d: PullInto): void {
    d.filled += written;
    if (d.reader === "none") {
      this.enqueueDetached(d);
      this.commitAll(this.fillFromQueue());
      return;
    }
    if (d.filled < d.least) return;
    this.shift();
    const rest = d.filled % d.element;
    if (rest > 0) this.putCopy(d.buffer, d.offset + d.filled - rest, rest);
    d.filled -= rest;
    const done = this.fillFromQueue();
    this.commit(d);
    this.commitAll(done);
  }
}
