// The web platform's globals, none of which is made before it is touched.
import { part } from "./lazy";

export const web = {
  ...part(() => import("./fetch"), "fetch", "Request", "Response"),
  ...part(() => import("./headers"), "Headers"),
  ...part(() => import("./abort"), "AbortController", "AbortSignal"),
  ...part(() => import("./exception"), "DOMException"),
  ...part(() => import("./event"), "Event", "EventTarget", "CustomEvent", "ErrorEvent", "PromiseRejectionEvent", "MessageEvent"),
  ...part(() => import("./globalevents"), "addEventListener", "removeEventListener", "dispatchEvent", "reportError"),
  ...part(() => import("./clone"), "structuredClone"),
  ...part(() => import("./message"), "MessageChannel", "MessagePort"),
  ...part(() => import("./performance"), "performance", "Performance", "PerformanceEntry", "PerformanceMark", "PerformanceMeasure"),
  ...part(() => import("./navigator"), "navigator", "Navigator"),
  ...part(
    () => import("./readable"),
    "ReadableStream",
    "ReadableStreamDefaultReader",
    "ReadableStreamBYOBReader",
    "ReadableStreamDefaultController",
    "ReadableByteStreamController",
    "ReadableStreamBYOBRequest",
  ),
  ...part(() => import("./writable"), "WritableStream", "WritableStreamDefaultWriter", "WritableStreamDefaultController"),
  ...part(() => import("./transform"), "TransformStream", "TransformStreamDefaultController"),
  ...part(() => import("./strategies"), "ByteLengthQueuingStrategy", "CountQueuingStrategy"),
  ...part(() => import("./textstreams"), "TextEncoderStream", "TextDecoderStream", "CompressionStream", "DecompressionStream"),
  ...part(() => import("./blob"), "Blob", "File"),
  ...part(() => import("./formdata"), "FormData"),
  ...part(() => import("./url"), "URL", "URLSearchParams"),
  ...part(() => import("./encoding"), "TextEncoder", "TextDecoder", "atob", "btoa"),
  ...part(() => import("./crypto"), "crypto"),
};
