// expect: type
await (async () => { try { throw new Error("a"); } finally { await Promise.reject(new Error("b")); } })();
