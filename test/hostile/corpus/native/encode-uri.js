// expect: kill, cpu, type, mem, ok
return encodeURIComponent("\u20ac".repeat(2 ** 24)).length;
