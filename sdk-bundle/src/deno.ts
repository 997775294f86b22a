// Deno's namespace, put together. What it is made of lives elsewhere: a member
// is one line here. What Deno has and a server's script cannot have is in
// denomissing.ts.
import { addMissing } from "./denomissing";
import { env } from "./environment";
import { lay, part } from "./lazy";

export const Deno: Record<string, unknown> = lay({}, true, {
  env,
  args: [],
  noColor: true,
  ...part(() => import("./inspect"), "inspect"),
  ...part(() => import("./denopermissions"), "Permissions", "PermissionStatus", "permissions"),
  ...part(() => import("./denofacts"), "errors", "version", "build", "mainModule"),

  // Stores.
  ...part(() => import("./denokv"), "openKv", "Kv"),
  ...part(() => import("./denokvvalue"), "KvU64"),
  ...part(() => import("./denokvatomic"), "AtomicOperation"),
  ...part(() => import("./denokvlist"), "KvListIterator"),

  // Schedules and the server's own endpoint.
  ...part(() => import("./serve"), "serve"),
  ...part(() => import("./denocron"), "cron"),
});
addMissing(Deno);
