// Everything on the page is made here, of elements and of texts. There is no
// way from a string to markup: what a script says stays what it says.

/**
 * el makes an element: el("button.quiet", { type: "button", on: { click } }, "Text").
 * @param {string} spec tag and classes
 * @param {Record<string, any> | null} [props] attributes; on: listeners, style: properties, data: data-*
 * @param {...any} children nodes, strings, lists; null and false are left out
 * @returns {any}
 */
export function el(spec, props, ...children) {
  const [tag, ...classes] = spec.split(".");
  const node = document.createElement(tag);
  if (classes.length > 0) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "on") for (const [name, f] of Object.entries(value)) node.addEventListener(name, f);
    else if (key === "style") for (const [name, v] of Object.entries(value)) node.style.setProperty(name, v);
    else if (key === "data") Object.assign(node.dataset, value);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

/**
 * @param {Node} node
 * @param {any} children
 */
export function append(node, children) {
  for (const child of [children].flat(9)) {
    if (child === null || child === undefined || child === false) continue;
    node.appendChild(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

/**
 * byId is an element of the page itself.
 * @param {string} id
 * @returns {any}
 */
export function byId(id) {
  const node = document.getElementById(id);
  if (!node) throw new Error(`the page has no #${id}`);
  return node;
}

/**
 * webURL is the address if a link may lead there: http and https only.
 * @param {unknown} text
 * @returns {string | null}
 */
export function webURL(text) {
  try {
    const u = new URL(String(text));
    return u.protocol === "http:" || u.protocol === "https:" ? u.href : null;
  } catch {
    return null;
  }
}

/**
 * link leads to another site, which learns nothing of this one.
 * @param {unknown} url
 * @param {...any} children
 * @returns {any}
 */
export function link(url, ...children) {
  const href = webURL(url);
  if (!href) return el("span", null, ...children);
  return el("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, ...children);
}

/**
 * fileURL is the address of an uploaded file under the page's own name, or null
 * for anything else: nothing is loaded from elsewhere.
 * @param {unknown} url
 */
export function fileURL(url) {
  const href = webURL(url);
  if (!href) return null;
  const path = new URL(href).pathname;
  return path.startsWith("/sim/attachments/") ? path : null;
}

/**
 * place puts a popup below its anchor, or above it where there is more room.
 * @param {HTMLElement} popup
 * @param {HTMLElement} anchor
 */
export function place(popup, anchor) {
  const at = anchor.getBoundingClientRect();
  const below = innerHeight - at.bottom - 8;
  const above = at.top - 8;
  const up = below < 260 && above > below;
  const width = Math.min(Math.max(at.width, 280), innerWidth - 16);
  popup.style.setProperty("width", `${width}px`);
  popup.style.setProperty("left", `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`);
  popup.style.setProperty("max-height", `${Math.min(360, up ? above : below)}px`);
  popup.style.setProperty("top", up ? "auto" : `${at.bottom + 4}px`);
  popup.style.setProperty("bottom", up ? `${innerHeight - at.top + 4}px` : "auto");
}

let lastID = 0;

/** unique is an id for elements that name each other. */
export function unique() {
  return `p${++lastID}`;
}
