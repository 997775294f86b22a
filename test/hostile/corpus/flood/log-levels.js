// expect: ok
for (const level of ["trace", "debug", "info", "warn", "error", "assert", "dir", "dirxml"]) console[level]?.({ [Symbol.toStringTag]: "\u0000".repeat(1e5) });
