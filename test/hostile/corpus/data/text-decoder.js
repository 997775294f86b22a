// expect: type
return new TextDecoder("utf-8", { fatal: true }).decode(new Uint8Array(32 << 20)).length;
