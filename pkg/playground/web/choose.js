// A list to choose from: a button that opens a popup with a filter and the
// list. It is every select of the page: of messages, of modals, of options.
import { append, el, place, unique } from "./dom.js";

/** @typedef {{ value: string, label: string, description?: string, before?: any }} Choice */

/** List is a listbox that an input controls. */
export class List {
  /**
   * @param {string} label
   * @param {(c: Choice) => void} pick
   * @param {boolean} [multiple]
   */
  constructor(label, pick, multiple = false) {
    this.pick = pick;
    this.multiple = multiple;
    this.active = -1;
    /** @type {Choice[]} */ this.items = [];
    this.el = el("div.list", { role: "listbox", id: unique(), "aria-label": label, "aria-multiselectable": multiple ? "true" : null });
    // The input keeps the focus.
    this.el.addEventListener("mousedown", (/** @type {Event} */ e) => e.preventDefault());
  }

  /**
   * @param {Choice[]} items
   * @param {string[]} [selected]
   * @param {string} [empty] what is said of no items
   */
  show(items, selected = [], empty = "Nothing fits") {
    const before = this.items[this.active]?.value;
    this.items = items;
    this.el.replaceChildren();
    for (const item of items) {
      const on = selected.includes(item.value);
      append(this.el, el("div.option", { role: "option", id: unique(), "aria-label": item.description ? `${item.label}, ${item.description}` : item.label, "aria-selected": String(on), data: { value: item.value }, on: { click: () => this.pick(item) } },
        this.multiple && el("span.check", { "aria-hidden": "true" }, on ? "☑" : "☐"), item.before,
        el("span.label", null, item.label), item.description && el("span.description", null, item.description)));
    }
    if (items.length === 0) append(this.el, el("div.empty", null, empty));
    const again = items.findIndex((i) => i.value === before);
    this.move(again >= 0 ? again : items.length > 0 ? 0 : -1);
  }

  /** @param {number} to */
  move(to) {
    this.active = to;
    [...this.el.children].forEach((node, i) => node.classList.toggle("active", i === to));
    this.el.children[to]?.scrollIntoView({ block: "nearest" });
    this.input?.setAttribute("aria-activedescendant", this.el.children[to]?.id ?? "");
  }

  /**
   * key moves with the arrows and picks with Enter; it reports whether it did.
   * @param {KeyboardEvent} e
   */
  key(e) {
    const n = this.items.length;
    if (n === 0 || e.isComposing) return false;
    const to = { ArrowDown: (this.active + 1) % n, ArrowUp: (this.active + n - 1) % n, PageDown: Math.min(n - 1, this.active + 8), PageUp: Math.max(0, this.active - 8) }[e.key];
    if (to !== undefined) this.move(to);
    else if (e.key === "Enter" && this.active >= 0) this.pick(this.items[this.active]);
    else return false;
    e.preventDefault();
    return true;
  }

  /** @param {HTMLElement} input */
  control(input) {
    this.input = input;
    for (const [k, v] of Object.entries({ role: "combobox", "aria-controls": this.el.id, "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false" })) input.setAttribute(k, v);
  }
}

/**
 * choose makes a select.
 * @param {{ label: string, placeholder?: string, choices: () => Choice[], min?: number, max?: number, values?: string[],
 *   disabled?: boolean, key?: string, done?: (values: string[]) => void, invalid?: string }} o
 */
export function choose(o) {
  const min = o.min ?? 1;
  const max = o.max ?? 1;
  const multiple = max > 1;
  let values = [...(o.values ?? [])];
  let changed = false;
  const text = el("span.chosen");
  const button = el("button.select", {
    type: "button", "aria-haspopup": "listbox", "aria-expanded": "false", disabled: o.disabled, data: o.key ? { key: o.key } : {},
  }, text, el("span.arrow", { "aria-hidden": "true" }, "▾"));
  const list = new List(o.label, pick, multiple);
  const filter = el("input", { type: "text", autofocus: true, placeholder: "Filter", "aria-label": `Filter ${o.label}`, "aria-expanded": "true" });
  list.control(filter);
  const note = multiple ? el("span.note") : null;
  const done = multiple ? el("button.primary", { type: "button", on: { click: () => popup.hidePopover() } }, "Done") : null;
  const popup = el("div.popup", { popover: "auto" }, filter, list.el, multiple && el("div.foot", null, note, done));
  const root = el("div.choose", null, button, popup);

  function paint() {
    const all = o.choices();
    const names = values.map((v) => all.find((c) => c.value === v)?.label ?? v);
    text.textContent = names.length > 0 ? names.join(", ") : o.placeholder || "Choose";
    text.classList.toggle("none", names.length === 0);
    button.setAttribute("aria-label", `${o.label}: ${text.textContent}`);
    if (note) note.textContent = `${values.length} of ${min === max ? min : `${min} to ${max}`}`;
    if (done) done.disabled = values.length < min || values.length > max;
  }

  function refresh() {
    const want = filter.value.trim().toLowerCase();
    list.show(o.choices().filter((c) => `${c.label} ${c.description ?? ""}`.toLowerCase().includes(want)).slice(0, 200), values);
  }

  /** @param {Choice} c */
  function pick(c) {
    const had = values.includes(c.value);
    if (multiple) {
      if (!had && values.length >= max) return;
      values = had ? values.filter((v) => v !== c.value) : [...values, c.value];
      changed = true;
      paint();
      refresh();
      return;
    }
    values = had && min === 0 ? [] : [c.value];
    changed = true;
    popup.hidePopover();
  }

  popup.addEventListener("beforetoggle", (/** @type {any} */ e) => {
    if (e.newState === "open") {
      filter.value = "";
      refresh();
      place(popup, button);
    }
  });
  popup.addEventListener("toggle", (/** @type {any} */ e) => {
    const open = e.newState === "open";
    button.setAttribute("aria-expanded", String(open));
    if (open) {
      changed = false;
      return;
    }
    paint();
    if (root.isConnected && (document.activeElement === document.body || root.contains(document.activeElement))) button.focus();
    if (changed && values.length >= min && values.length <= max) o.done?.(values);
  });
  button.popoverTargetElement = popup;
  button.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
    if (e.key !== "ArrowDown" && e.key !== "ArrowUp") return;
    e.preventDefault();
    popup.showPopover();
  });
  filter.addEventListener("input", refresh);
  filter.addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
    if (list.key(e)) return;
    if (e.key === "Tab" && !multiple) popup.hidePopover();
  });
  paint();
  return { el: root, button, values: () => values };
}
