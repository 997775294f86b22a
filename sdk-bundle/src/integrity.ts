// The integrity of a request: what digest the body of its response must have, by
// Subresource Integrity. It is compared when all of the body is there; nothing
// of one that differs reaches the script.
import { allOf } from "./body";
import type { Received } from "./exchange";
import { networkError } from "./localurls";
import { TypeErrorCtor, add, list, regExpExec, slice, toLowerCase } from "./primordials";
import { digestOf } from "./subtle";

/** The digests that will do, in base64, of the strongest algorithm that is named. */
export interface Wanted {
  bits: string;
  digests: string[];
}

const known = /^sha(256|384|512)-([^?]*)/;

/** What an integrity asks for. Where browsers would check nothing, it throws. */
export function wantedBy(integrity: string): Wanted {
  const words = /[^\t\n\f\r ]+/g;
  let out: Wanted | undefined;
  for (let word = regExpExec(words, integrity); word !== null; word = regExpExec(words, integrity)) {
    const at = regExpExec(known, toLowerCase(slice(word[0], 0, 7)) + slice(word[0], 7));
    if (at === null) continue;
    // All have three digits.
    if (out === undefined || at[1]! > out.bits) out = { bits: at[1]!, digests: list() };
    if (at[1] === out.bits) add(out.digests, at[2]!);
  }
  if (out === undefined) throw new TypeErrorCtor("fetch: integrity names no digest that can be checked; give sha256-, sha384- or sha512- and the digest in base64");
  return out;
}

/** Takes all of the body of what comes, and gives it on if its digest is wanted. */
export async function verified(coming: Promise<Received>, wanted: Wanted): Promise<Received> {
  const r = await coming;
  if (r.body === undefined) throw networkError("the response has no body that could be compared with integrity");
  const bytes = await allOf(r.body);
  const digest = await digestOf(`SHA-${wanted.bits}`, bytes);
  let same = false;
  for (let i = 0; i < wanted.digests.length; i++) same ||= wanted.digests[i] === digest;
  if (!same) throw networkError(`the response's body is not what integrity says: its digest is sha${wanted.bits}-${digest}`);
  r.body = { content: { bytes, free: false }, stream: undefined };
  return r;
}
