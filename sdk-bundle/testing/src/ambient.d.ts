// The little of Node that the test bot uses.
declare module "flora:sdk" {
  /** The SDK as one classic script, as isolates start from it. */
  const source: string;
  export default source;
}

declare module "node:fs" {
  export function readFileSync(path: string, encoding: "utf8"): string;
}

declare module "node:test" {
  export function test(...args: any[]): unknown;
  export function it(...args: any[]): unknown;
  export function describe(...args: any[]): unknown;
  export function before(fn: () => unknown): void;
  export function after(fn: () => unknown): void;
  export function beforeEach(fn: () => unknown): void;
  export function afterEach(fn: () => unknown): void;
}

declare module "node:vm" {
  export function createContext(o: object): object;
  export function runInContext(code: string, context: object, options: { filename: string; lineOffset?: number; columnOffset?: number }): any;
}

declare module "node:url" {
  export function fileURLToPath(url: string | URL): string;
  export function pathToFileURL(path: string): URL;
}

declare module "node:path" {
  export function resolve(...parts: string[]): string;
}

declare module "node:module" {
  export const stripTypeScriptTypes: ((code: string, options?: { mode?: "strip" | "transform" }) => string) | undefined;
  export function createRequire(from: string | URL): (name: string) => any;
}

declare class URL {
  constructor(url: string, base?: string | URL);
  href: string;
  protocol: string;
}

declare const process: { cwd(): string };
declare function setImmediate(f: () => void): void;
declare module "node:crypto" {
  export const webcrypto: { subtle: any };
}
declare module "node:zlib" {
  type Run = (data: unknown) => any;
  export const gzipSync: Run, gunzipSync: Run, deflateSync: Run, inflateSync: Run, deflateRawSync: Run, inflateRawSync: Run;
}
