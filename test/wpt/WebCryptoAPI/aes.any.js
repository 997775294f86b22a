// META: title=WebCryptoAPI: AES
// META: script=util.js
// SP 800-38A (CBC and CTR), the GCM specification's test cases, RFC 3394 (KW).

const block4 = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
const keys38a = {
  128: "2b7e151628aed2a6abf7158809cf4f3c",
  192: "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b",
  256: "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4",
};
const cbc = {
  128: "7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b273bed6b8e3c1743b7116e69e222295163ff1caa1681fac09120eca307586e1a7",
  192: "4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f5615cd",
  256: "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b",
};
const ctr = {
  128: "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee",
  192: "1abc932417521ca24f2b0459fe7e6e0b090339ec0aa6faefd5ccc2c6f4ce8e941e36b26bd1ebc670d1bd1d665620abf74f78a7f6d29809585a97daec58c6b050",
  256: "601ec313775789a5b7a7f504bbf3d228f443e3ca4d62b59aca84e990cacaf5c52b0930daa23de94ce87017ba2d84988ddfc9c58db67aada613c2dd08457941a6",
};

for (const bits of [128, 192, 256]) {
  promise_test(async () => {
    const alg = { name: "AES-CBC", iv: unhex("000102030405060708090a0b0c0d0e0f") };
    const key = await raw(unhex(keys38a[bits]), "AES-CBC", ["encrypt", "decrypt"]);
    const out = await subtle.encrypt(alg, key, unhex(block4));
    assert_equals(out.byteLength, 80, "there is a whole block of padding");
    assert_equals(hex(out).slice(0, 128), cbc[bits]);
    assert_equals(hex(await subtle.decrypt(alg, key, out)), block4);
    for (let n = 0; n < 33; n++) {
      const data = unhex(block4).slice(0, n);
      const sealed = await subtle.encrypt(alg, key, data);
      assert_equals(sealed.byteLength, 16 * Math.floor(n / 16 + 1));
      assert_equals(hex(await subtle.decrypt(alg, key, sealed)), hex(data));
    }
  }, `AES-CBC, ${bits} bits`);

  promise_test(async () => {
    const alg = { name: "AES-CTR", counter: unhex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff"), length: 64 };
    const key = await raw(unhex(keys38a[bits]), "AES-CTR", ["encrypt", "decrypt"]);
    assert_equals(hex(await subtle.encrypt(alg, key, unhex(block4))), ctr[bits]);
    assert_equals(hex(await subtle.decrypt(alg, key, unhex(ctr[bits]))), block4);
    assert_equals(hex(await subtle.encrypt(alg, key, unhex(block4).slice(0, 21))), ctr[bits].slice(0, 42));
    assert_equals((await subtle.encrypt(alg, key, new Uint8Array())).byteLength, 0);
  }, `AES-CTR, ${bits} bits`);
}

promise_test(async () => {
  // Each block of the key stream is the encryption of its counter: with CBC and
  // no iv, one by one.
  const bytes = unhex(keys38a[128]);
  const stream = await raw(bytes, "AES-CTR", ["encrypt"]);
  const single = await raw(bytes, "AES-CBC", ["encrypt"]);
  for (const [counter, length, blocks] of [
    ["000000000000000000000000000000ff", 8, 3],
    ["ffffffffffffffffffffffffffffffff", 1, 2],
    ["aaaaaaaaaaaaaaaaaaaaaaaaaaaaaafd", 3, 8],
    ["0123456789abcdefffffffffffffffff", 64, 2],
    ["0123456789abcdefffffffffffffffff", 65, 4],
    ["0123456789abcdfffffffffffffffffe", 68, 4],
    ["ffffffffffffffffffffffffffffffff", 128, 3],
    ["00000000000000000000000000ffffff", 24, 5],
    ["0000000000000000fffffffffffffffe", 63, 5],
    ["0123456789abcdef7ffffffffffffffe", 63, 5],
  ]) {
    const got = hex(await subtle.encrypt({ name: "AES-CTR", counter: unhex(counter), length }, stream, new Uint8Array(16 * blocks)));
    let want = "";
    const mask = (1n << BigInt(length)) - 1n;
    const start = BigInt("0x" + counter);
    for (let i = 0n; i < BigInt(blocks); i++) {
      const at = (start & ~mask) | ((start + i) & mask);
      want += hex(await subtle.encrypt({ name: "AES-CBC", iv: new Uint8Array(16) }, single, unhex(at.toString(16).padStart(32, "0")))).slice(0, 32);
    }
    assert_equals(got, want, `${counter}, ${length} bits`);
  }
}, "AES-CTR counts in its own bits only, and those wrap");

const gcmText = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39";
const gcmAAD = "feedfacedeadbeeffeedfacedeadbeefabaddad2";
const gcm = [
  ["1", "00000000000000000000000000000000", "000000000000000000000000", "", "", "", "58e2fccefa7e3061367f1d57a4e7455a"],
  ["2", "00000000000000000000000000000000", "000000000000000000000000", "", "00000000000000000000000000000000", "0388dace60b6a392f328c2b971b2fe78", "ab6e47d42cec13bdf53a67b21257bddf"],
  ["4", "feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", gcmAAD, gcmText, "42831ec2217774244b7221b784d0d49ce3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58e091", "5bc94fbc3221a5db94fae95ae7121a47"],
  ["5, iv of 8 bytes", "feffe9928665731c6d6a8f9467308308", "cafebabefacedbad", gcmAAD, gcmText, "61353b4c2806934a777ff51fa22a4755699b2a714fcdc6f83766e5f97b6c742373806900e49f24b22b097544d4896b424989b5e1ebac0f07c23f4598", "3612d2e79e3b0785561be14aaca2fccb"],
  ["6, iv of 60 bytes", "feffe9928665731c6d6a8f9467308308", "9313225df88406e555909c5aff5269aa6a7a9538534f7da1e4c303d2a318a728c3c0c95156809539fcf0e2429a6b525416aedbf5a0de6a57a637b39b", gcmAAD, gcmText, "8ce24998625615b603a033aca13fb894be9112a5c3a211a8ba262a3cca7e2ca701e4a9a4fba43c90ccdcb281d48c7c6fd62875d2aca417034c34aee5", "619cc5aefffe0bfa462af43c1699d050"],
  ["10", "feffe9928665731c6d6a8f9467308308feffe9928665731c", "cafebabefacedbaddecaf888", gcmAAD, gcmText, "3980ca0b3c00e841eb06fac4872a2757859e1ceaa6efd984628593b40ca1e19c7d773d00c144c525ac619d18c84a3f4718e2448b2fe324d9ccda2710", "2519498e80f1478f37ba55bd6d27618c"],
  ["16", "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308", "cafebabefacedbaddecaf888", gcmAAD, gcmText, "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662", "76fc6ece0f4e1768cddf8853bb2d551b"],
];
for (const [name, k, iv, aad, plain, cipher, tag] of gcm) {
  promise_test(async (t) => {
    const key = await raw(unhex(k), "AES-GCM", ["encrypt", "decrypt"]);
    const alg = { name: "AES-GCM", iv: unhex(iv), additionalData: unhex(aad) };
    const sealed = await subtle.encrypt(alg, key, unhex(plain));
    assert_equals(hex(sealed), cipher + tag);
    for (const tagLength of [32, 64, 96, 104, 112, 120, 128]) {
      const a = { ...alg, tagLength };
      const out = await subtle.encrypt(a, key, unhex(plain));
      assert_equals(hex(out), cipher + tag.slice(0, tagLength / 4), `tag of ${tagLength} bits`);
      assert_equals(hex(await subtle.decrypt(a, key, out)), plain);
      for (const at of [0, -1, -tagLength / 8]) await promise_rejects_dom(t, "OperationError", subtle.decrypt(a, key, flip(out, at)));
      await promise_rejects_dom(t, "OperationError", subtle.decrypt({ ...a, iv: flip(unhex(iv), 0) }, key, out));
      await promise_rejects_dom(t, "OperationError", subtle.decrypt({ ...a, additionalData: text("other") }, key, out));
      await promise_rejects_dom(t, "OperationError", subtle.decrypt(a, key, new Uint8Array(out).slice(0, tagLength / 8 - 1)));
    }
    if (aad === "") assert_equals(hex(await subtle.encrypt({ name: "aes-gcm", iv: unhex(iv) }, key, unhex(plain))), cipher + tag);
  }, `AES-GCM, test case ${name}`);
}

const kw = [
  ["000102030405060708090a0b0c0d0e0f", "00112233445566778899aabbccddeeff", "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"],
  ["000102030405060708090a0b0c0d0e0f1011121314151617", "00112233445566778899aabbccddeeff", "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"],
  ["000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "00112233445566778899aabbccddeeff", "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"],
  ["000102030405060708090a0b0c0d0e0f1011121314151617", "00112233445566778899aabbccddeeff0001020304050607", "031d33264e15d33268f24ec260743edce1c6c7ddee725a936ba814915c6762d2"],
  ["000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "00112233445566778899aabbccddeeff0001020304050607", "a8f9bc1612c68b3ff6e6f4fbe30e71e4769c8b80a32cb8958cd5d17d6b254da1"],
  ["000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", "00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f", "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"],
];
kw.forEach(([kek, data, wrapped], i) => {
  promise_test(async (t) => {
    const by = await raw(unhex(kek), "AES-KW", ["wrapKey", "unwrapKey"]);
    const key = await raw(unhex(data), { name: "HMAC", hash: "SHA-256" }, ["sign"]);
    assert_equals(hex(await subtle.wrapKey("raw", key, by, "AES-KW")), wrapped);
    const back = await subtle.unwrapKey("raw", unhex(wrapped), by, "AES-KW", { name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
    assert_equals(hex(await subtle.exportKey("raw", back)), data);
    for (let at = 0; at < wrapped.length / 2; at += 7) await promise_rejects_dom(t, "OperationError", subtle.unwrapKey("raw", flip(unhex(wrapped), at), by, "AES-KW", { name: "HMAC", hash: "SHA-256" }, true, ["sign"]));
    for (const n of [0, 8, 16, 23]) await promise_rejects_dom(t, "OperationError", subtle.unwrapKey("raw", unhex(wrapped).slice(0, n), by, "AES-KW", { name: "HMAC", hash: "SHA-256" }, true, ["sign"]));
  }, `AES-KW, RFC 3394 example ${i + 1}`);
});

promise_test(async (t) => {
  const usages = ["encrypt", "decrypt"];
  const data = new Uint8Array(32);
  const iv = new Uint8Array(16);
  const cbcKey = await raw(new Uint8Array(16), "AES-CBC", usages);
  for (const n of [0, 8, 15, 17, 32]) {
    await promise_rejects_dom(t, "OperationError", subtle.encrypt({ name: "AES-CBC", iv: new Uint8Array(n) }, cbcKey, data));
    await promise_rejects_dom(t, "OperationError", subtle.decrypt({ name: "AES-CBC", iv: new Uint8Array(n) }, cbcKey, data));
  }
  for (const n of [0, 1, 15, 17]) await promise_rejects_dom(t, "OperationError", subtle.decrypt({ name: "AES-CBC", iv }, cbcKey, new Uint8Array(n)));
  // Paddings that are none: CBC of one block with a chosen iv shows any byte at the end.
  const sealed = new Uint8Array(await subtle.encrypt({ name: "AES-CBC", iv }, cbcKey, new Uint8Array(15)));
  for (const pad of [0, 17, 2, 255]) {
    const other = iv.slice();
    other[15] ^= 1 ^ pad;
    await promise_rejects_dom(t, "OperationError", subtle.decrypt({ name: "AES-CBC", iv: other }, cbcKey, sealed), `padding of ${pad}`);
  }
  const ctrKey = await raw(new Uint8Array(16), "AES-CTR", usages);
  for (const [counter, length] of [[iv, 0], [iv, 129], [iv, 255], [new Uint8Array(15), 64], [new Uint8Array(17), 64], [iv, 0.9]]) await promise_rejects_dom(t, "OperationError", subtle.encrypt({ name: "AES-CTR", counter, length }, ctrKey, data));
  await promise_rejects_dom(t, "OperationError", subtle.encrypt({ name: "AES-CTR", counter: iv, length: 1 }, ctrKey, new Uint8Array(33)), "a counter that would repeat");
  for (const length of [-1, 256, NaN, Infinity, "x"]) await promise_rejects_js(t, TypeError, subtle.encrypt({ name: "AES-CTR", counter: iv, length }, ctrKey, data));
  const gcmKey = await raw(new Uint8Array(16), "AES-GCM", usages);
  for (const tagLength of [0, 8, 24, 95, 97, 127, 129, 255]) await promise_rejects_dom(t, "OperationError", subtle.encrypt({ name: "AES-GCM", iv, tagLength }, gcmKey, data));
  await promise_rejects_js(t, TypeError, subtle.encrypt({ name: "AES-GCM", iv, tagLength: 256 }, gcmKey, data));
  await promise_rejects_dom(t, "OperationError", subtle.encrypt({ name: "AES-GCM", iv: new Uint8Array() }, gcmKey, data));
  await promise_rejects_js(t, TypeError, subtle.encrypt({ name: "AES-GCM" }, gcmKey, data), "no iv");
  await promise_rejects_js(t, TypeError, subtle.encrypt("AES-GCM", gcmKey, data), "a name alone");
  await promise_rejects_js(t, TypeError, subtle.encrypt({ name: "AES-GCM", iv: "text" }, gcmKey, data));
  await promise_rejects_js(t, TypeError, subtle.encrypt({ name: "AES-CTR", counter: iv }, ctrKey, data));
}, "parameters that are wrong");

promise_test(async (t) => {
  const iv = new Uint8Array(16);
  const data = new Uint8Array(16);
  const enc = await raw(new Uint8Array(16), "AES-CBC", ["encrypt"]);
  const dec = await raw(new Uint8Array(16), "AES-CBC", ["decrypt"]);
  await promise_rejects_dom(t, "InvalidAccessError", subtle.decrypt({ name: "AES-CBC", iv }, enc, data));
  await promise_rejects_dom(t, "InvalidAccessError", subtle.encrypt({ name: "AES-CBC", iv }, dec, data));
  await promise_rejects_dom(t, "InvalidAccessError", subtle.encrypt({ name: "AES-GCM", iv }, enc, data));
  // The parameters are wrong too, but the key is looked at first.
  await promise_rejects_dom(t, "InvalidAccessError", subtle.encrypt({ name: "AES-CBC", iv: new Uint8Array(1) }, dec, data));
  // And the algorithm before the key.
  await promise_rejects_dom(t, "NotSupportedError", subtle.encrypt({ name: "AES-KW" }, enc, data));
  await promise_rejects_dom(t, "NotSupportedError", subtle.encrypt({ name: "AES-XYZ" }, dec, data));
  await promise_rejects_js(t, TypeError, subtle.encrypt({ name: "AES-CBC", iv }, {}, data));
  await promise_rejects_js(t, TypeError, subtle.encrypt({ name: "AES-CBC", iv }, Object.create(CryptoKey.prototype), data));
  await promise_rejects_js(t, TypeError, subtle.encrypt({ name: "AES-CBC", iv }, enc, "data"));
}, "keys that do not fit, and the order of checks");

promise_test(async () => {
  const key = await raw(unhex(keys38a[128]), "AES-CBC", ["encrypt", "decrypt"]);
  const reads = [];
  const seen = new Proxy({ name: "AES-CBC", iv: unhex("000102030405060708090a0b0c0d0e0f"), length: 1 }, { get: (o, k) => (reads.push(String(k)), o[k]) });
  const p = subtle.encrypt(seen, key, unhex(block4));
  seen.iv[0] ^= 1;
  assert_equals(hex(await p).slice(0, 128), cbc[128]);
  assert_equals(reads.filter((k) => k === "iv").length, 2, "once by the call, once by this test");
  assert_false(reads.includes("length"), "members of other algorithms are not read");
}, "parameters are read once, and copied");
