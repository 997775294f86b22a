// Prefix and slash commands: declared once, routed to their functions.
import { type Delivery, makeContext } from "./context";
import { type SlashCommand, declare, declared, flattenCommands, named } from "./declare";
import { onDelivery } from "./events";
import { Uses, gateOf, pass } from "./gate";
import { natives } from "./host";
import { apologyOf, completion, setApology } from "./interaction";
import { ArrayIsArray, PromiseCtor, TypeErrorCtor, append, dict, react } from "./primordials";
import { resolvedOptions } from "./resolved";
import { type Command, helpCommand, listen, marksOf, readCommands, shownOf } from "./spoken";

export { flattenCommands, registerSlashCommands } from "./declare";
export { helpCommand } from "./spoken";

export function prefix(command: Command): Command {
  return command;
}

export function slash(command: SlashCommand): SlashCommand {
  return command;
}

export function subcommand(command: SlashCommand): SlashCommand {
  return command;
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

/** The subcommand of a command that was chosen, as far as it is declared, and its options. */
function chosenOf(command: SlashCommand, data: any, found: (target: any, options: any) => boolean): boolean {
  let chosen = ArrayIsArray(data?.options) ? data.options[0] : undefined;
  let target: any = command;
  while (chosen !== null && typeof chosen === "object" && (chosen.type === 1 || chosen.type === 2)) {
    target = child(target, chosen.name);
    if (found(target, chosen.options)) return true;
    chosen = ArrayIsArray(chosen.options) ? chosen.options[0] : undefined;
  }
  return false;
}

export function handleSubcommand(ctx: any, command: SlashCommand): Promise<void> {
  return new PromiseCtor((resolve, reject) => {
    let out: unknown;
    const data = ctx.msg?.data;
    chosenOf(command, data, (target, options) => {
      if (typeof target?.run !== "function") return false;
      out = target.run({ ...ctx, options: resolvedOptions(options, data?.resolved) });
      return true;
    });
    react(out, () => resolve(), reject);
  });
}

interface Entry {
  command: SlashCommand;
  uses: Uses | undefined;
}

/** The number of a command's type. */
function kindOf(type: unknown): number {
  if (type === "user" || type === 2) return 2;
  return type === "message" || type === 3 ? 3 : 1;
}

function keyOf(kind: number, name: string): string {
  // A user and a message command may have one name.
  return kind === 1 ? name : `${kind}/${name}`;
}

function tableOf(commands: SlashCommand[]): Record<string, Entry> {
  const out = dict<Entry>();
  for (let i = 0; i < commands.length; i++) {
    const command = commands[i]!;
    check(command);
    out[keyOf(kindOf(command.type), command.name)] ??= { command, uses: undefined };
  }
  return out;
}

/** Finds fault with what a command declares, while the script loads. */
function check(command: SlashCommand): void {
  if (command.cooldown !== undefined || command.roles !== undefined) gateOf(command, false);
  if (command.errorReply !== undefined) apologyOf(`createBot: the command ${command.name}`, command.errorReply);
  if (ArrayIsArray(command.subcommands)) for (let i = 0; i < command.subcommands.length; i++) check(command.subcommands[i]!);
}

function routeSlash(commands: Record<string, Entry>): void {
  onDelivery("interactionCreate", (d: Delivery) => {
    const { msg } = d;
    const name = msg?.commandName;
    const entry = typeof name === "string" ? commands[keyOf(kindOf(msg.data?.type), name)] : undefined;
    if (entry === undefined) return undefined;
    const ctx = makeContext(d);
    let target: any = entry.command;
    // What a subcommand does not say itself, the command above it says.
    let { errorReply, cooldown, roles } = target;
    let run = target.run;
    chosenOf(target, msg.data, (t) => {
      errorReply = t?.errorReply ?? errorReply;
      cooldown = t?.cooldown ?? cooldown;
      roles = t?.roles ?? roles;
      if (typeof t?.run !== "function") return false;
      target = t;
      run = t.run;
      return true;
    });
    if (errorReply !== undefined) d.apology = apologyOf(name, errorReply);
    if (run === undefined) return undefined;
    const gate = cooldown === undefined && roles === undefined ? undefined : gateOf({ name, cooldown, roles }, false);
    if (gate === undefined) return target.run(ctx);
    return new PromiseCtor((resolve, reject) => {
      const go = () => {
        try {
          react(target.run(ctx), resolve, reject);
        } catch (e) {
          reject(e);
        }
      };
      const { reply } = ctx;
      const refuse = (why: string | undefined) => react(reply({ content: why ?? "Please wait a little.", ephemeral: true }), resolve, reject);
      pass(gate, (entry.uses ??= new Uses()), msg, go, refuse, reject);
    });
  });
}

/** Whether one of the options, at any depth, completes itself by a function. */
function completes(of: any): boolean {
  const lists = [of?.options, of?.subcommands];
  for (let l = 0; l < lists.length; l++) {
    const items = lists[l];
    if (ArrayIsArray(items)) for (let i = 0; i < items.length; i++) if (typeof items[i]?.autocomplete === "function" || completes(items[i])) return true;
  }
  return false;
}

function routeCompletions(commands: Record<string, Entry>): void {
  onDelivery(completion, (d: Delivery) => {
    const { msg } = d;
    const entry = typeof msg?.commandName === "string" ? commands[msg.commandName] : undefined;
    if (entry === undefined) return undefined;
    const ctx = makeContext(d);
    const name = ctx.focused?.name;
    let option = find(entry.command.options, name);
    chosenOf(entry.command, msg.data, (t) => {
      option = find(t?.options, name);
      return false;
    });
    if (typeof option?.autocomplete !== "function") return undefined;
    return new PromiseCtor((resolve, reject) => {
      const { respond } = ctx;
      react(option.autocomplete(ctx), (choices) => (choices === undefined ? resolve(undefined) : react(respond(choices), resolve, reject)), reject);
    });
  });
}

// --- the bot

function commandList<C extends { name: string }>(what: string, commands: unknown): C[] {
  if (commands === undefined || commands === null) return [];
  if (!ArrayIsArray(commands)) throw new TypeErrorCtor(`createBot: ${what} must be an array`);
  for (let i = 0; i < commands.length; i++) named(`createBot: ${what}`, commands[i]);
  return commands;
}

function withHelp(commands: Command[]): Command[] {
  const out: Command[] = [];
  for (let i = 0; i < commands.length; i++) append(out, commands[i]!);
  append(out, helpCommand());
  return out;
}

let made = false;

interface BotOptions {
  prefix?: string | readonly string[];
  mentionPrefix?: boolean;
  commands?: readonly Command[];
  prefixCommands?: readonly Command[];
  slashCommands?: readonly SlashCommand[];
  help?: boolean;
  errorReply?: string | boolean;
}

export function createBot(o: BotOptions): void {
  if (o === null || typeof o !== "object") throw new TypeErrorCtor("createBot(options): pass { prefix?, commands?, slashCommands? }");
  if (made) {
    const { log } = natives;
    log(3, 0, "createBot was called before; this call does nothing. Pass all commands to one call");
    return;
  }
  // Most bots use little of this, and functions that are not called are not
  // compiled: what is not declared is not looked into.
  const marks = marksOf(o.prefix ?? "!", o.mentionPrefix);
  const given = commandList<Command>("commands", o.commands ?? o.prefixCommands);
  const spoken = readCommands(o.help === true ? withHelp(given) : given);
  const slashes = commandList<SlashCommand>("slashCommands", o.slashCommands);
  const table = slashes.length > 0 ? tableOf(slashes) : undefined;
  const document = slashes.length > 0 ? flattenCommands(slashes) : [];
  const apology = o.errorReply === undefined ? undefined : apologyOf("createBot", o.errorReply);
  made = true;
  if (apology !== undefined) setApology(apology);
  if (spoken.length > 0) listen(spoken, marks, shownOf(o.prefix ?? "!", marks));
  if (table !== undefined) {
    routeSlash(table);
    if (completes({ subcommands: slashes })) routeCompletions(table);
  }
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
