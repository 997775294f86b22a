// Algorithms of crypto.subtle as scripts name them, normalized by the standard:
// each member is read once, in the standard's order, and bytes are copied.
import { bufferOf, bytesToBase64, isBytes, viewOf } from "./bytes";
import { DOMException } from "./exception";
import { ObjectKeys, TypeErrorCtor, add, charCodeAt, dict, endsWith, indexOf, isDetached, isView, list, slice, split, toLowerCase, typedName } from "./primordials";
import { asKey } from "./subtlekey";
import { viewInfo } from "./views";
import { enforced, isObject, textOf } from "./webidl";


/** Refuses what is no ArrayBuffer or view of one. */
export function asBytes(v: unknown, what: string): unknown {
  if (!isBytes(v)) throw new TypeErrorCtor(`${what}: expected an ArrayBuffer or a view of one`);
  return v;
}

/** A copy of bytes, in base64; of a buffer that is detached there are none. */
export function copied(v: unknown, what: string): string {
  asBytes(v, what);
  let buffer = v;
  if (isView(v)) {
    try {
      buffer = typedName(v) === undefined ? viewInfo(v).buffer : bufferOf(v);
    } catch {
      return ""; // A DataView of a buffer that is detached has no length.
    }
  }
  return isDetached(buffer) ? "" : bytesToBase64(viewOf(v, what));
}

const digests = "SHA-1 SHA-256 SHA-384 SHA-512";
const rsa = "RSASSA-PKCS1-v1_5 RSA-PSS RSA-OAEP";
const ec = "ECDSA ECDH";
const okp = "Ed25519 X25519";
const aes = "AES-CTR AES-CBC AES-GCM AES-KW";
const kdf = "HKDF PBKDF2";

// For each operation the algorithms that have it, and the members they take, in
// the order in which they are read: name:kind, with ? at the end for those that
// may be left out.
const tables: Record<string, [string, string][]> = {
  digest: [[digests, ""]],
  encrypt: [
    ["RSA-OAEP", "label:bytes?"],
    ["AES-CTR", "counter:bytes length:octet"],
    ["AES-CBC", "iv:bytes"],
    ["AES-GCM", "additionalData:bytes? iv:bytes tagLength:octet?"],
  ],
  sign: [
    ["RSASSA-PKCS1-v1_5 Ed25519 HMAC", ""],
    ["RSA-PSS", "saltLength:long"],
    ["ECDSA", "hash:hash"],
  ],
  generateKey: [
    [rsa, "modulusLength:long publicExponent:integer hash:hash"],
    [ec, "namedCurve:text"],
    [okp, ""],
    [aes, "length:short"],
    ["HMAC", "hash:hash length:long?"],
  ],
  deriveBits: [
    ["ECDH X25519", "public:key"],
    ["HKDF", "hash:hash info:bytes salt:bytes"],
    ["PBKDF2", "hash:hash iterations:long salt:bytes"],
  ],
  importKey: [
    [rsa, "hash:hash"],
    [ec, "namedCurve:text"],
    [`${okp} ${aes} ${kdf}`, ""],
    ["HMAC", "hash:hash length:long?"],
  ],
  length: [
    [aes, "length:short"],
    ["HMAC", "hash:hash length:long?"],
    [kdf, ""],
  ],
  wrapKey: [["AES-KW", ""]],
};

interface Member {
  name: string;
  kind: string;
  optional: boolean;
}
// By operation, and by the algorithm's name in lower case.
const registry = dict<Record<string, { name: string; members: Member[] }>>();
function membersOf(text: string): Member[] {
  const out = list<Member>();
  const words = split(text, " ");
  for (let i = 0; i < words.length; i++) {
    if (words[i] === "") continue;
    const at = indexOf(words[i]!, ":");
    const name = slice(words[i]!, 0, at);
    const kind = slice(words[i]!, at + 1);
    const optional = endsWith(kind, "?");
    add(out, { name, kind: optional ? slice(kind, 0, kind.length - 1) : kind, optional });
  }
  return out;
}

const operations = ObjectKeys(tables);
for (let i = 0; i < operations.length; i++) {
  const op = operations[i]!;
  const rows = tables[op]!;
  const algorithms = (registry[op] = dict());
  for (let r = 0; r < rows.length; r++) {
    const members = membersOf(rows[r]![1]);
    const names = split(rows[r]![0], " ");
    for (let n = 0; n < names.length; n++) algorithms[toLowerCase(names[n]!)] = { name: names[n]!, members };
  }
}
registry.decrypt = registry.encrypt!;
registry.verify = registry.sign!;
registry.unwrapKey = registry.wrapKey!;

/** An argument that names an algorithm: an object, or a text. */
export function identifier(v: unknown): unknown {
  return isObject(v) ? v : textOf(v);
}

/** ASCII in lower case; what has other letters names nothing. */
function folded(s: string): string {
  for (let i = 0; i < s.length; i++) if (charCodeAt(s, i) > 127) return "";
  return toLowerCase(s);
}

export interface Normalized {
  name: string;
  [member: string]: unknown;
}

/** Normalizes an algorithm for an operation. */
export function normalize(alg: unknown, op: string): Normalized {
  const from: any = typeof alg === "string" ? undefined : alg;
  const given = from === undefined ? alg : from.name;
  if (given === undefined) throw new TypeErrorCtor("the algorithm has no name");
  const text = textOf(given);
  const row = registry[op]![folded(text)];
  if (row === undefined) throw new DOMException(`there is no algorithm ${slice(text, 0, 40)} for this`, "NotSupportedError");
  const out = dict<unknown>() as Normalized;
  out.name = row.name;
  for (let i = 0; i < row.members.length; i++) {
    const { name, kind, optional } = row.members[i]!;
    const v = from === undefined ? undefined : from[name];
    if (v !== undefined) out[name] = member(v, kind, `${row.name}: ${name}`);
    else if (!optional) throw new TypeErrorCtor(`${row.name}: ${name} is missing`);
  }
  return out;
}

function member(v: any, kind: string, what: string): unknown {
  switch (kind) {
    case "bytes":
      return copied(v, what);
    case "octet":
      return enforced(v, what, 255);
    case "short":
      return enforced(v, what, 65535);
    case "long":
      return enforced(v, what, 4294967295);
    case "hash":
      return normalize(identifier(v), "digest").name;
    case "key":
      return asKey(v, what);
    case "integer":
      if (typedName(v) !== "Uint8Array") throw new TypeErrorCtor(`${what}: expected a Uint8Array`);
      return copied(v, what);
    default:
      return textOf(v);
  }
}
