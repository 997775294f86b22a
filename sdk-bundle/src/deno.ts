// Deno's namespace, put together. What it is made of lives elsewhere: a member
// is one line here.
import { Kv, openKv } from "./denokv";
import { AtomicOperation } from "./denokvatomic";
import { KvListIterator } from "./denokvlist";
import { KvU64 } from "./denokvvalue";
import { env } from "./environment";

export const Deno: Record<string, unknown> = {
  env,

  // Stores.
  openKv,
  Kv,
  KvU64,
  AtomicOperation,
  KvListIterator,

  // Schedules and the server's own endpoint.
};
