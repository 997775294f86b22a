// Slash commands as the host takes them.
import { loading } from "./events";
import { callOp, encode, info, later, natives } from "./host";
import { permissionBits } from "./permissions";
import { ArrayIsArray, PromiseCtor, StringOf, TypeErrorCtor, append } from "./primordials";

type Run = (ctx: any) => unknown;

/** A command, a subcommand or, with subcommands of its own, a group of them. */
export interface SlashCommand {
  name: string;
  description?: string;
  type?: unknown;
  options?: readonly any[];
  subcommands?: readonly SlashCommand[];
  run?: Run;
  defaultMemberPermissions?: unknown;
  permissions?: unknown;
  cooldown?: unknown;
  roles?: unknown;
  errorReply?: unknown;
}

export function named(what: string, c: any): any {
  if (c === null || typeof c !== "object" || typeof c.name !== "string" || c.name === "") throw new TypeErrorCtor(`${what}: every command must be an object with a name`);
  return c;
}

function flattenOption(o: any): any {
  const { run: _run, subcommands: _subcommands, options, ...rest } = o;
  const completes = typeof rest.autocomplete === "function" ? { autocomplete: true } : null;
  return ArrayIsArray(options) ? { ...rest, ...completes, options: flattenOptions(options) } : { ...rest, ...completes };
}

function flattenOptions(options: readonly any[]): any[] {
  const out: any[] = [];
  for (let i = 0; i < options.length; i++) append(out, flattenOption(named("options", options[i])));
  return out;
}

/** A subcommand as an option; one with subcommands of its own is a group. */
function flattenSubcommand(c: SlashCommand): any {
  const { run: _run, cooldown: _cooldown, roles: _roles, errorReply: _errorReply, subcommands, options, ...rest } = named("subcommands", c) as SlashCommand;
  const group = ArrayIsArray(subcommands) && subcommands.length > 0;
  const children = ArrayIsArray(options) ? flattenOptions(options) : [];
  if (group) for (let i = 0; i < subcommands.length; i++) append(children, flattenSubcommand(subcommands[i]!));
  return withOptions({ ...rest, type: group ? "subcommand_group" : "subcommand" }, children);
}

function withOptions(command: any, options: any[]): any {
  return options.length > 0 ? { ...command, options } : command;
}

function flattenCommand(command: SlashCommand): any {
  const { run: _run, cooldown: _cooldown, roles: _roles, errorReply: _errorReply, permissions, subcommands, options, ...rest } = named("flattenCommands", command) as SlashCommand;
  const bits = rest.defaultMemberPermissions ?? permissions;
  const needs = bits === undefined || bits === null ? null : { defaultMemberPermissions: StringOf(permissionBits(`the command ${command.name}`, bits)) };
  const children = ArrayIsArray(options) ? flattenOptions(options) : [];
  if (ArrayIsArray(subcommands)) for (let i = 0; i < subcommands.length; i++) append(children, flattenSubcommand(subcommands[i]!));
  return withOptions({ ...rest, ...needs }, children);
}

export function flattenCommands(commands: readonly SlashCommand[]): any[] {
  if (!ArrayIsArray(commands)) throw new TypeErrorCtor("flattenCommands(commands): pass an array of slash commands");
  const out: any[] = [];
  for (let i = 0; i < commands.length; i++) append(out, flattenCommand(commands[i]!));
  return out;
}

/** Whether the host was told the guild's commands. */
export let declared = false;

/** Tells the host all slash commands of the guild; it makes Discord's the same. */
export function declare(commands: any[]): void {
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
