// What people type for the options of a command, and what the simulator takes.
// It touches no document.

/** The types of options, by Discord's numbers. */
export const kinds = { subcommand: 1, group: 2, string: 3, integer: 4, boolean: 5, user: 6, channel: 7, role: 8, mentionable: 9, number: 10, attachment: 11 };

/**
 * flatten lists what can be called of the commands: a command, or each of its
 * subcommands.
 * @param {any[]} commands
 * @returns {{ path: string, command: any, sub: string, description: string, options: any[] }[]}
 */
export function flatten(commands) {
  /** @type {any[]} */
  const out = [];
  for (const command of commands) {
    if (command.type !== 1) continue;
    const options = command.options ?? [];
    if (!options.some((/** @type {any} */ o) => o.type <= kinds.group)) {
      out.push({ path: command.name, command, sub: "", description: command.description, options });
      continue;
    }
    for (const o of options) {
      const leaves = o.type === kinds.group ? (o.options ?? []).map((/** @type {any} */ s) => [`${o.name} ${s.name}`, s]) : [[o.name, o]];
      for (const [sub, leaf] of leaves) {
        out.push({ path: `${command.name} ${sub}`, command, sub, description: leaf.description, options: leaf.options ?? [] });
      }
    }
  }
  return out.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/**
 * matching are the calls that what was typed after the slash may mean, those
 * that begin with it first.
 * @template {{ path: string, description: string }} T
 * @param {T[]} calls
 * @param {string} typed
 * @returns {T[]}
 */
export function matching(calls, typed) {
  const want = typed.trim().replace(/\s+/g, " ").toLowerCase();
  const first = calls.filter((c) => c.path.toLowerCase().startsWith(want));
  const rest = calls.filter((c) => !first.includes(c) && c.path.toLowerCase().includes(want));
  return [...first, ...rest];
}

/**
 * problem says what is wrong with the text of an option, or null.
 * @param {any} option
 * @param {string} text
 * @returns {string | null}
 */
export function problem(option, text) {
  if (text === "") return option.required ? "This option is required." : null;
  switch (option.type) {
    case kinds.string: {
      const n = [...text].length;
      const least = option.min_length ?? 0;
      const most = option.max_length ?? 6000;
      return n < least || n > most ? `From ${least} to ${most} characters.` : null;
    }
    case kinds.integer:
    case kinds.number: {
      if (option.autocomplete && !numeric(text)) return "Choose one of the suggestions, or type a number.";
      if (!numeric(text)) return "Type a number.";
      const n = Number(text);
      if (option.type === kinds.integer && (!Number.isInteger(n) || Math.abs(n) > 2 ** 53)) return "Type a whole number.";
      if (option.min_value !== undefined && n < Number(option.min_value)) return `At least ${option.min_value}.`;
      if (option.max_value !== undefined && n > Number(option.max_value)) return `At most ${option.max_value}.`;
      return null;
    }
  }
  return null;
}

/** @param {string} text */
function numeric(text) {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,3})?$/i.test(text.trim()) && Number.isFinite(Number(text));
}

/**
 * value is what is sent for the text of an option; undefined for nothing.
 * @param {any} option
 * @param {string} text
 */
export function value(option, text) {
  if (text === "") return undefined;
  switch (option.type) {
    case kinds.integer:
    case kinds.number:
      return numeric(text) ? Number(text) : text;
    case kinds.boolean:
      return text === "true";
  }
  return text;
}

/**
 * hint says what an option takes.
 * @param {any} option
 */
export function hint(option) {
  const range = (/** @type {any} */ least, /** @type {any} */ most, /** @type {string} */ unit) =>
    least !== undefined && most !== undefined ? `${least} to ${most}${unit}` : least !== undefined ? `at least ${least}${unit}` : most !== undefined ? `at most ${most}${unit}` : "";
  switch (option.type) {
    case kinds.string:
      return range(option.min_length, option.max_length, " characters");
    case kinds.integer:
      return ["whole number", range(option.min_value, option.max_value, "")].filter(Boolean).join(", ");
    case kinds.number:
      return ["number", range(option.min_value, option.max_value, "")].filter(Boolean).join(", ");
  }
  return "";
}
