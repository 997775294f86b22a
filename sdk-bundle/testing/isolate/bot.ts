// The test bot of isolates: a script in a world of pkg/trial. Its methods are
// those of the test bot in Node.
import type { Call, Common, Options, Outcome, Person, TestMessage, Who } from "../index";
import { answered, sent } from "../src/request";
import { answerFor, later, now, utf8Decode, utf8Encode } from "./host";
import { here } from "./runner";

/** A handler of the script has failed. */
export class HandlerError extends Error {
  outcome: Outcome;

  constructor(text: string, outcome: Outcome) {
    super(`a handler failed: ${text}`);
    this.name = "HandlerError";
    this.outcome = outcome;
  }
}

type Script = string | URL | { file: string };

/** Deploys a script: its source, or its file. */
export async function createTestBot(script: Script, options: Options = {}): Promise<TestBot> {
  return TestBot.start(script, options);
}

function onlyInNode(what: string): Error {
  return new Error(`${what} is there in Node only; see docs/testing.md`);
}

function idOf(v: any): any {
  return v !== null && typeof v === "object" && "id" in v ? v.id : v;
}

/** Holds an action against the test that it belongs to. */
async function tracked<T>(what: string, run: () => Promise<T>): Promise<T> {
  const scope = here();
  const at = new Error();
  if (scope.over) throw new Error(`${what} comes after its test has ended`);
  const key = {};
  scope.pending.set(key, what);
  try {
    return await run();
  } catch (e) {
    // Nobody is left to hear of it; the test was told already that it did not wait.
    if (scope.over) return new Promise(() => {});
    // The place in the test is worth more than that in the library.
    if (e instanceof Error) e.stack = `${e.name}: ${e.message}\n${String(at.stack).split("\n").slice(1).join("\n")}`;
    throw e;
  } finally {
    scope.pending.delete(key);
  }
}

interface Seen {
  now: number;
  messages: { id: string; message: any; body: any; deleted: boolean }[];
  sent: string[];
  members: any[];
  crons: Record<string, { expr: string; skipIfRunning: boolean }>;
  commands: any[];
}

export class TestBot {
  readonly guildId: string;
  readonly applicationId: string;
  readonly channelId: string;
  readonly user: Person;
  readonly owner: Person;
  readonly kv = { store: (name: string) => this.#store(name) };
  #bot: number;
  #people = new Map<string, Person>();
  #messages = new Map<string, TestMessage>();
  #answers = new Map<string, unknown>();
  #fetch: ((request: any) => any) | undefined;

  private constructor(guildId: string, made: any) {
    this.#bot = made.bot;
    this.guildId = guildId;
    this.applicationId = made.applicationId;
    this.channelId = made.channelId;
    this.user = this.#personOf(made.user);
    this.owner = this.#personOf(made.owner);
    this.#look();
    answerFor(this.#bot, (kind, name, args) => (kind === "fetch" ? this.#fetched(args) : this.#answer(name, args)));
  }

  static async start(script: Script, o: Options): Promise<TestBot> {
    if (typeof script === "function") throw onlyInNode("a script that is a function");
    const file = typeof script === "string" ? undefined : "file" in script ? String(script.file) : script.href;
    const guildId = o.guildId ?? "999000000000000000";
    const scope = here();
    return tracked("createTestBot(...)", async () => {
      const made = await later({
        do: "bot", ...(file === undefined ? { code: script } : { file }), guildId, secrets: o.secrets, vars: o.vars, now: Number(o.now ?? Date.UTC(2026, 0, 1)),
      });
      if (scope.over) {
        now({ do: "close", bot: made.bot });
        throw new Error("createTestBot comes after its test has ended");
      }
      scope.bots.add(made.bot);
      return new TestBot(guildId, made);
    });
  }

  close(): void {}

  // ------------------------------------------------------------ the guild

  addUser(username: string, more: Partial<Person> & { permissions?: bigint } = {}): Person {
    const roles = [...(more.roles ?? [])];
    if (more.permissions !== undefined) roles.push(this.addRole(`of ${username}`, more.permissions));
    const id = this.#now({ do: "addUser", person: { ...more, permissions: undefined, username, roles } });
    this.#look();
    return this.#personOf(id);
  }

  addRole(name: string, permissions = 0n): string {
    return this.#now({ do: "addRole", name, permissions: String(permissions) });
  }

  addChannel(name: string, more: any = {}): string {
    return this.#now({ do: "addChannel", name, kind: more.type ?? 0, topic: more.topic, parent: more.parent_id });
  }

  // ------------------------------------------------------------ what users do

  async say(content: string, o: Common & { replyTo?: string; more?: object } = {}): Promise<Outcome & { said: TestMessage }> {
    if (o.more !== undefined) throw onlyInNode("say's option more");
    const { outcome, raw } = await this.#act(`bot.say(${JSON.stringify(content)})`, { do: "say", user: this.#who(o.user), channel: o.channel ?? this.channelId, content, replyTo: o.replyTo });
    return { ...outcome, said: this.#messages.get(raw.said)! };
  }

  async slash(command: string, options: Record<string, any> = {}, o: Common = {}): Promise<Outcome> {
    return this.#interact(`bot.slash(${JSON.stringify(command)})`, { ...commandOf(command), options: given(options) }, o);
  }

  async complete(command: string, focused: string, text: string | number, options: Record<string, any> = {}, o: Common = {}): Promise<any[]> {
    const outcome = await this.#interact(`bot.complete(${JSON.stringify(command)})`, { ...commandOf(command), options: given({ ...options, [focused]: text }), focused }, o);
    return outcome.choices ?? [];
  }

  async menu(name: string, target: Who | TestMessage, o: Common = {}): Promise<Outcome> {
    const message = typeof target === "object" && "channelId" in target;
    const channel = o.channel ?? (message ? target.channelId : undefined);
    return this.#interact(`bot.menu(${JSON.stringify(name)})`, { command: name, command_type: message ? 3 : 2, target: message ? target.id : this.#who(target as Who) }, { ...o, channel });
  }

  async click(customId: string, o: Common & { message?: TestMessage } = {}): Promise<Outcome> {
    return this.#interact(`bot.click(${JSON.stringify(customId)})`, { custom_id: customId, message_id: this.#carrier(customId, o.message).id }, { user: o.user });
  }

  async select(customId: string, chosen: (string | { id: string })[], o: Common & { message?: TestMessage } = {}): Promise<Outcome> {
    return this.#interact(`bot.select(${JSON.stringify(customId)})`, { custom_id: customId, message_id: this.#carrier(customId, o.message).id, values: chosen.map(idOf) }, { user: o.user });
  }

  async submit(customId: string, fields: Record<string, any> = {}, o: Common = {}): Promise<Outcome> {
    const filled = Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, Array.isArray(v) ? v.map(idOf) : idOf(v)]));
    return this.#interact(`bot.submit(${JSON.stringify(customId)})`, { modal: customId, fields: filled }, { user: o.user });
  }

  async react(emoji: string, message: TestMessage, o: Common = {}): Promise<Outcome> {
    return this.#reaction("react", emoji, message, o);
  }

  async unreact(emoji: string, message: TestMessage, o: Common = {}): Promise<Outcome> {
    return this.#reaction("unreact", emoji, message, o);
  }

  async #reaction(what: "react" | "unreact", emoji: string, message: TestMessage, o: Common): Promise<Outcome> {
    const plain = emoji.replace(/^<?a?:?(\w+:\d+)>?$/, "$1");
    return (await this.#act(`bot.${what}(${JSON.stringify(emoji)})`, { do: what, user: this.#who(o.user), channel: message.channelId, message: message.id, emoji: plain })).outcome;
  }

  async join(username: string, more: Partial<Person> = {}): Promise<Outcome & { user: Person }> {
    const { outcome, raw } = await this.#act(`bot.join(${JSON.stringify(username)})`, { do: "join", person: { ...more, username } });
    return { ...outcome, user: this.#personOf(raw.person) };
  }

  async leave(who: Who): Promise<Outcome> {
    return (await this.#act("bot.leave(...)", { do: "leave", user: this.#who(who) })).outcome;
  }

  async fire(name: string): Promise<Outcome> {
    return (await this.#act(`bot.fire(${JSON.stringify(name)})`, { do: "fire", name })).outcome;
  }

  async fetch(input: any, init?: any): Promise<any> {
    const s = await sent(this.guildId, input, init);
    const { raw } = await this.#act(`bot.fetch(${JSON.stringify(s.path)})`, { do: "fetch", ...s });
    return answered(raw.response);
  }

  async emit(event: string, payload: object = {}): Promise<Outcome> {
    return (await this.#act(`bot.emit(${JSON.stringify(event)})`, { do: "emit", name: event, payload: { guildId: this.guildId, ...payload } })).outcome;
  }

  async ready(): Promise<Outcome> {
    return (await this.#act("bot.ready()", { do: "emit", name: "ready", payload: { user: { id: this.applicationId, username: "flora", globalName: null, discriminator: "0001", avatar: null, bot: true }, guildIds: [] } })).outcome;
  }

  // ------------------------------------------------------------ time

  get now(): number {
    return this.#look().now;
  }

  async advance(ms: number): Promise<Outcome> {
    if (!(ms >= 0)) throw new TypeError("advance(ms): ms must be a number that is not negative");
    return (await this.#act(`bot.advance(${ms})`, { do: "advance", ms })).outcome;
  }

  // ------------------------------------------------------------ what came of it

  get messages(): TestMessage[] {
    return this.#look().sent.map((id) => this.#messages.get(id)!).filter((m) => !m.deleted);
  }

  get lastMessage(): TestMessage | undefined {
    return this.messages.at(-1);
  }

  calls(name?: string): Call[] {
    return this.#now({ do: "calls" }).filter((c: Call) => name === undefined || c.name === name);
  }

  get logs(): any[] {
    return this.#now({ do: "logs" }).map(({ level, text }: any) => ({ level, text }));
  }

  get commands(): any[] {
    return this.#look().commands;
  }

  get crons(): Seen["crons"] {
    return this.#look().crons;
  }

  answer(name: string, value: unknown): void {
    if (value === undefined) this.#answers.delete(name);
    else this.#answers.set(name, value);
    this.#now({ do: "override", name, on: value !== undefined });
  }

  onFetch(answer: (request: any) => any): void {
    this.#fetch = answer;
  }

  // ------------------------------------------------------------ inside

  async #answer(name: string, args: any): Promise<unknown> {
    const value = this.#answers.get(name);
    return typeof value === "function" ? value(args) : value;
  }

  async #fetched(args: any): Promise<unknown> {
    if (this.#fetch === undefined) throw Object.assign(new Error(`the script fetches ${args.url}: say with bot.onFetch what comes back`), { code: "NOT_SUPPORTED" });
    const a = (await this.#fetch({ url: args.url, method: args.method ?? "GET", headers: Object.fromEntries(args.headers ?? []), text: args.text ?? utf8Decode(args.bytes ?? "") })) ?? {};
    const text = a.json !== undefined ? JSON.stringify(a.json) : (a.text ?? "");
    const headers = Object.entries({ "content-type": a.json !== undefined ? "application/json" : "text/plain;charset=utf-8", ...a.headers });
    return { status: a.status ?? 200, statusText: "", url: args.url, redirected: false, headers, body: utf8Encode(text) };
  }

  #now(request: object): any {
    return now({ ...request, bot: this.#bot });
  }

  #who(who: Who | undefined): string {
    if (who === undefined) return this.user.id;
    if (typeof who !== "string") return who.id;
    this.#look();
    for (const p of this.#people.values()) if (p.id === who || p.username === who) return p.id;
    throw new Error(`nobody here is called ${who}; make them with bot.addUser(${JSON.stringify(who)})`);
  }

  #personOf(id: string): Person {
    let p = this.#people.get(id);
    if (p === undefined) this.#people.set(id, (p = { id, username: "", globalName: null, bot: false, nick: null, roles: [] }));
    return p;
  }

  /** Brings what is known of people and messages up to date. */
  #look(): Seen {
    const seen: Seen = this.#now({ do: "look" });
    for (const m of seen.members) {
      const { id, username, global_name: globalName, bot } = m.user;
      Object.assign(this.#personOf(id), { username, globalName, bot: bot === true, nick: m.nick, roles: m.roles });
    }
    for (const s of seen.messages) {
      let m = this.#messages.get(s.id);
      if (m === undefined) this.#messages.set(s.id, (m = {} as TestMessage));
      Object.assign(m, messageOf(s, this.applicationId));
    }
    return seen;
  }

  async #act(what: string, request: object): Promise<{ outcome: Outcome; raw: any }> {
    return tracked(what, async () => {
      const raw = await later({ ...request, bot: this.#bot });
      this.#look();
      const replies = raw.replies.map((id: string) => this.#messages.get(id)!);
      const outcome: Outcome = {
        replies, reply: replies[0], message: raw.source === undefined ? undefined : this.#messages.get(raw.source), modal: raw.modal, choices: raw.choices,
        answered: raw.answered, calls: raw.calls, logs: raw.logs.map(({ level, text }: any) => ({ level, text })),
      };
      if (raw.failure !== undefined) throw new HandlerError(raw.failure, outcome);
      return { outcome, raw };
    });
  }

  async #interact(what: string, action: object, o: Common): Promise<Outcome> {
    return (await this.#act(what, { do: "interact", action: { ...action, author: this.#who(o.user), channel: o.channel ?? ("message_id" in action || "modal" in action ? "" : this.channelId) } })).outcome;
  }

  #carrier(customId: string, on: TestMessage | undefined): TestMessage {
    const candidates = on === undefined ? this.messages.reverse() : [on];
    for (const m of candidates) {
      const component = find(m.components, customId);
      if (component?.disabled === true) throw new Error(`the component ${JSON.stringify(customId)} is disabled`);
      if (component !== undefined) return m;
    }
    throw new Error(`no message of the bot has a component ${JSON.stringify(customId)}`);
  }

  #store(name: string) {
    return {
      get: (key: string): string | undefined => this.#now({ do: "kvGet", store: name, key }) ?? undefined,
      set: (key: string, value: string, o: { metadata?: unknown; expiration?: number } = {}): void => void this.#now({ do: "kvSet", store: name, key, value, ...o }),
      delete: (key: string): boolean => this.#now({ do: "kvDelete", store: name, key }),
      entries: (): Record<string, string> => this.#now({ do: "kvEntries", store: name }),
    };
  }
}

function commandOf(text: string): object {
  const [command, ...sub] = text.trim().split(/\s+/);
  return { command, command_type: 1, subcommand: sub.join(" ") };
}

function given(options: Record<string, any>): Record<string, any> {
  const out: Record<string, any> = {};
  for (const [k, v] of Object.entries(options)) {
    if (v === undefined || v === null) continue;
    if (typeof v === "object" && !("id" in v)) throw onlyInNode("an attachment as an option");
    out[k] = idOf(v);
  }
  return out;
}

function messageOf(s: Seen["messages"][number], bot: string): TestMessage {
  const m = s.message;
  return {
    id: m.id, channelId: m.channel_id, author: m.author.id, content: m.content, embeds: m.embeds, components: m.components, attachments: m.attachments, flags: m.flags,
    ephemeral: (m.flags & 64) !== 0, replyTo: m.type === 19 && m.author.id === bot && m.webhook_id !== undefined ? null : (m.message_reference?.message_id ?? null),
    reactions: (m.reactions ?? []).filter((r: any) => r.me).map((r: any) => (r.emoji.id === null ? r.emoji.name : `${r.emoji.name}:${r.emoji.id}`)),
    pinned: m.pinned, deleted: s.deleted, body: s.body ?? m,
  };
}

function find(components: any[], customId: string): any {
  for (const c of components ?? []) {
    if (c?.custom_id === customId) return c;
    const inner = find([...(c?.components ?? []), ...(c?.accessory ? [c.accessory] : [])], customId);
    if (inner !== undefined) return inner;
  }
  return undefined;
}
