// What the host is for isolates: URLs, text, compression and random bytes, by Node's own.
import * as zlib from "node:zlib";

declare class TextDecoder {
  readonly encoding: string;
  constructor(label: string, options?: { fatal: boolean; ignoreBOM: boolean });
  decode(bytes: unknown): string;
}
interface Bytes {
  toString(encoding: "base64" | "utf8" | "latin1"): string;
}
declare function structuredClone<T>(v: T, options: { transfer: unknown[] }): T;
declare const process: { arch: string; versions: { v8: string } };
declare const crypto: { getRandomValues(bytes: Uint8Array): Uint8Array };
declare const Buffer: { from(s: string, encoding: "utf8" | "base64" | "latin1"): Bytes; from(bytes: unknown): Bytes };

const members = ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"] as const;

/** A URL's parts as JSON: of [url], [url, base], or [url, member, value], with which a member is set. */
export function url(args: string): string {
  const [text, second, value] = JSON.parse(args) as [string, string?, string?];
  const u: any = value === undefined ? new URL(text, second) : new URL(text);
  if (value !== undefined) u[second!] = value;
  return JSON.stringify(Object.fromEntries(members.map((m) => [m, u[m]])));
}

/** V8's version and the architecture, as Deno names it. */
export function about(): string {
  return JSON.stringify({ v8: process.versions.v8, arch: process.arch === "arm64" ? "aarch64" : "x86_64" });
}

export function utf8Encode(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

export function utf8Decode(base64: string, fatal: boolean): string {
  return new TextDecoder("utf-8", { fatal, ignoreBOM: true }).decode(Buffer.from(base64, "base64"));
}

export function random(count: number): string {
  return base64(crypto.getRandomValues(new Uint8Array(count)));
}

export function bytes(base64: string): unknown {
  return Buffer.from(base64, "base64");
}

export function base64(of: unknown): string {
  return Buffer.from(of).toString("base64");
}

export function encodingName(label: string): string {
  return new TextDecoder(label).encoding;
}

/** Text comes at the end: until then its bytes are what is to be put before the next ones. */
export function decode(flags: number, args: string): string {
  const at = args.indexOf("\n");
  if ((flags & 2) === 0) return args.slice(at + 1) + "\n";
  return "\n" + new TextDecoder(args.slice(0, at), { fatal: (flags & 1) !== 0, ignoreBOM: true }).decode(Buffer.from(args.slice(at + 1), "base64"));
}

const codecs = new Map<number, { run: (data: unknown) => Bytes; input: string[] }>();
let lastCodec = 0;

export function codecOpen(decompress: boolean, format: string): number {
  const runs: Record<string, [(data: any) => any, (data: any) => any]> = { gzip: [zlib.gzipSync, zlib.gunzipSync], deflate: [zlib.deflateSync, zlib.inflateSync], "deflate-raw": [zlib.deflateRawSync, zlib.inflateRawSync] };
  codecs.set(++lastCodec, { run: runs[format]![decompress ? 1 : 0], input: [] });
  return lastCodec;
}

/** All comes out at the end. */
export function codecRun(id: number, end: boolean, base64: string): string {
  const c = codecs.get(id)!;
  c.input.push(Buffer.from(base64, "base64").toString("latin1"));
  if (!end) return ".";
  codecs.delete(id);
  try {
    return "." + c.run(Buffer.from(c.input.join(""), "latin1")).toString("base64");
  } catch {
    throw new TypeError("the data is not valid in this format");
  }
}

export function codecEnd(id: number): void {
  codecs.delete(id);
}

/** Takes a buffer's memory to a new one. */
export function move<T>(buffer: T): T {
  return structuredClone(buffer, { transfer: [buffer] });
}
