// What test files have as globals with `flora test`, beside what they can import
// from @flora/sdk/testing.

declare namespace Deno {
  /** Declares a test; in test files only. */
  const test: import("@flora/sdk/testing").TestFunction;
}
declare const test: import("@flora/sdk/testing").TestFunction;
declare const it: import("@flora/sdk/testing").TestFunction;
declare const describe: import("@flora/sdk/testing").DescribeFunction;
declare function beforeAll(hook: () => unknown): void;
declare function beforeEach(hook: () => unknown): void;
declare function afterEach(hook: () => unknown): void;
declare function afterAll(hook: () => unknown): void;
