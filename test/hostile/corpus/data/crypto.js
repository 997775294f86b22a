// expect: type
return crypto.getRandomValues(new Uint8Array(2 ** 26)).length;
