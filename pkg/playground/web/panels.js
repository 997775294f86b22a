// What is beside the chat: the deployment, the log, the keys, the cron jobs.
import { append, byId, el } from "./dom.js";
import { api, listen, logStream } from "./server.js";
import { relative } from "./time.js";

const levels = ["trace", "debug", "info", "warn", "error"];
const maxLines = 2000;
const keyPage = 50;

let guild = "";
/** @type {() => void} */ let stop = () => {};
/** @type {any[]} */ let lines = [];
let lastID = 0;
let store = "";

/** start makes the panels work. */
export function start() {
  byId("level").addEventListener("change", draw);
  byId("find").addEventListener("input", draw);
  byId("clear").addEventListener("click", () => { lines = []; draw(); });
  byId("follow").addEventListener("change", follow);
  byId("refresh-keys").addEventListener("click", keys);
  byId("refresh-crons").addEventListener("click", crons);
  tabs();
}

function tabs() {
  const all = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[role=tab]")]);
  const open = (/** @type {HTMLElement} */ tab) => {
    for (const t of all) {
      const on = t === tab;
      t.setAttribute("aria-selected", String(on));
      t.tabIndex = on ? 0 : -1;
      byId(t.getAttribute("aria-controls") ?? "").hidden = !on && t.id !== "tab-chat";
    }
    document.body.dataset.view = tab.id.replace("tab-", "");
    if (tab.id === "tab-keys") keys();
    if (tab.id === "tab-crons") crons();
    follow();
  };
  for (const t of all) {
    t.addEventListener("click", () => open(t));
    t.addEventListener("keydown", (e) => {
      const shown = all.filter((o) => o.offsetParent !== null);
      const at = shown.indexOf(t);
      const to = { ArrowRight: shown[(at + 1) % shown.length], ArrowLeft: shown[(at + shown.length - 1) % shown.length], Home: shown[0], End: shown[shown.length - 1] }[e.key];
      if (!to) return;
      e.preventDefault();
      to.focus();
      open(to);
    });
  }
  const narrow = matchMedia("(max-width: 860px)");
  const fit = () => {
    const now = document.body.dataset.view;
    if (narrow.matches && now !== "chat") open(byId("tab-chat"));
    else if (!narrow.matches && now === "chat") open(byId("tab-log"));
  };
  narrow.addEventListener("change", fit);
  document.body.dataset.view = "log";
  fit();
}

const view = () => document.body.dataset.view;

/** @param {string} id */
export async function open(id) {
  stop();
  guild = id;
  lines = [];
  lastID = 0;
  store = "";
  byId("entry").replaceChildren();
  draw();
  await again();
  deployment();
  if (view() === "keys") keys();
  if (view() === "crons") crons();
}

/** again reads the log and goes on with its stream. */
async function again() {
  const mine = guild;
  stop();
  try {
    const found = await api.logs(mine);
    if (mine !== guild) return;
    for (const l of found) take(l);
    draw();
  } catch (err) {
    byId("log-state").textContent = /** @type {Error} */ (err).message;
    const timer = setTimeout(again, 2000);
    stop = () => clearTimeout(timer);
    return;
  }
  stop = listen(() => logStream(mine, lastID), {
    message: line,
    dropped: line,
    closed: (d) => { byId("log-state").textContent = d.message; },
  }, { state: (on) => { byId("log-state").textContent = on ? "" : "The log is not there; trying again"; } });
}

/** @param {any} l */
function take(l) {
  if (l.id <= lastID) return false;
  lastID = l.id;
  lines.push(l);
  if (lines.length > maxLines) lines.splice(0, lines.length - maxLines);
  return true;
}

/** @param {any} l */
function line(l) {
  if (!take(l)) return;
  const log = byId("lines");
  if (passes(l)) append(log, row(l));
  while (log.children.length > maxLines) log.firstElementChild.remove();
  byId("no-lines").hidden = log.children.length > 0;
  follow();
  // The runtime says so when a script is deployed, stopped or gone.
  if (l.target === "flora:runtime") soon();
}

/** @param {any} l */
function passes(l) {
  return levels.indexOf(l.level) >= levels.indexOf(byId("level").value) && l.message.toLowerCase().includes(byId("find").value.toLowerCase());
}

/** @param {any} l */
function row(l) {
  const at = new Date(l.timestamp);
  return el("li", { data: { level: l.level, target: l.target } },
    el("time", { datetime: at.toISOString(), title: at.toLocaleString() }, at.toLocaleTimeString(undefined, { hour12: false })), " ",
    el("span.level", null, l.level), " ", l.target === "flora:runtime" && el("span.badge", null, "runtime"), el("span.text", null, l.message));
}

function draw() {
  const log = byId("lines");
  log.replaceChildren();
  for (const l of lines) if (passes(l)) append(log, row(l));
  byId("no-lines").hidden = log.children.length > 0;
  byId("no-lines").textContent = lines.length > 0 ? "No line passes the filter." : "Nothing was logged yet.";
  follow();
}

function follow() {
  if (byId("follow").checked) byId("log-scroll").scrollTop = byId("log-scroll").scrollHeight;
}

let timer = 0;

/** soon looks again at what a script may have changed, once for many changes. */
export function soon() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    deployment();
    if (view() === "keys") keys();
    if (view() === "crons") crons();
  }, 250);
}

async function deployment() {
  const mine = guild;
  const at = byId("entry");
  try {
    const d = await api.deployment(mine);
    if (mine !== guild) return;
    const ms = Date.parse(d.updated_at);
    at.replaceChildren(el("strong", null, d.entry), " ", el("code", { title: "revision" }, d.revision_id.slice(0, 12)), " ",
      el("time", { datetime: d.updated_at, title: new Date(ms).toLocaleString(), data: { since: String(ms) } }, relative(ms)));
    byId("no-script").hidden = true;
  } catch (err) {
    if (mine !== guild) return;
    const none = /** @type {any} */ (err).status === 404;
    at.replaceChildren(none ? "No script is deployed" : /** @type {Error} */ (err).message);
    byId("no-script").hidden = !none;
  }
}

async function keys() {
  const mine = guild;
  const at = byId("stores");
  try {
    const found = await api.stores(mine);
    if (mine !== guild) return;
    if (!found.some((/** @type {any} */ s) => s.store_name === store)) store = found[0]?.store_name ?? "";
    const focused = document.activeElement instanceof HTMLElement && at.contains(document.activeElement) ? document.activeElement.dataset.store : undefined;
    at.replaceChildren(...found.map((/** @type {any} */ s) => el("button.store", {
      type: "button", "aria-pressed": String(s.store_name === store), data: { store: s.store_name },
      on: { click: () => { store = s.store_name; keys(); } },
    }, s.store_name)));
    if (focused !== undefined) [...at.children].find((b) => b.dataset.store === focused)?.focus();
    byId("no-keys").textContent = found.length === 0 ? "The script has no key-value store yet." : "";
    if (!store) return byId("keys").replaceChildren();
    await list(mine, store, "", byId("keys").querySelectorAll("li.key").length || keyPage, true);
  } catch (err) {
    byId("no-keys").textContent = /** @type {Error} */ (err).message;
  }
}

/**
 * list shows keys with their values.
 * @param {string} g @param {string} s @param {string} cursor @param {number} limit @param {boolean} anew
 */
async function list(g, s, cursor, limit, anew) {
  const page = await api.keys(g, s, { limit: Math.max(limit, keyPage), cursor });
  const values = await Promise.all(page.keys.map((/** @type {any} */ k) => api.value(g, s, k.name).catch(() => ({ value: null }))));
  if (g !== guild || s !== store) return;
  const at = byId("keys");
  const focused = at.contains(document.activeElement);
  at.querySelector("li.more")?.remove();
  const nodes = page.keys.map((/** @type {any} */ k, /** @type {number} */ i) => el("li.key", null,
    el("div.name", null, k.name, k.expiration ? el("span.small", null, ` · ends ${relative(k.expiration * 1000)}`) : null),
    el("pre.value", null, values[i].value === null ? "(gone)" : clip(values[i].value)),
    k.metadata && el("pre.value.meta", { title: "metadata" }, JSON.stringify(k.metadata))));
  if (!page.list_complete) {
    nodes.push(el("li.more", null, el("button.secondary", { type: "button", on: { click: () => list(g, s, page.cursor, keyPage, false) } }, "More keys")));
  }
  if (anew) at.replaceChildren(...nodes);
  else append(at, nodes);
  if (focused && !at.contains(document.activeElement)) at.querySelector("button")?.focus();
  byId("no-keys").textContent = at.children.length === 0 ? "The store has no keys." : "";
}

/** @param {string} v */
function clip(v) {
  const text = String(v);
  return text.length > 2000 ? `${text.slice(0, 2000)}… (${text.length} characters)` : text;
}

let cronTimer = 0;

async function crons() {
  const mine = guild;
  const at = byId("cron-list");
  clearTimeout(cronTimer);
  try {
    const found = await api.crons(mine);
    if (mine !== guild) return;
    const focused = document.activeElement instanceof HTMLElement && at.contains(document.activeElement) ? document.activeElement.dataset.job : undefined;
    at.replaceChildren(...found.map(job));
    if (focused !== undefined) [...at.querySelectorAll("button")].find((b) => b.dataset.job === focused)?.focus();
    byId("no-crons").textContent = found.length === 0 ? "The script has no cron jobs." : "";
    const next = Math.min(...found.map((/** @type {any} */ j) => (j.next_run ? Date.parse(j.next_run) : Infinity)));
    const wait = next - Date.now() + 500;
    if (Number.isFinite(next) && wait < 2 ** 31) cronTimer = setTimeout(() => view() === "crons" && !document.hidden && crons(), Math.max(wait, 1000));
  } catch (err) {
    byId("no-crons").textContent = /** @type {Error} */ (err).message;
  }
}

/** @param {any} j */
function job(j) {
  const said = el("span.small", { role: "status" });
  const time = (/** @type {string | null} */ t) => (t ? el("time", { datetime: t, title: new Date(t).toLocaleString(), data: { since: String(Date.parse(t)) } }, relative(Date.parse(t))) : "never");
  return el("li.job", null,
    el("div.head", null, el("strong", null, j.name), el("code", null, j.expression),
      el("button.secondary", { type: "button", "aria-label": `Run ${j.name} now`, data: { job: j.name }, on: { click: async () => {
        try {
          await api.run(guild, j.name);
          said.textContent = "Started.";
        } catch (err) {
          said.textContent = /** @type {Error} */ (err).message;
        }
        setTimeout(() => view() === "crons" && crons(), 1500);
      } } }, "Run now")),
    el("div.small", null, "next ", time(j.next_run), " · last ", time(j.last_run), j.running > 0 && " · running", j.skipped > 0 && ` · ${j.skipped} skipped`),
    j.warning && el("p.problem", null, j.warning), said);
}
