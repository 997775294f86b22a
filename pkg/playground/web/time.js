// Times as people read them, in their own time zone.

const units = /** @type {[Intl.RelativeTimeFormatUnit, number][]} */ ([
  ["year", 31536000], ["month", 2592000], ["week", 604800], ["day", 86400], ["hour", 3600], ["minute", 60], ["second", 1],
]);

/** @type {Record<string, Intl.DateTimeFormatOptions>} */
const styles = {
  t: { timeStyle: "short" }, T: { timeStyle: "medium" }, d: { dateStyle: "short" }, D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" }, F: { dateStyle: "full", timeStyle: "short" },
};

/**
 * relative says how far away a time is.
 * @param {number} ms since 1970
 * @param {number} [now]
 */
export function relative(ms, now = Date.now()) {
  const seconds = Math.round((ms - now) / 1000);
  const [unit, length] = units.find(([, l]) => Math.abs(seconds) >= l) ?? ["second", 1];
  return new Intl.RelativeTimeFormat(undefined, { numeric: "always" }).format(Math.trunc(seconds / length), unit);
}

/**
 * shown is a time in one of Discord's styles.
 * @param {number} ms since 1970
 * @param {string} style
 */
export function shown(ms, style) {
  const at = new Date(ms);
  if (Number.isNaN(at.getTime())) return "an invalid time";
  return style === "R" ? relative(ms) : new Intl.DateTimeFormat(undefined, styles[style] ?? styles.f).format(at);
}

/**
 * clock is the time of day, with the date unless it is today.
 * @param {number} ms
 */
export function clock(ms) {
  const at = new Date(ms);
  const today = at.toDateString() === new Date().toDateString();
  return at.toLocaleString(undefined, today ? { timeStyle: "short" } : { dateStyle: "short", timeStyle: "short" });
}
