// The little of Node that the tests use.
declare module "node:test" {
  export default function test(name: string, f: () => unknown): void;
}
declare module "node:assert/strict" {
  const assert: {
    equal(got: unknown, want: unknown, message?: string): void;
    deepEqual(got: unknown, want: unknown, message?: string): void;
    match(got: string, want: RegExp): void;
    ok(v: unknown, message?: string): void;
    rejects(p: Promise<unknown>, want: RegExp | ((e: any) => boolean)): Promise<void>;
    throws(f: () => unknown, want: RegExp): void;
  };
  export default assert;
}
declare module "node:fs" {
  export function writeFileSync(path: string, text: string): void;
}
interface ImportMeta {
  url: string;
}
