// What `flora test` has for test files beside the test bot: functions that
// declare tests, and assertions.

declare module "@flora/sdk/testing" {
  export interface TestContext {
    readonly name: string;
    /** A part of the test, with a name of its own; false when it failed. */
    step(name: string, body: (t: TestContext) => unknown): Promise<boolean>;
  }
  export interface TestOptions {
    ignore?: boolean;
    only?: boolean;
    /** Milliseconds. */
    timeout?: number;
  }
  type Body = (t: TestContext) => unknown;
  interface Declare {
    (name: string, body: Body): void;
    (name: string, options: TestOptions, body: Body): void;
    (test: TestOptions & { name: string; fn: Body }): void;
  }
  export interface TestFunction extends Declare {
    /** Is not run. */
    ignore: Declare;
    skip: Declare;
    /** Nothing else of the file is run. */
    only: Declare;
    todo(name: string, body?: Body): void;
  }
  interface Group {
    (name: string, body: () => void): void;
    (name: string, options: TestOptions, body: () => void): void;
  }
  export interface GroupFunction extends Group {
    ignore: Group;
    skip: Group;
    only: Group;
  }
  export const test: TestFunction;
  export const it: TestFunction;
  /** Tests that belong together; hooks inside are theirs alone. */
  export const describe: GroupFunction;
  export function beforeAll(hook: () => unknown): void;
  export function beforeEach(hook: () => unknown): void;
  export function afterEach(hook: () => unknown): void;
  export function afterAll(hook: () => unknown): void;

  type Class = abstract new (...args: any[]) => unknown;
  type Explained = string | Error;
  /** What a failed assertion throws. */
  export class AssertionError extends Error {
    actual: unknown;
    expected: unknown;
    diff: string | undefined;
    constructor(message: string, more?: { actual?: unknown; expected?: unknown; diff?: string });
  }
  export function assert(condition: unknown, message?: Explained): asserts condition;
  export function assertFalse(condition: unknown, message?: Explained): void;
  export function assertExists<T>(actual: T, message?: Explained): asserts actual is NonNullable<T>;
  /** Equal as far as one can see: members, however deep. */
  export function assertEquals<T>(actual: T, expected: T, message?: Explained): void;
  export function assertNotEquals<T>(actual: T, expected: T, message?: Explained): void;
  /** The same: `Object.is`. */
  export function assertStrictEquals<T>(actual: unknown, expected: T, message?: Explained): asserts actual is T;
  export function assertNotStrictEquals(actual: unknown, expected: unknown, message?: Explained): void;
  export function assertMatch(actual: string, pattern: RegExp, message?: Explained): void;
  export function assertNotMatch(actual: string, pattern: RegExp, message?: Explained): void;
  export function assertStringIncludes(actual: string, part: string, message?: Explained): void;
  export function assertArrayIncludes<T>(actual: ArrayLike<T>, parts: ArrayLike<T>, message?: Explained): void;
  /** Every member of expected, however deep, is in actual too. */
  export function assertObjectMatch(actual: object, expected: object, message?: Explained): void;
  /** Gives the error; it must be of the class and have the part in its message. */
  export function assertThrows(run: () => unknown, kind?: Class, part?: string, message?: Explained): Error;
  export function assertRejects(run: () => unknown, kind?: Class, part?: string, message?: Explained): Promise<Error>;
  export function equal(a: unknown, b: unknown): boolean;
  export function fail(message?: Explained): never;
}

declare namespace Deno {
  /** Declares a test; in test files only. */
  const test: import("@flora/sdk/testing").TestFunction;
}
declare const test: import("@flora/sdk/testing").TestFunction;
declare const it: import("@flora/sdk/testing").TestFunction;
declare const describe: import("@flora/sdk/testing").GroupFunction;
declare function beforeAll(hook: () => unknown): void;
declare function beforeEach(hook: () => unknown): void;
declare function afterEach(hook: () => unknown): void;
declare function afterAll(hook: () => unknown): void;
