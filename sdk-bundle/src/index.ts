// The snapshot's source: it puts the SDK on the global object and leaves one
// function for the host to boot an isolate with. The host deletes that function
// before the script runs.
import { takeBase64 } from "./bytes";
import * as commands from "./commands";
import * as components from "./components";
import { confineWebAssembly } from "./confine";
import * as constants from "./constants";
import { flattenInteractionOptions } from "./resolved";
import { EmbedBuilder, embed } from "./embeds";
import { secrets } from "./environment";
import { cron, enter, on } from "./events";
import { layHandlers } from "./global";
import { boot, info, type Native } from "./host";
import { KvStore, kv, store } from "./kv";
import { lay, lazies, part } from "./lazy";
import { rest } from "./ops";
import { startClock } from "./elapsed";
import { PermissionFlags } from "./permissions";
import { ObjectDefineProperty } from "./primordials";
import { onComponent, onModal } from "./route";
import * as selects from "./selects";
import { web } from "./web";
import { formatDuration, parseDuration } from "./words";
import { clearInterval, clearTimeout, queueMicrotask, setInterval, setTimeout } from "./timers";

/** What scripts see, as globals and as members of the namespace `flora`. */
export const surface = {
  on,
  onComponent,
  onModal,
  cron,
  ...part(() => import("./schedule"), "schedule"),
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
  ...part(() => import("./console"), "console"),
  setTimeout,
  setInterval,
  clearTimeout,
  clearInterval,
  queueMicrotask,
  ...part(() => import("./deno"), "Deno"),
  ...web,
};

/** What the namespace has beside the surface. */
const told = {
  get guildId(): string {
    return info.guildId;
  },
  get applicationId(): string {
    return info.applicationId;
  },
  get endpoint(): string {
    return info.endpoint;
  },
};

export const flora: typeof surface & typeof told = lay(told, true, surface) as never;

lay(globalThis, false, surface);
lay(globalThis, false, globals);
// An accessor of self would make it differ from a copy.
lay(globalThis, false, { flora, self: globalThis });
layHandlers();

// Scripts written for the original read the guild's id here.
ObjectDefineProperty(globalThis, "__floraGuildId", { __proto__: null, configurable: true, get: () => info.guildId } as PropertyDescriptor);

// The host lays them, and deletes this, before the script runs.
ObjectDefineProperty(globalThis, "__floraLazy", { __proto__: null, configurable: true, value: lazies } as PropertyDescriptor);

ObjectDefineProperty(globalThis, "__floraBoot", {
  __proto__: null,
  configurable: true,
  value: (from: Record<string, Native | undefined>, text: string) => {
    confineWebAssembly();
    takeBase64();
    startClock();
    boot(from, text);
    return enter;
  },
} as PropertyDescriptor);
