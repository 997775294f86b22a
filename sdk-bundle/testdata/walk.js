// Walks every object that is reachable from the roots and gives the names of
// the native functions among them.
const walk = (roots) => {
  const seen = new Set();
  const queue = [];
  const natives = [];
  const visit = (o) => {
    if (o === null || (typeof o !== "object" && typeof o !== "function") || seen.has(o)) return;
    seen.add(o);
    queue.push(o);
  };
  roots.forEach(visit);
  while (queue.length > 0) {
    const o = queue.shift();
    visit(Object.getPrototypeOf(o));
    for (const d of Object.values(Object.getOwnPropertyDescriptors(o))) [d.value, d.get, d.set].forEach(visit);
    for (const key of Object.getOwnPropertySymbols(o)) {
      const d = Object.getOwnPropertyDescriptor(o, key);
      [d.value, d.get, d.set].forEach(visit);
    }
    if (o instanceof Map || o instanceof Set) for (const e of o) [e].flat().forEach(visit);
    if (typeof o === "function" && Function.prototype.toString.call(o).includes("[native code]")) natives.push(`${o.name}/${o.length}`);
  }
  return { objects: seen.size, natives: natives.sort() };
};
