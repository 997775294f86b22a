// Discord's subset of Markdown, as a tree. It touches no document: what a
// message says becomes plain values, and view.js makes elements of them.

/** @typedef {{ kind: string, text?: string, nodes?: Node[], [key: string]: any }} Node */

// Deeper than this, marks are text. Nobody writes that, and stacks end.
const maxDepth = 16;

/**
 * parse reads a whole message.
 * @param {string} text
 * @returns {Node[]}
 */
export function parse(text) {
  /** @type {Node[]} */
  const out = [];
  const source = String(text).replace(/\r\n?/g, "\n");
  let at = 0;
  while (at < source.length) {
    const open = source.indexOf("```", at);
    const close = open < 0 ? -1 : source.indexOf("```", open + 3);
    if (close < 0 || close === open + 3) {
      blocks(source.slice(at), out);
      break;
    }
    blocks(source.slice(at, open).replace(/\n$/, ""), out);
    const inside = source.slice(open + 3, close);
    const lang = /^([\w+#.-]{1,20})\n/.exec(inside);
    out.push({ kind: "pre", lang: lang ? lang[1] : "", text: inside.slice(lang ? lang[0].length : 0).replace(/^\n|\n$/g, "") });
    at = close + 3;
    if (source[at] === "\n") at++;
  }
  return out;
}

/**
 * @param {string} text
 * @param {Node[]} out
 */
function blocks(text, out) {
  if (text === "") return;
  const lines = text.split("\n");
  /** @type {string[]} */
  let plain = [];
  const flush = () => {
    if (plain.length > 0) out.push({ kind: "block", nodes: inline(plain.join("\n"), 0) });
    plain = [];
  };
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i];
    let m;
    if ((m = /^(#{1,3}) +(\S.*)$/.exec(line))) {
      flush();
      out.push({ kind: "heading", level: m[1].length, nodes: inline(m[2], 0) });
    } else if ((m = /^-# +(\S.*)$/.exec(line))) {
      flush();
      out.push({ kind: "small", nodes: inline(m[1], 0) });
    } else if (line.startsWith(">>> ")) {
      flush();
      out.push({ kind: "quote", nodes: inline([line.slice(4), ...lines.slice(i + 1)].join("\n"), 0) });
      return;
    } else if (line.startsWith("> ")) {
      flush();
      const quoted = [];
      for (; i < lines.length && lines[i].startsWith("> "); i++) quoted.push(lines[i].slice(2));
      i--;
      out.push({ kind: "quote", nodes: inline(quoted.join("\n"), 0) });
    } else if ((m = /^( *)(?:([-*])|(\d{1,9})\.) +(\S.*)$/.exec(line))) {
      flush();
      out.push({ kind: "item", level: Math.min(2, Math.floor(m[1].length / 2)), mark: m[3] ? `${m[3]}.` : "•", nodes: inline(m[4], 0) });
    } else {
      plain.push(line);
    }
  }
  flush();
}

/** @type {[string, string][]} */
const pairs = [["***", "bold-italic"], ["**", "bold"], ["__", "underline"], ["~~", "strike"], ["||", "spoiler"], ["*", "italic"], ["_", "italic"]];

/**
 * inline reads what may stand within a line.
 * @param {string} s
 * @param {number} depth
 * @returns {Node[]}
 */
export function inline(s, depth) {
  /** @type {Node[]} */
  const out = [];
  let text = "";
  const push = (/** @type {Node} */ n) => {
    if (text) out.push({ kind: "text", text });
    text = "";
    out.push(n);
  };
  for (let i = 0; i < s.length; ) {
    const found = token(s, i, depth);
    if (!found) {
      text += s[i++];
      continue;
    }
    if (found.node.kind === "text") text += found.node.text;
    else push(found.node);
    i = found.end;
  }
  if (text) out.push({ kind: "text", text });
  return out;
}

/**
 * token reads what begins at a place, if anything does.
 * @param {string} s
 * @param {number} i
 * @param {number} depth
 * @returns {{ node: Node, end: number } | null}
 */
function token(s, i, depth) {
  switch (s[i]) {
    case "\n":
      return { node: { kind: "break" }, end: i + 1 };
    case "\\":
      return /[^\w\s]/.test(s[i + 1] ?? "") ? { node: { kind: "text", text: s[i + 1] }, end: i + 2 } : null;
    case "`":
      return code(s, i);
    case "<":
      return tagged(s, i);
    case "[":
      return masked(s, i, depth);
    case "@": {
      const m = /^@(everyone|here)\b/.exec(s.slice(i, i + 10));
      return m ? { node: { kind: "everyone", text: m[0] }, end: i + m[0].length } : null;
    }
    case "h": {
      if (i > 0 && /\w/.test(s[i - 1])) return null;
      const m = /^https?:\/\/[^\s<>"]{1,2000}/.exec(s.slice(i, i + 2010));
      if (!m) return null;
      const url = m[0].replace(/[.,:;!?'")\]*_~|]+$/, "");
      return url.length > 8 ? { node: { kind: "link", url, nodes: [{ kind: "text", text: url }] }, end: i + url.length } : null;
    }
  }
  return depth < maxDepth ? paired(s, i, depth) : null;
}

/**
 * @param {string} s
 * @param {number} i
 */
function code(s, i) {
  const mark = s.startsWith("``", i) ? "``" : "`";
  const end = s.indexOf(mark, i + mark.length);
  if (end <= i + mark.length) return null;
  const inside = s.slice(i + mark.length, end);
  return { node: { kind: "code", text: mark === "``" ? inside.replace(/^ | $/g, "") : inside }, end: end + mark.length };
}

/**
 * @param {string} s
 * @param {number} i
 */
function tagged(s, i) {
  const part = s.slice(i, i + 2010);
  /** @type {[RegExp, (m: RegExpExecArray) => Node][]} */
  const forms = [
    [/^<@!?(\d{1,20})>/, (m) => ({ kind: "user", id: m[1] })],
    [/^<@&(\d{1,20})>/, (m) => ({ kind: "role", id: m[1] })],
    [/^<#(\d{1,20})>/, (m) => ({ kind: "channel", id: m[1] })],
    [/^<\/([^:<>\n]{1,100}):(\d{1,20})>/, (m) => ({ kind: "command", text: m[1], id: m[2] })],
    [/^<a?:(\w{2,32}):(\d{1,20})>/, (m) => ({ kind: "emoji", text: m[1], id: m[2] })],
    [/^<t:(-?\d{1,13})(?::([tTdDfFR]))?>/, (m) => ({ kind: "time", seconds: Number(m[1]), style: m[2] ?? "f" })],
    [/^<(https?:\/\/[^\s<>]{1,2000})>/, (m) => ({ kind: "link", url: m[1], nodes: [{ kind: "text", text: m[1] }] })],
  ];
  for (const [form, make] of forms) {
    const m = form.exec(part);
    if (m) return { node: make(m), end: i + m[0].length };
  }
  return null;
}

/**
 * @param {string} s
 * @param {number} i
 * @param {number} depth
 */
function masked(s, i, depth) {
  if (depth >= maxDepth) return null;
  const m = /^\[([^\]\n]{1,1000})\]\(<?(https?:\/\/[^\s()<>]{1,2000})>?\)/.exec(s.slice(i, i + 3010));
  return m ? { node: { kind: "link", url: m[2], nodes: inline(m[1], depth + 1) }, end: i + m[0].length } : null;
}

/**
 * @param {string} s
 * @param {number} i
 * @param {number} depth
 */
function paired(s, i, depth) {
  for (const [mark, kind] of pairs) {
    if (!s.startsWith(mark, i)) continue;
    if (mark === "_" && i > 0 && /\w/.test(s[i - 1])) continue;
    const from = i + mark.length;
    const end = closing(s, from, mark);
    if (end < 0) continue;
    const nodes = inline(s.slice(from, end), depth + 1);
    const node = kind === "bold-italic" ? { kind: "bold", nodes: [{ kind: "italic", nodes }] } : { kind, nodes };
    return { node, end: end + mark.length };
  }
  return null;
}

/**
 * closing finds the mark that ends what began before from, or -1.
 * @param {string} s
 * @param {number} from
 * @param {string} mark
 */
function closing(s, from, mark) {
  const single = mark.length === 1;
  if (single && /\s/.test(s[from] ?? " ")) return -1;
  for (let end = s.indexOf(mark, from + 1); end >= 0; end = s.indexOf(mark, end + 1)) {
    if (s[end - 1] === "\\") continue;
    if (single) {
      // Of a run of marks the last one ends what one mark began, unless all of
      // them are of pairs.
      let last = end;
      while (s[last + 1] === mark) last++;
      const odd = (last - end) % 2 === 0;
      const after = /\s/.test(s[end - 1]);
      end = last;
      if (!odd || after) continue;
    }
    if (mark === "_" && /\w/.test(s[end + 1] ?? "")) continue;
    // Of "***" the last two end what is bold.
    if (mark === "**" && s[end + 2] === "*") continue;
    return end;
  }
  return -1;
}
