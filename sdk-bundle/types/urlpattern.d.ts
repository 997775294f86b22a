// Patterns of addresses.

/** A pattern for each component; what is left out fits anything, or is the base's. */
interface URLPatternInit {
  protocol?: string;
  username?: string;
  password?: string;
  hostname?: string;
  port?: string;
  pathname?: string;
  search?: string;
  hash?: string;
  baseURL?: string;
}

interface URLPatternOptions {
  /** Whether the path, the query and the fragment match in any case [false]. */
  ignoreCase?: boolean;
}

interface URLPatternComponentResult {
  input: string;
  /** By name; groups without one count from "0". */
  groups: Record<string, string | undefined>;
}

interface URLPatternResult {
  inputs: [string | URLPatternInit, string?];
  protocol: URLPatternComponentResult;
  username: URLPatternComponentResult;
  password: URLPatternComponentResult;
  hostname: URLPatternComponentResult;
  port: URLPatternComponentResult;
  pathname: URLPatternComponentResult;
  search: URLPatternComponentResult;
  hash: URLPatternComponentResult;
}

/** What addresses look like: `new URLPattern({ pathname: "/users/:id" })`. */
declare class URLPattern {
  constructor(input: string | URLPatternInit, baseURL: string, options?: URLPatternOptions);
  constructor(input?: string | URLPatternInit, options?: URLPatternOptions);
  test(input?: string | URL | URLPatternInit, baseURL?: string): boolean;
  exec(input?: string | URL | URLPatternInit, baseURL?: string): URLPatternResult | null;
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  readonly hostname: string;
  readonly port: string;
  readonly pathname: string;
  readonly search: string;
  readonly hash: string;
  readonly hasRegExpGroups: boolean;
}
