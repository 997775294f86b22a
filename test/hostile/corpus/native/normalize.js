// expect: kill, mem, type, cpu, ok
return "\u1e9b\u0323".repeat(2 ** 25).normalize("NFKD").length;
