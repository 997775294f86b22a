// The test bot: a script with the SDK, and everything that users do to it.
import type { Call, Common, Options, Outcome, TestMessage, Who } from "../index";
import { turn } from "./clock";
import { Databases } from "./denokv";
import { type Asked, Discord } from "./discord";
import { type Failure, Host, type LogLine, WithBytes } from "./host";
import { Stores, type TestStore } from "./kv";
import { type Script, codeOf, evaluate } from "./load";
import { Ids, type Person, memberOf, userOf } from "./people";
import { commandData, modalData } from "./payload";
import { base64, bytes, join, utf8Decode, utf8Encode } from "./platform";
import { Refusal } from "./refusal";
import { type Answered, addressOf, answered, endpointOf, sent } from "./request";
import { find, messagePayload, reactionPayload, resolve } from "./view";

/** A handler of the script has failed. */
export class HandlerError extends Error {
  outcome: Outcome;

  constructor(failure: Failure, outcome: Outcome) {
    super(`a handler failed: ${failure.text}`);
    this.name = "HandlerError";
    this.outcome = outcome;
  }
}

/** A request that the script answers. */
class Exchange {
  begun = false;
  whole: Promise<Answered>;
  #over!: (a: Answered) => void;
  #fail!: (e: Error) => void;
  #head: Answered = { status: 200, headers: [], body: "" };
  #parts: Uint8Array[] = [];

  constructor() {
    this.whole = new Promise((resolve, reject) => {
      this.#over = resolve;
      this.#fail = reject;
    });
    this.whole.catch(() => {});
  }

  async answer(op: string, a: any, raw: Uint8Array | undefined): Promise<{ ok: boolean }> {
    if (op === "op_serve_completed") return this.whole.then(() => ({ ok: true }), () => ({ ok: false }));
    if (op === "op_serve_respond") {
      this.begun = true;
      if (a.status < 200 || a.status > 599) this.#fail(new Error(`the response has the status ${a.status}`));
      this.#head = { status: a.status, headers: a.headers ?? [], body: "" };
      if (a.pieces !== true) this.#over({ ...this.#head, body: raw === undefined ? utf8Encode(a.text ?? "") : base64(raw) });
      return { ok: true };
    }
    if (a.failed === true) this.#fail(new Error("the response's stream failed"));
    if (raw !== undefined) this.#parts.push(raw.slice());
    if (a.end === true) this.#over({ ...this.#head, body: base64(join(this.#parts)) });
    return { ok: true };
  }
}

type Override = unknown | ((args: any) => unknown);

const applicationId = "1100000000000000001";

function restName(op: string): string {
  return op.slice(3).replace(/_(.)/g, (_, c) => c.toUpperCase());
}

export class TestBot {
  readonly guildId: string;
  readonly applicationId = applicationId;
  /** The channel where things happen unless a test says otherwise. */
  readonly channelId: string;
  /** Somebody without any permission, who does things unless a test says otherwise. */
  readonly user: Person;
  /** The guild's owner, who may do everything. */
  readonly owner: Person;
  readonly discord: Discord;
  readonly kv: { store(name: string): TestStore };
  #host: Host;
  #databases: Databases;
  #ids = new Ids();
  #calls: Call[] = [];
  #overrides = new Map<string, Override>();
  #fetch: ((request: any) => any) | undefined;
  #uploads = new Map<string, { args: any; parts: Uint8Array[]; all?: (answer: unknown) => void }>();
  #modals = new Map<string, { modal: any; source: TestMessage | undefined; channel: string }>();
  #exchanges = new Map<string, Exchange>();
  #globals: Map<string, PropertyDescriptor | undefined> | undefined;

  private constructor(o: Options) {
    this.guildId = o.guildId ?? "999000000000000000";
    const now = o.now ?? Date.UTC(2026, 0, 1);
    const owner = this.#ids.next();
    this.discord = new Discord(this.#ids, this.guildId, applicationId, owner);
    const stores = new Stores(() => this.#host.clock.now());
    this.kv = { store: (name) => stores.of(name) };
    this.#databases = new Databases({ now: () => this.#host.clock.now(), at: (ms, f) => this.#host.clock.at(ms, f) }, (event, payload) => this.#deliver(event, payload));
    this.#host = new Host({
      guildId: this.guildId, applicationId, endpoint: endpointOf(this.guildId), secrets: o.secrets ?? {}, vars: o.vars ?? {}, start: typeof now === "number" ? now : now.getTime(),
      answer: (op, args, raw) => (op.startsWith("op_kv_") ? stores.answer(op, args) : /^op_(denokv|schedule)_/.test(op) ? this.#databases.answer(op, args) : this.#answer(op, args, raw)),
    });
    this.discord.roles.set(this.guildId, { id: this.guildId, name: "@everyone", permissions: 0x800n | 0x400n | 0x40n | 0x10000n });
    this.channelId = this.addChannel("general");
    this.owner = this.#person(owner, "owner", {});
    this.user = this.addUser("ada");
    this.#person(applicationId, "flora", { bot: true });
  }

  static async start(script: Script, o: Options = {}): Promise<TestBot> {
    const bot = new TestBot(o);
    const host = bot.#host;
    let evaluation: Promise<unknown>;
    if (typeof script === "function") {
      bot.#install();
      evaluation = (async () => script(host.realm.flora))();
    } else {
      evaluation = evaluate(host.realm, codeOf(script));
    }
    const failure = await host.load(evaluation);
    if (failure !== undefined) {
      bot.close();
      throw new Error(`the script does not load: ${failure.text}`);
    }
    await turn();
    return bot;
  }

  // ------------------------------------------------------------ the function form

  /** Puts the SDK on the global object, for a script that is a function. */
  #install(): void {
    current?.close();
    current = this;
    const saved = (this.#globals = new Map());
    const { flora } = this.#host.realm;
    for (const name of ["flora", ...Object.keys(flora).filter((n) => n !== "guildId" && n !== "applicationId"), "__floraGuildId"]) {
      saved.set(name, Object.getOwnPropertyDescriptor(globalThis, name));
      const value = name === "flora" ? flora : name === "__floraGuildId" ? this.guildId : flora[name];
      Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
    }
  }

  /** Takes away what createTestBot has put on the global object. */
  close(): void {
    if (this.#globals === undefined) return;
    for (const [name, before] of this.#globals) {
      if (before === undefined) delete (globalThis as any)[name];
      else Object.defineProperty(globalThis, name, before);
    }
    this.#globals = undefined;
    if (current === this) current = undefined;
  }

  // ------------------------------------------------------------ the guild

  addUser(username: string, more: Partial<Person> & { permissions?: bigint } = {}): Person {
    return this.#person(more.id ?? this.#ids.next(), username, more);
  }

  #person(id: string, username: string, more: Partial<Person> & { permissions?: bigint }): Person {
    const p: Person = { id, username, globalName: more.globalName ?? null, bot: more.bot ?? false, nick: more.nick ?? null, roles: [...(more.roles ?? [])] };
    if (more.permissions !== undefined) p.roles.push(this.addRole(`of ${username}`, more.permissions));
    this.discord.people.set(id, p);
    return p;
  }

  addRole(name: string, permissions = 0n): string {
    const id = this.#ids.next();
    this.discord.roles.set(id, { id, name, permissions });
    return id;
  }

  addChannel(name: string, more: object = {}): string {
    const id = this.#ids.next();
    this.discord.channels.set(id, { id, name, type: 0, guild_id: this.guildId, parent_id: null, topic: null, ...more });
    return id;
  }

  #who(who: Who | undefined): Person {
    if (who === undefined) return this.user;
    if (typeof who !== "string") return who;
    for (const p of this.discord.people.values()) if (p.id === who || p.username === who) return p;
    throw new Error(`nobody here is called ${who}; make them with bot.addUser(${JSON.stringify(who)})`);
  }

  // ------------------------------------------------------------ what users do

  /** Somebody says something. */
  async say(content: string, o: Common & { replyTo?: string; more?: object } = {}): Promise<Outcome & { said: TestMessage }> {
    const p = this.#who(o.user);
    const said = this.discord.add(o.channel ?? this.channelId, p.id, { content, replyTo: o.replyTo });
    const outcome = await this.#act("messageCreate", { ...messagePayload(this.discord, this.now, said), ...o.more });
    return { ...outcome, said };
  }

  /** A slash command: its name and those of its group and subcommand, and its options by name. */
  async slash(command: string, options: Record<string, any> = {}, o: Common = {}): Promise<Outcome> {
    const { name, data } = commandData(this.discord, this.#host.commands, command, options, undefined);
    return this.#interact("interactionCreate", { commandName: name, data }, o);
  }

  /** What is shown while somebody types an option. */
  async complete(command: string, focused: string, text: string | number, options: Record<string, any> = {}, o: Common = {}): Promise<any[]> {
    const { name, data } = commandData(this.discord, this.#host.commands, command, { ...options, [focused]: text }, focused);
    return (await this.#interact("autocomplete", { commandName: name, data }, o)).choices ?? [];
  }

  /** A context-menu command on somebody or on a message. */
  async menu(name: string, target: Who | TestMessage, o: Common = {}): Promise<Outcome> {
    const message = typeof target === "object" && "channelId" in target ? target : undefined;
    const type = message === undefined ? 2 : 3;
    const word = message === undefined ? "user" : "message";
    if (!this.#host.commands.some((c) => c.name === name && (c.type === word || c.type === type))) throw new Error(`the bot has no ${word} command ${JSON.stringify(name)}`);
    let id: string;
    let resolved: object;
    if (message !== undefined) {
      id = message.id;
      resolved = { messages: { [id]: messagePayload(this.discord, this.now, message) } };
    } else {
      const p = this.#who(target as Who);
      id = p.id;
      const { user: _, ...member } = memberOf(p);
      resolved = { users: { [id]: userOf(p) }, members: { [id]: member } };
    }
    return this.#interact("interactionCreate", { commandName: name, data: { id: "1", name, type, options: [], resolved, target_id: id, targetId: id } }, o);
  }

  /** A click on a button of the bot's: the newest with that custom id, or that of a message. */
  async click(customId: string, o: Common & { message?: TestMessage } = {}): Promise<Outcome> {
    const { message, component } = this.#component(customId, o.message);
    return this.#interact("componentInteraction", { data: { custom_id: customId, customId, component_type: component.type, componentType: component.type, values: null } }, o, message);
  }

  /** A choice in a select menu: values; of users, roles and channels their ids or themselves. */
  async select(customId: string, chosen: (string | { id: string })[], o: Common & { message?: TestMessage } = {}): Promise<Outcome> {
    const { message, component } = this.#component(customId, o.message);
    const { type } = component;
    const values: string[] = chosen.map(idOf);
    const least = component.min_values ?? 1;
    const most = component.max_values ?? 1;
    if (values.length < least || values.length > most) throw new Error(`the select ${customId} takes from ${least} to ${most} values; these are ${values.length}`);
    if (type === 3) for (const v of values) if (!component.options?.some((x: any) => x.value === v)) throw new Error(`the select ${customId} has no value ${JSON.stringify(v)}`);
    const resolved = type === 3 ? undefined : resolve(this.discord, values);
    return this.#interact("componentInteraction", { data: { custom_id: customId, customId, component_type: type, componentType: type, values, resolved } }, o, message);
  }

  /** Sends the modal that was opened for the user. */
  async submit(customId: string, given: Fields = {}, o: Common = {}): Promise<Outcome> {
    const fields = Object.fromEntries(Object.entries(given).map(([k, v]) => [k, Array.isArray(v) ? v.map(idOf) : idOf(v)]));
    const p = this.#who(o.user);
    const open = this.#modals.get(p.id);
    const id = open?.modal.custom_id ?? open?.modal.customId;
    if (open === undefined || id !== customId) throw new Error(`no modal ${JSON.stringify(customId)} is open for ${p.username}${open === undefined ? "" : `, but ${JSON.stringify(id)} is`}`);
    const data = { custom_id: customId, customId, components: modalData(open.modal.components, fields), resolved: resolve(this.discord, Object.values(fields).flat()) };
    this.#modals.delete(p.id);
    return this.#interact("modalSubmit", { data }, { ...o, channel: o.channel ?? open.channel }, open.source);
  }

  /** Somebody reacts to a message. */
  async react(emoji: string, message: TestMessage, o: Common = {}): Promise<Outcome> {
    return this.#act("reactionAdd", reactionPayload(this.discord, emoji, message, this.#who(o.user), true));
  }

  async unreact(emoji: string, message: TestMessage, o: Common = {}): Promise<Outcome> {
    return this.#act("reactionRemove", reactionPayload(this.discord, emoji, message, this.#who(o.user), false));
  }

  /** Somebody comes into the guild. */
  async join(username: string, more: Partial<Person> = {}): Promise<Outcome & { user: Person }> {
    const user = this.addUser(username, more);
    return { ...(await this.#act("guildMemberAdd", { guildId: this.guildId, ...memberOf(user) })), user };
  }

  /** Somebody goes. */
  async leave(who: Who): Promise<Outcome> {
    const p = this.#who(who);
    this.discord.people.delete(p.id);
    return this.#act("guildMemberRemove", { guildId: this.guildId, user: userOf(p) });
  }

  /** A cron job is due. */
  async fire(name: string): Promise<Outcome> {
    if (!this.#host.crons.has(name)) throw new Error(`there is no cron job ${JSON.stringify(name)}; there are: ${[...this.#host.crons.keys()].join(", ") || "none"}`);
    return this.#act(`__cron:${name}`, { name, scheduledAt: new Date(Math.floor(this.now / 1000) * 1000).toISOString().replace(".000Z", "Z") });
  }

  /** Somebody sends a request to the script's endpoint; gives all of the response. */
  async fetch(input: any, init?: any): Promise<any> {
    const s = await sent(this.guildId, input, init);
    const id = this.#ids.next();
    const exchange = new Exchange();
    this.#exchanges.set(id, exchange);
    try {
      const body = s.body === "" || s.method === "GET" || s.method === "HEAD" ? {} : { body: s.body };
      await this.#act("__request", { id, method: s.method, url: addressOf(s), headers: [["host", "bot.test"], ...s.headers], host: "127.0.0.1", port: 4711, ...body });
      if (!exchange.begun) throw new Error("the script has no Deno.serve");
      return answered(await exchange.whole);
    } finally {
      this.#exchanges.delete(id);
    }
  }

  /** Any other event, with the payload that scripts see. */
  async emit(event: string, payload: object = {}): Promise<Outcome> {
    return this.#act(event, { guildId: this.guildId, ...payload });
  }

  async ready(): Promise<Outcome> {
    return this.#act("ready", { user: userOf(this.discord.person(applicationId)), guildIds: [] });
  }

  // ------------------------------------------------------------ time

  /** Milliseconds since 1970, as the script sees it. */
  get now(): number {
    return this.#host.clock.now();
  }

  /** Lets time pass: timers fire in their order, and messages and schedules come. */
  async advance(ms: number): Promise<Outcome> {
    const mark = this.#mark();
    this.#databases.pump();
    await this.#host.clock.advance(ms);
    await this.#delivered();
    return this.#outcome(mark, undefined);
  }

  // ------------------------------------------------------------ what came of it

  /** Everything that the bot has sent and not deleted, oldest first. */
  get messages(): TestMessage[] {
    return this.discord.sent.filter((m) => !m.deleted);
  }

  /** The newest of them. */
  get lastMessage(): TestMessage | undefined {
    return this.messages.at(-1);
  }

  /** The calls of Discord's API so far, all or those of one function of `rest`. */
  calls(name?: string): Call[] {
    return this.#calls.filter((c) => name === undefined || c.name === name);
  }

  get logs(): LogLine[] {
    return this.#host.logs;
  }

  /** The slash commands that the script has declared. */
  get commands(): any[] {
    return this.#host.commands;
  }

  /** The cron jobs by name. */
  get crons(): Record<string, { expr: string; skipIfRunning: boolean }> {
    return Object.fromEntries([...this.#host.crons].map(([name, { expr, skipIfRunning }]) => [name, { expr, skipIfRunning }]));
  }

  /** What a function of `rest` answers from now on, or does; throwing makes the call fail. `undefined` goes back to the usual. */
  answer(name: string, value: Override): void {
    if (value === undefined) this.#overrides.delete(name);
    else this.#overrides.set(name, value);
  }

  /** Answers the script's fetch: gets { url, method, headers, text } and gives { status?, headers?, json? or text? }. */
  onFetch(answer: (request: any) => any): void {
    this.#fetch = answer;
  }

  // ------------------------------------------------------------ inside

  /** Waits for messages that are with their handlers, unless those wait for something else. */
  async #delivered(): Promise<void> {
    for (let turns = 0; turns < 4 && this.#databases.busy; turns++) await turn();
  }

  /** Delivers a message or a schedule, if the script has a handler; what that throws is in the log. */
  #deliver(event: string, payload: unknown): Promise<boolean> | undefined {
    if (!this.#host.events.has(event)) return undefined;
    return this.#host.dispatch(event, payload).then((failure) => {
      if (failure !== undefined) this.logs.push({ level: "error", text: `dispatch failed: ${failure.text}` });
      return failure !== undefined;
    });
  }

  async #answer(op: string, args: any, raw: Uint8Array | undefined): Promise<unknown> {
    if (op === "op_fetch") return this.#fetched(args, raw);
    if (op === "op_abort_fetch") return undefined;
    if (op === "op_fetch_open") return void this.#uploads.set(args.id, { args, parts: [] });
    if (op === "op_fetch_send") return this.#sent(args, raw);
    if (op === "op_fetch_answer") return new Promise((resolve) => (this.#uploads.get(args.id)!.all = resolve));
    if (op === "op_websocket_open") throw new Refusal("NOT_SUPPORTED", `the script opens a WebSocket to ${args.url}: a test bot has none; test what its events call instead`);
    if (op.startsWith("op_websocket_")) return undefined;
    if (op.startsWith("op_serve_")) return (this.#exchanges.get(args.id) ?? new Exchange()).answer(op, args, raw);
    const name = restName(op);
    this.#calls.push({ name, args });
    if (this.#overrides.has(name)) {
      const value = this.#overrides.get(name);
      return typeof value === "function" ? await value(args) : value;
    }
    return this.discord.answer(op, args)?.result;
  }

  /** Takes a part of a body that is a stream: the test sees it as a whole. */
  #sent(args: any, raw: Uint8Array | undefined): boolean {
    const u = this.#uploads.get(args.id);
    if (u === undefined) return false;
    if (raw !== undefined) u.parts.push(raw.slice());
    if (args.last) {
      this.#uploads.delete(args.id);
      u.all?.(this.#fetched(u.args, join(u.parts)));
    }
    return true;
  }

  async #fetched(args: any, raw: Uint8Array | undefined): Promise<unknown> {
    if (this.#fetch === undefined) throw new Refusal("NOT_SUPPORTED", `the script fetches ${args.url}: say with bot.onFetch what comes back`);
    const a = await this.#fetch({ url: args.url, method: args.method ?? "GET", headers: Object.fromEntries(args.headers ?? []), text: args.text ?? utf8Decode(base64(raw ?? new Uint8Array(0)), false) });
    const text = a.json !== undefined ? JSON.stringify(a.json) : (a.text ?? "");
    const headers = Object.entries({ "content-type": a.json !== undefined ? "application/json" : "text/plain;charset=utf-8", ...a.headers });
    return new WithBytes({ status: a.status ?? 200, statusText: "", url: args.url, redirected: false, headers, more: false }, bytes(utf8Encode(text)) as Uint8Array);
  }

  #mark(): { sent: number; calls: number; logs: number } {
    return { sent: this.discord.sent.length, calls: this.#calls.length, logs: this.logs.length };
  }

  #outcome(mark: { sent: number; calls: number; logs: number }, asked: Asked | undefined): Outcome {
    const replies = this.discord.sent.slice(mark.sent);
    return {
      replies, reply: replies[0], message: asked?.source, modal: asked?.modal, choices: asked?.choices, answered: asked !== undefined && asked.state !== "open",
      calls: this.#calls.slice(mark.calls), logs: this.logs.slice(mark.logs),
    };
  }

  async #act(event: string, payload: object, asked?: Asked): Promise<Outcome> {
    const mark = this.#mark();
    const failure = await this.#host.dispatch(event, payload);
    await this.#delivered();
    const outcome = this.#outcome(mark, asked);
    if (failure !== undefined) throw new HandlerError(failure, outcome);
    return outcome;
  }

  async #interact(event: string, more: object, o: Common, source?: TestMessage): Promise<Outcome> {
    const p = this.#who(o.user);
    const channelId = o.channel ?? source?.channelId ?? this.channelId;
    const id = this.#ids.next();
    const token = `token-${id}`;
    const asked: Asked = { id, token, user: p.id, channelId, source, state: "open", original: undefined, ephemeral: false, modal: undefined, choices: undefined };
    this.discord.asked.set(token, asked);
    const payload = {
      id, token, interactionId: id, interactionToken: token, applicationId, guildId: this.guildId, channelId, user: userOf(p), member: memberOf(p, this.#permissions(p)),
      locale: "en-GB", guildLocale: "en-GB", ...(source === undefined ? {} : { messageId: source.id, message: messagePayload(this.discord, this.now, source) }), ...more,
    };
    try {
      return await this.#act(event, payload, asked);
    } finally {
      if (asked.modal !== undefined) this.#modals.set(p.id, { modal: asked.modal, source, channel: channelId });
    }
  }

  #permissions(p: Person): bigint {
    if (p.id === this.owner.id) return (1n << 53n) - 1n;
    return [this.guildId, ...p.roles].reduce((all, id) => all | (this.discord.roles.get(id)?.permissions ?? 0n), 0n);
  }

  #component(customId: string, on: TestMessage | undefined): { message: TestMessage; component: any } {
    const candidates = on === undefined ? [...this.messages].reverse() : [on];
    for (const message of candidates) {
      const component = find(message.components, customId);
      if (component === undefined) continue;
      if (component.disabled === true) throw new Error(`the component ${JSON.stringify(customId)} is disabled`);
      return { message, component };
    }
    throw new Error(`no message of the bot has a component ${JSON.stringify(customId)}`);
  }
}

type Fields = Record<string, string | boolean | { id: string } | (string | { id: string })[]>;

/** Users, roles and channels may be given as objects where Discord has their ids. */
function idOf(v: any): any {
  return v !== null && typeof v === "object" ? v.id : v;
}

let current: TestBot | undefined;
