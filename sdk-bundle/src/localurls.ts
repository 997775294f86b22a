// What data: and blob: URLs lead to, by the Fetch standard and the File API.
// Nothing of it leaves the script.
import { base64ToBytes, charCode, copyOf, lengthOf, part, Uint8ArrayCtor } from "./bytes";
import type { Received } from "./exchange";
import { insideBlob } from "./blob";
import { uuid } from "./crypto";
import type { Pair } from "./headers";
import { mimeOf } from "./mime";
import { MapCtor, NumberOf, ReflectApply, TypeErrorCtor, add, charCodeAt, indexOf, list, mapDelete, mapGet, mapSet, mapSize, regExpExec, slice, startsWith, hide } from "./primordials";
import { needs, textOf } from "./webidl";

export interface Stored {
  bytes: Uint8Array;
  type: string;
}

// URLs that are made and not taken back; each keeps its blob.
const mostURLs = 10_000;
const blobs = new MapCtor<string, Stored>();

export function networkError(text: string): TypeError {
  const e: any = new TypeErrorCtor(`fetch failed: ${text}`);
  hide(e, "code", "FETCH_FAILED");
  return e;
}

function digit(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  const letter = c | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

/** The bytes of a text of ASCII whose escapes are undone. */
function unescaped(s: string): Uint8Array {
  const out = new Uint8ArrayCtor(s.length);
  let n = 0;
  for (let i = 0; i < s.length; i++) {
    const c = charCodeAt(s, i);
    const a = c === 37 ? digit(charCodeAt(s, i + 1)) : -1;
    const b = a < 0 ? -1 : digit(charCodeAt(s, i + 2));
    if (b < 0) {
      out[n++] = c;
    } else {
      out[n++] = a * 16 + b;
      i += 2;
    }
  }
  return copyOf(part(out, 0, n));
}

const run = 8192;

function latin(b: Uint8Array): string {
  let out = "";
  for (let i = 0, n = lengthOf(b); i < n; i += run) out += ReflectApply(charCode, undefined, part(b, i, i + run < n ? i + run : n) as never);
  return out;
}

function withoutHash(href: string): string {
  const hash = indexOf(href, "#");
  return hash < 0 ? href : slice(href, 0, hash);
}

const base64 = /; *base64$/i;

function answer(url: string, status: number, headers: Pair[], bytes: Uint8Array, free: boolean): Received {
  return { status, statusText: status === 206 ? "Partial Content" : "OK", url, redirected: false, headers, body: { content: { bytes, free }, stream: undefined } };
}

/** What a data: URL holds. */
export function dataAt(href: string): Received {
  const url = withoutHash(href);
  const comma = indexOf(url, ",");
  if (comma < 0) throw networkError("the data: URL has no comma");
  let type = slice(url, 5, comma);
  while (type !== "" && type[type.length - 1] === " ") type = slice(type, 0, type.length - 1);
  while (startsWith(type, " ")) type = slice(type, 1);
  let bytes = unescaped(slice(url, comma + 1));
  const mark = regExpExec(base64, type);
  if (mark !== null) {
    try {
      bytes = base64ToBytes(latin(bytes));
    } catch {
      throw networkError("the data: URL is not base64");
    }
    type = slice(type, 0, mark.index);
  }
  if (startsWith(type, ";")) type = "text/plain" + type;
  const headers = list<Pair>();
  add(headers, ["content-type", mimeOf(type) ?? "text/plain;charset=US-ASCII"]);
  return answer(url, 200, headers, bytes, false);
}

/** The blob of a blob: URL, as long as that is not taken back. */
export function blobOfURL(href: string): Stored | undefined {
  return mapGet(blobs, withoutHash(href));
}

const wanted = /^bytes[\t ]*=[\t ]*([0-9]*)[\t ]*-[\t ]*([0-9]*)$/;

/** What a blob: URL leads to. */
export function blobAt(href: string, blob: Stored | undefined, method: string, range: string | null): Received {
  if (method !== "GET") throw networkError("a blob: URL can only be fetched with GET");
  if (blob === undefined) throw networkError("the blob: URL is not known, or was revoked");
  const size = lengthOf(blob.bytes);
  const headers = list<Pair>();
  let from = 0;
  let to = size;
  if (range !== null) {
    const m = regExpExec(wanted, range);
    if (m === null || (m[1] === "" && m[2] === "")) throw networkError("the range of the blob: URL cannot be understood");
    if (m[1] === "") from = NumberOf(m[2]) < size ? size - NumberOf(m[2]) : 0;
    else {
      from = NumberOf(m[1]);
      if (m[2] !== "" && NumberOf(m[2]) < size) to = NumberOf(m[2]) + 1;
    }
    if (from >= to) throw networkError("the blob has nothing in that range");
  }
  add(headers, ["content-length", `${to - from}`]);
  if (range !== null) add(headers, ["content-range", `bytes ${from}-${to - 1}/${size}`]);
  add(headers, ["content-type", blob.type]);
  return answer(withoutHash(href), range === null ? 200 : 206, headers, copyOf(part(blob.bytes, from, to)), false);
}

export function createObjectURL(v: unknown): string {
  needs(1, arguments.length, "URL.createObjectURL");
  const blob = insideBlob(v);
  if (blob === undefined) throw new TypeErrorCtor("URL.createObjectURL: expected a Blob");
  if (mapSize(blobs) >= mostURLs) throw new TypeErrorCtor(`URL.createObjectURL: more than ${mostURLs} are there; revoke some`);
  const url = `blob:null/${uuid()}`;
  mapSet(blobs, url, { bytes: blob.bytes, type: blob.type });
  return url;
}

export function revokeObjectURL(url: unknown): void {
  needs(1, arguments.length, "URL.revokeObjectURL");
  const text = textOf(url);
  if (indexOf(text, "#") < 0) mapDelete(blobs, text);
}
