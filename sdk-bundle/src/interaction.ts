// Contexts of interactions: commands, components, modals and completions.
import { type Delivery, isInteraction, options, sendTo } from "./context";
import { Conversation, type Options } from "./conversation";
import { later } from "./host";
import { ArrayIsArray, PromiseCtor, TypeErrorCtor, append, slice } from "./primordials";
import { fieldsOf, focusedOption, resolvedOptions, selectedOf, targetOf } from "./resolved";

/** The event of an option that completes itself while somebody types. */
export const completion = "autocomplete";

type Step = (c: Conversation, out: [(v: any) => void, (e: unknown) => void]) => void;

function conversationOf(d: Delivery): Conversation {
  const { msg } = d;
  return (d.conversation ??= new Conversation(msg.interactionId ?? msg.id, msg.interactionToken, typeof msg.messageId === "string"));
}

export function interactionContext(d: Delivery): any {
  const { event, msg } = d;
  const { data } = msg;
  const c = conversationOf(d);
  const talk = (step: Step): Promise<any> => new PromiseCtor((resolve, reject) => step(c, [resolve, reject]));
  const common = { msg, user: msg.user, member: msg.member, channelId: msg.channelId, options: resolvedOptions(data?.options, data?.resolved) };
  if (event === completion) {
    return { ...common, ...chosenPath(data), focused: focusedOption(data?.options), respond: (choices: unknown) => talk((c, out) => c.complete(choicesOf(choices), out)) };
  }
  const answers = {
    ...common,
    reply: (v: unknown) => talk((c, out) => c.reply(options("reply", v), out)),
    edit: (v: unknown) => talk((c, out) => c.edit(options("edit", v), out)),
    update: (v: unknown) => talk((c, out) => c.update(options("update", v), out)),
    followUp: (v: unknown) => talk((c, out) => c.followUp(options("followUp", v), out)),
    defer: (v?: Options) => talk((c, out) => c.defer(v ?? {}, out)),
    deferUpdate: () => talk((c, out) => c.deferUpdate(out)),
    deleteReply: () => talk((c, out) => c.deleteReply(out)),
    showModal: (modal: unknown) => talk((c, out) => c.showModal(modal, out)),
    send: (v: unknown) => later(() => sendTo(event, msg, v)),
  };
  switch (event) {
    case "interactionCreate":
      return { ...answers, ...chosenPath(data), target: targetOf(data) };
    case "componentInteraction":
      return { ...answers, customId: data?.custom_id, values: data?.values ?? [], selected: selectedOf(data), message: msg.message };
    case "modalSubmit":
      return { ...answers, customId: data?.custom_id, fields: fieldsOf(data), message: msg.message };
    default:
      return answers;
  }
}

/** The names of the group and the subcommand that were chosen. */
function chosenPath(data: any): { group: string | undefined; subcommand: string | undefined } {
  const first = ArrayIsArray(data?.options) ? data.options[0] : undefined;
  if (first?.type === 1) return { group: undefined, subcommand: first.name };
  if (first?.type === 2) return { group: first.name, subcommand: first.options?.[0]?.name };
  return { group: undefined, subcommand: undefined };
}

const mostChoices = 25;
const longestChoice = 100;

/** Choices as Discord takes them; a bare value is its own name, what is too much is left out. */
function choicesOf(choices: unknown): any[] {
  if (!ArrayIsArray(choices)) throw new TypeErrorCtor("respond(choices): pass an array of texts, numbers or { name, value }");
  const out: any[] = [];
  for (let i = 0; i < choices.length && i < mostChoices; i++) {
    const choice = choices[i];
    const { name, value, ...more } = choice !== null && typeof choice === "object" ? choice : { name: `${choice}`, value: choice };
    append(out, { ...more, name: slice(`${name}`, 0, longestChoice), value: value ?? name });
  }
  return out;
}

const apology = "Sorry, something went wrong here. The people who run this server can see what in the bot's log.";
let usual: string | false = apology;

/** Changes what a user is told whose interaction failed. */
export function setApology(v: string | false): void {
  usual = v;
}

/** What an errorReply says: a text, false for nothing, true for the usual. */
export function apologyOf(what: string, v: unknown): string | false | undefined {
  if (v === undefined || v === null) return undefined;
  if (v === true) return apology;
  if (v === false || (typeof v === "string" && v !== "")) return v;
  throw new TypeErrorCtor(`${what}: errorReply must be a text, true or false`);
}

/** Tells the user of a failed interaction, if nobody has answered; then goes on. */
export function apologize(d: Delivery, then: () => void): void {
  const text = d.apology ?? usual;
  if (text === false || d.event === completion || !isInteraction(d.msg)) then();
  else conversationOf(d).apologize(text, then);
}
