// expect: type, mem, kill
return new TextEncoder().encode("\u20ac".repeat(2 ** 26)).length;
