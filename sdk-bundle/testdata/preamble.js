// Overwrites every method and accessor of every built-in with one that throws,
// and lays setters and members in Object.prototype. What it needs itself it
// takes first.
(() => {
  const { ownKeys, defineProperty, getOwnPropertyDescriptor, getPrototypeOf, apply } = Reflect;
  const { push } = Array.prototype;
  const { split } = Symbol;
  const names = NAMES;
  const done = new Set();
  const { has, add } = Set.prototype;
  const queue = [];
  const take = (o) => {
    if (o === null || (typeof o !== "object" && typeof o !== "function")) return;
    if (apply(has, done, [o])) return;
    apply(add, done, [o]);
    apply(push, queue, [o]);
  };
  for (let i = 0; i < names.length; i++) take(globalThis[names[i]]);
  take(getPrototypeOf(function* () {}).prototype);
  take(getPrototypeOf(async function* () {}).prototype);
  take(getPrototypeOf(async () => {}));
  take(getPrototypeOf([][Symbol.iterator]()));
  take(getPrototypeOf(""[Symbol.iterator]()));
  take(getPrototypeOf(new Map().keys()));
  take(getPrototypeOf(new Set().keys()));
  take(getPrototypeOf("".matchAll(/a/g)));
  take(getPrototypeOf(Uint8Array));
  // The prototypes belong to what is overwritten; `constructor` of promises is
  // what the language's own await looks at, so that one is left to it.
  for (let i = 0; i < queue.length; i++) {
    take(queue[i].prototype);
    const up = getPrototypeOf(queue[i]);
    if (up !== null) take(up);
  }
  let patched = 0;
  const poison = (what) =>
    function () {
      throw "the SDK used " + what;
    };
  for (let i = 0; i < queue.length; i++) {
    const o = queue[i];
    const keys = ownKeys(o);
    for (let k = 0; k < keys.length; k++) {
      const key = keys[k];
      if (key === "prototype" || (o === Promise.prototype && key === "constructor")) continue;
      const d = getOwnPropertyDescriptor(o, key);
      if (!d.configurable && !d.writable) continue;
      const label = typeof key === "symbol" ? "a symbol" : key;
      if (typeof d.value === "function") {
        defineProperty(o, key, { __proto__: null, value: poison(label) });
        patched++;
      } else if (d.get !== undefined && d.configurable && key !== "__proto__") {
        defineProperty(o, key, { __proto__: null, get: poison("the getter " + label), set: d.set });
        patched++;
      }
    }
  }
  if (patched < 500) throw "only " + patched + " members were overwritten";
  const inherited = INHERITED;
  for (let i = 0; i < inherited.length; i++) {
    const key = inherited[i];
    defineProperty(Object.prototype, key, { __proto__: null, configurable: true, get: () => undefined, set: poison("a setter for " + key) });
  }
  const methods = ["toJSON", "next", "return"];
  for (let i = 0; i < 3; i++) defineProperty(Array.prototype, methods[i], { __proto__: null, configurable: true, value: methods[i] === "toJSON" ? undefined : poison(methods[i]) });
  defineProperty(String.prototype, split, { __proto__: null, configurable: true, value: poison("Symbol.split") });
  Error.prepareStackTrace = () => ({ not: "a text" });
})();
