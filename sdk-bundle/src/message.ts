// MessageChannel and MessagePort, by the HTML standard, within one script.
import { cloneWith, cloneable } from "./clone";
import { DOMException } from "./exception";
import { EventTarget, fire, handlers } from "./event";
import { messageOf } from "./eventkinds";
import { ArrayIsArray, ReflectApply, SymbolIterator, TypeErrorCtor, add, list } from "./primordials";
import { setTimeout } from "./timers";
import { dictionary, expose, isObject, needs, sequence } from "./webidl";

/** One end's inside: it moves to a new object when the port is transferred. */
interface End {
  port: MessagePort | undefined;
  other: End | undefined;
  queue: { data: unknown; ports: unknown[] }[];
  started: boolean;
  closed: boolean;
  due: boolean; // A task to hand over a message waits.
}

const key = {};
let isPort: (v: unknown) => v is MessagePort;
let endOf: (p: MessagePort) => End | undefined;
let setEnd: (p: MessagePort, e: End | undefined) => void;

export class MessagePort extends EventTarget {
  #end: End | undefined;

  static {
    isPort = (v): v is MessagePort => isObject(v) && #end in v;
    endOf = (p) => p.#end;
    setEnd = (p, e) => {
      p.#end = e;
    };
  }

  constructor(by?: unknown) {
    if (by !== key) throw new TypeErrorCtor("Illegal constructor: use new MessageChannel()");
    super();
  }
  postMessage(message: unknown, options?: unknown): void {
    needs(1, arguments.length, "MessagePort.postMessage");
    const transfer =
      isObject(options) && (ArrayIsArray(options) || typeof (options as any)[SymbolIterator] === "function")
        ? sequence(options, "MessagePort.postMessage: transfer")
        : sequenceOr(dictionary(options, "MessagePort.postMessage").transfer);
    for (let i = 0; i < transfer.length; i++) if (transfer[i] === this) throw new DOMException("A port cannot transfer itself", "DataCloneError");
    const end = this.#end;
    const other = end?.other;
    let doomed = false;
    for (let i = 0; i < transfer.length; i++) if (isPort(transfer[i]) && other !== undefined && endOf(transfer[i] as MessagePort) === other) doomed = true;
    const { value, moved } = cloneWith(message, transfer);
    if (other === undefined || other.closed || doomed) return;
    const ports = list<unknown>();
    for (let i = 0; i < moved.length; i++) if (isPort(moved[i])) add(ports, moved[i]);
    add(other.queue, { data: value, ports });
    hand(other);
  }
  start(): void {
    const end = this.#end;
    if (end === undefined || end.started) return;
    end.started = true;
    hand(end);
  }
  close(): void {
    const end = this.#end;
    if (end === undefined || end.closed) return;
    end.closed = true;
    end.queue = list();
    const { other } = end;
    if (other === undefined) return;
    other.other = end.other = undefined;
  }
}
expose(MessagePort, "MessagePort");
const { start: startOf } = MessagePort.prototype;
const nothing: [] = [];
handlers(MessagePort.prototype, ["messageerror"]);
handlers(MessagePort.prototype, ["message"], (p) => void ReflectApply(startOf, p, nothing));

function sequenceOr(v: unknown): unknown[] {
  return v === undefined ? list() : sequence(v, "MessagePort.postMessage: transfer");
}

/** Hands over the messages of an end one by one, each in a task of its own. */
function hand(end: End): void {
  if (end.due || !end.started || end.closed || end.queue.length === 0) return;
  end.due = true;
  setTimeout(() => {
    end.due = false;
    const { port } = end;
    if (port === undefined || !end.started || end.closed || end.queue.length === 0) return;
    const m = end.queue[0]!;
    const rest = list<{ data: unknown; ports: unknown[] }>();
    for (let i = 1; i < end.queue.length; i++) add(rest, end.queue[i]!);
    end.queue = rest;
    hand(end);
    fire(port, messageOf(m.data, m.ports));
  }, 0);
}

cloneable({
  is: (v) => isPort(v),
  movable: (p: MessagePort) => endOf(p) !== undefined && !endOf(p)!.closed,
  move: (p: MessagePort) => {
    const end = endOf(p)!;
    setEnd(p, undefined);
    end.port = undefined;
    end.started = false;
    return () => {
      const port = new MessagePort(key);
      setEnd(port, end);
      end.port = port;
      return port;
    };
  },
});

function open(): End {
  const port = new MessagePort(key);
  const end: End = { port, other: undefined, queue: list(), started: false, closed: false, due: false };
  setEnd(port, end);
  return end;
}

export class MessageChannel {
  #one: MessagePort;
  #two: MessagePort;
  constructor() {
    const a = open();
    const b = open();
    a.other = b;
    b.other = a;
    this.#one = a.port!;
    this.#two = b.port!;
  }
  get port1(): MessagePort {
    return this.#one;
  }
  get port2(): MessagePort {
    return this.#two;
  }
}
expose(MessageChannel, "MessageChannel");
