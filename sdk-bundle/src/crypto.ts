// The web's crypto object. Random bytes are the host's, of the operating system:
// nothing that a script does tells the next ones.
import { base64ToBytes, copyInto, lengthOf, viewOf } from "./bytes";
import { DOMException } from "./exception";
import { natives } from "./host";
import { TypeErrorCtor, startsWith, typedName } from "./primordials";
import { makeSubtle, type SubtleCrypto } from "./subtle";
import { expose } from "./webidl";

/** What browsers give at once. */
const most = 65536;

const digits = "0123456789abcdef";

function random(count: number): Uint8Array {
  const { random } = natives;
  return base64ToBytes(random(count) as string);
}

export class Crypto {
  #subtle: SubtleCrypto | undefined;

  constructor() {
    if (arguments[0] !== only) throw new TypeErrorCtor("Illegal constructor");
  }
  get subtle(): SubtleCrypto {
    return (this.#subtle ??= makeSubtle());
  }
  getRandomValues<T>(array: T): T {
    const name = typedName(array);
    if (name === undefined || startsWith(name, "Float")) {
      throw new DOMException("crypto.getRandomValues: expected an integer array, such as a Uint8Array", "TypeMismatchError");
    }
    const bytes = viewOf(array, "crypto.getRandomValues");
    const count = lengthOf(bytes);
    if (count > most) throw new DOMException(`crypto.getRandomValues: at most ${most} bytes at once, not ${count}`, "QuotaExceededError");
    copyInto(bytes, random(count));
    return array;
  }
  randomUUID(): string {
    return uuid();
  }
}
expose(Crypto, "Crypto");

/** A random UUID, of version 4. */
export function uuid(): string {
  const bytes = random(16);
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  let out = "";
  for (let i = 0; i < 16; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) out += "-";
    out += digits[bytes[i]! >> 4]! + digits[bytes[i]! & 15]!;
  }
  return out;
}

const only = {};

export const crypto: Crypto = new (Crypto as any)(only);
