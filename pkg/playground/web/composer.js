// Where people write: messages, and commands with their options.
import { append, byId, el, place } from "./dom.js";
import { act, chat } from "./act.js";
import { choose, List } from "./choose.js";
import { entities, readFiles } from "./components.js";
import { flatten, hint, kinds, matching, problem, value } from "./options.js";
import { sim } from "./server.js";
import { state } from "./state.js";
import { composer } from "./message.js";

/** @type {HTMLTextAreaElement} */ let box;
/** @type {any} */ let picker;
/** @type {List} */ let list;
/** @type {any} */ let replyTo = null;
/** @type {File[]} */ let files = [];

/** start makes the composer work. */
export function start() {
  box = byId("composer");
  list = new List("Commands", (c) => command(c.value));
  picker = el("div.popup.picker", { popover: "manual" }, list.el);
  box.parentElement?.append(picker);
  list.control(box);
  box.removeAttribute("role"); // It is a text field; while the list is there, a combobox.
  box.addEventListener("input", () => { grow(); suggest(); });
  box.addEventListener("blur", () => hide());
  box.addEventListener("keydown", key);
  byId("send").addEventListener("submit", (/** @type {Event} */ e) => { e.preventDefault(); send(); });
  const input = byId("files");
  byId("attach").addEventListener("click", () => input.click());
  input.addEventListener("change", () => {
    files = [...files, ...input.files].slice(0, 10);
    input.value = "";
    above();
    box.focus();
  });
  composer.insert = (text) => {
    cancel();
    box.setRangeText(text, box.selectionStart, box.selectionEnd, "end");
    box.focus();
  };
}

/** focus leads to the composer. */
export const focus = () => box.focus();

/** reset forgets what belongs to another channel. */
export function reset() {
  cancel(false);
  reply(null);
  box.placeholder = `Message #${state.guild?.channels.find((/** @type {any} */ c) => c.id === state.channel)?.name ?? ""}, / for commands`;
}

/** changed is told that the guild's commands are others. */
export function changed() {
  if (box && picker.matches(":popover-open")) suggest();
}

/** @param {any} m */
export function reply(m) {
  replyTo = m;
  above();
  if (m) box.focus();
}

function above() {
  const bar = byId("above");
  bar.replaceChildren();
  if (replyTo) {
    append(bar, el("div.chip", null, "Replying to ", el("strong", null, replyTo.author.username),
      el("button.icon", { type: "button", "aria-label": "Do not reply", on: { click: () => reply(null) } }, "✕")));
  }
  for (const f of files) {
    append(bar, el("div.chip", null, `📎 ${f.name}`,
      el("button.icon", { type: "button", "aria-label": `Remove ${f.name}`, on: { click: () => { files = files.filter((o) => o !== f); above(); } } }, "✕")));
  }
}

function grow() {
  box.style.setProperty("height", "auto");
  if (box.value !== "") box.style.setProperty("height", `${Math.min(box.scrollHeight, 200)}px`);
}

/** @param {KeyboardEvent} e */
function key(e) {
  if (picker.matches(":popover-open")) {
    if (e.key === "Escape") {
      hide();
      e.preventDefault();
      return;
    }
    if (e.key === "Tab" && list.active >= 0 && !e.shiftKey) {
      e.preventDefault();
      list.pick(list.items[list.active]);
      return;
    }
    if (list.key(e)) return;
  }
  if (e.key === "Escape" && replyTo) reply(null);
  else if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
    e.preventDefault();
    send();
  }
}

/** suggest shows the commands that begin like what is typed. */
function suggest() {
  const typed = /^\/([^\n]*)$/.exec(box.value);
  const calls = typed ? matching(flatten(state.guild?.commands ?? []), typed[1]) : [];
  if (!typed || calls.length === 0 && typed[1] !== "") return hide();
  list.show(calls.map((c) => ({ value: c.path, label: `/${c.path}`, description: c.description })), [], "The bot has no commands here");
  if (!picker.matches(":popover-open")) picker.showPopover();
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-expanded", "true");
  place(picker, box);
}

function hide() {
  if (picker.matches(":popover-open")) picker.hidePopover();
  box.removeAttribute("role");
  box.removeAttribute("aria-expanded");
  box.removeAttribute("aria-activedescendant");
}

async function send() {
  const content = box.value.trim();
  if (content === "" && files.length === 0) return;
  const { guild, channel, user } = state;
  const answered = replyTo;
  const given = files;
  box.value = "";
  files = [];
  reply(null);
  grow();
  hide();
  try {
    await sim.say(guild.id, channel, { content, author: user, ...(answered ? { reply_to: answered.id } : {}), ...(given.length > 0 ? { attachments: await readFiles(given) } : {}) });
  } catch (err) {
    // What was written is not lost.
    if (box.value === "") box.value = content;
    files = given;
    above();
    chat.notice(/** @type {Error} */ (err).message);
  }
}

/** @param {boolean} [back] */
function cancel(back = true) {
  byId("command").replaceChildren();
  byId("command").hidden = true;
  byId("send").hidden = false;
  if (back) box.focus();
}

/**
 * command lets the user fill a command's options in.
 * @param {string} path
 */
function command(path) {
  const call = flatten(state.guild.commands).find((c) => c.path === path);
  if (!call) return;
  hide();
  box.value = "";
  grow();
  const at = byId("command");
  /** @type {any[]} */ const fields = [];
  const options = () => Object.fromEntries(fields.map((f) => [f.option.name, f.value()]).filter(([, v]) => v !== undefined && !(v instanceof Promise)));
  const base = { command: call.command.name, ...(call.sub ? { subcommand: call.sub } : {}) };
  const ask = (/** @type {string} */ focused, /** @type {string} */ text) =>
    sim.interact(state.guild.id, { author: state.user, channel: state.channel, ...base, focused, options: { ...options(), [focused]: text } });
  for (const o of call.options) fields.push(field(o, ask));
  const run = el("button.primary", { type: "submit" }, "Run");
  const form = el("form", { "aria-label": `/${path}`, novalidate: true, on: {
    submit: async (/** @type {Event} */ e) => {
      e.preventDefault();
      const wrong = fields.filter((f) => !f.check());
      if (wrong.length > 0) return wrong[0].focus();
      run.disabled = true;
      try {
        const given = Object.fromEntries((await Promise.all(fields.map(async (f) => [f.option.name, await f.value()]))).filter(([, v]) => v !== undefined));
        cancel();
        act({ ...base, options: given });
      } catch (err) {
        run.disabled = false;
        chat.notice(/** @type {Error} */ (err).message);
      }
    },
    keydown: (/** @type {KeyboardEvent} */ e) => {
      if (e.key === "Escape" && !e.defaultPrevented && !form.querySelector(":popover-open")) {
        e.preventDefault();
        cancel();
      }
    },
  } },
  el("div.title", null, el("strong", null, `/${path}`), " ", el("span.description", null, call.description)),
  fields.length > 0 && el("div.fields", null, fields.map((f) => f.el)),
  el("div.foot", null, run, el("button.secondary", { type: "button", on: { click: () => cancel() } }, "Cancel"), el("span.description", null, "Enter runs it, Esc cancels")));
  at.replaceChildren(form);
  at.hidden = false;
  byId("send").hidden = true;
  (fields[0] ?? { focus: () => run.focus() }).focus();
}

/**
 * field is the input of one option.
 * @param {any} o
 * @param {(focused: string, text: string) => Promise<any>} ask
 */
function field(o, ask) {
  const id = `option-${o.name}`;
  const wrong = el("span.problem", { role: "alert", id: `${id}-problem` });
  /** @type {any} */ let input;
  /** @type {() => any} */ let read;
  /** @type {any} */ let inner;
  const select = (/** @type {any[]} */ choices) => {
    const s = choose({ label: o.name, placeholder: "Choose", min: o.required ? 1 : 0, choices: () => choices });
    input = s.button;
    inner = s.el;
    return s;
  };
  if (o.choices?.length > 0) {
    const s = select(o.choices.map((/** @type {any} */ c, /** @type {number} */ i) => ({ value: String(i), label: c.name, description: String(c.value) === c.name ? "" : String(c.value) })));
    read = () => o.choices[Number(s.values()[0] ?? -1)]?.value;
  } else if (o.type === kinds.boolean) {
    const s = select([{ value: "true", label: "True" }, { value: "false", label: "False" }]);
    read = () => value(o, s.values()[0] ?? "");
  } else if (o.type >= kinds.user && o.type <= kinds.mentionable) {
    const s = select(entities({ 6: 5, 7: 8, 8: 6, 9: 7 }[/** @type {6} */ (o.type)], o.channel_types));
    read = () => s.values()[0];
  } else if (o.type === kinds.attachment) {
    input = inner = el("input", { type: "file" });
    read = () => (input.files.length > 0 ? readFiles([input.files[0]]).then((f) => f[0]) : undefined);
  } else {
    input = inner = el("input", { type: "text", inputmode: o.type === kinds.string ? null : "decimal", autocomplete: "off" });
    let chosen = /** @type {any} */ (null);
    if (o.autocomplete) inner = suggestions(input, o, ask, (c) => { chosen = c; });
    read = () => (chosen && chosen.name === input.value ? chosen.value : value(o, input.value));
  }
  input.id = id;
  const about = [o.description, hint(o)].filter(Boolean).join(" · ");
  input.setAttribute("aria-describedby", `${id}-about ${id}-problem`);
  if (o.required) input.setAttribute("aria-required", "true");
  const check = () => {
    const v = read();
    const text = typeof v === "string" || typeof v === "number" ? String(v) : v === undefined ? "" : "x";
    const typed = input.type === "text" && !o.choices?.length;
    const p = typed ? problem(o, text) : o.required && v === undefined ? "This option is required." : null;
    wrong.textContent = p ?? "";
    input.toggleAttribute("aria-invalid", Boolean(p));
    return !p;
  };
  return {
    option: o, check, value: () => read(), focus: () => input.focus(),
    el: el("div.field", null, el("label", { for: id }, o.name, o.required && el("span.needed", { title: "required" }, " *")), inner, el("span.description", { id: `${id}-about` }, about), wrong),
  };
}

/**
 * suggestions asks the bot while somebody types.
 * @param {any} input
 * @param {any} o
 * @param {(focused: string, text: string) => Promise<any>} ask
 * @param {(choice: any) => void} chosen
 */
function suggestions(input, o, ask, chosen) {
  let timer = 0;
  let round = 0;
  /** @type {any[]} */ let choices = [];
  const l = new List(`Suggestions for ${o.name}`, (c) => {
    const found = choices[Number(c.value)];
    input.value = found.name;
    chosen(found);
    close();
  });
  const popup = el("div.popup", { popover: "manual" }, l.el);
  l.control(input);
  const close = () => {
    round++;
    clearTimeout(timer);
    if (popup.matches(":popover-open")) popup.hidePopover();
    input.setAttribute("aria-expanded", "false");
  };
  const look = async () => {
    const mine = ++round;
    let failure = "The bot has no suggestions";
    try {
      const out = await ask(o.name, input.value);
      if (mine !== round) return;
      choices = out.choices ?? [];
      if (out.type === "error") failure = "Loading options failed: the bot did not answer";
    } catch (err) {
      if (mine !== round) return;
      choices = [];
      failure = /** @type {Error} */ (err).message;
    }
    l.show(choices.map((c, i) => ({ value: String(i), label: c.name, description: String(c.value) === c.name ? "" : String(c.value) })), [], failure);
    if (!popup.matches(":popover-open")) popup.showPopover();
    input.setAttribute("aria-expanded", "true");
    place(popup, input);
  };
  const soon = (/** @type {number} */ ms) => {
    clearTimeout(timer);
    timer = setTimeout(look, ms);
  };
  input.addEventListener("input", () => soon(120));
  input.addEventListener("focus", () => soon(0));
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
    if (!popup.matches(":popover-open")) {
      if (e.key === "ArrowDown") soon(0);
      return;
    }
    if (e.key === "Escape") {
      e.preventDefault();
      close();
    } else l.key(e);
  });
  return el("div", null, input, popup);
}
