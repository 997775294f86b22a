// One message as people see it.
import { el } from "./dom.js";
import { act } from "./act.js";
import { components } from "./components.js";
import { embed, file, poll } from "./embed.js";
import { openMenu } from "./menu.js";
import { customEmoji, emoji, markdown } from "./view.js";
import { clock } from "./time.js";
import { colorOf, memberOf, nameOf, state } from "./state.js";

const ephemeral = 1 << 6;
const loading = 1 << 7;
const v2 = 1 << 15;

const system = /** @type {Record<number, string>} */ ({ 6: "pinned a message", 7: "joined the server", 18: "started a thread" });

/**
 * message makes the element of a message.
 * @param {any} m
 * @param {{ failure?: string, menu: (m: any, anchor: HTMLElement) => void, react: (m: any, emoji: string, add: boolean) => void,
 *   vote: (m: any, answer: number) => void, dismiss: (m: any) => void, jump: (id: string) => void }} on
 * @returns {any}
 */
export function message(m, on) {
  const at = Date.parse(m.timestamp);
  const author = m.webhook_id && !m.application_id ? m.author.username : nameOf(m.author.id) === "unknown user" ? m.author.username : nameOf(m.author.id);
  const use = (/** @type {string} */ id, /** @type {string[] | undefined} */ values) => {
    act({ custom_id: id, message_id: m.id, ...(values ? { values } : {}) }, m.id);
  };
  const body = [
    system[m.type] && el("span.small", null, system[m.type]),
    m.flags & loading ? el("p.thinking", { role: "status" }, el("span.dots", { "aria-hidden": "true" }), `${author} is thinking…`) : null,
    !(m.flags & v2) && m.content && el("div.text", null, markdown(m.content)),
    m.message_snapshots?.map((/** @type {any} */ s) => el("blockquote", { "aria-label": "Forwarded" }, markdown(s.message.content))),
    !(m.flags & v2) && m.attachments?.length > 0 && el("div.files", null, m.attachments.map(file)),
    (m.embeds ?? []).map((/** @type {any} */ e) => embed(m, e)),
    (m.sticker_items ?? []).map((/** @type {any} */ s) => el("span.sticker", null, `Sticker: ${s.name}`)),
    m.poll && poll(m.poll, (answer) => on.vote(m, answer)),
    m.components?.length > 0 && el(m.flags & v2 ? "div.components.v2" : "div.components", null, components(m, m.components, use)),
    m.thread && el("p.small", null, `Thread: ${m.thread.name}`),
    m.reactions?.length > 0 && el("div.reactions", null, m.reactions.map((/** @type {any} */ r) => reaction(m, r, on))),
    on.failure && el("p.failure", { role: "alert" }, on.failure),
    m.flags & ephemeral ? el("p.only-you", null, "👁 Only you can see this · ", el("button.textual", { type: "button", on: { click: () => on.dismiss(m) } }, "Dismiss message")) : null,
  ];
  const more = el("button.icon.more", { type: "button", tabindex: "-1", "aria-label": "More", "aria-haspopup": "menu", title: "Reply, react, apps", on: { click: () => on.menu(m, more) } }, "⋯");
  const node = el("li.message", {
    role: "article", tabindex: "-1", data: { id: m.id, author: m.author.id, at: String(at), reply: String(Boolean(m.message_reference || m.interaction_metadata?.name)) },
    "aria-label": `${author}: ${m.content || summary(m)}`,
  },
    el("div.avatar", { "aria-hidden": "true", data: { hue: hue(m.author.id) } }, author.slice(0, 1).toUpperCase()),
    el("div.main", null,
      reference(m, on),
      el("div.head", null,
        el("button.author", { type: "button", tabindex: "-1", style: colorOf(m.author.id) ? { color: colorOf(m.author.id) } : {}, on: { click: (/** @type {any} */ e) => userMenu(m.author.id, e.currentTarget) } }, author),
        (m.author.bot || m.webhook_id) && el("span.badge", null, "APP"),
        el("time", { datetime: m.timestamp }, clock(at))),
      body,
      m.edited_timestamp && !(m.flags & loading) && el("span.edited", null, "(edited)")),
    more);
  if (m.flags & ephemeral) node.classList.add("ephemeral");
  if (m.mention_everyone || new RegExp(`<@!?${state.user}>`).test(m.content)) node.classList.add("mentions-me");
  return node;
}

/** @param {any} m */
function summary(m) {
  if (m.flags & loading) return "is thinking";
  return m.embeds?.[0]?.title || m.attachments?.[0]?.filename || (m.components?.length > 0 ? "components" : m.poll ? "a poll" : "");
}

/** @param {string} name of a command that is used from a menu */
function menuCommand(name) {
  return (state.guild.commands ?? []).some((/** @type {any} */ c) => c.name === name && c.type !== 1);
}

/** @param {string} id */
function hue(id) {
  return String(Number(BigInt(id) % 7n));
}

/** @param {any} m @param {any} on */
function reference(m, on) {
  const used = m.interaction_metadata ?? m.interaction;
  const ref = m.referenced_message;
  if (used?.name) {
    return el("div.reference", null, el("strong", null, nameOf(used.user?.id)), " used ", el("span.mention", null, `${menuCommand(used.name) ? "" : "/"}${used.name}`));
  }
  if (ref) {
    return el("button.reference", { type: "button", tabindex: "-1", "aria-label": `Reply to ${nameOf(ref.author.id)}`, on: { click: () => on.jump(ref.id) } },
      el("strong", null, nameOf(ref.author.id)), " ", String(ref.content || summary(ref) || "a message").slice(0, 120));
  }
  return m.message_reference && m.type === 19 ? el("div.reference", null, "The original message was deleted") : null;
}

/** @param {any} m @param {any} r @param {any} on */
function reaction(m, r, on) {
  const name = r.emoji.id ? `${r.emoji.name}:${r.emoji.id}` : r.emoji.name;
  return el("button.reaction", {
    type: "button", "aria-pressed": String(r.me), "aria-label": `${r.emoji.name}, ${r.count} ${r.count === 1 ? "reaction" : "reactions"}`, data: { key: `reaction-${name}` },
    on: { click: () => on.react(m, name, !r.me) },
  }, r.emoji.id ? customEmoji(r.emoji.name) : emoji(r.emoji), el("span", null, r.count));
}

/** Hooks of the composer. */
export const composer = {
  /** @type {(text: string) => void} */
  insert: () => {},
};

/**
 * userMenu shows what can be done with a user, commands of the bot among it.
 * @param {string} id
 * @param {HTMLElement} anchor
 */
function userMenu(id, anchor) {
  const commands = (state.guild.commands ?? []).filter((/** @type {any} */ c) => c.type === 2);
  openMenu(anchor, nameOf(id), [
    { label: "Mention", act: () => composer.insert(`<@${id}> `) },
    { label: "Copy the id", act: () => navigator.clipboard?.writeText(id) },
    ...(memberOf(id) ? commands.map((/** @type {any} */ c) => ({ label: c.name, group: "Apps", act: () => act({ command: c.name, target: id }) })) : []),
  ]);
}
