// Elements of what markdown.js reads.
import { el, link } from "./dom.js";
import { parse } from "./markdown.js";
import { relative, shown } from "./time.js";
import { state, nameOf, roleOf, channelOf } from "./state.js";

/**
 * markdown makes elements of a text.
 * @param {unknown} text
 * @returns {any[]}
 */
export function markdown(text) {
  return parse(String(text ?? "")).map(block);
}

/** @param {any} n */
function block(n) {
  switch (n.kind) {
    case "pre":
      return el("pre.code", { tabindex: "0", "aria-label": n.lang ? `Code, ${n.lang}` : "Code" }, el("code", null, n.text));
    case "heading":
      return el(`p.h${n.level}`, { role: "heading", "aria-level": n.level + 2 }, inline(n.nodes));
    case "small":
      return el("p.small", null, inline(n.nodes));
    case "quote":
      return el("blockquote", null, inline(n.nodes));
    case "item":
      return el(`p.item.level${n.level}`, null, el("span.mark", null, n.mark), el("span", null, inline(n.nodes)));
  }
  return el("p", null, inline(n.nodes));
}

/** @param {any[]} nodes @returns {any[]} */
function inline(nodes) {
  return nodes.map(one);
}

/** @type {Record<string, string>} */
const tags = { bold: "strong", italic: "em", underline: "u", strike: "s" };

/** @param {any} n @returns {any} */
function one(n) {
  if (tags[n.kind]) return el(tags[n.kind], null, inline(n.nodes));
  switch (n.kind) {
    case "text":
      return n.text;
    case "break":
      return el("br");
    case "code":
      return el("code", null, n.text);
    case "spoiler":
      return spoiler(inline(n.nodes));
    case "link":
      return link(n.url, inline(n.nodes));
    case "user":
      return el("span.mention", { data: { me: String(n.id === state.user) } }, `@${nameOf(n.id)}`);
    case "role":
      return el("span.mention", null, `@${roleOf(n.id)?.name ?? "unknown role"}`);
    case "channel":
      return el("span.mention", null, `#${channelOf(n.id)?.name ?? "unknown channel"}`);
    case "everyone":
      return el("span.mention", null, n.text);
    case "command":
      return el("span.mention", null, `/${n.text}`);
    case "emoji":
      return customEmoji(n.text);
    case "time": {
      const at = n.seconds * 1000;
      const valid = Math.abs(at) <= 8.64e15;
      return el("time.stamp", valid ? { datetime: new Date(at).toISOString(), title: shown(at, "F"), data: n.style === "R" ? { since: String(at) } : {} } : null, shown(at, n.style));
    }
  }
  return "";
}

// Times that say how long ago something was go on.
setInterval(() => {
  for (const t of document.querySelectorAll("time[data-since]")) {
    const now = relative(Number(/** @type {HTMLElement} */ (t).dataset.since));
    if (t.textContent !== now) t.textContent = now;
  }
}, 1000);

/**
 * spoiler hides something until somebody asks for it.
 * @param {any} inside
 */
export function spoiler(inside) {
  const hidden = el("span.hidden", { "aria-hidden": "true" }, inside);
  const cover = el("span.spoiler", { role: "button", tabindex: "0", "aria-label": "Spoiler, show it", "aria-expanded": "false" }, hidden);
  const show = (/** @type {any} */ e) => {
    if (e.type === "keydown" && e.key !== "Enter" && e.key !== " ") return;
    if (cover.classList.contains("shown")) return;
    e.preventDefault();
    e.stopPropagation();
    cover.classList.add("shown");
    for (const a of ["role", "tabindex", "aria-label", "aria-expanded"]) cover.removeAttribute(a);
    hidden.removeAttribute("aria-hidden");
  };
  cover.addEventListener("click", show);
  cover.addEventListener("keydown", show);
  return cover;
}

/** @param {unknown} name */
export function customEmoji(name) {
  return el("span.custom-emoji", { title: `:${name}:` }, `:${name}:`);
}

/**
 * emoji is one of a button, an option or a reaction.
 * @param {any} e
 */
export function emoji(e) {
  if (!e?.name) return null;
  return e.id ? customEmoji(e.name) : el("span.emoji", null, e.name);
}
