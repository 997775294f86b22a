// ----------------------------------------------- WebSocket and EventSource

declare class CloseEvent extends Event {
  constructor(type: string, init?: EventInit & { wasClean?: boolean; code?: number; reason?: string });
  /** Whether both sides have said that they close. */
  readonly wasClean: boolean;
  /** 1005 is a close without a code, 1006 the end of a connection that was not closed. */
  readonly code: number;
  readonly reason: string;
}

interface WebSocketEventMap {
  open: Event;
  message: MessageEvent;
  error: ErrorEvent;
  close: CloseEvent;
}

/**
 * A connection to a WebSocket server. It ends with the script. A guild may have
 * 16 of them; docs/websocket.md has the limits.
 */
declare class WebSocket extends EventTarget {
  /** url is ws:, wss:, http: or https:. protocols are subprotocols, of which the server may choose one. */
  constructor(url: string | URL, protocols?: string | string[]);
  readonly url: string;
  /** 0 connecting, 1 open, 2 closing, 3 closed. */
  readonly readyState: number;
  /** Bytes that were given to send and not handed to the network yet. */
  readonly bufferedAmount: number;
  readonly extensions: string;
  readonly protocol: string;
  /** How messages of bytes come. */
  binaryType: "blob" | "arraybuffer";
  /** Sends a message; more than 16 MiB that wait end the connection. */
  send(data: string | Blob | ArrayBuffer | ArrayBufferView): void;
  /** Begins to close; code is 1000 or 3000 to 4999, and reason has at most 123 bytes. */
  close(code?: number, reason?: string): void;
  onopen: ((event: Event) => unknown) | null;
  onmessage: ((event: MessageEvent) => unknown) | null;
  /** Tells in its message why the connection failed. */
  onerror: ((event: ErrorEvent) => unknown) | null;
  onclose: ((event: CloseEvent) => unknown) | null;
  addEventListener<K extends keyof WebSocketEventMap>(type: K, listener: EventListener<WebSocketEventMap[K]> | null, options?: AddEventListenerOptions | boolean): void;
  addEventListener(type: string, listener: EventListener | null, options?: AddEventListenerOptions | boolean): void;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSING: 2;
  readonly CLOSED: 3;
  static readonly CONNECTING: 0;
  static readonly OPEN: 1;
  static readonly CLOSING: 2;
  static readonly CLOSED: 3;
}

interface EventSourceEventMap {
  open: Event;
  message: MessageEvent<string>;
  error: ErrorEvent;
}

/**
 * Events that a server sends (text/event-stream), with reconnection. A script
 * may have 8 of them; docs/websocket.md has the limits.
 */
declare class EventSource extends EventTarget {
  constructor(url: string | URL, options?: { withCredentials?: boolean });
  readonly url: string;
  readonly withCredentials: boolean;
  /** 0 connecting, 1 open, 2 closed. */
  readonly readyState: number;
  close(): void;
  onopen: ((event: Event) => unknown) | null;
  onmessage: ((event: MessageEvent<string>) => unknown) | null;
  /** The connection was lost, and is made anew while readyState is 0. */
  onerror: ((event: ErrorEvent) => unknown) | null;
  addEventListener<K extends keyof EventSourceEventMap>(type: K, listener: EventListener<EventSourceEventMap[K]> | null, options?: AddEventListenerOptions | boolean): void;
  addEventListener(type: string, listener: EventListener<MessageEvent<string>> | null, options?: AddEventListenerOptions | boolean): void;
  readonly CONNECTING: 0;
  readonly OPEN: 1;
  readonly CLOSED: 2;
  static readonly CONNECTING: 0;
  static readonly OPEN: 1;
  static readonly CLOSED: 2;
}
