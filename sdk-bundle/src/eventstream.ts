// The text/event-stream format, by the HTML standard: bytes in, events out.
import { Decoding } from "./encoding";
import { add, charCodeAt, indexOf, list, parseInt, slice } from "./primordials";

export interface ServerEvent {
  type: string;
  data: string;
  id: string;
}

/** What one event may have, in characters. */
const longestEvent = 4 << 20;

export class EventParser {
  #decoding = new Decoding("utf-8", false, false);
  #pieces = list<string>(); // A line that has not ended,
  #size = 0; // and its size.
  #cr = false; // The last line ended with a CR: a LF that follows belongs to it.
  #type = "";
  #data = list<string>();
  #dataSize = 0;
  /** What the server says to wait before connecting anew, in ms. */
  retry: number | undefined = undefined;

  #id: string;

  /** last is the id of the last event that was complete, with data or without. */
  constructor(public last: string) {
    this.#id = last;
  }

  /** The events that end in these bytes; undefined when one is too long. */
  push(bytes: Uint8Array): ServerEvent[] | undefined {
    const out = list<ServerEvent>();
    let text = this.#decoding.next(bytes, true);
    if (this.#cr && text !== "") {
      this.#cr = false;
      if (charCodeAt(text, 0) === 10) text = slice(text, 1);
    }
    let from = 0;
    for (;;) {
      const at = lineEnd(text, from);
      if (at < 0) break;
      this.#line(this.#whole(slice(text, from, at)), out);
      from = at + 1;
      if (charCodeAt(text, at) === 13) {
        if (from === text.length) this.#cr = true;
        else if (charCodeAt(text, from) === 10) from++;
      }
    }
    if (from < text.length) {
      const rest = slice(text, from);
      add(this.#pieces, rest);
      this.#size += rest.length;
    }
    return this.#size + this.#dataSize > longestEvent ? undefined : out;
  }

  #whole(end: string): string {
    let out = "";
    for (let i = 0; i < this.#pieces.length; i++) out += this.#pieces[i]!;
    this.#pieces = list();
    this.#size = 0;
    return out + end;
  }

  #line(line: string, out: ServerEvent[]): void {
    if (line === "") {
      this.#dispatch(out);
      return;
    }
    const colon = indexOf(line, ":");
    if (colon === 0) return;
    const field = colon < 0 ? line : slice(line, 0, colon);
    let value = colon < 0 ? "" : slice(line, colon + 1);
    if (charCodeAt(value, 0) === 32) value = slice(value, 1);
    switch (field) {
      case "event":
        this.#type = value;
        break;
      case "data":
        add(this.#data, value);
        this.#dataSize += value.length + 1;
        break;
      case "id":
        if (indexOf(value, "\0") < 0) this.#id = value;
        break;
      case "retry":
        if (digits(value)) this.retry = parseInt(value, 10);
        break;
    }
  }

  #dispatch(out: ServerEvent[]): void {
    const all = this.#data;
    this.last = this.#id;
    if (all.length > 0) {
      let data = all[0]!;
      for (let i = 1; i < all.length; i++) data += "\n" + all[i]!;
      add(out, { type: this.#type === "" ? "message" : this.#type, data, id: this.last });
    }
    this.#data = list();
    this.#dataSize = 0;
    this.#type = "";
  }
}

/** Where the line that begins at from ends, -1 when it does not. */
function lineEnd(text: string, from: number): number {
  const lf = indexOf(text, "\n", from);
  const cr = indexOf(lf < 0 ? text : slice(text, 0, lf), "\r", from);
  return cr < 0 ? lf : cr;
}

function digits(s: string): boolean {
  for (let i = 0; i < s.length; i++) {
    const c = charCodeAt(s, i);
    if (c < 48 || c > 57) return false;
  }
  return s !== "";
}
