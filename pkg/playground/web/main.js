// The page: which guild, which channel, as whom; and the stream of what changes.
import { byId, el } from "./dom.js";
import * as chatView from "./chat.js";
import * as composer from "./composer.js";
import * as panels from "./panels.js";
import { openDialog } from "./menu.js";
import { guildStream, listen, sim } from "./server.js";
import { channelTypes, hasMessages, memberOf, state } from "./state.js";

/** @type {() => void} */ let stop = () => {};
let loading = false;
/** @type {(() => void)[]} */ let waiting = [];

/** at is what the address says is shown. */
function at() {
  const q = new URLSearchParams(location.hash.slice(1));
  return { guild: q.get("guild") ?? "", channel: q.get("channel") ?? "", user: q.get("user") ?? "" };
}

function remember() {
  const q = new URLSearchParams({ guild: state.guild?.id ?? "", channel: state.channel, user: state.user });
  history.replaceState(null, "", `#${q}`);
}

/** @param {string} text */
function trouble(text) {
  byId("trouble").textContent = text;
  byId("trouble").hidden = text === "";
}

/**
 * options fills one of the page's selects.
 * @param {any} select @param {any[]} list @param {string} value
 */
function options(select, list, value) {
  select.replaceChildren(...list.map((o) => el("option", { value: o.value, disabled: o.disabled }, o.label)));
  select.value = value;
}

async function begin() {
  try {
    state.world = await sim.world();
    trouble("");
  } catch (err) {
    trouble(/** @type {Error} */ (err).message);
    setTimeout(begin, 2000);
    return;
  }
  const guilds = state.world.guilds;
  const wanted = at();
  const id = guilds.some((/** @type {any} */ g) => g.id === wanted.guild) ? wanted.guild : guilds[0]?.id;
  options(byId("guild"), guilds.map((/** @type {any} */ g) => ({ value: g.id, label: g.name })), id ?? "");
  if (!id) return trouble("The bot is in no server.");
  await openGuild(id, wanted.channel, wanted.user);
}

/**
 * @param {string} id @param {string} [channel] @param {string} [user]
 */
async function openGuild(id, channel = "", user = "") {
  stop();
  state.guild = await sim.guild(id);
  state.channel = channel;
  state.user = user;
  settle();
  remember();
  panels.open(id);
  follow();
}

/** settle makes the selects fit the guild, and the choice fit the selects. */
function settle() {
  const g = state.guild;
  const channels = g.channels;
  if (!channels.some((/** @type {any} */ c) => c.id === state.channel && hasMessages(c))) state.channel = channels.find(hasMessages)?.id ?? "";
  const people = g.members.filter((/** @type {any} */ m) => !m.bot);
  if (!people.some((/** @type {any} */ m) => m.id === state.user)) state.user = (people.find((/** @type {any} */ m) => m.username === "alice") ?? people[0])?.id ?? "";
  options(byId("channel"), channels.map((/** @type {any} */ c) => ({ value: c.id, label: `${channelTypes[c.type] ?? "#"} ${c.name}`, disabled: !hasMessages(c) })), state.channel);
  options(byId("user"), [...people.map((/** @type {any} */ m) => ({ value: m.id, label: m.nick ? `${m.nick} (${m.username})` : m.id === g.owner_id ? `${m.username} (owner)` : m.username })), { value: "new", label: "New member…" }], state.user);
  byId("topic").textContent = channels.find((/** @type {any} */ c) => c.id === state.channel)?.topic ?? "";
  composer.changed();
}

/** follow opens the stream for the guild and the user of now. */
function follow() {
  stop();
  const { guild, user } = state;
  const now = (/** @type {() => void} */ f) => () => (loading ? waiting.push(f) : f());
  stop = listen(() => guildStream(guild.id, user), {
    message: (m) => now(() => { chatView.upsert(m); if (m.author.bot) panels.soon(); })(),
    delete: (d) => now(() => chatView.remove(d))(),
    typing: (d) => chatView.types(d),
    guild: () => refresh(),
    reload: () => reload(),
    gone: () => { stop(); begin(); },
    left: () => { stop(); state.user = ""; openGuild(guild.id, state.channel); },
  }, { fresh: reload, state: (open) => trouble(open ? "" : "flora-runtime does not answer; trying again") });
}

/** reload reads all of the guild; what changes meanwhile comes after it. */
async function reload() {
  loading = true;
  try {
    state.guild = await sim.guild(state.guild.id);
    settle();
    composer.reset();
    await chatView.load();
  } catch (err) {
    trouble(/** @type {Error} */ (err).message);
    if (/** @type {any} */ (err).status === 404) begin();
  } finally {
    loading = false;
    const late = waiting;
    waiting = [];
    for (const f of late) f();
  }
}

let refreshing = 0;

/** refresh reads who and what there is in the guild, once for many changes. */
function refresh() {
  clearTimeout(refreshing);
  refreshing = setTimeout(async () => {
    const id = state.guild.id;
    const channel = state.channel;
    const found = await sim.guild(id).catch(() => null);
    if (!found || state.guild.id !== id) return;
    state.guild = found;
    settle();
    panels.soon();
    if (channel !== state.channel) switchTo(state.channel);
  }, 50);
}

/** @param {string} channel */
function switchTo(channel) {
  state.channel = channel;
  settle();
  remember();
  composer.reset();
  chatView.load().catch((err) => trouble(err.message));
}

function newMember() {
  const input = el("input", { id: "new-name", type: "text", maxlength: "32", autocomplete: "off", required: true });
  const problem = el("p.problem", { role: "alert" });
  const form = el("form", { on: { submit: async (/** @type {Event} */ e) => {
    e.preventDefault();
    try {
      const m = await sim.join(state.guild.id, input.value.trim());
      state.guild = await sim.guild(state.guild.id);
      dialog.close();
      actAs(m.user.id);
    } catch (err) {
      problem.textContent = /** @type {Error} */ (err).message;
    }
  } } }, el("label", { for: "new-name" }, "User name"), input, el("p.small", null, "Somebody with this name joins the server: the bot is told. From 2 to 32 of a-z, 0-9, dot and underscore."), problem,
  el("footer", null, el("button.primary", { type: "submit" }, "Join")));
  const dialog = openDialog("New member", form, () => { byId("user").value = state.user; });
  input.focus();
}

/** @param {string} user */
function actAs(user) {
  state.user = user;
  settle();
  remember();
  follow();
  composer.focus();
}

byId("guild").addEventListener("change", (/** @type {any} */ e) => openGuild(e.target.value, "", "").catch((err) => trouble(err.message)));
byId("channel").addEventListener("change", (/** @type {any} */ e) => switchTo(e.target.value));
byId("user").addEventListener("change", (/** @type {any} */ e) => (e.target.value === "new" ? newMember() : actAs(e.target.value)));
addEventListener("hashchange", () => {
  const want = at();
  if (want.guild !== state.guild?.id) openGuild(want.guild, want.channel, want.user).catch(() => begin());
  else if (want.user !== state.user && memberOf(want.user)) actAs(want.user);
  else if (want.channel !== state.channel) switchTo(want.channel);
});
byId("composer").addEventListener("keydown", (/** @type {KeyboardEvent} */ e) => {
  // Up never edits: with Shift it leads to the messages.
  if (e.key !== "ArrowUp" || !e.shiftKey || byId("composer").value !== "") return;
  e.preventDefault();
  chatView.enter();
});
chatView.start();
composer.start();
panels.start();
begin();
