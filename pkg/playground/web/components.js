// Components of messages and of modals, by Discord's numbers.
import { append, el, link } from "./dom.js";
import { choose } from "./choose.js";
import { file as fileView, media } from "./embed.js";
import { emoji, markdown, spoiler } from "./view.js";
import { channelTypes, hex, state } from "./state.js";

const styles = /** @type {Record<number, string>} */ ({ 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "premium" });

/**
 * components shows those of a message. use is called with the custom id, and
 * what was chosen in a select.
 * @param {any} m
 * @param {any[]} list
 * @param {(customID: string, values?: string[]) => void} use
 * @returns {any[]}
 */
export function components(m, list, use) {
  return (list ?? []).map((c) => component(m, c, use));
}

/** @param {any} m @param {any} c @param {(customID: string, values?: string[]) => void} use @returns {any} */
function component(m, c, use) {
  switch (c.type) {
    case 1:
      return el("div.row", null, components(m, c.components, use));
    case 2:
      return button(c, use);
    case 3: case 5: case 6: case 7: case 8: {
      const s = choose({ ...select(c), disabled: Boolean(c.disabled), key: c.custom_id, done: (values) => use(c.custom_id, values) });
      return s.el;
    }
    case 9:
      return el("div.section", null, el("div.text", null, components(m, c.components, use)), c.accessory && component(m, c.accessory, use));
    case 10:
      return el("div.text", null, markdown(c.content));
    case 11:
      return veil(c, media(m, c.media?.url, c.description ?? "Thumbnail", "small"));
    case 12:
      return el("div.gallery", { role: "group", "aria-label": "Media gallery" }, c.items.map((/** @type {any} */ i) => veil(i, media(m, i.media?.url, i.description ?? "Image", "tile"))));
    case 13: {
      const name = String(c.file?.url ?? "").replace(/^attachment:\/\//, "");
      const there = (m.attachments ?? []).find((/** @type {any} */ a) => a.filename === name || a.url === c.file?.url);
      return veil(c, there ? fileView(there) : link(c.file?.url, name));
    }
    case 14:
      return el(`${c.divider === false ? "div" : "hr"}.separator`, { role: "separator", data: { spacing: String(c.spacing ?? 1) } });
    case 17: {
      const box = el("div.container", { role: "group", "aria-label": "Container", style: c.accent_color === null || c.accent_color === undefined ? {} : { "--accent": hex(c.accent_color) } }, components(m, c.components, use));
      return veil(c, box);
    }
  }
  return el("p.small", null, `A component of type ${c.type}, which the playground does not show.`);
}

/** @param {any} c @param {any} inside */
const veil = (c, inside) => (c.spoiler ? spoiler(inside) : inside);

/** @param {any} c @param {(customID: string) => void} use */
function button(c, use) {
  const content = [emoji(c.emoji), c.label && el("span", null, c.label)];
  if (c.style === 5) {
    const a = link(c.url, content, el("span.sign", { "aria-hidden": "true" }, "↗"));
    a.classList.add("button", "secondary");
    if (c.disabled) {
      a.removeAttribute("href");
      a.setAttribute("aria-disabled", "true");
    }
    return a;
  }
  return el(`button.button.${styles[c.style] ?? "secondary"}`, {
    type: "button", disabled: c.disabled || c.style === 6, data: { key: c.custom_id ?? "" }, "aria-label": c.style === 6 ? "Buy" : c.label || c.emoji?.name, title: c.style === 6 ? "Nothing can be bought here" : null,
    on: { click: () => use(c.custom_id) },
  }, c.style === 6 ? "Buy" : content);
}

/**
 * select reads what a select offers.
 * @param {any} c
 */
function select(c) {
  const chosen = c.type === 3 ? (c.options ?? []).filter((/** @type {any} */ o) => o.default).map((/** @type {any} */ o) => o.value) : (c.default_values ?? []).map((/** @type {any} */ d) => String(d.id));
  return {
    label: c.placeholder || { 3: "Select", 5: "Select a user", 6: "Select a role", 7: "Select a user or role", 8: "Select a channel" }[/** @type {3} */ (c.type)] || "Select",
    placeholder: c.placeholder || "Make a selection", min: c.min_values ?? 1, max: c.max_values ?? 1, values: chosen,
    choices: () => (c.type === 3 ? c.options.map((/** @type {any} */ o) => ({ value: o.value, label: o.label, description: o.description, before: emoji(o.emoji) })) : entities(c.type, c.channel_types)),
  };
}

/**
 * entities are the users (5), roles (6), both (7) or channels (8) to choose from.
 * @param {number} type
 * @param {number[]} [channelKinds]
 * @returns {import("./choose.js").Choice[]}
 */
export function entities(type, channelKinds) {
  const g = state.guild;
  const users = g.members.map((/** @type {any} */ m) => ({ value: m.id, label: m.nick || m.username, description: m.nick ? m.username : m.bot ? "app" : "" }));
  const roles = g.roles.map((/** @type {any} */ r) => ({ value: r.id, label: r.name.startsWith("@") ? r.name : `@${r.name}`, description: "role" }));
  switch (type) {
    case 5:
      return users;
    case 6:
      return roles;
    case 7:
      return [...users, ...roles];
  }
  return g.channels.filter((/** @type {any} */ c) => !channelKinds?.length || channelKinds.includes(c.type))
    .map((/** @type {any} */ c) => ({ value: c.id, label: c.name, before: el("span.description", { "aria-hidden": "true" }, channelTypes[c.type] ?? "#") }));
}

/**
 * fields makes the inputs of a modal; the result tells what was entered.
 * @param {any[]} list
 * @param {HTMLElement} into
 * @returns {() => Promise<Record<string, any>>}
 */
export function fields(list, into) {
  /** @type {[string, () => any][]} */
  const read = [];
  const add = (/** @type {any} */ c, /** @type {string} */ label, /** @type {string} */ description) => {
    const id = `field-${read.length}`;
    const required = c.required !== false;
    const head = [el("label", { for: id }, label, required ? el("span.needed", { title: "required" }, " *") : null), description && el("span.description", { id: `${id}-about` }, description)];
    if (c.type === 4) {
      const input = el(c.style === 2 ? "textarea" : "input", {
        id, placeholder: c.placeholder, required, minlength: required ? c.min_length : null, maxlength: c.max_length ?? 4000, rows: c.style === 2 ? "4" : null, type: c.style === 2 ? null : "text",
        autocomplete: "off", "aria-describedby": description ? `${id}-about` : null,
      });
      input.value = c.value ?? "";
      read.push([c.custom_id, () => input.value]);
      append(into, el("div.modal-field", null, head, input));
    } else if (c.type === 19) {
      const input = el("input", { id, type: "file", multiple: (c.max_values ?? 1) > 1, required: required && c.min_values !== 0 });
      read.push([c.custom_id, () => readFiles(input.files)]);
      append(into, el("div.modal-field", null, head, input));
    } else {
      const o = select(c);
      const s = choose({ ...o, label, min: required ? o.min : 0 });
      s.button.id = id;
      read.push([c.custom_id, () => s.values()]);
      append(into, el("div.modal-field", null, head, s.el));
    }
  };
  for (const c of list) {
    if (c.type === 10) append(into, el("div.text", null, markdown(c.content)));
    else if (c.type === 18) add(c.component, c.label, c.description);
    else for (const inner of c.components ?? []) add(inner, inner.label ?? inner.custom_id, "");
  }
  return async () => {
    /** @type {Record<string, any>} */
    const out = {};
    for (const [id, f] of read) out[id] = await f();
    return out;
  };
}

/** What the simulator takes at once, in bytes of files. */
export const maxFileBytes = 5 << 20;

/**
 * readFiles makes files ready to be sent.
 * @param {Iterable<File>} files
 */
export async function readFiles(files) {
  const list = [...files];
  if (list.reduce((n, f) => n + f.size, 0) > maxFileBytes) throw new Error(`Files may have ${maxFileBytes >> 20} MiB together.`);
  return Promise.all(list.map(async (f) => ({ filename: f.name, content_type: f.type || "application/octet-stream", data: await base64(f) })));
}

/** @param {File} f @returns {Promise<string>} */
function base64(f) {
  return new Promise((done, failed) => {
    const r = new FileReader();
    r.onload = () => done(String(r.result).replace(/^[^,]*,/, ""));
    r.onerror = () => failed(new Error(`${f.name} cannot be read.`));
    r.readAsDataURL(f);
  });
}
