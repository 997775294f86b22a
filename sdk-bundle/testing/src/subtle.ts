// What pkg/subtle is for isolates: the operations of crypto.subtle, by Node's own.
import { webcrypto } from "node:crypto";

interface Buffers {
  from(s: string, encoding: "base64"): Uint8Array;
  from(bytes: unknown): { toString(encoding: "base64"): string };
}
declare const Buffer: Buffers;
const { subtle } = webcrypto;
const base64 = (bytes: unknown): string => Buffer.from(bytes).toString("base64");
const bytes = (text = ""): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));
const kdfs = ["HKDF", "PBKDF2"];

interface Key {
  type: string;
  alg: any;
  extractable: boolean;
  usages: string[];
  data: string;
}
type Request = Record<string, any> & { do: string; alg: any };

/** A failed operation; what of Node's is no DOMException is the operation's fault. */
export class Failed extends Error {
  constructor(override readonly cause: any) {
    super(cause.message);
  }
  document(): object {
    const { name, message } = this.cause;
    if (name === "TypeError") return { class: "TypeError", message };
    return { class: "Error", name: this.cause.code > 0 || name === "OperationError" || name === "DataError" ? name : "OperationError", message, dom: true };
  }
}

const binary = ["publicExponent", "iv", "counter", "additionalData", "label", "salt", "info"];

/** An algorithm as Node takes it. */
async function algorithm(alg: any): Promise<any> {
  const out = { ...alg };
  for (const k of binary) if (out[k] !== undefined) out[k] = bytes(out[k]);
  if (out.public !== undefined) out.public = await node(out.public);
  // Node looks at them even where the standard has defaults.
  if (alg.name === "HKDF") out.info ??= new Uint8Array();
  return out;
}

const form = (key: Key): string => ({ secret: "raw", public: "spki" })[key.type] ?? "pkcs8";

/** A key as Node has it. */
async function node(key: Key): Promise<any> {
  const { length, modulusLength, publicExponent, ...alg } = key.alg;
  return subtle.importKey(form(key), bytes(key.data), alg, !kdfs.includes(alg.name) && key.extractable, key.usages);
}

/** A key as the SDK has it; made has to be extractable, so it is told whether the script's is. */
async function told(made: any, extractable: boolean, data?: string): Promise<Key> {
  const { hash, publicExponent, ...alg } = { ...made.algorithm };
  if (hash !== undefined) alg.hash = hash.name;
  if (publicExponent !== undefined) alg.publicExponent = base64(publicExponent);
  const key = { type: made.type, alg, extractable, usages: made.usages, data: data ?? "" };
  if (data === undefined) key.data = base64(await subtle.exportKey(form(key), made));
  return key;
}

async function imported(alg: any, r: Request, data: unknown): Promise<Key> {
  const kdf = kdfs.includes(alg.name);
  const made = await subtle.importKey(r.format ?? "raw", data, await algorithm(alg), r.extractable || !kdf, r.usages);
  return told(made, r.extractable, kdf ? base64(data) : undefined);
}

async function run(r: Request): Promise<unknown> {
  const alg = r.do === "exportKey" || r.do === "importKey" ? undefined : await algorithm(r.alg);
  switch (r.do) {
    case "digest":
      return base64(await subtle.digest(r.alg.name, bytes(r.data)));
    case "encrypt":
    case "decrypt":
    case "sign":
      return base64(await subtle[r.do](alg, await node(r.key), bytes(r.data)));
    case "verify":
      return subtle.verify(alg, await node(r.key), bytes(r.signature), bytes(r.data));
    case "deriveBits":
      return base64(await subtle.deriveBits(alg, await node(r.key), r.length));
    case "deriveKey":
      return told(await subtle.deriveKey(alg, await node(r.key), r.derived, true, r.usages), r.extractable);
    case "generateKey": {
      const made = await subtle.generateKey(alg, true, r.usages);
      if (made.privateKey === undefined) return told(made, r.extractable);
      return { publicKey: await told(made.publicKey, true), privateKey: await told(made.privateKey, r.extractable) };
    }
    case "importKey":
      return imported(r.alg, r, r.format === "jwk" ? r.jwk : bytes(r.data));
    case "exportKey": {
      const out = await subtle.exportKey(r.format, await node(r.key));
      return r.format === "jwk" ? out : base64(out);
    }
    case "wrapKey":
      return base64(await subtle.wrapKey(r.format, await node(r.wrapped), await node(r.key), alg));
    default:
      return told(await subtle.unwrapKey(r.format, bytes(r.data), await node(r.key), alg, r.derived, true, r.usages), r.extractable);
  }
}

/** Does an operation; it rejects with Failed. */
export async function operate(request: string): Promise<unknown> {
  try {
    return await run(JSON.parse(request));
  } catch (e) {
    throw new Failed(e);
  }
}
