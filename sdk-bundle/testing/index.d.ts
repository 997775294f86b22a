// @flora/sdk/testing: tests of scripts, with `flora test` or in Node.

/** Somebody in the test's guild. */
export interface Person {
  id: string;
  username: string;
  globalName: string | null;
  bot: boolean;
  nick: string | null;
  /** Ids; changes when the script gives or takes roles. */
  roles: string[];
}

/** A person, an id or a user name. */
export type Who = string | Person;

/** A message; it changes as the script edits or deletes it. */
export interface TestMessage {
  id: string;
  channelId: string;
  /** The author's id. */
  author: string;
  content: string;
  /** Embeds, components and attachments are the JSON that was sent. */
  embeds: any[];
  components: any[];
  attachments: any[];
  flags: number;
  /** Only the user of the interaction sees it. */
  ephemeral: boolean;
  /** The id of the message it refers to. */
  replyTo: string | null;
  /** Emoji that the bot has put under it. */
  reactions: string[];
  pinned: boolean;
  deleted: boolean;
  /** All that was sent: poll, allowedMentions ... */
  body: any;
}

/** A call of Discord's API. */
export interface Call {
  /** The function of `rest`: "banMember". */
  name: string;
  args: any;
}

export interface LogLine {
  level: "trace" | "debug" | "info" | "warn" | "error";
  text: string;
}

/** What came of something that a user did. */
export interface Outcome {
  /** The messages that the bot has sent, in order. */
  replies: TestMessage[];
  /** The first of them. */
  reply: TestMessage | undefined;
  /** Components and modals: the message that carries the component, as it is now. */
  message: TestMessage | undefined;
  /** The modal that was opened, as JSON. */
  modal: any;
  /** The choices that an option got. */
  choices: any[] | undefined;
  /** Whether the interaction was answered or deferred. */
  answered: boolean;
  calls: Call[];
  logs: LogLine[];
}

/** What the actions reject with when a handler of the script fails. */
export class HandlerError extends Error {
  outcome: Outcome;
}

export interface TestStore {
  get(key: string): string | undefined;
  set(key: string, value: string, options?: { metadata?: unknown; expiration?: number }): void;
  delete(key: string): boolean;
  /** Everything in it, by key. */
  entries(): Record<string, string>;
}

export interface Common {
  /** Who does it; `bot.user` by default. */
  user?: Who;
  /** The id of the channel; `bot.channelId`, or the message's, by default. */
  channel?: string;
}

export interface Options {
  guildId?: string;
  /** What `secrets.get` answers, by name; a test's fetch gets it as it is. */
  secrets?: Record<string, string>;
  /** What `Deno.env.get` answers beside the secrets, by name. */
  vars?: Record<string, string>;
  /** Where the script's clock stands; 2026-01-01 UTC by default. */
  now?: number | Date;
}

export class TestBot {
  private constructor();
  readonly guildId: string;
  readonly applicationId: string;
  /** The channel where things happen unless a test says otherwise. */
  readonly channelId: string;
  /** Somebody without roles, who does things unless a test says otherwise. */
  readonly user: Person;
  /** The guild's owner, who may do everything. */
  readonly owner: Person;

  /** Takes the SDK off the global object again; only for scripts that are functions. */
  close(): void;

  addUser(username: string, more?: Partial<Person> & { permissions?: bigint }): Person;
  /** Gives the new role's id. */
  addRole(name: string, permissions?: bigint): string;
  /** Gives the new channel's id; `more` is Discord's JSON. */
  addChannel(name: string, more?: object): string;

  /** Somebody says something. `more` are further fields of the event. */
  say(content: string, o?: Common & { replyTo?: string; more?: object }): Promise<Outcome & { said: TestMessage }>;
  /**
   * Somebody uses a slash command: "ban", "config set", "admin user ban". Options
   * are checked like Discord does; users, roles and channels are given by id or as objects.
   */
  slash(command: string, options?: Record<string, any>, o?: Common): Promise<Outcome>;
  /** The choices for an option that completes itself, with the text so far. */
  complete(command: string, focused: string, text: string | number, options?: Record<string, any>, o?: Common): Promise<any[]>;
  /** Somebody uses a context-menu command on somebody or on a message. */
  menu(name: string, target: Who | TestMessage, o?: Common): Promise<Outcome>;
  /** Somebody clicks the button with the custom id, on the newest message that has it or on a certain one. */
  click(customId: string, o?: Common & { message?: TestMessage }): Promise<Outcome>;
  /** Somebody chooses: values; of users, roles and channels their ids or themselves. */
  select(customId: string, values: (string | { id: string })[], o?: Common & { message?: TestMessage }): Promise<Outcome>;
  /** Somebody sends the modal that is open for them. */
  submit(customId: string, fields?: Record<string, string | boolean | { id: string } | (string | { id: string })[]>, o?: Common): Promise<Outcome>;
  react(emoji: string, message: TestMessage, o?: Common): Promise<Outcome>;
  unreact(emoji: string, message: TestMessage, o?: Common): Promise<Outcome>;
  /** Somebody joins. */
  join(username: string, more?: Partial<Person>): Promise<Outcome & { user: Person }>;
  /** Somebody leaves. */
  leave(who: Who): Promise<Outcome>;
  /** A cron job is due. */
  fire(name: string): Promise<Outcome>;
  /**
   * Somebody sends a request to the script's `Deno.serve`: a path, an address
   * below `flora.endpoint`, or a Request to one. Gives the response with all of
   * its body; when the handler fails, it throws like the others.
   */
  fetch(input: string | URL | Request, init?: RequestInit): Promise<Response>;
  /** Any other event with the payload that scripts see. */
  emit(event: string, payload?: object): Promise<Outcome>;
  ready(): Promise<Outcome>;

  /** The script's time in milliseconds since 1970. It stands still but for `advance`. */
  readonly now: number;
  /** Lets time pass; the script's timers fire in their order. Cron jobs do not: see `fire`. */
  advance(ms: number): Promise<Outcome>;

  /** What the bot has sent and not deleted, oldest first. */
  readonly messages: TestMessage[];
  readonly lastMessage: TestMessage | undefined;
  /** The calls of Discord's API so far, all or those of one function of `rest`. */
  calls(name?: string): Call[];
  /** The script's log. */
  readonly logs: LogLine[];
  /** The slash commands that the script declares. */
  readonly commands: any[];
  readonly crons: Record<string, { expr: string; skipIfRunning: boolean }>;
  /** The script's key-value stores, in memory. */
  readonly kv: { store(name: string): TestStore };
  /**
   * What a function of `rest` answers from now on: a value, or a function of its
   * arguments, which may throw an error with `code`, `discord_code` and `status`.
   * Without it a small Discord in memory answers, and `null` where it knows nothing.
   */
  answer(name: string, value: unknown | ((args: any) => unknown)): void;
  /** Answers the script's `fetch`. */
  onFetch(answer: (request: { url: string; method: string; headers: Record<string, string>; text: string }) => FetchAnswer | Promise<FetchAnswer>): void;
}

export interface FetchAnswer {
  status?: number;
  headers?: Record<string, string>;
  /** The body, as JSON or as text. */
  json?: unknown;
  text?: string;
}

/**
 * Starts a script in this process: its source (JavaScript), its file (a URL or
 * `{ file }`), or a function that does what its top level would do. Source and
 * files run in a realm of their own with Flora's globals only. For a function
 * the SDK is put on this process' global object until `close` or the next one;
 * its timers and console are Node's.
 */
export function createTestBot(script: string | URL | { file: string } | ((sdk: any) => unknown), options?: Options): Promise<TestBot>;

// ------------------------------------------------------------------ tests

/** What a test is given. */
export interface TestContext {
  readonly name: string;
  /** A part of the test with a name of its own. */
  step(name: string, fn: (t: TestContext) => unknown): Promise<boolean>;
}

export type TestBody = (t: TestContext) => unknown;

export interface TestOptions {
  name?: string;
  fn?: TestBody;
  /** It does not run. */
  ignore?: boolean;
  skip?: boolean | string;
  /** Of its file only such tests run. */
  only?: boolean;
  todo?: boolean | string;
  /** Milliseconds that it may take. */
  timeout?: number;
}

export interface DeclareTest {
  (name: string, fn?: TestBody): void;
  (name: string, options: TestOptions, fn?: TestBody): void;
  (name: string, fn: TestBody, options: TestOptions): void;
}

export interface TestFunction extends DeclareTest {
  (options: TestOptions): void;
  (fn: TestBody): void;
  skip: DeclareTest;
  ignore: DeclareTest;
  only: DeclareTest;
  todo: DeclareTest;
}

/** Tests that belong together; hooks inside are theirs alone. */
export interface DescribeFunction {
  (name: string, fn: () => void): void;
  skip(name: string, fn: () => void): void;
  only(name: string, fn: () => void): void;
}

export const test: TestFunction;
export const it: TestFunction;
export const describe: DescribeFunction;
export function beforeAll(fn: () => unknown): void;
export function beforeEach(fn: () => unknown): void;
export function afterEach(fn: () => unknown): void;
export function afterAll(fn: () => unknown): void;
export function before(fn: () => unknown): void;
export function after(fn: () => unknown): void;

// ------------------------------------------------------------------ assertions

/** What a failed assertion throws. */
export class AssertionError extends Error {
  constructor(message: string, more?: { actual?: unknown; expected?: unknown; diff?: string });
  actual: unknown;
  expected: unknown;
  /** What was there with -, what was expected with +. */
  diff: string | undefined;
}

type Message = string | Error | undefined;
type ErrorClass = abstract new (...args: any[]) => unknown;

export function fail(message?: Message): never;
export function assert(condition: unknown, message?: Message): asserts condition;
export function assertFalse(condition: unknown, message?: Message): void;
/** It is neither undefined nor null. */
export function assertExists<T>(actual: T, message?: Message): asserts actual is NonNullable<T>;
/** They are alike, member by member. */
export function assertEquals<T>(actual: T, expected: T, message?: Message): void;
export function assertNotEquals<T>(actual: T, expected: T, message?: Message): void;
/** They are the same value. */
export function assertStrictEquals<T>(actual: unknown, expected: T, message?: Message): asserts actual is T;
export function assertNotStrictEquals(actual: unknown, expected: unknown, message?: Message): void;
export function assertMatch(actual: string | undefined, pattern: RegExp, message?: Message): void;
export function assertNotMatch(actual: string | undefined, pattern: RegExp, message?: Message): void;
export function assertStringIncludes(actual: string | undefined, part: string, message?: Message): void;
export function assertArrayIncludes<T>(actual: ArrayLike<T>, parts: ArrayLike<T>, message?: Message): void;
/** Every member of expected, however deep, is in actual too. */
export function assertObjectMatch(actual: object, expected: object, message?: Message): void;
/** It throws, an error of the class whose message includes the part. Gives the error. */
export function assertThrows(run: () => unknown, kind?: ErrorClass, part?: string, message?: Message): Error;
/** The same of a promise. */
export function assertRejects(run: () => unknown, kind?: ErrorClass, part?: string, message?: Message): Promise<Error>;
/** Whether two values are alike, as assertEquals has it. */
export function equal(a: unknown, b: unknown): boolean;
