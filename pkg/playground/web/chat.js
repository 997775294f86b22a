// The channel: its messages, and what people do with them.
import { append, byId, el } from "./dom.js";
import { act, chat } from "./act.js";
import { ask, openMenu, pickEmoji } from "./menu.js";
import { message } from "./message.js";
import { sim } from "./server.js";
import { reply } from "./composer.js";
import { nameOf, state } from "./state.js";

const page = 50;
/** @type {HTMLElement} */ let list;
/** @type {Map<string, string>} */ const failures = new Map();
/** @type {Map<string, number>} */ const typing = new Map();
/** @type {Set<string>} */ let dismissed = new Set();

/** start makes the channel work. */
export function start() {
  list = byId("messages");
  try {
    dismissed = new Set(JSON.parse(sessionStorage.getItem("dismissed") ?? "[]"));
  } catch {
    // Then they come back once.
  }
  chat.notice = notice;
  chat.failed = (id, text) => {
    if (text === (failures.get(id) ?? "")) return;
    if (text) failures.set(id, text);
    else failures.delete(id);
    const m = state.messages.get(id);
    if (m) show(m);
  };
  chat.status = (text) => { byId("status").textContent = text; };
  byId("earlier").addEventListener("click", () => tell(earlier));
  list.addEventListener("keydown", keys);
  list.addEventListener("focusin", (/** @type {FocusEvent} */ e) => rove(/** @type {HTMLElement} */ (e.target).closest("li")));
  list.addEventListener("contextmenu", (/** @type {MouseEvent} */ e) => {
    const li = /** @type {HTMLElement} */ (e.target).closest("li");
    const m = state.messages.get(li?.dataset.id ?? "");
    if (!m || !li || /** @type {HTMLElement} */ (e.target).closest("a, input")) return;
    e.preventDefault();
    menu(m, li.querySelector(".more") ?? li);
  });
}

/** load reads the channel anew. */
export async function load() {
  const { guild, channel, user } = state;
  const found = channel ? await sim.messages(guild.id, channel, { as: user, limit: page }) : [];
  if (state.guild !== guild || state.channel !== channel || state.user !== user) return;
  state.messages.clear();
  list.replaceChildren();
  byId("earlier").hidden = found.length < page;
  for (const m of found) upsert(m);
  byId("empty").hidden = found.length > 0;
  bottom();
}

async function earlier() {
  const { guild, channel, user } = state;
  const first = list.querySelector("li[data-id]");
  if (!(first instanceof HTMLElement)) return;
  const found = await sim.messages(guild.id, channel, { as: user, limit: page, before: first.dataset.id });
  if (state.guild !== guild || state.channel !== channel || state.user !== user) return;
  const scroll = byId("scroll");
  const from = scroll.scrollHeight - scroll.scrollTop;
  byId("earlier").hidden = found.length < page;
  for (const m of found) upsert(m, true);
  scroll.scrollTop = scroll.scrollHeight - from;
}

/**
 * upsert shows a message that is new or looks different.
 * @param {any} m
 * @param {boolean} [older] it is of before those that are shown
 */
export function upsert(m, older = false) {
  if (m.channel_id !== state.channel || dismissed.has(m.id)) return;
  // One of before is shown when somebody asks for it.
  const first = list.querySelector("li[data-id]");
  if (!older && !byId("earlier").hidden && first instanceof HTMLElement && before(m.id, first.dataset.id ?? "")) return;
  state.messages.set(m.id, m);
  typing.delete(m.author.id);
  showTyping();
  show(m);
}

/** @param {string} a @param {string} b */
const before = (a, b) => a.length < b.length || a.length === b.length && a < b;

/** @param {any} m */
function show(m) {
  const scroll = byId("scroll");
  const down = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 60;
  const node = message(m, { failure: failures.get(m.id), menu, react, vote, dismiss, jump });
  const old = find(m.id);
  if (old) {
    const key = /** @type {HTMLElement | null} */ (old.contains(document.activeElement) ? document.activeElement : null);
    node.tabIndex = old.tabIndex;
    old.replaceWith(node);
    if (key) {
      const again = [...node.querySelectorAll("[data-key]")].find((n) => n.dataset.key === key.dataset.key && key.dataset.key);
      (again && !again.disabled ? again : node).focus();
    }
  } else {
    let next = null;
    for (let n = list.lastElementChild; n instanceof HTMLElement && (!n.dataset.id || before(m.id, n.dataset.id)); n = n.previousElementSibling) {
      if (n.dataset.id) next = n;
    }
    list.insertBefore(node, next);
    byId("empty").hidden = true;
  }
  compact(node);
  compact(node.nextElementSibling);
  if (down) bottom();
}

/**
 * compact leaves out who wrote a message right after another one of theirs.
 * @param {Element | null} node
 */
function compact(node) {
  if (!(node instanceof HTMLElement)) return;
  const last = node.previousElementSibling;
  node.classList.toggle("compact", last instanceof HTMLElement && node.dataset.reply !== "true" && last.dataset.author === node.dataset.author &&
    last.classList.contains("ephemeral") === node.classList.contains("ephemeral") && Number(node.dataset.at) - Number(last.dataset.at) < 420_000);
}

/** @param {string} id @returns {HTMLElement | null} */
const find = (id) => list.querySelector(`li[data-id="${CSS.escape(id)}"]`);

/** @param {any} d */
export function remove(d) {
  state.messages.delete(d.id);
  failures.delete(d.id);
  const node = find(d.id);
  const next = node?.nextElementSibling ?? null;
  if (node?.contains(document.activeElement)) byId("composer").focus();
  node?.remove();
  compact(next);
}

function bottom() {
  const scroll = byId("scroll");
  scroll.scrollTop = scroll.scrollHeight;
}

/** @param {any} d */
export function types(d) {
  if (d.channel_id !== state.channel) return;
  clearTimeout(typing.get(d.user_id));
  typing.set(d.user_id, setTimeout(() => { typing.delete(d.user_id); showTyping(); }, 10_000));
  showTyping();
}

function showTyping() {
  const names = [...typing.keys()].map(nameOf);
  byId("typing").textContent = names.length > 0 ? `${names.join(", ")} ${names.length === 1 ? "is" : "are"} typing…` : "";
}

/** @param {string} text */
function notice(text) {
  const node = el("li.message.notice.ephemeral", { tabindex: "-1" }, el("div.main", null,
    el("p.failure", { role: "alert" }, text),
    el("p.only-you", null, "👁 Only you can see this · ", el("button.textual", { type: "button", on: { click: () => { node.remove(); byId("composer").focus(); } } }, "Dismiss message"))));
  append(list, node);
  bottom();
}

/** @param {any} m */
function dismiss(m) {
  dismissed.add(m.id);
  try {
    sessionStorage.setItem("dismissed", JSON.stringify([...dismissed].slice(-200)));
  } catch {
    // Then it comes back with the next load.
  }
  remove(m);
}

/** @param {string} id */
function jump(id) {
  const node = find(id);
  if (!node) return;
  rove(node);
  node.focus();
  node.scrollIntoView({ block: "center" });
}

/** @param {() => Promise<any>} work */
async function tell(work) {
  try {
    await work();
  } catch (err) {
    notice(/** @type {Error} */ (err).message);
  }
}

/** @param {any} m @param {string} e @param {boolean} add */
const react = (m, e, add) => tell(() => sim.react(state.guild.id, m, e, state.user, add));

/** @param {any} m @param {number} answer */
const vote = (m, answer) => tell(() => sim.vote(state.guild.id, m, answer, state.user));

/** @param {any} m @param {HTMLElement} anchor */
function menu(m, anchor) {
  const own = m.author.id === state.user;
  const commands = (state.guild.commands ?? []).filter((/** @type {any} */ c) => c.type === 3);
  const secret = Boolean(m.flags & 64);
  openMenu(anchor, "Message", [
    ...(secret ? [{ label: "Dismiss", act: () => dismiss(m) }] : [
      { label: "Reply", act: () => reply(m) },
      { label: "Add a reaction", act: () => pickEmoji(state.guild.emojis ?? [], (e) => react(m, e, true)) },
    ]),
    ...(own ? [{ label: "Edit", act: () => ask("Edit message", "Message text", m.content, (text) => sim.edit(state.guild.id, m, text)) }] : []),
    { label: "Copy the id", act: () => navigator.clipboard?.writeText(m.id) },
    ...(!secret && (own || state.user === state.guild.owner_id) ? [{ label: "Delete", danger: true, act: () => tell(() => sim.remove(state.guild.id, m)) }] : []),
    ...(secret ? [] : commands.map((/** @type {any} */ c) => ({ label: c.name, group: "Apps", act: () => act({ command: c.name, target: m.id }) }))),
  ]);
}

/**
 * rove makes one message the one that Tab leads to.
 * @param {Element | null} node
 */
function rove(node) {
  if (!(node instanceof HTMLElement)) return;
  for (const other of list.querySelectorAll('li[tabindex="0"]')) other.setAttribute("tabindex", "-1");
  node.tabIndex = 0;
}

/** enter leads to the newest message. */
export function enter() {
  const last = list.querySelector("li:last-child");
  if (!(last instanceof HTMLElement)) return;
  rove(last);
  last.focus();
}

/** @param {KeyboardEvent} e */
function keys(e) {
  const at = document.activeElement;
  if (!(at instanceof HTMLElement) || at.parentElement !== list) {
    if (e.key === "Escape" && !e.defaultPrevented && at instanceof HTMLElement && !list.querySelector(":popover-open")) /** @type {HTMLElement | null} */ (at.closest("li"))?.focus();
    return;
  }
  const to = { ArrowUp: at.previousElementSibling, ArrowDown: at.nextElementSibling, Home: list.firstElementChild, End: list.lastElementChild }[e.key];
  const m = state.messages.get(at.dataset.id ?? "");
  if (to instanceof HTMLElement) to.focus();
  else if (e.key === "Escape" || e.key === "ArrowDown") byId("composer").focus();
  else if (m && (e.key === "Enter" || e.key === "ContextMenu" || e.key === "F10" && e.shiftKey)) menu(m, at.querySelector(".more") ?? at);
  else if (e.key !== "ArrowUp") return;
  e.preventDefault();
}
