// expect: type, mem, kill
return new Uint8Array({ length: 2 ** 31 }).length;
