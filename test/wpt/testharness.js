// The protocol of testharness.js as far as *.any.js files use it: test,
// async_test, promise_test, setup, done, and the assertions. It is our own; the
// names and what they promise are those of web-platform-tests.org.
const runWPT = (() => {
  const { setTimeout, clearTimeout, Promise, JSON, String, Object, Error, TypeError, Array, URL, Request, Response, Headers, fetch, Uint8Array, atob, Reflect, Proxy, Date, Map } = globalThis;
  const PASS = "PASS", FAIL = "FAIL", TIMEOUT = "TIMEOUT", NOTRUN = "NOTRUN", OPTIONAL = "PRECONDITION_FAILED";
  let patience = 8000; // For one test, in ms.
  let title = "untitled";

  const all = [];
  const completion = [];
  let properties = {};
  let explicit = false; // done() is what ends the file.
  let loaded = false;
  let ended = false;
  let single = null;
  let finish;
  const finished = new Promise((resolve) => (finish = resolve));
  let chain = Promise.resolve(); // Promise tests run one after another.

  class AssertionError extends Error {}
  class OptionalFeatureUnsupportedError extends AssertionError {}
  Object.defineProperty(AssertionError.prototype, "name", { value: "AssertionError" });

  function show(v) {
    switch (typeof v) {
      case "string":
        return JSON.stringify(v);
      case "number":
        return Object.is(v, -0) ? "-0" : String(v);
      case "bigint":
        return `${v}n`;
      case "object":
      case "function":
        if (v === null) return "null";
        try {
          if (Array.isArray(v)) return "[" + Array.from(v, show).join(", ") + "]";
          if (v instanceof Error) return `${v.name}: ${v.message}`;
          if (typeof v === "function") return `function ${v.name}`;
          return `${Object.prototype.toString.call(v)} ${JSON.stringify(v)}`.slice(0, 300);
        } catch {
          return "an object that cannot be shown";
        }
      default:
        return String(v);
    }
  }

  function fail(message, description) {
    throw new AssertionError(description === undefined || description === "" ? message : `${message}: ${description}`);
  }
  function ensure(ok, message, description) {
    if (!ok) fail(typeof message === "function" ? message() : message, description);
  }

  class Test {
    constructor(name, options) {
      this.name = name;
      this.status = NOTRUN;
      this.message = null;
      this.ended = false;
      this.cleanups = [];
      this.over = new Promise((resolve) => (this.resolve = resolve));
      this.options = options ?? {};
      all.push(this);
    }
    get phase() {
      return this.ended ? 4 : 2;
    }
    get phases() {
      return { INITIAL: 0, STARTED: 1, HAS_RESULT: 2, CLEANING: 3, COMPLETE: 4 };
    }
    force_timeout() {
      this.settle(TIMEOUT, "the test gave up");
    }
    arm() {
      this.timer = setTimeout(() => this.settle(TIMEOUT, "it did not end"), patience);
    }
    settle(status, message) {
      if (this.ended) return;
      this.ended = true;
      this.status = status;
      this.message = message ?? null;
      clearTimeout(this.timer);
      this.clean().then(() => {
        this.resolve();
        look();
      });
    }
    async clean() {
      for (const f of this.cleanups.splice(0)) {
        try {
          await f();
        } catch (e) {
          this.status = FAIL;
          this.message = `cleanup: ${show(e)}`;
        }
      }
    }
    step(f, self, ...args) {
      if (this.ended) return undefined;
      try {
        return Reflect.apply(f, self ?? this, args);
      } catch (e) {
        this.wrong(e);
        return undefined;
      }
    }
    wrong(e) {
      this.settle(e instanceof OptionalFeatureUnsupportedError ? OPTIONAL : FAIL, show(e));
    }
    step_func(f, self) {
      const t = this;
      return function (...args) {
        return t.step(f, self ?? t, ...args);
      };
    }
    step_func_done(f, self) {
      const t = this;
      return function (...args) {
        if (f) t.step(f, self ?? t, ...args);
        t.done();
      };
    }
    unreached_func(description) {
      return this.step_func(() => assert_unreached(description));
    }
    step_timeout(f, ms, ...args) {
      return setTimeout(this.step_func(() => f(...args)), ms);
    }
    step_wait(cond, description, ms = 3000, every = 20) {
      const end = Date.now() + ms;
      return new Promise((resolve, reject) => {
        const poll = async () => {
          try {
            if (await cond()) return resolve();
          } catch (e) {
            return reject(e);
          }
          if (Date.now() > end) return reject(new AssertionError(`waited in vain: ${description}`));
          setTimeout(poll, every);
        };
        poll();
      });
    }
    step_wait_func(cond, f, description, ms, every) {
      this.step_wait(cond, description, ms, every).then(this.step_func(f), this.step_func((e) => { throw e; }));
    }
    step_wait_func_done(cond, f, description, ms, every) {
      this.step_wait(cond, description, ms, every).then(this.step_func_done(f), this.step_func((e) => { throw e; }));
    }
    add_cleanup(f) {
      this.cleanups.push(f);
    }
    get_signal() {
      const c = new AbortController();
      this.add_cleanup(() => c.abort());
      return c.signal;
    }
    done() {
      this.settle(PASS);
    }
  }

  function look() {
    if (ended || !loaded) return;
    if (explicit && !look.done) return;
    for (const t of all) if (!t.ended) return;
    ended = true;
    const results = all.map(({ name, status, message }) => ({ name: String(name), status, message: message === null ? "" : message.slice(0, 600) }));
    for (const f of completion) f(all, { status: 0, message: null });
    finish(results);
  }

  const g = {};

  g.test = (f, name, options) => {
    const t = new Test(name ?? document_title(), options);
    const out = t.step(f, t, t);
    if (out !== null && typeof out === "object" && typeof out.then === "function") t.settle(FAIL, "test() got a promise; use promise_test()");
    t.done();
  };
  g.async_test = (f, name, options) => {
    if (typeof f !== "function") [f, name, options] = [null, f, name];
    const t = new Test(name ?? document_title(), options);
    t.arm();
    if (f) t.step(f, t, t);
    return t;
  };
  g.promise_test = (f, name, options) => {
    const t = new Test(name ?? document_title(), options);
    chain = chain.then(() => {
      t.arm();
      const p = t.step(f, t, t);
      if (!t.ended) {
        if (p === null || typeof p !== "object" || typeof p.then !== "function") t.settle(FAIL, "promise_test() needs a promise");
        else Promise.resolve(p).then(() => t.done(), (e) => t.wrong(e));
      }
      return t.over;
    });
  };
  g.setup = (a, b) => {
    const [f, p] = typeof a === "function" ? [a, b ?? {}] : [null, a ?? {}];
    properties = { ...properties, ...p };
    if (properties.explicit_done) explicit = true;
    if (properties.single_test) {
      single = new Test(document_title());
      single.arm();
    }
    if (f) f();
  };
  g.promise_setup = (f, p) => {
    properties = { ...properties, ...(p ?? {}) };
    chain = chain.then(f).catch((e) => {
      new Test("(harness)").settle(FAIL, `promise_setup: ${show(e)}`);
    });
  };
  g.done = () => {
    if (single) single.done();
    look.done = true;
    look();
  };
  g.add_completion_callback = (f) => completion.push(f);
  g.add_result_callback = () => {};
  g.add_start_callback = () => {};
  g.fetch_json = async (url) => (await globalThis.fetch(url)).json();
  g.generate_tests = (f, rows, options) => {
    for (const row of rows) g.test(() => f(...row.slice(1)), row[0], options);
  };
  g.on_event = (o, type, f) => o.addEventListener(type, f);
  g.step_timeout = (f, ms, ...args) => setTimeout(() => f(...args), ms);
  g.format_value = show;
  g.subsetTest = (f, ...args) => f(...args);
  g.subsetTestByKey = (key, f, ...args) => f(...args);
  g.shouldRunSubTest = () => true;
  g.AssertionError = AssertionError;
  g.OptionalFeatureUnsupportedError = OptionalFeatureUnsupportedError;
  g.timeout = () => {
    for (const t of all) t.force_timeout();
  };
  g.assert_not_regexp_match = (got, want, d) => ensure(!want.test(got), () => `${show(got)} matches ${want}`, d);
  g.GLOBAL = { isWindow: () => false, isWorker: () => false, isShadowRealm: () => false };

  function document_title() {
    return properties.title ?? title;
  }

  const assert_unreached = (g.assert_unreached = (d) => fail("this was not to be reached", d));
  g.assert_true = (v, d) => ensure(v === true, () => `expected true, got ${show(v)}`, d);
  g.assert_false = (v, d) => ensure(v === false, () => `expected false, got ${show(v)}`, d);
  const same = (a, b) => Object.is(a, b);
  g.assert_equals = (got, want, d) => {
    ensure(typeof got === typeof want, () => `expected (${typeof want}) ${show(want)}, got (${typeof got}) ${show(got)}`, d);
    ensure(same(got, want), () => `expected ${show(want)}, got ${show(got)}`, d);
  };
  g.assert_not_equals = (got, want, d) => ensure(!same(got, want), () => `got the forbidden ${show(got)}`, d);
  g.assert_in_array = (got, among, d) => ensure(among.indexOf(got) >= 0, () => `${show(got)} is not one of ${show(among)}`, d);
  g.assert_array_equals = (got, want, d) => {
    ensure(got !== null && typeof got === "object" && "length" in got, () => `${show(got)} is no array`, d);
    ensure(got.length === want.length, () => `expected ${want.length} items ${show(Array.from(want))}, got ${got.length} ${show(Array.from(got))}`, d);
    for (let i = 0; i < got.length; i++) {
      ensure(Object.hasOwn(got, i) === Object.hasOwn(want, i) && same(got[i], want[i]), () => `item ${i}: expected ${show(want[i])}, got ${show(got[i])}`, d);
    }
  };
  g.assert_array_approx_equals = (got, want, epsilon, d) => {
    ensure(got.length === want.length, () => `expected ${want.length} items, got ${got.length}`, d);
    for (let i = 0; i < got.length; i++) ensure(Math.abs(got[i] - want[i]) <= epsilon, () => `item ${i}: expected ${want[i]}, got ${got[i]}`, d);
  };
  g.assert_object_equals = (got, want, d) => {
    const seen = [];
    const compare = (a, b, path) => {
      ensure(a !== null && typeof a === "object", () => `${path} is ${show(a)}`, d);
      if (seen.includes(a)) return;
      seen.push(a);
      for (const k of Object.keys(a)) {
        ensure(Object.hasOwn(b, k), () => `unexpected ${path}.${k}`, d);
        if (a[k] !== null && typeof a[k] === "object") compare(a[k], b[k], `${path}.${k}`);
        else ensure(same(a[k], b[k]), () => `${path}.${k}: expected ${show(b[k])}, got ${show(a[k])}`, d);
      }
      for (const k of Object.keys(b)) ensure(Object.hasOwn(a, k), () => `${path}.${k} is missing`, d);
    };
    compare(got, want, "it");
  };
  g.assert_approx_equals = (got, want, epsilon, d) => ensure(typeof got === "number" && (same(got, want) || Math.abs(got - want) <= epsilon), () => `expected ${want} +/- ${epsilon}, got ${show(got)}`, d);
  g.assert_less_than = (a, b, d) => ensure(typeof a === typeof b && a < b, () => `expected less than ${show(b)}, got ${show(a)}`, d);
  g.assert_greater_than = (a, b, d) => ensure(typeof a === typeof b && a > b, () => `expected more than ${show(b)}, got ${show(a)}`, d);
  g.assert_less_than_equal = (a, b, d) => ensure(typeof a === typeof b && a <= b, () => `expected at most ${show(b)}, got ${show(a)}`, d);
  g.assert_greater_than_equal = (a, b, d) => ensure(typeof a === typeof b && a >= b, () => `expected at least ${show(b)}, got ${show(a)}`, d);
  g.assert_between_exclusive = (a, low, high, d) => ensure(a > low && a < high, () => `expected between ${show(low)} and ${show(high)}, got ${show(a)}`, d);
  g.assert_between_inclusive = (a, low, high, d) => ensure(a >= low && a <= high, () => `expected from ${show(low)} to ${show(high)}, got ${show(a)}`, d);
  g.assert_regexp_match = (got, want, d) => ensure(want.test(got), () => `${show(got)} does not match ${want}`, d);
  g.assert_class_string = (o, name, d) => g.assert_equals(Object.prototype.toString.call(o), `[object ${name}]`, d);
  g.assert_own_property = (o, k, d) => ensure(Object.hasOwn(o, k), () => `no own property ${String(k)}`, d);
  g.assert_not_own_property = (o, k, d) => ensure(!Object.hasOwn(o, k), () => `an own property ${String(k)}`, d);
  g.assert_inherits = (o, k, d) => {
    ensure(!Object.hasOwn(o, k), () => `${String(k)} is its own`, d);
    ensure(k in o, () => `no ${String(k)}`, d);
  };
  g.assert_idl_attribute = (o, k, d) => ensure(k in o, () => `no ${String(k)}`, d);
  g.assert_readonly = (o, k, d) => {
    const before = o[k];
    try {
      o[k] = before + "a";
      ensure(same(o[k], before), () => `${String(k)} changed`, d);
    } finally {
      try { o[k] = before; } catch {}
    }
  };
  g.assert_implements = (v, d) => ensure(!!v, "not implemented", d);
  g.assert_implements_optional = (v, d) => {
    if (!v) throw new OptionalFeatureUnsupportedError(d ?? "not implemented");
  };
  g.assert_any = (f, got, all, ...rest) => {
    for (const want of all) {
      try {
        f(got, want, ...rest);
        return;
      } catch {}
    }
    fail(`${show(got)} fits none of ${show(all)}`);
  };

  function thrown(f) {
    try {
      Reflect.apply(f, undefined, []);
    } catch (e) {
      return { e };
    }
    return undefined;
  }
  function isJS(e, ctor, d) {
    ensure(e !== null && typeof e === "object", () => `${show(e)} is no object`, d);
    ensure(e.constructor === ctor && e.name === ctor.name, () => `expected a ${ctor.name}, got ${show(e)}`, d);
  }
  const codes = {
    INDEX_SIZE_ERR: "IndexSizeError", HIERARCHY_REQUEST_ERR: "HierarchyRequestError", WRONG_DOCUMENT_ERR: "WrongDocumentError", INVALID_CHARACTER_ERR: "InvalidCharacterError",
    NO_MODIFICATION_ALLOWED_ERR: "NoModificationAllowedError", NOT_FOUND_ERR: "NotFoundError", NOT_SUPPORTED_ERR: "NotSupportedError", INUSE_ATTRIBUTE_ERR: "InUseAttributeError",
    INVALID_STATE_ERR: "InvalidStateError", SYNTAX_ERR: "SyntaxError", INVALID_MODIFICATION_ERR: "InvalidModificationError", NAMESPACE_ERR: "NamespaceError",
    INVALID_ACCESS_ERR: "InvalidAccessError", TYPE_MISMATCH_ERR: "TypeMismatchError", SECURITY_ERR: "SecurityError", NETWORK_ERR: "NetworkError", ABORT_ERR: "AbortError",
    URL_MISMATCH_ERR: "URLMismatchError", QUOTA_EXCEEDED_ERR: "QuotaExceededError", TIMEOUT_ERR: "TimeoutError", INVALID_NODE_TYPE_ERR: "InvalidNodeTypeError", DATA_CLONE_ERR: "DataCloneError",
  };
  const legacy = { IndexSizeError: 1, HierarchyRequestError: 3, WrongDocumentError: 4, InvalidCharacterError: 5, NoModificationAllowedError: 7, NotFoundError: 8, NotSupportedError: 9, InUseAttributeError: 10, InvalidStateError: 11, SyntaxError: 12, InvalidModificationError: 13, NamespaceError: 14, InvalidAccessError: 15, TypeMismatchError: 17, SecurityError: 18, NetworkError: 19, AbortError: 20, URLMismatchError: 21, QuotaExceededError: 22, TimeoutError: 23, InvalidNodeTypeError: 24, DataCloneError: 25 };
  function isDOM(e, type, d) {
    ensure(e !== null && typeof e === "object", () => `${show(e)} is no object`, d);
    ensure(e.constructor === DOMException, () => `expected a DOMException, got ${show(e)}`, d);
    if (typeof type === "number") {
      ensure(e.code === type, () => `expected code ${type}, got ${e.code} (${e.name})`, d);
      return;
    }
    const name = codes[type] ?? type;
    ensure(e.name === name && e.code === (legacy[name] ?? 0), () => `expected ${name}, got ${show(e)} with code ${e.code}`, d);
  }
  // A constructor of another realm may stand before the function.
  const shift = (args) => (typeof args[0] === "function" && typeof args[1] === "function" ? args.slice(1) : args);
  g.assert_throws_js = (ctor, f, d) => {
    const t = thrown(f);
    ensure(t !== undefined, `expected a ${ctor.name}, nothing was thrown`, d);
    isJS(t.e, ctor, d);
  };
  g.assert_throws_dom = (type, ...rest) => {
    const [f, d] = shift(rest);
    const t = thrown(f);
    ensure(t !== undefined, `expected ${type}, nothing was thrown`, d);
    isDOM(t.e, type, d);
  };
  g.assert_throws_exactly = (want, f, d) => {
    const t = thrown(f);
    ensure(t !== undefined, () => `expected ${show(want)}, nothing was thrown`, d);
    ensure(same(t.e, want), () => `expected ${show(want)}, got ${show(t.e)}`, d);
  };
  g.assert_throws_quotaexceedederror = (f, _quota, _requested, d) => g.assert_throws_dom("QuotaExceededError", f, d);
  const rejected = (p, d) => Promise.resolve(p).then((v) => fail(`expected a rejection, got ${show(v)}`, d), (e) => e);
  g.promise_rejects_js = async (t, ctor, p, d) => isJS(await rejected(p, d), ctor, d);
  g.promise_rejects_dom = async (t, type, ...rest) => {
    const [p, d] = typeof rest[0] === "function" ? rest.slice(1) : rest;
    isDOM(await rejected(p, d), type, d);
  };
  g.promise_rejects_exactly = async (t, want, p, d) => {
    const e = await rejected(p, d);
    ensure(same(e, want), () => `expected ${show(want)}, got ${show(e)}`, d);
  };
  g.promise_rejects_quotaexceedederror = async (t, p, _quota, _requested, d) => isDOM(await rejected(p, d), "QuotaExceededError", d);
  g.EventWatcher = class {
    constructor(t, target, types) {
      this.record = null;
      let waiting = null;
      const saw = t.step_func((e) => {
        ensure(waiting !== null, () => `an event ${e.type} that nobody waits for`);
        const w = waiting;
        ensure(e.type === w.types[0], () => `expected ${w.types[0]}, got ${e.type}`);
        w.events.push(e);
        w.types.shift();
        if (w.types.length > 0) return;
        waiting = null;
        w.resolve(w.record ? w.events : e);
      });
      for (const type of [].concat(types)) target.addEventListener(type, saw);
      this.wait_for = (wanted, options) => new Promise((resolve) => (waiting = { types: [].concat(wanted), events: [], resolve, record: options?.record === "all" }));
      t.add_cleanup(() => [].concat(types).forEach((type) => target.removeEventListener(type, saw)));
    }
  };

  for (const k of Object.keys(g)) Object.defineProperty(globalThis, k, { value: g[k], writable: true, configurable: true });

  // What escapes every test fails the file, or the test that is all of it.
  const escaped = (text) => (single ?? new Test("(harness)")).settle(FAIL, text);
  const uncaught = (what) => (e) => {
    if (properties.allow_uncaught_exception || explicit && look.done) return;
    escaped(`${what}: ${show(what === "error" ? e.error : e.reason)}`);
  };
  globalThis.addEventListener?.("error", uncaught("error"));
  globalThis.addEventListener?.("unhandledrejection", uncaught("unhandledrejection"));

  /**
   * Stands for the page that the test is on: addresses are relative to it, and
   * what lies beside it in the suite can be fetched. An isolate has no page.
   */
  function page(href, resources) {
    const location = new URL(href);
    const { origin } = location;
    const define = (o, k, value) => Object.defineProperty(o, k, { value, writable: true, configurable: true });
    define(globalThis, "location", location);
    define(globalThis, "origin", origin);
    define(globalThis, "isSecureContext", true);
    const absolute = (input) => (input instanceof Request ? input : new URL(input, href).href);
    const Relative = new Proxy(Request, {
      construct: (target, args, by) => Reflect.construct(target, args.length === 0 ? args : [absolute(args[0]), ...args.slice(1)], by === Relative ? target : by),
    });
    define(globalThis, "Request", Relative);
    define(Request.prototype, "constructor", Relative);
    const { redirect } = Response;
    define(Response, "redirect", function (url, ...rest) {
      return Reflect.apply(redirect, Response, arguments.length === 0 ? [] : [new URL(url, href).href, ...rest]);
    });
    const types = { json: "application/json", js: "text/javascript", html: "text/html", txt: "text/plain", css: "text/css", png: "image/png" };
    const serve = (request) => {
      const { pathname } = new URL(request.url);
      const content = resources[pathname];
      if (content === undefined) throw new TypeError(`there is no ${pathname} in the suite`);
      const body = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
      const headers = new Headers({ "content-type": types[pathname.slice(pathname.lastIndexOf(".") + 1)] ?? "application/octet-stream" });
      const out = new Response(request.method === "HEAD" ? null : body, { headers });
      Object.defineProperty(out, "url", { value: request.url.split("#")[0] });
      Object.defineProperty(out, "type", { value: "basic" });
      return out;
    };
    define(globalThis, "fetch", async function (input, init) {
      if (arguments.length === 0) return fetch();
      const request = new Relative(input, init);
      if (request.url.startsWith(origin + "/") && resources[new URL(request.url).pathname] !== undefined) {
        request.signal.throwIfAborted();
        return serve(request);
      }
      return fetch(request);
    });
  }

  /** Runs the sources as one classic script and gives the results. */
  return ({ href, title: name, long, source, resources }) => {
    title = name;
    if (long) patience = 50_000;
    page(href, resources);
    try {
      (0, eval)(source);
    } catch (e) {
      escaped(`the file threw ${show(e)}`);
    }
    loaded = true;
    // At the end of the chain: no promise test may follow.
    chain.then(look);
    look();
    return finished;
  };
})();
