// The snapshot's source: it puts the SDK on the global object and leaves one
// function for the host to boot an isolate with. The host deletes that function
// before the script runs.
import { AbortController, AbortSignal } from "./abort";
import { takeBase64 } from "./bytes";
import * as commands from "./commands";
import * as components from "./components";
import { confineWebAssembly } from "./confine";
import { console } from "./console";
import * as constants from "./constants";
import { crypto } from "./crypto";
import { flattenInteractionOptions } from "./resolved";
import { EmbedBuilder, embed } from "./embeds";
import { TextDecoder, TextEncoder, atob, btoa } from "./encoding";
import { Deno, secrets } from "./environment";
import { cron, enter, on } from "./events";
import { DOMException } from "./exception";
import { Request, Response, fetch } from "./fetch";
import { Headers } from "./headers";
import { boot, info, type Native } from "./host";
import { KvStore, kv, store } from "./kv";
import { rest } from "./ops";
import { PermissionFlags } from "./permissions";
import { ObjectDefineProperty, ObjectKeys, hide } from "./primordials";
import { onComponent, onModal } from "./route";
import * as selects from "./selects";
import { formatDuration, parseDuration } from "./words";
import { clearInterval, clearTimeout, queueMicrotask, setInterval, setTimeout } from "./timers";
import { URL, URLSearchParams } from "./url";

/** What scripts see, as globals and as members of the namespace `flora`. */
export const surface = {
  on,
  onComponent,
  onModal,
  cron,
  secrets,
  rest,
  kv,
  store,
  KvStore,
  embed,
  EmbedBuilder,
  ...commands,
  flattenInteractionOptions,
  ...components,
  ...selects,
  ...constants,
  PermissionFlags,
  parseDuration,
  formatDuration,
};

/** What scripts see as globals only. */
export const globals = {
  console,
  setTimeout,
  setInterval,
  clearTimeout,
  clearInterval,
  queueMicrotask,
  fetch,
  Headers,
  Request,
  Response,
  AbortController,
  AbortSignal,
  DOMException,
  URL,
  URLSearchParams,
  TextEncoder,
  TextDecoder,
  atob,
  btoa,
  crypto,
  Deno,
};

export const flora = {
  ...surface,
  get guildId(): string {
    return info.guildId;
  },
  get applicationId(): string {
    return info.applicationId;
  },
};

function install(members: Record<string, unknown>): void {
  const names = ObjectKeys(members);
  for (let i = 0; i < names.length; i++) hide(globalThis, names[i]!, members[names[i]!]);
}

install(surface);
install(globals);
install({ flora });

// Scripts written for the original read the guild's id here.
ObjectDefineProperty(globalThis, "__floraGuildId", { __proto__: null, configurable: true, get: () => info.guildId } as PropertyDescriptor);

ObjectDefineProperty(globalThis, "__floraBoot", {
  __proto__: null,
  configurable: true,
  value: (from: Record<string, Native | undefined>, text: string) => {
    confineWebAssembly();
    takeBase64();
    boot(from, text);
    return enter;
  },
} as PropertyDescriptor);
