// Menus, and the small windows of the page itself.
import { append, el, place } from "./dom.js";

/** @typedef {{ label: string, act: () => void, danger?: boolean, group?: string }} Item */

/**
 * openMenu shows what can be done with something. The focus goes back to where
 * it was.
 * @param {HTMLElement} anchor
 * @param {string} label
 * @param {Item[]} items
 */
export function openMenu(anchor, label, items) {
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  const menu = el("div.popup.menu", { role: "menu", "aria-label": label, popover: "auto" });
  let group = "";
  for (const item of items) {
    if (item.group && item.group !== group) append(menu, el("div.group", { role: "presentation" }, item.group));
    group = item.group ?? "";
    append(menu, el(item.danger ? "button.danger" : "button", {
      type: "button", role: "menuitem", tabindex: "-1",
      on: { click: () => { menu.hidePopover(); item.act(); } },
    }, item.label));
  }
  const entries = () => /** @type {HTMLElement[]} */ ([...menu.querySelectorAll("button")]);
  menu.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
    const all = entries();
    const at = all.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    const to = { ArrowDown: (at + 1) % all.length, ArrowUp: (at + all.length - 1) % all.length, Home: 0, End: all.length - 1 }[e.key];
    if (to !== undefined) all[to].focus();
    else if (e.key === "Tab") menu.hidePopover();
    else return;
    e.preventDefault();
  });
  menu.addEventListener("toggle", (/** @type {any} */ e) => {
    if (e.newState !== "closed") return;
    const inside = menu.contains(document.activeElement) || document.activeElement === document.body;
    menu.remove();
    if (inside && before?.isConnected) before.focus();
  });
  document.body.append(menu);
  menu.showPopover();
  place(menu, anchor);
  menu.style.setProperty("width", "auto");
  entries()[0]?.focus();
}

/**
 * openDialog shows a window; Esc and the button close it.
 * @param {string} title
 * @param {any} content
 * @param {(() => void)} [closed]
 * @returns {HTMLDialogElement}
 */
export function openDialog(title, content, closed) {
  const before = /** @type {HTMLElement | null} */ (document.activeElement);
  const dialog = el("dialog", { "aria-label": title },
    el("header", null, el("h2", null, title), el("button.icon", { type: "button", "aria-label": "Close", on: { click: () => dialog.close() } }, "✕")),
    content);
  dialog.addEventListener("close", () => {
    dialog.remove();
    if (before?.isConnected) before.focus();
    closed?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/**
 * ask lets somebody enter one line.
 * @param {string} title
 * @param {string} label
 * @param {string} text
 * @param {(text: string) => Promise<void>} done
 */
export function ask(title, label, text, done) {
  const input = el("textarea", { rows: "2", "aria-label": label, maxlength: "2000" });
  input.value = text;
  const problem = el("p.problem", { role: "alert" });
  const form = el("form", { on: { submit: async (/** @type {Event} */ e) => {
    e.preventDefault();
    try {
      await done(input.value);
      dialog.close();
    } catch (err) {
      problem.textContent = /** @type {Error} */ (err).message;
    }
  } } }, input, problem, el("footer", null, el("button.primary", { type: "submit" }, "Save")));
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
    if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
      e.preventDefault();
      form.requestSubmit();
    }
  });
  const dialog = openDialog(title, form);
  input.focus();
  input.select();
}

const common = "👍 👎 ❤️ 😂 😮 😢 🎉 🔥 👀 ✅ ❌ ⭐ 🙏 💯 🤔 👋 🚀 📌 1️⃣ 2️⃣ 3️⃣ 🅰️ 🅱️ 🏳️".split(" ");

/**
 * pickEmoji shows emoji to react with.
 * @param {any[]} own the guild's
 * @param {(emoji: string) => void} done
 */
export function pickEmoji(own, done) {
  const input = el("input", { type: "text", "aria-label": "Emoji", placeholder: "Any emoji", maxlength: "64", autocomplete: "off" });
  const use = (/** @type {string} */ e) => { dialog.close(); done(e); };
  const form = el("form.emoji-picker", { on: { submit: (/** @type {Event} */ e) => { e.preventDefault(); if (input.value.trim()) use(input.value.trim()); } } },
    input,
    el("div.grid", null, common.map((e) => el("button", { type: "button", "aria-label": `React with ${e}`, on: { click: () => use(e) } }, e))),
    own.length > 0 && el("div.own", null, own.map((e) => el("button", { type: "button", on: { click: () => use(`${e.name}:${e.id}`) } }, `:${e.name}:`))));
  const dialog = openDialog("Add a reaction", form);
  input.focus();
}
