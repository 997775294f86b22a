// The snapshot's source: it puts the SDK on the global object and leaves one
// function for the host to boot an isolate with. The host deletes that function
// before the script runs.
import { AbortController, AbortSignal } from "./abort";
import { Blob, File } from "./blob";
import { takeBase64 } from "./bytes";
import * as commands from "./commands";
import * as components from "./components";
import { structuredClone } from "./clone";
import { confineWebAssembly } from "./confine";
import { console } from "./console";
import * as constants from "./constants";
import { Crypto, crypto } from "./crypto";
import { Deno, installDeno } from "./deno";
import { flattenInteractionOptions } from "./resolved";
import { EmbedBuilder, embed } from "./embeds";
import { TextDecoder, TextEncoder, atob, btoa } from "./encoding";
import { secrets } from "./environment";
import { Event, EventTarget } from "./event";
import { CustomEvent, ErrorEvent, MessageEvent, PromiseRejectionEvent } from "./eventkinds";
import { cron, enter, on } from "./events";
import { DOMException } from "./exception";
import { Request, Response, fetch } from "./fetch";
import { FormData } from "./formdata";
import { Navigator, addEventListener, dispatchEvent, installSelf, navigator, removeEventListener, reportError } from "./global";
import { Headers } from "./headers";
import { boot, info, type Native } from "./host";
import { KvStore, kv, store } from "./kv";
import { MessageChannel, MessagePort } from "./message";
import { rest } from "./ops";
import { Performance, PerformanceEntry, PerformanceMark, PerformanceMeasure, performance, startClock } from "./performance";
import { PermissionFlags } from "./permissions";
import { ObjectDefineProperty, ObjectKeys, hide } from "./primordials";
import {
  ReadableByteStreamController,
  ReadableStream,
  ReadableStreamBYOBReader,
  ReadableStreamBYOBRequest,
  ReadableStreamDefaultController,
  ReadableStreamDefaultReader,
} from "./readable";
import { onComponent, onModal } from "./route";
import { schedule } from "./schedule";
import { URLSearchParams } from "./searchparams";
import * as selects from "./selects";
import { SubtleCrypto } from "./subtle";
import { CryptoKey } from "./subtlekey";
import "./streamtransfer";
import { ByteLengthQueuingStrategy, CountQueuingStrategy } from "./strategies";
import { CompressionStream, DecompressionStream, TextDecoderStream, TextEncoderStream } from "./textstreams";
import { TransformStream, TransformStreamDefaultController } from "./transform";
import { formatDuration, parseDuration } from "./words";
import { WritableStream, WritableStreamDefaultController, WritableStreamDefaultWriter } from "./writable";
import { clearInterval, clearTimeout, queueMicrotask, setInterval, setTimeout } from "./timers";
import { URL } from "./url";
import { URLPattern } from "./urlpattern";

/** What scripts see, as globals and as members of the namespace `flora`. */
export const surface = {
  on,
  onComponent,
  onModal,
  cron,
  schedule,
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
  Event,
  EventTarget,
  CustomEvent,
  ErrorEvent,
  PromiseRejectionEvent,
  MessageEvent,
  addEventListener,
  removeEventListener,
  dispatchEvent,
  reportError,
  structuredClone,
  MessageChannel,
  MessagePort,
  performance,
  Performance,
  PerformanceEntry,
  PerformanceMark,
  PerformanceMeasure,
  navigator,
  Navigator,
  ReadableStream,
  ReadableStreamDefaultReader,
  ReadableStreamBYOBReader,
  ReadableStreamDefaultController,
  ReadableByteStreamController,
  ReadableStreamBYOBRequest,
  WritableStream,
  WritableStreamDefaultWriter,
  WritableStreamDefaultController,
  TransformStream,
  TransformStreamDefaultController,
  ByteLengthQueuingStrategy,
  CountQueuingStrategy,
  TextEncoderStream,
  TextDecoderStream,
  CompressionStream,
  DecompressionStream,
  Blob,
  File,
  FormData,
  URL,
  URLSearchParams,
  URLPattern,
  TextEncoder,
  TextDecoder,
  atob,
  btoa,
  crypto,
  Crypto,
  CryptoKey,
  SubtleCrypto,
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
installSelf();
installDeno();

// Scripts written for the original read the guild's id here.
ObjectDefineProperty(globalThis, "__floraGuildId", { __proto__: null, configurable: true, get: () => info.guildId } as PropertyDescriptor);

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
