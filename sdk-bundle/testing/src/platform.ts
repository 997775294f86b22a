// What the host is for isolates: URLs, UTF-8 and random bytes, by Node's own.

declare class TextDecoder {
  constructor(label: string, options: { fatal: boolean; ignoreBOM: boolean });
  decode(bytes: unknown): string;
}
interface Bytes {
  toString(encoding: "base64" | "utf8"): string;
}
declare const crypto: { getRandomValues(bytes: Uint8Array): Uint8Array };
declare const Buffer: { from(s: string, encoding: "utf8" | "base64"): Bytes; from(bytes: unknown): Bytes };

const members = ["href", "origin", "protocol", "username", "password", "host", "hostname", "port", "pathname", "search", "hash"] as const;

/** A URL's parts as JSON: of [url], [url, base], or [url, member, value], with which a member is set. */
export function url(args: string): string {
  const [text, second, value] = JSON.parse(args) as [string, string?, string?];
  const u: any = value === undefined ? new URL(text, second) : new URL(text);
  if (value !== undefined) u[second!] = value;
  return JSON.stringify(Object.fromEntries(members.map((m) => [m, u[m]])));
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
