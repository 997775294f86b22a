// What all builders share. `data` is the JSON under construction, so a builder
// shows itself in the log and can be read while it is built.
import { ArrayIsArray, append } from "./primordials";

/** Discord's JSON of a component. */
export interface ComponentJSON {
  type: number;
  [member: string]: any;
}

export interface HasJSON {
  toJSON(): any;
}

/** The JSON of a builder, or the raw JSON itself. */
export function json(v: any): any {
  return v !== null && typeof v === "object" && typeof v.toJSON === "function" ? v.toJSON() : v;
}

/** The JSON of each item; the items come one by one or as arrays. */
export function jsonAll(items: unknown[], into: any[] = []): any[] {
  for (let i = 0; i < items.length; i++) {
    const item = items[i];
    if (ArrayIsArray(item)) jsonAll(item, into);
    else append(into, json(item));
  }
  return into;
}

/** Adds to a list that may not be there yet. */
export function extended(have: unknown, items: unknown[]): any[] {
  return jsonAll(items, ArrayIsArray(have) ? jsonAll([have]) : []);
}

/**
 * Sets members of a builder's JSON. A new object and not an assignment: a
 * setter on Object.prototype sees nothing of it.
 */
export function set<B extends { data: Record<string, any> }>(builder: B, members: Record<string, any>): B {
  builder.data = { ...builder.data, ...members };
  return builder;
}
