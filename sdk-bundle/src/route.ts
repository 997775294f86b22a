// Components and modals by their custom ids.
import { type Delivery, makeContext } from "./context";
import { onDelivery } from "./events";
import { TypeErrorCtor, add, dict, hasOwn, includes, indexOf, list, put, regExpExec, regExpSource, slice } from "./primordials";

type Handler = (ctx: any) => unknown;

/** A pattern taken apart: the text before each parameter, and the one after all. */
interface Shape {
  before: string[];
  names: string[];
  after: string;
}

interface Route {
  shape: Shape | undefined;
  pattern: RegExp | undefined;
  run: Handler;
}

interface Routes {
  exact: Record<string, Handler>;
  patterns: Route[];
}

const routes = dict<Routes>();

function route(what: string, event: string, pattern: unknown, run: unknown): void {
  if (typeof run !== "function") throw new TypeErrorCtor(`${what}(pattern, handler): handler must be a function`);
  let r = routes[event];
  if (r === undefined) {
    r = routes[event] = { exact: dict<Handler>(), patterns: list<Route>() };
    const table = r;
    onDelivery(event, (d) => deliver(table, d));
  }
  if (typeof pattern !== "string") {
    add(r.patterns, { shape: undefined, pattern: regExp(what, pattern), run: run as Handler });
  } else if (pattern === "") {
    throw new TypeErrorCtor(`${what}(pattern, handler): the pattern must not be empty`);
  } else if (includes(pattern, "{")) {
    add(r.patterns, { shape: shapeOf(what, pattern), pattern: undefined, run: run as Handler });
  } else {
    if (r.exact[pattern] !== undefined) throw new TypeErrorCtor(`${what}(pattern, handler): "${pattern}" has a handler already`);
    r.exact[pattern] = run as Handler;
  }
}

function regExp(what: string, pattern: unknown): RegExp {
  try {
    regExpSource(pattern);
  } catch {
    throw new TypeErrorCtor(`${what}(pattern, handler): pattern must be a custom id, a pattern such as "vote:{poll}", or a regular expression`);
  }
  return pattern as RegExp;
}

function shapeOf(what: string, pattern: string): Shape {
  const shape: Shape = { before: list<string>(), names: list<string>(), after: "" };
  let from = 0;
  for (let at = indexOf(pattern, "{"); at >= 0; at = indexOf(pattern, "{", from)) {
    const end = indexOf(pattern, "}", at);
    const before = slice(pattern, from, at);
    if (end <= at + 1) throw new TypeErrorCtor(`${what}(pattern, handler): "${pattern}" has a parameter without a name or without an end`);
    if (before === "" && shape.names.length > 0) throw new TypeErrorCtor(`${what}(pattern, handler): "${pattern}" has two parameters with nothing between them`);
    add(shape.before, before);
    add(shape.names, slice(pattern, at + 1, end));
    from = end + 1;
  }
  shape.after = slice(pattern, from);
  return shape;
}

/** The parameters of an id, or undefined when it is of another shape. */
function match(shape: Shape, id: string): Record<string, string> | undefined {
  const params = {};
  let at = shape.before[0]!.length;
  if (slice(id, 0, at) !== shape.before[0]) return undefined;
  for (let i = 0; i < shape.names.length; i++) {
    const last = i === shape.names.length - 1;
    const next = last ? shape.after : shape.before[i + 1]!;
    const end = last ? id.length - next.length : indexOf(id, next, at);
    if (end <= at || (last && slice(id, end) !== next)) return undefined;
    put(params, shape.names[i]!, slice(id, at, end));
    at = end + next.length;
  }
  return params;
}

function deliver(r: Routes, d: Delivery): unknown {
  const id = d.msg?.data?.custom_id;
  if (typeof id !== "string") return undefined;
  const exact = r.exact[id];
  if (exact !== undefined) return exact({ ...makeContext(d), params: {} });
  for (let i = 0; i < r.patterns.length; i++) {
    const { shape, pattern, run } = r.patterns[i]!;
    if (shape !== undefined) {
      const params = match(shape, id);
      if (params !== undefined) return run({ ...makeContext(d), params });
      continue;
    }
    pattern!.lastIndex = 0;
    const found = regExpExec(pattern!, id);
    if (found !== null) return run({ ...makeContext(d), params: hasOwn(found, "groups") ? { ...found.groups } : {}, match: found });
  }
  return undefined;
}

/**
 * Calls the handler for buttons and select menus with this custom id: the whole
 * id, a pattern with parameters ("vote:{poll}:{choice}"), or a regular expression.
 */
export function onComponent(pattern: unknown, handler: Handler): void {
  route("onComponent", "componentInteraction", pattern, handler);
}

/** The same for modals that were sent. */
export function onModal(pattern: unknown, handler: Handler): void {
  route("onModal", "modalSubmit", pattern, handler);
}
