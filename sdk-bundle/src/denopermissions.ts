// Deno.permissions: what a script may do never changes while it runs, so every
// state is granted or denied, and nobody is ever asked.
import { EventTarget, handlers } from "./event";
import { natives } from "./host";
import { JSONParse, JSONStringify, NumberOf, PromiseCtor, TypeErrorCtor, add, endsWith, indexOf, list, parseInt, slice, split, startsWith } from "./primordials";
import { expose, isObject } from "./webidl";

const key = {};

export class PermissionStatus extends EventTarget {
  readonly #state: string;
  constructor(given: unknown, state: string) {
    if (given !== key) throw new TypeErrorCtor("Illegal constructor");
    super();
    this.#state = state;
  }
  get state(): string {
    return this.#state;
  }
  get partial(): boolean {
    return false;
  }
}
handlers(PermissionStatus.prototype, ["change"]);
expose(PermissionStatus, "PermissionStatus");

const fixed = { __proto__: null as never, env: "granted", net: "granted", read: "denied", write: "denied", run: "denied", sys: "denied", ffi: "denied", import: "denied" } as Record<string, string>;

// The first numbers of IPv4 addresses that no request reaches, with how many
// bits count. The dial, which decides, knows more of them: pkg/egress.
const inward = split("0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/3", " ");

function number4(text: string): number {
  const parts = split(text, ".");
  let n = 0;
  for (let i = 0; i < parts.length; i++) n = n * 256 + NumberOf(parts[i]);
  return parts.length === 4 && n === n ? n : -1;
}

function publicHost(hostname: string): boolean {
  if (hostname === "localhost" || endsWith(hostname, ".localhost")) return false;
  if (startsWith(hostname, "[")) {
    // Of IPv6 only 2000::/3 is public, without tunnels and examples.
    const first = slice(hostname, 1, indexOf(hostname, ":"));
    const block = first === "" ? 0 : parseInt(first, 16);
    return block >= 0x2000 && block <= 0x3ffe && block !== 0x2002 && !startsWith(hostname, "[2001:0:") && !startsWith(hostname, "[2001::") && !startsWith(hostname, "[2001:db8:");
  }
  const address = number4(hostname);
  if (address < 0) return true;
  for (let i = 0; i < inward.length; i++) {
    const block = split(inward[i]!, "/");
    const size = 2 ** (32 - NumberOf(block[1]));
    const start = number4(block[0]!);
    if (address >= start && address < start + size) return false;
  }
  return true;
}

function hostState(host: unknown): string {
  const args = list<string>();
  add(args, `http://${host as any}/`);
  let parts: { hostname: string; pathname: string; username: string };
  try {
    const { url } = natives;
    parts = JSONParse(url(0, 0, JSONStringify(args)) as string);
  } catch {
    throw new TypeErrorCtor(`Deno.permissions: the host ${JSONStringify(`${host as any}`)} is not valid; it is a name or an address with or without a port`);
  }
  if (parts.pathname !== "/" || parts.username !== "") throw new TypeErrorCtor("Deno.permissions: a host is a name or an address with or without a port");
  return publicHost(parts.hostname) ? "granted" : "denied";
}

function stateOf(call: string, descriptor: any): PermissionStatus {
  if (!isObject(descriptor)) throw new TypeErrorCtor(`Deno.permissions.${call}: expected an object with the name of a permission`);
  const { name, host } = descriptor as any;
  const state = typeof name === "string" ? fixed[name] : undefined;
  if (state === undefined) throw new TypeErrorCtor(`Deno.permissions.${call}: there is no permission of that name; there are read, write, net, env, sys, run, ffi and import`);
  return new PermissionStatus(key, name === "net" && host !== undefined ? hostState(host) : state);
}

export class Permissions {
  constructor(given?: unknown) {
    if (given !== key) throw new TypeErrorCtor("Illegal constructor");
  }
  query(descriptor: unknown): Promise<PermissionStatus> {
    return promised(() => stateOf("query", descriptor));
  }
  querySync(descriptor: unknown): PermissionStatus {
    return stateOf("querySync", descriptor);
  }
  request(descriptor: unknown): Promise<PermissionStatus> {
    return promised(() => stateOf("request", descriptor));
  }
  requestSync(descriptor: unknown): PermissionStatus {
    return stateOf("requestSync", descriptor);
  }
  revoke(descriptor: unknown): Promise<PermissionStatus> {
    return promised(() => stateOf("revoke", descriptor));
  }
  revokeSync(descriptor: unknown): PermissionStatus {
    return stateOf("revokeSync", descriptor);
  }
}
expose(Permissions, "Permissions");

function promised<T>(f: () => T): Promise<T> {
  return new PromiseCtor((resolve, reject) => {
    try {
      resolve(f());
    } catch (e) {
      reject(e);
    }
  });
}

export const permissions = new Permissions(key);
