// Prefix and slash commands: declared once, routed to their functions.
import { type Delivery, flattenInteractionOptions, makeContext } from "./context";
import { loading, onCommand, onDelivery } from "./events";
import { callOp, encode, info, later, natives } from "./host";
import { ArrayIsArray, PromiseCtor, StringOf, TypeErrorCtor, add, append, charCodeAt, dict, list, react, slice, startsWith, trim } from "./primordials";

type Run = (ctx: any) => unknown;

export interface Command {
  name: string;
  description?: string;
  run: Run;
}

/** A command, a subcommand or, with subcommands of its own, a group of them. */
export interface SlashCommand {
  name: string;
  description?: string;
  options?: any[];
  subcommands?: SlashCommand[];
  run?: Run;
  defaultMemberPermissions?: unknown;
}

export function prefix(command: Command): Command {
  return command;
}

export function slash(command: SlashCommand): SlashCommand {
  return command;
}

// --- declaration

function named(what: string, c: any): any {
  if (c === null || typeof c !== "object" || typeof c.name !== "string" || c.name === "") throw new TypeErrorCtor(`${what}: every command must be an object with a name`);
  return c;
}

function flattenOption(o: any): any {
  const { run: _run, subcommands: _subcommands, options, ...rest } = o;
  return ArrayIsArray(options) ? { ...rest, options: flattenOptions(options) } : rest;
}

function flattenOptions(options: any[]): any[] {
  const out: any[] = [];
  for (let i = 0; i < options.length; i++) append(out, flattenOption(named("options", options[i])));
  return out;
}

/** A subcommand as an option; one with subcommands of its own is a group. */
function flattenSubcommand(c: SlashCommand): any {
  const { run: _run, subcommands, options, ...rest } = named("subcommands", c) as SlashCommand;
  const group = ArrayIsArray(subcommands) && subcommands.length > 0;
  const children = ArrayIsArray(options) ? flattenOptions(options) : [];
  if (group) for (let i = 0; i < subcommands.length; i++) append(children, flattenSubcommand(subcommands[i]!));
  return withOptions({ ...rest, type: group ? "subcommand_group" : "subcommand" }, children);
}

function withOptions(command: any, options: any[]): any {
  return options.length > 0 ? { ...command, options } : command;
}

function flattenCommand(command: SlashCommand): any {
  const { run: _run, subcommands, options, ...rest } = named("flattenCommands", command) as SlashCommand;
  const bits = rest.defaultMemberPermissions;
  const permissions = typeof bits === "bigint" || typeof bits === "number" ? { defaultMemberPermissions: StringOf(bits) } : null;
  const children = ArrayIsArray(options) ? flattenOptions(options) : [];
  if (ArrayIsArray(subcommands)) for (let i = 0; i < subcommands.length; i++) append(children, flattenSubcommand(subcommands[i]!));
  return withOptions({ ...rest, ...permissions }, children);
}

export function flattenCommands(commands: SlashCommand[]): any[] {
  if (!ArrayIsArray(commands)) throw new TypeErrorCtor("flattenCommands(commands): pass an array of slash commands");
  const out: any[] = [];
  for (let i = 0; i < commands.length; i++) append(out, flattenCommand(commands[i]!));
  return out;
}

let declared = false;

/** Tells the host all slash commands of the guild; it makes Discord's the same. */
function declare(commands: any[]): void {
  const { commands: tell } = natives;
  tell(0, 0, encode(commands));
  declared = true;
}

export function registerSlashCommands(commands: any[]): Promise<unknown> {
  return later(() => {
    if (!ArrayIsArray(commands)) throw new TypeErrorCtor("registerSlashCommands(commands): pass an array of commands");
    // While the script loads it may still fail, and then nothing must change at Discord.
    if (!loading) return callOp("op_upsert_guild_commands", { guildId: info.guildId, commands });
    declare(commands);
    return new PromiseCtor<void>((resolve) => resolve());
  });
}

// --- routing

function find(among: any, name: string): any {
  if (!ArrayIsArray(among)) return undefined;
  for (let i = 0; i < among.length; i++) if (among[i]?.name === name) return among[i];
  return undefined;
}

/** What a command declares under a name: in subcommands, or as an option. */
function child(of: any, name: string): any {
  return find(of?.subcommands, name) ?? find(of?.options, name);
}

/** Runs the subcommand that was chosen; otherwise runs when there is none. */
function runSubcommand(ctx: any, command: SlashCommand, otherwise: () => unknown): unknown {
  const options = ctx.msg?.data?.options;
  let chosen = ArrayIsArray(options) ? options[0] : undefined;
  let target: any = command;
  while (chosen !== null && typeof chosen === "object" && (chosen.type === 1 || chosen.type === 2)) {
    target = child(target, chosen.name);
    if (typeof target?.run === "function") return target.run({ ...ctx, options: flattenInteractionOptions(chosen.options) });
    chosen = ArrayIsArray(chosen.options) ? chosen.options[0] : undefined;
  }
  return otherwise();
}

export function handleSubcommand(ctx: any, command: SlashCommand): Promise<void> {
  return new PromiseCtor((resolve, reject) => react(runSubcommand(ctx, command, () => undefined), () => resolve(), reject));
}

/** ECMAScript's white space. */
function isSpace(c: number): boolean {
  if (c === 32 || (c >= 9 && c <= 13) || c === 160) return true;
  return c >= 5760 && (c === 5760 || (c >= 8192 && c <= 8202) || c === 8232 || c === 8233 || c === 8239 || c === 8287 || c === 12288 || c === 65279);
}

function words(s: string): string[] {
  const out = list<string>();
  let from = -1;
  for (let i = 0; i <= s.length; i++) {
    if (i < s.length && !isSpace(charCodeAt(s, i))) {
      if (from < 0) from = i;
    } else if (from >= 0) {
      add(out, slice(s, from, i));
      from = -1;
    }
  }
  return out;
}

function byName<C extends { name: string }>(what: string, commands: unknown): Record<string, C> | undefined {
  if (commands === undefined || commands === null) return undefined;
  if (!ArrayIsArray(commands)) throw new TypeErrorCtor(`createBot: ${what} must be an array`);
  if (commands.length === 0) return undefined;
  const out = dict<C>();
  for (let i = 0; i < commands.length; i++) {
    const c = named(`createBot: ${what}`, commands[i]) as C;
    out[c.name] ??= c;
  }
  return out;
}

function routePrefix(mark: string, commands: Record<string, Command>): void {
  onCommand(mark, (d: Delivery) => {
    const content = d.msg?.content;
    if (typeof content !== "string" || content === "" || d.msg.author?.bot) return undefined;
    const said = trim(content);
    if (!startsWith(said, mark)) return undefined;
    const all = words(slice(said, mark.length));
    const command = all.length === 0 ? undefined : commands[all[0]!];
    if (command === undefined) return undefined;
    const args: string[] = [];
    for (let i = 1; i < all.length; i++) append(args, all[i]!);
    return command.run({ ...makeContext(d), args });
  });
}

function routeSlash(commands: Record<string, SlashCommand>): void {
  onDelivery("interactionCreate", (d: Delivery) => {
    const name = d.msg?.commandName;
    const command = typeof name === "string" ? commands[name] : undefined;
    if (command === undefined) return undefined;
    const ctx = makeContext(d);
    return runSubcommand(ctx, command, () => command.run?.(ctx));
  });
}

let made = false;

export function createBot(o: { prefix?: string; commands?: Command[]; prefixCommands?: Command[]; slashCommands?: SlashCommand[] }): void {
  if (o === null || typeof o !== "object") throw new TypeErrorCtor("createBot(options): pass { prefix?, commands?, slashCommands? }");
  if (made) {
    const { log } = natives;
    log(3, 0, "createBot was called before; this call does nothing. Pass all commands to one call");
    return;
  }
  const mark = o.prefix ?? "!";
  if (typeof mark !== "string") throw new TypeErrorCtor("createBot: prefix must be a string");
  const spoken = byName<Command>("commands", o.commands ?? o.prefixCommands);
  const slashes = byName<SlashCommand>("slashCommands", o.slashCommands);
  const document = flattenCommands(o.slashCommands ?? []);
  made = true;
  if (spoken !== undefined) routePrefix(mark, spoken);
  if (slashes !== undefined) routeSlash(slashes);
  // An empty list is told as well, so that the commands of an earlier script
  // go; but not over what registerSlashCommands has declared.
  if (document.length > 0 || !declared) declare(document);
}

// --- questions about a context

export function hasRole(ctx: any, roleId: string): boolean {
  const roles = ctx?.msg?.member?.roles;
  if (!ArrayIsArray(roles)) return false;
  for (let i = 0; i < roles.length; i++) if (roles[i] === roleId) return true;
  return false;
}

export function getSubcommand(ctx: any): string | undefined {
  const first = ctx?.msg?.data?.options?.[0];
  return first?.type === 2 ? (first.options?.[0]?.name ?? first.name) : first?.name;
}

export function getSubcommandGroup(ctx: any): string | undefined {
  const first = ctx?.msg?.data?.options?.[0];
  return first?.type === 2 ? first.name : undefined;
}
