// The object a handler gets: the event, and the natural ways to answer it. It
// is a plain object with functions of its own, so that scripts may take it
// apart, spread it or replace a part of it.
import type { Conversation, Options } from "./conversation";
import { callOp, later } from "./host";
import { interactionContext } from "./interaction";
import { ArrayIsArray, ErrorCtor, TypeErrorCtor, startsWith } from "./primordials";

/** One event on its way through its handlers. */
export interface Delivery {
  event: string;
  msg: any;
  conversation: Conversation | undefined;
  /** What a user is told whose interaction failed; false for nothing, undefined for the usual. */
  apology: string | false | undefined;
}

export function options(what: string, v: unknown): Options {
  if (typeof v === "string") return { content: v };
  if (v === null || typeof v !== "object" || ArrayIsArray(v)) {
    throw new TypeErrorCtor(`${what}: pass a text or an object with content, embeds, components ...`);
  }
  const o = v as any;
  return typeof o.toJSON === "function" ? o.toJSON() : { ...o };
}

export function isInteraction(msg: any): boolean {
  return msg !== null && typeof msg === "object" && typeof msg.interactionToken === "string";
}

export function makeContext(d: Delivery): any {
  const { event, msg } = d;
  if (event === "messageCreate") return messageContext(msg, undefined);
  if (isInteraction(msg)) return interactionContext(d);
  let gone = false; // A reply to what was deleted would be refused.
  const reply = (v: unknown) => later(() => message(gone ? "messageDelete" : event, msg, v));
  const edit = (v: unknown) => later(() => editMessage(msg, v));
  const send = (v: unknown) => later(() => sendTo(event, msg, v));
  if (startsWith(event, "__cron:")) return { msg, name: msg?.name, scheduledAt: msg?.scheduledAt, reply, edit, send };
  return {
    msg,
    reply,
    edit,
    send,
    react: (emoji: unknown) => later(() => callOp("op_add_reaction", { ...about("react", msg), emoji })),
    deleteMessage: (reason?: string) =>
      later(() => {
        const args = { ...about("deleteMessage", msg), reason };
        gone = true;
        return callOp("op_delete_message", args);
      }),
    typing: () => later(() => callOp("op_trigger_typing", { channelId: channelOf("typing", event, msg) })),
  };
}

/** The context of a message; args are the words of a command. */
export function messageContext(msg: any, args: string[] | undefined): any {
  const event = "messageCreate";
  let gone = false;
  return {
    msg,
    args,
    author: msg?.author,
    member: msg?.member,
    channelId: msg?.channelId,
    reply: (v: unknown) => later(() => message(gone ? "messageDelete" : event, msg, v)),
    edit: (v: unknown) => later(() => editMessage(msg, v)),
    send: (v: unknown) => later(() => sendTo(event, msg, v)),
    react: (emoji: unknown) => later(() => callOp("op_add_reaction", { ...about("react", msg), emoji })),
    deleteMessage: (reason?: string) =>
      later(() => {
        const args = { ...about("deleteMessage", msg), reason };
        gone = true;
        return callOp("op_delete_message", args);
      }),
    typing: () => later(() => callOp("op_trigger_typing", { channelId: channelOf("typing", event, msg) })),
  };
}

/** The message that a reply refers to: only events about a message that is still there have one. */
function referenced(event: string, msg: any): unknown {
  if (event === "messageDelete" || !(startsWith(event, "message") || startsWith(event, "reaction"))) return undefined;
  return msg.id ?? msg.messageId;
}

function channelOf(what: string, event: string, msg: any): unknown {
  const channelId = msg?.channelId;
  if (channelId === undefined || channelId === null) {
    throw new ErrorCtor(`${what}: the event ${event} has no channel; use rest.${what === "typing" ? "triggerTyping({ channelId })" : "sendMessage({ channelId, ... })"}`);
  }
  return channelId;
}

function message(event: string, msg: any, v: unknown): Promise<any> {
  const { ephemeral: _, replyTo, ...rest } = options("reply", v);
  const channelId = channelOf("reply", event, msg);
  const to = replyTo === undefined ? referenced(event, msg) : replyTo;
  if (to === undefined || to === null) return callOp("op_send_message", { channelId, ...rest });
  return callOp("op_send_message", { channelId, ...rest, replyTo: to });
}

/** Says something in the event's channel, referring to nothing. */
export function sendTo(event: string, msg: any, v: unknown): Promise<any> {
  const { ephemeral: _, ...rest } = options("send", v);
  return callOp("op_send_message", { channelId: channelOf("send", event, msg), ...rest });
}

/** The message that an event is about. */
function about(what: string, msg: any): Options {
  const channelId = msg?.channelId;
  const messageId = msg?.id ?? msg?.messageId;
  if (messageId === undefined || messageId === null || !channelId) throw new ErrorCtor(`${what}: this event has no message; use rest with { channelId, messageId, ... }`);
  return { channelId, messageId };
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
