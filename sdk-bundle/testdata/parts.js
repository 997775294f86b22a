// Describes every global that is not of the language, and all members of flora
// and Deno, with what was taken of the language first. It tells the same whether
// a script rewrote that meanwhile or not.
const describeAll = (() => {
  const { ownKeys, getOwnPropertyDescriptor, getPrototypeOf, apply } = Reflect;
  const { call, bind } = Function.prototype;
  const uncurry = apply(bind, bind, [call]);
  const join = uncurry(Array.prototype.join), sort = uncurry(Array.prototype.sort);
  const text = uncurry(Symbol.prototype.toString), setPrototypeOf = Object.setPrototypeOf;
  const { log } = console, plain = [Object.prototype, Function.prototype, Error, Array.prototype], roots = [["", globalThis], ["flora.", flora], ["Deno.", Deno]];
  const language = NAMES;
  const list = () => setPrototypeOf([], null);
  const add = (to, v) => void (to[to.length] = v);
  const named = (k) => (typeof k === "symbol" ? text(k) : k);
  const known = (k) => {
    for (let i = 0; i < language.length; i++) if (language[i] === k) return true;
    return k === "globalThis" || k === "odd";
  };
  const shape = (o) => {
    const keys = ownKeys(o), out = list();
    for (let i = 0; i < keys.length; i++) {
      const d = getOwnPropertyDescriptor(o, keys[i]);
      add(out, named(keys[i]) + ":" + (d.get ? "get" : "") + (d.set ? "set" : "") + typeof d.value + (d.writable ? "w" : "") + (d.enumerable ? "e" : "") + (d.configurable ? "c" : ""));
    }
    return join(out, " ");
  };
  return () => {
    for (let r = 0; r < roots.length; r++) {
      const keys = ownKeys(roots[r][1]), names = list();
      for (let i = 0; i < keys.length; i++) if (typeof keys[i] === "string" && !known(keys[i])) add(names, keys[i]);
      for (let i = 0; i < names.length; i++) {
        const d = getOwnPropertyDescriptor(roots[r][1], names[i]);
        const v = d.value;
        let out = roots[r][0] + names[i] + " " + typeof v + (d.get ? " get" : "") + (d.writable ? "w" : "") + (d.enumerable ? "e" : "") + (d.configurable ? "c" : "");
        if (v !== null && (typeof v === "object" || typeof v === "function") && v !== globalThis) {
          const up = getPrototypeOf(v);
          out += "\n  " + shape(v);
          if (up !== null && up !== plain[0] && up !== plain[1] && up !== plain[2] && up !== plain[3]) out += "\n  up " + shape(up);
          const p = getOwnPropertyDescriptor(v, "prototype");
          if (typeof v === "function" && p !== undefined && p.value) out += "\n  prototype " + shape(p.value) + "\n  of " + getOwnPropertyDescriptor(v, "name").value;
        }
        log(out);
      }
    }
  };
})();
