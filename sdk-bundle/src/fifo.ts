// A queue that inherits nothing of a script's.
import { list } from "./primordials";

export class Fifo<T> {
  #items = list<T | undefined>();
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }
  push(v: T): void {
    this.#items[this.#items.length] = v;
  }
  peek(): T {
    return this.#items[this.#head] as T;
  }
  at(i: number): T {
    return this.#items[this.#head + i] as T;
  }
  shift(): T {
    const items = this.#items;
    const v = items[this.#head] as T;
    items[this.#head++] = undefined;
    if (this.#head === items.length) {
      this.#items = list();
      this.#head = 0;
    } else if (this.#head >= 64 && this.#head * 2 >= items.length) {
      const kept = list<T | undefined>();
      for (let i = this.#head; i < items.length; i++) kept[i - this.#head] = items[i];
      this.#items = kept;
      this.#head = 0;
    }
    return v;
  }
}
