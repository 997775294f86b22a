// Before the SDK, which takes what it needs of the language when it starts: a
// Date that asks the host for the time, once the isolate has one to ask.
(() => {
  "use strict";
  const Real = Date;
  let clock = Real.now;
  const define = (o, name, value) => Reflect.defineProperty(o, name, { value, writable: true, enumerable: false, configurable: true });
  function Clock(...given) {
    if (new.target === undefined) return new Real(clock()).toString();
    return Reflect.construct(Real, given.length === 0 ? [clock()] : given, new.target);
  }
  define(Clock, "name", "Date");
  define(Clock, "length", 7);
  define(Clock, "now", { now: () => clock() }.now);
  define(Clock, "parse", Real.parse);
  define(Clock, "UTC", Real.UTC);
  Reflect.defineProperty(Clock, "prototype", { value: Real.prototype, writable: false, enumerable: false, configurable: false });
  define(Real.prototype, "constructor", Clock);
  define(globalThis, "Date", Clock);
  Reflect.defineProperty(globalThis, "__floraClock", { value: (now) => void (clock = now), configurable: true });
})();
