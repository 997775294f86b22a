// CryptoKey, by the Web Cryptography API. A key's bytes are in a private field:
// a script cannot reach them, they count as its memory and go with the key.
import { base64ToBytes } from "./bytes";
import { cloneable } from "./clone";
import { ObjectKeys, ObjectSetPrototypeOf, SymbolFor, TypeErrorCtor, append, hide, put } from "./primordials";
import { expose, isObject } from "./webidl";

/** What the host says of a key, and is given with it: nothing of it inherits. */
export interface Inside {
  type: "secret" | "public" | "private";
  alg: { name: string; modulusLength?: number; publicExponent?: string; hash?: string; namedCurve?: string; length?: number };
  extractable: boolean;
  usages: string[];
  data: string; // In base64.
}

const only = {};
let isKey: (v: unknown) => boolean;
let insideOf: (k: CryptoKey) => Inside;

export class CryptoKey {
  #inside!: Inside;
  #algorithm: object | undefined;
  #usages: string[] | undefined;

  static {
    isKey = (v) => isObject(v) && #inside in v;
    insideOf = (k) => k.#inside;
  }

  // Without a parameter, like that of every interface that is not to be made.
  constructor() {
    if (arguments[0] !== only) throw new TypeErrorCtor("Illegal constructor: use crypto.subtle.generateKey() or importKey()");
    this.#inside = arguments[1];
  }
  get type(): string {
    return this.#inside.type;
  }
  get extractable(): boolean {
    return this.#inside.extractable;
  }
  get algorithm(): object {
    return (this.#algorithm ??= algorithmOf(this.#inside));
  }
  get usages(): string[] {
    return (this.#usages ??= usagesOf(this.#inside));
  }
}
expose(CryptoKey, "CryptoKey");

// What the console shows, as in Deno.
hide(CryptoKey.prototype, SymbolFor("Deno.customInspect"), function (this: unknown, inspect: (v: unknown, options: unknown) => string, options: unknown): unknown {
  if (!isKey(this)) return this;
  const inside = insideOf(this as CryptoKey);
  const out = {};
  put(out, "type", inside.type);
  put(out, "extractable", inside.extractable);
  put(out, "algorithm", algorithmOf(inside));
  put(out, "usages", usagesOf(inside));
  return `CryptoKey ${inspect(out, options)}`;
});

function usagesOf({ usages }: Inside): string[] {
  const out: string[] = [];
  for (let i = 0; i < usages.length; i++) append(out, usages[i]!);
  return out;
}

function algorithmOf({ alg }: Inside): object {
  const out = {};
  put(out, "name", alg.name);
  if (alg.modulusLength !== undefined) {
    put(out, "modulusLength", alg.modulusLength);
    put(out, "publicExponent", base64ToBytes(alg.publicExponent!));
  }
  if (alg.hash !== undefined) {
    const hash = {};
    put(hash, "name", alg.hash);
    put(out, "hash", hash);
  }
  if (alg.namedCurve !== undefined) put(out, "namedCurve", alg.namedCurve);
  if (alg.length !== undefined) put(out, "length", alg.length);
  return out;
}

/** Makes what was parsed inherit nothing: no toJSON of a script sees it. */
function bare(v: any): void {
  if (!isObject(v)) return;
  ObjectSetPrototypeOf(v, null);
  const keys = ObjectKeys(v);
  for (let i = 0; i < keys.length; i++) bare((v as any)[keys[i]!]);
}

/** The key that the host told of. */
export function keyOf(told: Inside): CryptoKey {
  bare(told);
  return made(told);
}

const made = (inside: Inside): CryptoKey => new (CryptoKey as any)(only, inside);

/** The inside of a key; what is none is refused. */
export function asKey(v: unknown, what: string): Inside {
  if (!isKey(v)) throw new TypeErrorCtor(`${what}: expected a CryptoKey`);
  return insideOf(v as CryptoKey);
}

cloneable({
  is: isKey,
  copy: (k: CryptoKey) => {
    const inside = insideOf(k);
    return () => made(inside);
  },
});
