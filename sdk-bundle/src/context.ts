// The object a handler gets: the event, and the natural ways to answer it. It
// is a plain object with functions of its own, so that scripts may take it
// apart, spread it or replace a part of it.
import { Conversation, type Options } from "./conversation";
import { callOp, later } from "./host";
import { ArrayIsArray, ErrorCtor, PromiseCtor, TypeErrorCtor, dict, startsWith } from "./primordials";

/** One event on its way through its handlers. */
export interface Delivery {
  event: string;
  msg: any;
  conversation: Conversation | undefined;
}

function options(what: string, v: unknown): Options {
  if (typeof v === "string") return { content: v };
  if (v === null || typeof v !== "object" || ArrayIsArray(v)) {
    throw new TypeErrorCtor(`${what}: pass a text or an object with content, embeds, components ...`);
  }
  const o = v as any;
  return typeof o.toJSON === "function" ? o.toJSON() : { ...o };
}

export function makeContext(d: Delivery): any {
  const { event, msg } = d;
  if (msg !== null && typeof msg === "object" && typeof msg.interactionToken === "string") return interactionContext(d);
  const reply = (v: unknown) => later(() => message(event, msg, v));
  const edit = (v: unknown) => later(() => editMessage(msg, v));
  if (startsWith(event, "__cron:")) return { msg, name: msg?.name, scheduledAt: msg?.scheduledAt, reply, edit };
  return { msg, reply, edit };
}

/** The message that a reply refers to: only events about a message that is still there have one. */
function referenced(event: string, msg: any): unknown {
  if (event === "messageDelete" || !(startsWith(event, "message") || startsWith(event, "reaction"))) return undefined;
  return msg.id ?? msg.messageId;
}

function message(event: string, msg: any, v: unknown): Promise<any> {
  const { ephemeral: _, replyTo, ...rest } = options("reply", v);
  const channelId = msg?.channelId;
  if (channelId === undefined || channelId === null) {
    throw new ErrorCtor(`reply: the event ${event} has no channel; use rest.sendMessage({ channelId, ... })`);
  }
  const to = replyTo === undefined ? referenced(event, msg) : replyTo;
  if (to === undefined || to === null) return callOp("op_send_message", { channelId, ...rest });
  return callOp("op_send_message", { channelId, ...rest, replyTo: to });
}

function editMessage(msg: any, v: unknown): Promise<any> {
  const { ephemeral: _, ...rest } = options("edit", v);
  const channelId = msg?.channelId;
  const messageId = msg?.id ?? msg?.messageId;
  if (messageId === undefined || messageId === null || !channelId) {
    throw new ErrorCtor("edit: this event has no message to edit; use rest.editMessage({ channelId, messageId, ... })");
  }
  return callOp("op_edit_message", { channelId, messageId, ...rest });
}

type Step = (c: Conversation, out: [(v: any) => void, (e: unknown) => void]) => void;

function interactionContext(d: Delivery): any {
  const { msg } = d;
  const c = (d.conversation ??= new Conversation(msg.interactionId ?? msg.id, msg.interactionToken, typeof msg.messageId === "string"));
  const talk = (step: Step): Promise<any> => new PromiseCtor((resolve, reject) => step(c, [resolve, reject]));
  return {
    msg,
    options: flattenInteractionOptions(msg.data?.options),
    reply: (v: unknown) => talk((c, out) => c.reply(options("reply", v), out)),
    edit: (v: unknown) => talk((c, out) => c.edit(options("edit", v), out)),
    update: (v: unknown) => talk((c, out) => c.update(options("update", v), out)),
    followUp: (v: unknown) => talk((c, out) => c.followUp(options("followUp", v), out)),
    defer: (v?: Options) => talk((c, out) => c.defer(v ?? {}, out)),
    deferUpdate: () => talk((c, out) => c.deferUpdate(out)),
    showModal: (modal: unknown) => talk((c, out) => c.showModal(modal, out)),
  };
}

/** name -> value of all options, those inside subcommands included. */
export function flattenInteractionOptions(options: unknown): Record<string, any> {
  const out = dict<any>();
  flattenInto(out, options);
  return { ...out };
}

function flattenInto(out: Record<string, any>, items: any): void {
  if (!ArrayIsArray(items)) return;
  for (let i = 0; i < items.length; i++) {
    const o = items[i];
    if (o === null || typeof o !== "object") continue;
    if (o.type === 1 || o.type === 2) flattenInto(out, o.options);
    else out[o.name] = o.value;
  }
}
