// Deno's namespace, put together. What it is made of lives elsewhere: a member
// is one line here. What Deno has and a server's script cannot have is in
// denomissing.ts.
import { cron } from "./denocron";
import { makeErrors } from "./denoerrors";
import { Kv, openKv } from "./denokv";
import { AtomicOperation } from "./denokvatomic";
import { KvListIterator } from "./denokvlist";
import { KvU64 } from "./denokvvalue";
import { addMissing } from "./denomissing";
import { PermissionStatus, Permissions, makePermissions } from "./denopermissions";
import { env } from "./environment";
import { natives } from "./host";
import { inspect } from "./inspect";
import { mainModule } from "./meta";
import { JSONParse, ObjectDefineProperty, ObjectKeys, hide, put } from "./primordials";
import { serve } from "./serve";

// The version of Deno whose API the namespace has the names of, and of
// TypeScript that the declarations are checked with; tests hold both.
const denoVersion = "2.7.0";
const typescriptVersion = "7.0.2";

interface About {
  v8: string;
  arch: string;
}

/** Where the script runs: V8's version and the processor's architecture, as Deno calls it. */
function about(): About {
  const { about: tell } = natives;
  return JSONParse(tell(0, 0, "") as string);
}

export const Deno: Record<string, unknown> = {
  env,
  inspect,
  args: [],
  noColor: true,
  Permissions,
  PermissionStatus,

  // Stores.
  openKv,
  Kv,
  KvU64,
  AtomicOperation,
  KvListIterator,

  // Schedules and the server's own endpoint.
  serve,
  cron,
};

// What is made when it is asked for: it costs every script memory, and few ask.
const lazy: Record<string, () => unknown> = {
  __proto__: null as never,
  errors: makeErrors,
  permissions: makePermissions,
  version: () => ({ deno: denoVersion, v8: about().v8, typescript: typescriptVersion }),
  build: () => {
    const { arch } = about();
    return { target: `${arch}-unknown-linux-gnu`, arch, os: "linux", vendor: "unknown", env: "gnu", standalone: false };
  },
  mainModule: mainModule,
};

function later(name: string, make: () => unknown): void {
  ObjectDefineProperty(Deno, name, {
    __proto__: null,
    get: () => {
      const value = make();
      put(Deno, name, value);
      return value;
    },
    set: (value: unknown) => put(Deno, name, value),
    enumerable: true,
    configurable: true,
  } as PropertyDescriptor);
}

/** Puts the namespace on the global object. It is whole once a script has looked at it. */
export function installDeno(): void {
  ObjectDefineProperty(globalThis, "Deno", {
    __proto__: null,
    get: () => {
      hide(globalThis, "Deno", Deno);
      addMissing(Deno);
      const names = ObjectKeys(lazy);
      for (let i = 0; i < names.length; i++) later(names[i]!, lazy[names[i]!]!);
      return Deno;
    },
    set: (value: unknown) => hide(globalThis, "Deno", value),
    enumerable: false,
    configurable: true,
  } as PropertyDescriptor);
}
