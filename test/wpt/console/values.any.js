// META: title=No value makes the console fail or runs code, by the Console standard
const trap = () => {
  throw new Error("a trap was called");
};
const traps = Object.fromEntries(["get", "has", "ownKeys", "getOwnPropertyDescriptor", "getPrototypeOf", "set"].map((k) => [k, trap]));
const values = {
  symbols: Symbol("s"),
  "large arrays": new Array(10_000_000).fill("x"),
  "sparse arrays": Object.assign([], { length: 4294967295 }),
  proxies: new Proxy({ a: 1 }, traps),
  "proxies of arrays": new Proxy([1], traps),
  "revoked proxies": (() => {
    const p = Proxy.revocable({}, {});
    p.revoke();
    return p.proxy;
  })(),
  getters: {
    get a() {
      return trap();
    },
  },
  cycles: (() => {
    const o = {};
    o.o = o;
    return o;
  })(),
  "null prototypes": Object.create(null),
  errors: new Error("e", { cause: new Error("c") }),
};
for (const [name, value] of Object.entries(values)) {
  for (const method of ["log", "debug", "info", "warn", "error", "dir", "dirxml", "table", "trace", "group", "groupEnd"]) {
    test(() => console[method](value), `${method} takes ${name}`);
  }
  test(() => {
    for (const d of ["%s", "%o", "%O", "%d", "%i", "%f", "%c"]) console.log(d, value);
    console.assert(false, value);
    console.table([value], [value === values.symbols ? "x" : "a"]);
  }, `directives take ${name}`);
}
test(() => {
  assert_equals(console.log(), undefined);
  assert_equals(console.assert(true), undefined);
  assert_equals(console.table(), undefined);
}, "methods give nothing");
test(() => {
  const { log } = console;
  log("no receiver is needed");
}, "methods need no receiver");
