// The script's time: it stands still until the test moves it, or it is Node's.

interface Timer {
  id: number;
  at: number;
  every: number | undefined;
}

/** Lets everything run that waits for nothing but its turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export class Clock {
  #now: number;
  #timers = new Map<number, Timer>();
  #calls = new Map<number, () => void>(); // Of those timers that are the test bot's own.
  #lastCall = 0;
  #fire: (id: number) => void;

  constructor(start: number, fire: (id: number) => void) {
    this.#now = start;
    this.#fire = fire;
  }

  now(): number {
    return this.#now;
  }

  start(id: number, ms: number, repeat: boolean): void {
    const delay = Math.max(1, Math.trunc(ms) || 1);
    this.#timers.set(id, { id, at: this.#now + delay, every: repeat ? delay : undefined });
  }

  /** Calls f at the moment. */
  at(ms: number, f: () => void): void {
    this.#calls.set(--this.#lastCall, f);
    this.#timers.set(this.#lastCall, { id: this.#lastCall, at: ms, every: undefined });
  }

  clear(id: number): void {
    this.#timers.delete(id);
  }

  /** Moves on, and fires what becomes due in its order. */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new TypeError("advance(ms): ms must be a number that is not negative");
    const end = this.#now + ms;
    await turn();
    for (let t = this.#next(end); t !== undefined; t = this.#next(end)) {
      this.#now = Math.max(this.#now, t.at);
      if (t.every === undefined) this.#timers.delete(t.id);
      else t.at += t.every;
      const call = this.#calls.get(t.id);
      this.#calls.delete(t.id);
      if (call !== undefined) call();
      else this.#fire(t.id);
      await turn();
    }
    this.#now = end;
  }

  #next(end: number): Timer | undefined {
    let first: Timer | undefined;
    for (const t of this.#timers.values()) if (t.at <= end && (first === undefined || t.at < first.at || (t.at === first.at && t.id < first.id))) first = t;
    return first;
  }
}
