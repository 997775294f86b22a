// Deno's namespace, put together. What it is made of lives elsewhere: a member
// is one line here.
import { cron } from "./denocron";
import { AtomicOperation, Kv, KvU64, openKv } from "./denokv";
import { env } from "./environment";
import { serve } from "./serve";

export const Deno: Record<string, unknown> = {
  env,

  // Stores.
  openKv,
  Kv,
  KvU64,
  AtomicOperation,

  // Schedules and the server's own endpoint.
  serve,
  cron,
};
