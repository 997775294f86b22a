// Deep recursion whose every frame starts anew.
// expect: cpu, type
const f = () => { try { f(); } catch { f(); } };
f();
