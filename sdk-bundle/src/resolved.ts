// What an interaction says of users, roles, channels and files: Discord gives
// ids in one place and the objects in another, scripts get the objects.
import { ArrayIsArray, append, dict, hasOwn } from "./primordials";

// Discord's types of options and of components that name things.
const userOption = 6;
const channelOption = 7;
const roleOption = 8;
const mentionableOption = 9;
const attachmentOption = 11;
const uploadComponent = 19;

/** The option type that says what a select menu's values are; undefined for texts. */
function optionOf(component: unknown): number | undefined {
  switch (component) {
    case 5:
      return userOption;
    case 6:
      return roleOption;
    case 7:
      return mentionableOption;
    case 8:
      return channelOption;
    case uploadComponent:
      return attachmentOption;
    default:
      return undefined;
  }
}

function pick(map: any, id: string): any {
  return map !== null && typeof map === "object" && hasOwn(map, id) ? map[id] : undefined;
}

/** A user with the member it is in this guild, if it is one. */
function userOf(resolved: any, id: string): any {
  const user = pick(resolved?.users, id);
  if (user === undefined) return undefined;
  const member = pick(resolved.members, id);
  return { ...user, member: member === undefined ? null : { ...member, user } };
}

/** The object behind an id; `{ id }` when Discord sent none. */
function entity(type: number, id: any, resolved: any): any {
  let found: any;
  switch (type) {
    case userOption:
      found = userOf(resolved, id);
      break;
    case channelOption:
      found = pick(resolved?.channels, id);
      break;
    case roleOption:
      found = pick(resolved?.roles, id);
      break;
    case mentionableOption:
      found = userOf(resolved, id) ?? pick(resolved?.roles, id);
      break;
    case attachmentOption:
      found = pick(resolved?.attachments, id);
      break;
    default:
      return id;
  }
  return found ?? { id };
}

type Value = (option: any) => any;

function flattenInto(out: Record<string, any>, items: any, value: Value): void {
  if (!ArrayIsArray(items)) return;
  for (let i = 0; i < items.length; i++) {
    const o = items[i];
    if (o === null || typeof o !== "object") continue;
    if (o.type === 1 || o.type === 2) flattenInto(out, o.options, value);
    else out[o.name] = value(o);
  }
}

/** name -> value of all options, those inside subcommands included; ids stay ids. */
export function flattenInteractionOptions(options: unknown): Record<string, any> {
  const out = dict<any>();
  flattenInto(out, options, (o) => o.value);
  return { ...out };
}

/** The same with objects for users, roles, channels and attachments. */
export function resolvedOptions(options: unknown, resolved: unknown): Record<string, any> {
  const out = dict<any>();
  flattenInto(out, options, (o) => entity(o.type, o.value, resolved));
  return { ...out };
}

/** The option that is being typed: its name and what is there so far. */
export function focusedOption(options: any): { name: string; value: unknown } | undefined {
  if (!ArrayIsArray(options)) return undefined;
  for (let i = 0; i < options.length; i++) {
    const o = options[i];
    if (o === null || typeof o !== "object") continue;
    if (o.focused === true) return { name: o.name, value: o.value };
    const inner = focusedOption(o.options);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

/** The user or message that a context-menu command was used on. */
export function targetOf(data: any): any {
  const id = data?.target_id;
  if (id === undefined || id === null) return undefined;
  const found = data.type === 3 ? pick(data.resolved?.messages, id) : userOf(data.resolved, id);
  return found ?? { id };
}

/** The objects that were chosen in a select menu of users, roles or channels. */
export function selectedOf(data: any): any[] {
  return chosen(optionOf(data?.component_type), data?.values, data?.resolved);
}

function chosen(type: number | undefined, values: any, resolved: any): any[] {
  const out: any[] = [];
  if (type !== undefined && ArrayIsArray(values)) for (let i = 0; i < values.length; i++) append(out, entity(type, values[i], resolved));
  return out;
}

/** custom_id -> what was entered in a modal. */
export function fieldsOf(data: any): Record<string, any> {
  const out = dict<any>();
  fieldsInto(out, data?.components, data?.resolved);
  return { ...out };
}

function fieldsInto(out: Record<string, any>, items: any, resolved: any): void {
  if (!ArrayIsArray(items)) return;
  for (let i = 0; i < items.length; i++) {
    const c = items[i];
    if (c === null || typeof c !== "object") continue;
    fieldsInto(out, c.components, resolved);
    if (c.component !== undefined) fieldsInto(out, [c.component], resolved);
    if (typeof c.custom_id !== "string") continue;
    const type = optionOf(c.type);
    out[c.custom_id] = type !== undefined ? chosen(type, c.values, resolved) : c.values !== undefined ? c.values : c.value;
  }
}
