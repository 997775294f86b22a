// What the page shows at the moment: one guild, one channel, through the eyes of
// one user. Parts of the page read it; main.js and chat.js change it.

export const state = {
  /** @type {any} */ world: null,
  /** @type {any} */ guild: null,
  channel: "",
  user: "",
  /** @type {Map<string, any>} */ messages: new Map(),
};

/** @param {string} id @returns {any} */
export function memberOf(id) {
  return state.guild?.members.find((/** @type {any} */ m) => m.id === id);
}

/** @param {string} id @returns {any} */
export function roleOf(id) {
  return state.guild?.roles.find((/** @type {any} */ r) => r.id === id);
}

/** @param {string} id @returns {any} */
export function channelOf(id) {
  return state.guild?.channels.find((/** @type {any} */ c) => c.id === id);
}

/** @param {string} id */
export function nameOf(id) {
  const m = memberOf(id);
  return m ? m.nick || m.username : "unknown user";
}

/**
 * colorOf is the colour of a member's highest role that has one.
 * @param {string} id
 */
export function colorOf(id) {
  const m = memberOf(id);
  const roles = (state.guild?.roles ?? []).filter((/** @type {any} */ r) => r.color && m?.roles.includes(r.id));
  return roles.length > 0 ? hex(roles[roles.length - 1].color) : "";
}

/** @param {unknown} n */
export function hex(n) {
  return "#" + (Number(n) & 0xffffff).toString(16).padStart(6, "0");
}

export const channelTypes = /** @type {Record<number, string>} */ ({
  0: "#", 2: "🔊", 4: "▾", 5: "📣", 10: "🧵", 11: "🧵", 12: "🧵", 13: "🎙", 15: "🗂",
});

/** hasMessages tells whether a channel can be looked at. */
export const hasMessages = (/** @type {any} */ c) => c.type !== 4 && c.type !== 15;
