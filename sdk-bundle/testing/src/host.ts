// What pkg/isolate is for the SDK: it runs the SDK's own script in a realm of
// its own, answers the natives and ops, and delivers events.
import * as vm from "node:vm";
import source from "flora:sdk";
import { Clock, turn } from "./clock";
import * as platform from "./platform";
import { Refusal } from "./refusal";
import { Failed, operate } from "./subtle";

export interface LogLine {
  level: "trace" | "debug" | "info" | "warn" | "error";
  text: string;
}

/** Answers an op; what it throws or rejects with becomes the script's error. */
export type Answer = (op: string, args: any, raw: Uint8Array | undefined) => unknown;

/** An answer with bytes beside it. */
export class WithBytes {
  constructor(
    readonly result: unknown,
    readonly bytes: Uint8Array,
  ) {}
}

export interface Failure {
  name: string;
  message: string;
  text: string;
}

interface Setup {
  guildId: string;
  applicationId: string;
  endpoint: string;
  secrets: Record<string, string>;
  vars: Record<string, string>;
  start: number;
  answer: Answer;
}

// What an isolate has and a realm of Node's has not: a clock of its own, and
// V8's base64.
const preparation = `(now, bytes, base64, move) => {
  const Real = Date;
  globalThis.Date = class Date extends Real {
    constructor(...a) {
      if (a.length === 0) super(now());
      else super(...a);
    }
    static now() {
      return now();
    }
  };
  const define = (o, name, value) => Object.defineProperty(o, name, { value, writable: true, configurable: true });
  define(Uint8Array, "fromBase64", (s) => new Uint8Array(bytes(s)));
  define(Uint8Array.prototype, "toBase64", function () {
    return base64(this);
  });
  // Before Node 22 there are neither.
  if (ArrayBuffer.prototype.transfer !== undefined) return;
  define(ArrayBuffer.prototype, "transfer", function () {
    return move(this);
  });
  Object.defineProperty(ArrayBuffer.prototype, "detached", {
    get() {
      try {
        new Uint8Array(this);
        return false;
      } catch {
        return true;
      }
    },
    configurable: true,
  });
}`;

const entry = (o: Record<string, string>, name: string): string | undefined => (Object.hasOwn(o, name) ? o[name] : undefined);

const levels = ["trace", "debug", "info", "warn", "error"] as const;

export class Host {
  readonly logs: LogLine[] = [];
  readonly events = new Set<string>();
  readonly marks = new Set<string>();
  readonly crons = new Map<string, { name: string; expr: string; skipIfRunning: boolean }>();
  commands: any[] = [];
  readonly clock: Clock;
  readonly realm: any;
  #enter: (kind: number, id: number, a?: unknown, b?: unknown, raw?: Uint8Array) => unknown;
  #settled = new Map<number, (f: Failure | undefined) => void>();
  #setup: Setup;
  #Bytes: typeof Uint8Array; // The realm's own.
  #last = 0;
  #calls = 0;

  constructor(setup: Setup) {
    this.#setup = setup;
    this.clock = new Clock(setup.start, (id) => this.#enter(3, id));
    this.realm = vm.createContext({});
    // The SDK takes what it needs of the language when it starts: the clock must be there before.
    vm.runInContext(preparation, this.realm, { filename: "flora:preparation" })(() => this.clock.now(), platform.bytes, platform.base64, platform.move);
    this.#Bytes = vm.runInContext("Uint8Array", this.realm, { filename: "flora:preparation" });
    vm.runInContext(source, this.realm, { filename: "flora:sdk" });
    const boot = this.realm.__floraBoot;
    const lazies: [object, string, boolean][] = this.realm.__floraLazy;
    delete this.realm.__floraBoot;
    delete this.realm.__floraLazy;
    const { guildId, applicationId, endpoint } = setup;
    this.#enter = boot(this.#natives(), JSON.stringify({ guildId, applicationId, endpoint, maxTimers: 512 }));
    for (let id = 0; id < lazies.length; id++) this.#lay(lazies[id]![0], lazies[id]![1], lazies[id]![2], id);
  }

  #natives(): object {
    const own: Record<string, (a: any, b: any, s: any, n: any) => unknown> = {
      log: (level, _, text) => void this.logs.push({ level: levels[level] ?? "info", text }),
      timerStart: (id, ms, repeat) => this.clock.start(id, ms, repeat === "1"),
      timerClear: (id) => this.clock.clear(id),
      done: (id, _, failure) => this.#done(id, failure),
      subscribe: (kind, _, name) => void (kind === 1 ? this.marks : this.events).add(name),
      commands: (_, __, text) => void (this.commands = JSON.parse(text)),
      cronRegister: (end, _, text) => void (end === 1 ? this.crons.delete(text) : this.#cron(JSON.parse(text))),
      secretPlaceholder: (_, __, name) => entry(this.#setup.secrets, name),
      environment: (one, _, name) => {
        const { vars, secrets } = this.#setup;
        return one === 1 ? (entry(secrets, name) ?? entry(vars, name)) : JSON.stringify({ ...vars, ...secrets });
      },
      url: (_, __, args) => platform.url(args),
      random: (count) => platform.random(count),
      utf8Encode: (_, __, text) => platform.utf8Encode(text),
      utf8Decode: (fatal, _, base64) => platform.utf8Decode(base64, fatal === 1),
      encodingName: (_, __, label) => platform.encodingName(label),
      decode: (flags, _, args) => platform.decode(flags, args),
      codecOpen: (decompress, _, format) => platform.codecOpen(decompress === 1, format),
      codecRun: (id, end, base64) => platform.codecRun(id, end === 1, base64),
      codecEnd: (id) => platform.codecEnd(id),
      about: () => platform.about(),
      // Node tells nobody what a Proxy or a promise holds.
      lay: (on, name, shows, id) => this.#lay(on, name, shows, id),
      reveal: () => undefined,
      subtle: (_, __, request) => this.#begin(operate(request)),
      report: (_, __, failure) => void this.logs.push({ level: "error", text: JSON.parse(failure).text }),
    };
    return new Proxy(own, {
      get: (natives, name) => (typeof name === "string" && name.startsWith("op_") ? (_a: number, _b: number, args: string, raw?: Uint8Array) => this.#call(name, args, raw) : natives[name as string]),
    });
  }

  // A member that is made when it is touched: V8's own API hides that it is not there yet, Node makes it.
  #lay(on: object, name: string, enumerable: boolean, id: number): void {
    Object.defineProperty(on, name, { value: this.#enter(8, id), writable: true, configurable: true, enumerable });
  }

  #cron(job: { name: string; expr: string; skipIfRunning: boolean }): void {
    if (this.crons.has(job.name)) throw new Error(`A cron job named ${JSON.stringify(job.name)} exists already`);
    this.crons.set(job.name, job);
  }

  #call(op: string, text: string, raw: Uint8Array | undefined): number {
    // What the bytes are a part of may change as soon as this returns.
    return this.#begin(this.#answer(op, JSON.parse(text), raw?.slice()));
  }

  #begin(work: Promise<unknown>): number {
    const id = ++this.#calls;
    void work.then(
      (answer) => {
        const { result, bytes } = answer instanceof WithBytes ? answer : { result: answer, bytes: undefined };
        this.#enter(2, id, "1", result === undefined ? "" : JSON.stringify(result), bytes === undefined ? undefined : new this.#Bytes(bytes));
      },
      (e) => this.#enter(2, id, "", JSON.stringify(e instanceof Refusal || e instanceof Failed ? e.document() : { class: "Error", message: e instanceof Error ? e.message : String(e), code: e?.code, discord_code: e?.discord_code, status: e?.status })),
    );
    return id;
  }

  async #answer(op: string, args: any, raw: Uint8Array | undefined): Promise<unknown> {
    await null;
    return this.#setup.answer(op, args, raw);
  }

  #done(id: number, failure: string | undefined): void {
    const settle = this.#settled.get(id);
    this.#settled.delete(id);
    settle?.(failure === undefined ? undefined : JSON.parse(failure));
  }

  /** Delivers an event and waits until its handlers have settled. */
  async dispatch(event: string, payload: unknown): Promise<Failure | undefined> {
    const failure = await new Promise<Failure | undefined>((resolve) => {
      const id = this.#next(resolve);
      this.#enter(1, id, event, JSON.stringify(payload));
    });
    await turn();
    return failure;
  }

  /** Waits for the script's top level. */
  async load(evaluation: Promise<unknown>): Promise<Failure | undefined> {
    return new Promise((resolve) => this.#enter(4, this.#next(resolve), evaluation));
  }

  #next(resolve: (f: Failure | undefined) => void): number {
    this.#settled.set(++this.#last, resolve);
    return this.#last;
  }
}
