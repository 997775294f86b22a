// What a message carries beside its text: embeds, files, polls.
import { el, fileURL, link, webURL } from "./dom.js";
import { markdown, spoiler, emoji } from "./view.js";
import { clock, relative } from "./time.js";
import { hex } from "./state.js";

/**
 * host is where an address leads, in short.
 * @param {unknown} url
 */
function host(url) {
  const href = webURL(url);
  return href ? new URL(href).host : String(url ?? "");
}

/**
 * media is an image of the page's own server, or a card with a link: nothing is
 * loaded from elsewhere only because a script names it.
 * @param {any} m message, for attachment://
 * @param {unknown} url
 * @param {string} alt
 * @param {string} [size]
 */
export function media(m, url, alt, size = "large") {
  const file = findFile(m, url);
  const path = fileURL(file?.url ?? url);
  const kind = file?.content_type ?? "";
  if (path && (kind.startsWith("image/") || !file)) return el(`img.media.${size}`, { src: path, alt, loading: "lazy" });
  if (path) return link(location.origin + path, file.filename);
  const card = el(`span.elsewhere.${size}`, null, el("span", { "aria-hidden": "true" }, "🖼"), el("span", null, alt || host(url)), el("span.host", null, host(url)));
  return webURL(url) ? link(url, card) : card;
}

/** @param {any} m @param {unknown} url */
function findFile(m, url) {
  const text = String(url ?? "");
  return (m?.attachments ?? []).find((/** @type {any} */ a) => text === `attachment://${a.filename}` || text === a.url);
}

/** @param {any} m @param {any} e */
export function embed(m, e) {
  const stamp = e.timestamp ? Date.parse(e.timestamp) : NaN;
  const foot = [e.footer?.text, Number.isNaN(stamp) ? null : clock(stamp)].filter(Boolean).join(" • ");
  return el("article.embed", { "aria-label": `Embed${e.title ? `: ${e.title}` : ""}`, style: e.color === null || e.color === undefined ? {} : { "--accent": hex(e.color) } },
    e.thumbnail && el("div.thumb", null, media(m, e.thumbnail.url, "Thumbnail", "small")),
    e.provider?.name && el("div.small", null, e.provider.name),
    e.author && el("div.author", null, e.author.icon_url && fileURL(e.author.icon_url) && el("img.icon", { src: fileURL(e.author.icon_url), alt: "" }), e.author.url ? link(e.author.url, e.author.name) : e.author.name),
    e.title && el("div.title", null, e.url ? link(e.url, markdown(e.title)) : markdown(e.title)),
    e.description && el("div.text", null, markdown(e.description)),
    e.fields?.length > 0 && el("dl.fields", null, e.fields.map((/** @type {any} */ f) =>
      el(f.inline ? "div.field.inline" : "div.field", null, el("dt", null, markdown(f.name)), el("dd.text", null, markdown(f.value))))),
    e.image && media(m, e.image.url, "Image"),
    e.video?.url && el("p", null, link(e.video.url, "Video")),
    foot && el("footer", null, foot));
}

/** @param {number} n */
function bytes(n) {
  return n < 1024 ? `${n} B` : n < 1048576 ? `${(n / 1024).toFixed(1)} KB` : `${(n / 1048576).toFixed(1)} MB`;
}

/**
 * file is an attachment.
 * @param {any} a
 */
export function file(a) {
  const path = fileURL(a.url);
  const shown = path && a.content_type?.startsWith("image/")
    ? el("img.media.large", { src: path, alt: a.description || a.filename, loading: "lazy" })
    : el("span.file", null, el("span.sign", { "aria-hidden": "true" }, "📄"), link(path ? location.origin + path : a.url, a.filename), el("span.small", null, bytes(a.size ?? 0)));
  return a.filename?.startsWith("SPOILER_") ? spoiler(shown) : shown;
}

/**
 * poll is a poll; vote is called with the number of an answer.
 * @param {any} p
 * @param {(answer: number) => void} vote
 */
export function poll(p, vote) {
  const counts = new Map((p.results?.answer_counts ?? []).map((/** @type {any} */ c) => [c.id, c]));
  const all = [...counts.values()].reduce((n, c) => n + c.count, 0);
  const ends = Date.parse(p.expiry);
  const over = p.results?.is_finalized || ends < Date.now();
  return el("section.poll", { "aria-label": `Poll: ${p.question.text}` },
    el("strong", null, p.question.text),
    el("p.small", null, over ? "This poll is over." : p.allow_multiselect ? "Choose one or more answers." : "Choose one answer."),
    p.answers.map((/** @type {any} */ a) => {
      const c = counts.get(a.answer_id);
      const share = all > 0 ? Math.round((100 * (c?.count ?? 0)) / all) : 0;
      return el("button.answer", {
        type: "button", "aria-label": `${a.poll_media.text}, ${c?.count ?? 0} ${c?.count === 1 ? "vote" : "votes"}`, disabled: over, "aria-pressed": String(Boolean(c?.me_voted)), style: { "--share": `${share}%` }, data: { key: `vote-${a.answer_id}` },
        on: { click: () => vote(a.answer_id) },
      }, emoji(a.poll_media.emoji), el("span.label", null, a.poll_media.text), el("span.small", null, `${c?.count ?? 0} · ${share} %`));
    }),
    el("p.small", null, `${all} ${all === 1 ? "vote" : "votes"}${over ? "" : ` · ends ${relative(ends)}`}`));
}
