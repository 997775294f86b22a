// SubtleCrypto, by the Web Cryptography API: arguments are checked here, in the
// standard's order, and the host does the rest (pkg/subtle).
import { base64ToBytes, bufferOf, bytesToBase64, isBytes } from "./bytes";
import { DOMException } from "./exception";
import { startOp } from "./host";
import { NumberOf, ObjectKeys, PromiseCtor, TypeErrorCtor, add, dict, hasOwn, hide, list, put } from "./primordials";
import { rejectedWith } from "./promises";
import { asBytes, copied, identifier, normalize, type Normalized } from "./subtlealg";
import { asKey, keyOf, type CryptoKey, type Inside } from "./subtlekey";
import { dictionary, expose, isObject, needs, sequence, textOf } from "./webidl";

const only = {};
let isSubtle: (v: unknown) => boolean;

/** Calls a method's steps; whatever they throw is a rejection. */
function steps(self: unknown, args: IArguments, count: number, name: string, f: (what: string) => Promise<any>): Promise<any> {
  const what = `SubtleCrypto.${name}`;
  try {
    if (!isSubtle(self)) throw new TypeErrorCtor(`${what}: Illegal invocation`);
    needs(count, args.length, what);
    return f(what);
  } catch (e) {
    return rejectedWith(e);
  }
}

/** Has the host do an operation, and makes of its answer what a script gets. */
function send(op: string, alg: unknown, more: Record<string, unknown>, make: (v: any) => unknown): Promise<any> {
  const request = dict<unknown>();
  request.do = op;
  request.alg = alg;
  const keys = ObjectKeys(more);
  for (let i = 0; i < keys.length; i++) request[keys[i]!] = more[keys[i]!];
  return new PromiseCtor((resolve, reject) =>
    startOp(
      "subtle",
      request,
      (v) => {
        try {
          resolve(make(v));
        } catch (e) {
          reject(e);
        }
      },
      (e: any) => reject(hasOwn(e, "dom") ? exceptionOf(e) : e),
    ),
  );
}

function exceptionOf(e: any): DOMException {
  const out = new DOMException(e.message, e.name);
  hide(out, "stack", e.stack);
  return out;
}

const buffer = (b64: string): ArrayBuffer => bufferOf(base64ToBytes(b64));
const same = <T>(v: T): T => v;

/** The digest of bytes, in base64. */
export function digestOf(name: string, bytes: Uint8Array): Promise<string> {
  return send("digest", { __proto__: null, name }, { data: bytesToBase64(bytes) }, same);
}

function pairOr(v: any): unknown {
  if (!hasOwn(v, "privateKey")) return keyOf(v);
  const out = {};
  put(out, "publicKey", keyOf(v.publicKey));
  put(out, "privateKey", keyOf(v.privateKey));
  return out;
}

function refuse(message: string, name = "InvalidAccessError"): never {
  throw new DOMException(message, name);
}

/** Refuses a key of another algorithm, or one that is not for this. */
function fits(alg: Normalized, key: Inside, use: string): void {
  if (alg.name !== key.alg.name) refuse(`a key of ${key.alg.name} cannot be used with ${alg.name}`);
  for (let i = 0; i < key.usages.length; i++) if (key.usages[i] === use) return;
  refuse(`the key is not for ${use}: its usages do not have it`);
}

const formats = dict<boolean>();
formats.raw = formats.pkcs8 = formats.spki = formats.jwk = true;
const usages = dict<boolean>();
usages.encrypt = usages.decrypt = usages.sign = usages.verify = usages.deriveKey = usages.deriveBits = usages.wrapKey = usages.unwrapKey = true;

function formatOf(v: unknown, what: string): string {
  const s = textOf(v);
  if (formats[s] !== true) throw new TypeErrorCtor(`${what}: the format is "raw", "pkcs8", "spki" or "jwk"`);
  return s;
}

function usagesOf(v: unknown, what: string): string[] {
  const given = sequence(v, `${what}: keyUsages`, 1000);
  const out = list<string>();
  for (let i = 0; i < given.length; i++) {
    const s = textOf(given[i]);
    if (usages[s] !== true) throw new TypeErrorCtor(`${what}: there is no usage ${s}`);
    add(out, s);
  }
  return out;
}

function texts(v: unknown, what: string): string[] {
  const given = sequence(v, what, 1000);
  const out = list<string>();
  for (let i = 0; i < given.length; i++) add(out, textOf(given[i]));
  return out;
}

const jwkMembers = ["alg", "crv", "d", "dp", "dq", "e", "ext", "k", "key_ops", "kty", "n", "oth", "p", "q", "qi", "use", "x", "y"];
const primeMembers = ["d", "r", "t"];

/** A JsonWebKey: its members are read once each, in the order of their names. */
function jwkOf(v: unknown, what: string): object {
  const from = dictionary(v, what);
  const out = dict<unknown>();
  for (let i = 0; i < jwkMembers.length; i++) {
    const k = jwkMembers[i]!;
    const m = from[k];
    if (m === undefined) continue;
    out[k] = k === "ext" ? !!m : k === "key_ops" ? texts(m, `${what}: key_ops`) : k === "oth" ? primes(m, `${what}: oth`) : textOf(m);
  }
  return out;
}

function primes(v: unknown, what: string): unknown[] {
  const given = sequence(v, what, 1000);
  const out = list<unknown>();
  for (let i = 0; i < given.length; i++) {
    const from = dictionary(given[i], what);
    const one = dict<string>();
    for (let k = 0; k < primeMembers.length; k++) if (from[primeMembers[k]!] !== undefined) one[primeMembers[k]!] = textOf(from[primeMembers[k]!]);
    add(out, one);
  }
  return out;
}

/** Refuses a key whose bytes are not to be had. */
function exportable(key: Inside): void {
  if (key.alg.name === "HKDF" || key.alg.name === "PBKDF2") refuse(`keys of ${key.alg.name} cannot be exported`, "NotSupportedError");
  if (!key.extractable) refuse("the key is not extractable");
}

/** An algorithm that a key is wrapped with: one for that, or any that encrypts. */
function wrapping(alg: unknown, op: string, otherwise: string): Normalized {
  try {
    return normalize(alg, op);
  } catch {
    return normalize(alg, otherwise);
  }
}

export class SubtleCrypto {
  #brand = true;

  static {
    isSubtle = (v) => isObject(v) && #brand in v;
  }

  constructor() {
    if (arguments[0] !== only) throw new TypeErrorCtor("Illegal constructor: use crypto.subtle");
    void this.#brand;
  }
  encrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    return steps(this, arguments, 3, "encrypt", (what) => cipher("encrypt", what, algorithm, key, data));
  }
  decrypt(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    return steps(this, arguments, 3, "decrypt", (what) => cipher("decrypt", what, algorithm, key, data));
  }
  sign(algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
    return steps(this, arguments, 3, "sign", (what) => cipher("sign", what, algorithm, key, data));
  }
  verify(algorithm: unknown, key: unknown, signature: unknown, data: unknown): Promise<boolean> {
    return steps(this, arguments, 4, "verify", (what) => {
      const id = identifier(algorithm);
      const k = asKey(key, what);
      asBytes(signature, what);
      asBytes(data, what);
      const alg = normalize(id, "verify");
      const s = copied(signature, what);
      const d = copied(data, what);
      fits(alg, k, "verify");
      return send("verify", alg, { key: k, signature: s, data: d }, same);
    });
  }
  digest(algorithm: unknown, data: unknown): Promise<ArrayBuffer> {
    return steps(this, arguments, 2, "digest", (what) => {
      const id = identifier(algorithm);
      asBytes(data, what);
      const alg = normalize(id, "digest");
      return send("digest", alg, { data: copied(data, what) }, buffer);
    });
  }
  generateKey(algorithm: unknown, extractable: unknown, keyUsages: unknown): Promise<CryptoKey | object> {
    return steps(this, arguments, 3, "generateKey", (what) => {
      const id = identifier(algorithm);
      const uses = usagesOf(keyUsages, what);
      return send("generateKey", normalize(id, "generateKey"), { extractable: !!extractable, usages: uses }, pairOr);
    });
  }
  deriveKey(algorithm: unknown, baseKey: unknown, derivedKeyType: unknown, extractable: unknown, keyUsages: unknown): Promise<CryptoKey> {
    return steps(this, arguments, 5, "deriveKey", (what) => {
      const id = identifier(algorithm);
      const key = asKey(baseKey, what);
      const type = identifier(derivedKeyType);
      const uses = usagesOf(keyUsages, what);
      const alg = normalize(id, "deriveBits");
      const derived = normalize(type, "importKey");
      const { length } = normalize(type, "length");
      if (length !== undefined) derived.length = length;
      fits(alg, key, "deriveKey");
      return send("deriveKey", alg, { key, derived, extractable: !!extractable, usages: uses }, keyOf);
    });
  }
  deriveBits(algorithm: unknown, baseKey: unknown, length: unknown = null): Promise<ArrayBuffer> {
    return steps(this, arguments, 2, "deriveBits", (what) => {
      const id = identifier(algorithm);
      const key = asKey(baseKey, what);
      const bits = length === null ? null : NumberOf(length) >>> 0;
      const alg = normalize(id, "deriveBits");
      fits(alg, key, "deriveBits");
      return send("deriveBits", alg, { key, length: bits }, buffer);
    });
  }
  importKey(format: unknown, keyData: unknown, algorithm: unknown, extractable: unknown, keyUsages: unknown): Promise<CryptoKey> {
    return steps(this, arguments, 5, "importKey", (what) => {
      const f = formatOf(format, what);
      const bytes = isBytes(keyData);
      const jwk = bytes ? undefined : jwkOf(keyData, what);
      const id = identifier(algorithm);
      const uses = usagesOf(keyUsages, what);
      const alg = normalize(id, "importKey");
      if (bytes === (f === "jwk")) throw new TypeErrorCtor(`${what}: ${f} takes ${bytes ? "an object, a JSON Web Key" : "an ArrayBuffer or a view of one"}`);
      return send("importKey", alg, { format: f, data: bytes ? copied(keyData, what) : "", jwk, extractable: !!extractable, usages: uses }, keyOf);
    });
  }
  exportKey(format: unknown, key: unknown): Promise<ArrayBuffer | object> {
    return steps(this, arguments, 2, "exportKey", (what) => {
      const f = formatOf(format, what);
      const k = asKey(key, what);
      exportable(k);
      return send("exportKey", k.alg, { key: k, format: f }, (v) => (typeof v === "string" ? buffer(v) : v));
    });
  }
  wrapKey(format: unknown, key: unknown, wrappingKey: unknown, wrapAlgorithm: unknown): Promise<ArrayBuffer> {
    return steps(this, arguments, 4, "wrapKey", (what) => {
      const f = formatOf(format, what);
      const wrapped = asKey(key, what);
      const by = asKey(wrappingKey, what);
      const alg = wrapping(identifier(wrapAlgorithm), "wrapKey", "encrypt");
      fits(alg, by, "wrapKey");
      exportable(wrapped);
      return send("wrapKey", alg, { key: by, wrapped, format: f }, buffer);
    });
  }
  unwrapKey(format: unknown, wrappedKey: unknown, unwrappingKey: unknown, unwrapAlgorithm: unknown, unwrappedKeyAlgorithm: unknown, extractable: unknown, keyUsages: unknown): Promise<CryptoKey> {
    return steps(this, arguments, 7, "unwrapKey", (what) => {
      const f = formatOf(format, what);
      asBytes(wrappedKey, what);
      const by = asKey(unwrappingKey, what);
      const id = identifier(unwrapAlgorithm);
      const type = identifier(unwrappedKeyAlgorithm);
      const uses = usagesOf(keyUsages, what);
      const alg = wrapping(id, "unwrapKey", "decrypt");
      const derived = normalize(type, "importKey");
      const data = copied(wrappedKey, what);
      fits(alg, by, "unwrapKey");
      return send("unwrapKey", alg, { key: by, derived, data, format: f, extractable: !!extractable, usages: uses }, keyOf);
    });
  }
}
expose(SubtleCrypto, "SubtleCrypto");

function cipher(op: string, what: string, algorithm: unknown, key: unknown, data: unknown): Promise<ArrayBuffer> {
  const id = identifier(algorithm);
  const k = asKey(key, what);
  asBytes(data, what);
  const alg = normalize(id, op);
  const d = copied(data, what);
  fits(alg, k, op);
  return send(op, alg, { key: k, data: d }, buffer);
}

export function makeSubtle(): SubtleCrypto {
  return new (SubtleCrypto as any)(only);
}
