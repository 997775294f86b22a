// The time since the isolate's start.
import { DateNow } from "./primordials";

let origin = 0;
let latest = 0;

/** Takes the time of the isolate's start; a snapshot has another. */
export function startClock(): void {
  origin = DateNow();
  latest = 0;
}

/** When that was, in milliseconds since 1970. */
export function timeOrigin(): number {
  return origin;
}

/** Milliseconds since the start, which never go back. */
export function elapsed(): number {
  const at = DateNow() - origin;
  if (at > latest) latest = at;
  return latest;
}
