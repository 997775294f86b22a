// The data of interactions, made of what a test gives and what the script has
// declared.
import type { Discord } from "./discord";
import { resolve } from "./view";

const types: Record<string, number> = {
  subcommand: 1, subcommand_group: 2, string: 3, integer: 4, boolean: 5, user: 6, channel: 7, role: 8, mentionable: 9, number: 10, attachment: 11,
};

function typeOf(o: any): number {
  const type = o.type ?? o.kind ?? "string";
  return typeof type === "number" ? type : (types[type] ?? 3);
}

/** A command's data; the option called focused is being typed. */
export function commandData(discord: Discord, commands: any[], command: string, given: Record<string, any>, focused: string | undefined): { name: string; data: any } {
  const [name, ...path] = command.trim().split(/\s+/);
  const declared = commands.find((c) => c.name === name && (c.type === undefined || c.type === "chat_input" || c.type === 1));
  if (declared === undefined) throw new Error(`the bot has no slash command ${JSON.stringify(name)}; it has: ${commands.map((c) => c.name).join(", ") || "none"}`);
  let options: any[] = declared.options ?? [];
  const steps: any[] = [];
  for (const word of path) {
    const step = options.find((o) => o.name === word && typeOf(o) <= 2);
    if (step === undefined) throw new Error(`the command ${name} has no subcommand ${JSON.stringify(path.join(" "))}`);
    steps.push(step);
    options = step.options ?? [];
  }
  if (options.some((o) => typeOf(o) <= 2)) throw new Error(`the command ${command} needs a subcommand: ${options.map((o) => o.name).join(", ")}`);
  const resolved: any = {};
  let values: any[] = [];
  for (const key of Object.keys(given)) if (!options.some((o) => o.name === key)) throw new Error(`the command ${command} has no option ${JSON.stringify(key)}`);
  for (const o of options) {
    const v = given[o.name];
    if (v === undefined || v === null) {
      if (o.required === true && focused === undefined) throw new Error(`the command ${command} needs the option ${JSON.stringify(o.name)}`);
      continue;
    }
    const type = typeOf(o);
    if (o.name === focused) values.push({ name: o.name, type, value: v, focused: true });
    else values.push({ name: o.name, type, value: valueOf(discord, command, o, type, v, resolved) });
  }
  for (const step of steps.reverse()) values = [{ name: step.name, type: typeOf(step), options: values }];
  return { name: name!, data: { id: "1", name, type: 1, options: values, resolved, target_id: null, targetId: null } };
}

function valueOf(discord: Discord, command: string, o: any, type: number, v: any, resolved: any): unknown {
  const wrong = (what: string) => new Error(`the option ${o.name} of ${command} must be ${what}; it is ${JSON.stringify(v)}`);
  if (type === 11) {
    const id = v.id ?? "1";
    (resolved.attachments ??= {})[id] = { id, filename: "file", size: 0, url: "https://cdn.example/file", ...v };
    return id;
  }
  if (type >= 6 && type <= 9) {
    const id = typeof v === "string" ? v : v.id;
    const found = resolve(discord, [id]);
    if (Object.keys(found).length === 0) throw wrong("the id of somebody or something in the guild");
    for (const kind of Object.keys(found)) Object.assign((resolved[kind] ??= {}), found[kind]);
    return id;
  }
  const expected = type === 3 ? "string" : type === 5 ? "boolean" : "number";
  if (typeof v !== expected) throw wrong(`a ${expected}`);
  if (type === 4 && !Number.isSafeInteger(v)) throw wrong("a whole number");
  if (o.choices?.length > 0 && !o.choices.some((c: any) => c.value === v)) throw wrong(`one of ${o.choices.map((c: any) => JSON.stringify(c.value)).join(", ")}`);
  const least = o.minValue ?? o.min_value ?? o.minLength ?? o.min_length;
  const most = o.maxValue ?? o.max_value ?? o.maxLength ?? o.max_length;
  const size = type === 3 ? v.length : v;
  if (type !== 5 && ((least !== undefined && size < least) || (most !== undefined && size > most))) throw wrong(`from ${least ?? "-"} to ${most ?? "-"}${type === 3 ? " characters" : ""}`);
  return v;
}

/** A modal's components with what was entered. */
export function modalData(components: any[], fields: Record<string, any>): any[] {
  const used = new Set<string>();
  const out = fill(components, fields, used);
  for (const key of Object.keys(fields)) if (!used.has(key)) throw new Error(`the modal has no field ${JSON.stringify(key)}; it has: ${[...used].join(", ")}`);
  return out;
}

function fill(components: any[], fields: Record<string, any>, used: Set<string>): any[] {
  return (components ?? []).map((c) => {
    if (c.components !== undefined) return { type: c.type, components: fill(c.components, fields, used) };
    if (c.component !== undefined) return { type: c.type, component: fill([c.component], fields, used)[0] };
    if (c.custom_id === undefined) return { type: c.type };
    used.add(c.custom_id);
    const v = fields[c.custom_id];
    const needed = c.required !== false;
    if (c.type === 4) {
      const text = v ?? c.value ?? "";
      if (text === "" && needed) throw new Error(`the field ${JSON.stringify(c.custom_id)} is required`);
      if (text !== "" && (text.length < (c.min_length ?? 0) || text.length > (c.max_length ?? 4000))) throw new Error(`the field ${JSON.stringify(c.custom_id)} takes from ${c.min_length ?? 0} to ${c.max_length ?? 4000} characters`);
      return { type: 4, custom_id: c.custom_id, customId: c.custom_id, value: text };
    }
    if (c.type === 21 || c.type === 23) return { type: c.type, custom_id: c.custom_id, customId: c.custom_id, value: v ?? (c.type === 23 ? false : null) };
    return { type: c.type, custom_id: c.custom_id, customId: c.custom_id, values: v === undefined ? [] : [v].flat() };
  });
}
