// How a pattern that is one text falls into the patterns of a URL's components,
// by the URL Pattern standard.
import { dict, slice } from "./primordials";
import { type Token, tokens } from "./patterntokens";

type State = "init" | "authority" | "done" | "protocol" | "username" | "password" | "hostname" | "port" | "pathname" | "search" | "hash";

const order: Record<State, number> = { init: 0, protocol: 1, authority: 2, username: 2, password: 2, hostname: 3, port: 4, pathname: 5, search: 6, hash: 7, done: 8 };

/** special tells whether a pattern of a scheme fits one that is special. */
export function componentsOf(input: string, special: (pattern: string) => boolean): Record<string, string> {
  const all = tokens(input, true);
  const out = dict<string>();
  let state: State = "init";
  let begin = 0; // The token that the component begins with.
  let at = 0;
  let depth = 0; // Of groups.
  let brackets = 0;
  let isSpecial = false;
  let stay = false;

  const token = (i: number): Token => (i < all.length ? all[i]! : all[all.length - 1]!);
  const is = (i: number, c: string): boolean => {
    const t = token(i);
    return t.value === c && (t.type === "char" || t.type === "escaped" || t.type === "invalid");
  };
  const component = (): string => slice(input, token(begin).at, token(at).at);
  const searchBegins = (): boolean => {
    if (is(at, "?")) return true;
    if (token(at).value !== "?") return false;
    if (at === 0) return true;
    // After a group it is what makes the group optional.
    const { type } = token(at - 1);
    return type !== "name" && type !== "regexp" && type !== "close" && type !== "asterisk";
  };
  const rewind = (to: State): void => {
    at = begin;
    stay = true;
    state = to;
  };
  const change = (to: State, skip: number): void => {
    if (state !== "init" && state !== "authority" && state !== "done") out[state] = component();
    if (state !== "init" && to !== "done") {
      const from = order[state];
      const next = order[to];
      if (from <= 2 && next >= 4 && next <= 7) out.hostname ??= "";
      if (from <= 4 && next >= 6 && next <= 7) out.pathname ??= isSpecial ? "/" : "";
      if (from <= 5 && next === 7) out.search ??= "";
    }
    state = to;
    at += skip;
    begin = at;
    stay = true;
  };
  /** Leaves for what comes behind the host, if it begins here. */
  const later = (path: boolean, search: boolean): void => {
    if (path && is(at, "/")) change("pathname", 0);
    else if (search && searchBegins()) change("search", 1);
    else if (is(at, "#")) change("hash", 1);
  };

  for (; at < all.length; at += stay ? 0 : 1) {
    stay = false;
    const t = token(at);
    if (t.type === "end") {
      if ((state as State) === "init") {
        rewind("init");
        if (is(at, "#")) change("hash", 1);
        else if (searchBegins()) change("search", 1);
        else change("pathname", 0);
        continue;
      }
      if ((state as State) === "authority") {
        rewind("hostname");
        continue;
      }
      change("done", 0);
      break;
    }
    if (t.type === "open") {
      depth++;
      continue;
    }
    if (depth > 0) {
      if (t.type !== "close") continue;
      depth--;
    }
    switch (state as State) {
      case "init":
        if (is(at, ":")) rewind("protocol");
        break;
      case "protocol":
        if (!is(at, ":")) break;
        isSpecial = special(component());
        if (is(at + 1, "/") && is(at + 2, "/")) change("authority", 3);
        else change(isSpecial ? "authority" : "pathname", 1);
        break;
      case "authority":
        if (is(at, "@")) rewind("username");
        else if (is(at, "/") || searchBegins() || is(at, "#")) rewind("hostname");
        break;
      case "username":
        if (is(at, ":")) change("password", 1);
        else if (is(at, "@")) change("hostname", 1);
        break;
      case "password":
        if (is(at, "@")) change("hostname", 1);
        break;
      case "hostname":
        if (is(at, "[")) brackets++;
        else if (is(at, "]")) brackets--;
        else if (is(at, ":") && brackets === 0) change("port", 1);
        else later(true, true);
        break;
      case "port":
        later(true, true);
        break;
      case "pathname":
        later(false, true);
        break;
      case "search":
        later(false, false);
        break;
    }
  }
  // A host without a port is one at the port of its scheme.
  if (out.hostname !== undefined) out.port ??= "";
  return out;
}
