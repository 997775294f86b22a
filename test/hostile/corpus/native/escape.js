// expect: kill, cpu, type, mem, ok
return escape("\u20ac".repeat(2 ** 24)).length;
