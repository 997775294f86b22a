// The requests of the page: to the simulator as it is, and to the API through
// the few routes that the playground passes on.

/** Failure is an answer that says what was wrong. */
export class Failure extends Error {
  /**
   * @param {number} status
   * @param {string} message
   */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/**
 * @param {string} method
 * @param {string} path
 * @param {any} [body]
 * @returns {Promise<any>}
 */
async function request(method, path, body) {
  /** @type {RequestInit} */
  const init = { method, credentials: "omit", cache: "no-store" };
  if (body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(body);
  }
  let res;
  try {
    res = await fetch(path, init);
  } catch {
    throw new Failure(0, "flora-runtime does not answer. Is it still running?");
  }
  const text = await res.text();
  let doc = null;
  try {
    doc = text ? JSON.parse(text) : null;
  } catch {
    // The status says enough.
  }
  if (!res.ok) throw new Failure(res.status, doc?.message ?? `the server answered ${res.status}`);
  return doc;
}

/** @param {string[]} parts */
const path = (...parts) => parts.map((p) => "/" + encodeURIComponent(p)).join("");

/**
 * @param {Record<string, any>} params
 */
function query(params) {
  const q = new URLSearchParams();
  for (const [k, v] of Object.entries(params)) if (v !== undefined && v !== "") q.set(k, String(v));
  return q.size > 0 ? `?${q}` : "";
}

/** The simulated Discord. */
export const sim = {
  world: () => request("GET", "/sim?limit=1000"),
  guild: (/** @type {string} */ g) => request("GET", "/sim" + path("guilds", g)),
  messages: (/** @type {string} */ g, /** @type {string} */ c, /** @type {any} */ q) => request("GET", "/sim" + path("guilds", g, "channels", c, "messages") + query(q)),
  say: (/** @type {string} */ g, /** @type {string} */ c, /** @type {any} */ body) => request("POST", "/sim" + path("guilds", g, "channels", c, "messages"), body),
  edit: (/** @type {string} */ g, /** @type {any} */ m, /** @type {string} */ content) => request("PATCH", "/sim" + path("guilds", g, "channels", m.channel_id, "messages", m.id), { content }),
  remove: (/** @type {string} */ g, /** @type {any} */ m) => request("DELETE", "/sim" + path("guilds", g, "channels", m.channel_id, "messages", m.id)),
  react: (/** @type {string} */ g, /** @type {any} */ m, /** @type {string} */ emoji, /** @type {string} */ author, /** @type {boolean} */ add) =>
    request(add ? "PUT" : "DELETE", "/sim" + path("guilds", g, "channels", m.channel_id, "messages", m.id, "reactions"), { emoji, author }),
  vote: (/** @type {string} */ g, /** @type {any} */ m, /** @type {number} */ answer, /** @type {string} */ author) =>
    request("PUT", "/sim" + path("guilds", g, "channels", m.channel_id, "messages", m.id, "votes"), { answer, author }),
  interact: (/** @type {string} */ g, /** @type {any} */ action) => request("POST", "/sim" + path("guilds", g, "interactions"), action),
  join: (/** @type {string} */ g, /** @type {string} */ username) => request("POST", "/sim" + path("guilds", g, "members"), { username }),
};

const own = "/playground/api";

/** What is beside the chat. */
export const api = {
  deployment: (/** @type {string} */ g) => request("GET", own + path("deployments", g)),
  logs: (/** @type {string} */ g) => request("GET", own + path("logs", g) + query({ limit: 500 })),
  stores: (/** @type {string} */ g) => request("GET", own + "/kv/stores" + query({ guild_id: g })),
  keys: (/** @type {string} */ g, /** @type {string} */ store, /** @type {any} */ q) => request("GET", own + path("kv", g, store) + query(q)),
  value: (/** @type {string} */ g, /** @type {string} */ store, /** @type {string} */ key) => request("GET", own + path("kv", g, store, key)),
  crons: (/** @type {string} */ g) => request("GET", own + path("crons", g)),
  run: (/** @type {string} */ g, /** @type {string} */ name) => request("POST", own + path("crons", g, name, "run")),
};

/**
 * listen keeps a stream of server-sent events open until the returned function
 * is called. fresh is called when what came before the stream may be missed;
 * state is told whether the stream is there. A page that nobody looks at holds no
 * connection: browsers have few of them for one server.
 * @param {() => string} address of the stream, from here on
 * @param {Record<string, (data: any, id: string) => void>} on by event; "message" is the standard one
 * @param {{ fresh?: () => void, state?: (open: boolean) => void }} told
 * @returns {() => void}
 */
export function listen(address, on, told) {
  /** @type {EventSource | null} */
  let source = null;
  let timer = 0;
  let over = false;
  const stop = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const start = () => {
    stop();
    if (over || document.hidden) return;
    const s = new EventSource(address());
    source = s;
    let first = true;
    s.addEventListener("open", () => {
      told.state?.(true);
      if (first) told.fresh?.();
      first = false;
    });
    s.addEventListener("error", () => {
      if (source !== s) return;
      told.state?.(false);
      // Otherwise the browser tries again by itself.
      if (s.readyState === EventSource.CLOSED) timer = setTimeout(start, 1000);
    });
    for (const [name, f] of Object.entries(on)) {
      s.addEventListener(name, (/** @type {any} */ e) => {
        if (source === s) f(JSON.parse(e.data), e.lastEventId);
      });
    }
  };
  const seen = () => (document.hidden ? stop() : source || start());
  document.addEventListener("visibilitychange", seen);
  start();
  return () => {
    over = true;
    document.removeEventListener("visibilitychange", seen);
    stop();
  };
}

/** @param {string} guild @param {string} user */
export const guildStream = (guild, user) => "/sim" + path("guilds", guild, "stream") + query({ as: user });
/** @param {string} guild @param {number} after */
export const logStream = (guild, after) => own + path("logs", guild, "stream") + query({ after });
