// Commands that are said in messages.
import { type Argument, checkArguments, readArguments, usageOf } from "./arguments";
import { type Delivery, messageContext } from "./context";
import { embed } from "./embeds";
import { onCommands } from "./events";
import { type Gate, Uses, gateOf, pass } from "./gate";
import { info } from "./host";
import { ArrayIsArray, PromiseCtor, TypeErrorCtor, add, append, charCodeAt, dict, list, react, slice, startsWith, trim } from "./primordials";
import { isSpace, words } from "./words";

export interface Command {
  name: string;
  aliases?: readonly string[];
  description?: string;
  args?: readonly Argument[];
  hidden?: boolean;
  cooldown?: unknown;
  permissions?: unknown;
  roles?: unknown;
  guildOnly?: unknown;
  run(ctx: any): unknown;
}

/** A command with what createBot has read of it. */
interface Entry {
  command: Command;
  args: Argument[] | undefined;
  gate: Gate | undefined;
  uses: Uses | undefined;
}

let marks: string[] = list();
/** The mark that the help shows. */
let shownMark = "";
let commands: Record<string, Entry> = dict();
let inOrder: Entry[] = list();

/** What the help shows of what createBot was given: the first prefix, and a mention only where there is none. */
export function shownOf(prefix: unknown, marks: string[]): string {
  const first = ArrayIsArray(prefix) ? prefix[0] : prefix;
  return typeof first === "string" ? first : `${marks[marks.length - 1]} `;
}

/** The texts that commands begin with, the longest of those that begin alike first. */
export function marksOf(prefix: unknown, mention: unknown): string[] {
  const out = list<string>();
  const given = ArrayIsArray(prefix) ? prefix : [prefix];
  for (let i = 0; i < given.length; i++) {
    const mark = given[i];
    if (typeof mark !== "string") throw new TypeErrorCtor("createBot: prefix must be a string");
    add(out, mark);
  }
  if (out.length === 0 && mention !== true) throw new TypeErrorCtor("createBot: prefix must not be an empty array; leave it out for \"!\"");
  if (mention === true) {
    add(out, `<@${info.applicationId}>`);
    add(out, `<@!${info.applicationId}>`);
  }
  // "!!" is looked for before "!".
  for (let i = 1; i < out.length; i++) {
    for (let k = i; k > 0 && out[k]!.length > out[k - 1]!.length; k--) {
      const shorter = out[k - 1]!;
      out[k - 1] = out[k]!;
      out[k] = shorter;
    }
  }
  return out;
}

/** Reads what createBot was given; nothing is heard yet. */
export function readCommands(given: Command[]): Entry[] {
  const out = list<Entry>();
  for (let i = 0; i < given.length; i++) {
    const command = given[i]!;
    const { aliases, args, cooldown, permissions, roles, guildOnly } = command;
    if (aliases !== undefined && !ArrayIsArray(aliases)) throw new TypeErrorCtor(`createBot: the command ${command.name}: aliases must be an array of names`);
    const gated = cooldown !== undefined || permissions !== undefined || roles !== undefined || guildOnly !== undefined;
    add(out, { command, args: args === undefined ? undefined : checkArguments(command.name, args), gate: gated ? gateOf(command, true) : undefined, uses: undefined });
  }
  return out;
}

export function listen(entries: Entry[], to: string[], shown: string): void {
  marks = to;
  shownMark = shown;
  inOrder = entries;
  commands = dict();
  for (let i = 0; i < entries.length; i++) commands[entries[i]!.command.name] ??= entries[i]!;
  // An alias takes no other command's name.
  for (let i = 0; i < entries.length; i++) {
    const { aliases } = entries[i]!.command;
    if (aliases !== undefined) for (let k = 0; k < aliases.length; k++) commands[aliases[k]!] ??= entries[i]!;
  }
  onCommands(to, hear);
}

function hear(d: Delivery): unknown {
  const { msg } = d;
  const content = msg?.content;
  if (typeof content !== "string" || content === "" || msg.author?.bot) return undefined;
  const said = trim(content);
  for (let i = 0; i < marks.length; i++) {
    const mark = marks[i]!;
    if (startsWith(said, mark)) return obey(msg, slice(said, mark.length), mark);
  }
  return undefined;
}

function obey(msg: any, text: string, mark: string): unknown {
  const all = words(text);
  const entry = all.length === 0 ? undefined : commands[all[0]!];
  if (entry === undefined) return undefined;
  const args: string[] = [];
  for (let i = 1; i < all.length; i++) append(args, all[i]!);
  const ctx = messageContext(msg, args);
  const { command } = entry;
  if (entry.args === undefined && entry.gate === undefined) return command.run(ctx);
  return new PromiseCtor((resolve, reject) => {
    const run = (more: object) => {
      try {
        react(command.run({ ...ctx, ...more }), resolve, reject);
      } catch (e) {
        reject(e);
      }
    };
    const say = (text: string) => {
      const { reply } = ctx;
      react(reply({ content: text, allowedMentions: { parse: [], repliedUser: true } }), () => resolve(undefined), reject);
    };
    const read = () => {
      if (entry.args === undefined) return run({});
      const usage = usageOf(mark[0] === "<" ? `${mark} ` : mark, command.name, entry.args);
      return readArguments(entry.args, after(text), msg, (options) => run({ options }), (why) => say(`${why} Usage: \`${usage}\``), reject);
    };
    if (entry.gate === undefined) read();
    else pass(entry.gate, (entry.uses ??= new Uses()), msg, read, (why) => (why === undefined ? resolve(undefined) : say(why)), reject);
  });
}

/** What comes after the first word. */
function after(text: string): string {
  let i = 0;
  while (i < text.length && isSpace(charCodeAt(text, i))) i++;
  while (i < text.length && !isSpace(charCodeAt(text, i))) i++;
  return slice(text, i);
}

const mostFields = 25;

/** A command that tells of all the bot's prefix commands, or of one of them. */
export function helpCommand(options?: { name?: string; aliases?: string[]; description?: string; title?: string; color?: number }): Command {
  const o = options ?? {};
  return {
    name: o.name ?? "help",
    description: o.description ?? "Shows what the bot can do",
    args: [{ name: "command", required: false }],
    run: (ctx) => {
      const mark = shownMark;
      const wanted = ctx.options.command;
      const { reply } = ctx;
      if (wanted !== undefined) {
        const entry = commands[wanted];
        if (entry === undefined) return reply({ content: `There is no command "${slice(wanted, 0, 60)}".`, allowedMentions: { parse: [], repliedUser: true } });
        return reply({ embeds: [detail(entry, mark, o.color)] });
      }
      const shown = embed({ title: o.title ?? "Commands" });
      if (o.color !== undefined) shown.setColor(o.color);
      let fields = 0;
      for (let i = 0; i < inOrder.length && fields < mostFields; i++) {
        const { command, args } = inOrder[i]!;
        if (command.hidden === true) continue;
        shown.addField(usageOf(mark, command.name, args), command.description ?? "\u200b");
        fields++;
      }
      return reply({ embeds: [shown] });
    },
    ...(o.aliases === undefined ? null : { aliases: o.aliases }),
  };
}

function detail(entry: Entry, mark: string, color: number | undefined): unknown {
  const { command, args } = entry;
  const shown = embed({ title: usageOf(mark, command.name, args) });
  if (command.description !== undefined) shown.setDescription(command.description);
  if (color !== undefined) shown.setColor(color);
  if (args !== undefined) {
    for (let i = 0; i < args.length && i < mostFields - 1; i++) shown.addField(args[i]!.name, args[i]!.description ?? args[i]!.type ?? "string", true);
  }
  if (command.aliases !== undefined && command.aliases.length > 0) {
    let all = "";
    for (let i = 0; i < command.aliases.length; i++) all += (i === 0 ? "" : ", ") + command.aliases[i]!;
    shown.addField("Also", all);
  }
  return shown;
}
