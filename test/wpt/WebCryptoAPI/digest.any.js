// META: title=WebCryptoAPI: digest()
// META: script=util.js
// The examples of FIPS 180-4 (NIST's "abc" and the empty message), and of a
// message of a million letters.

const vectors = {
  "SHA-1": {
    "": "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    abc: "a9993e364706816aba3e25717850c26c9cd0d89d",
    million: "34aa973cd4c4daa4f61eeb2bdbad27316534016f",
  },
  "SHA-256": {
    "": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    abc: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    million: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
  },
  "SHA-384": {
    "": "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14898b95b",
    abc: "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
    million: "9d0e1809716474cb086e834e310a4a1ced149e9c00f248527972cec5704c2a5b07b8b3dc38ecc4ebae97ddd87f3d8985",
  },
  "SHA-512": {
    "": "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
    abc: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    million: "e718483d0ce769644e2e42c7bc15b4638e1f98b13b2044285632a803afa973ebde0ff244877ea60a4cb0432ce577c31beb009c5c2c49aa2e4eadb217ad8cc09b",
  },
};

for (const [name, rows] of Object.entries(vectors)) {
  for (const [message, want] of Object.entries(rows)) {
    promise_test(async () => {
      const data = text(message === "million" ? "a".repeat(1_000_000) : message);
      assert_equals(hex(await subtle.digest(name, data)), want);
    }, `${name} of ${JSON.stringify(message)}`);
  }
  promise_test(async () => {
    for (const spelling of [name.toLowerCase(), name, { name }, { name: name.toLowerCase(), more: 1 }, Object.assign(() => {}, {}), null]) {
      if (typeof spelling === "function") Object.defineProperty(spelling, "name", { value: name });
      if (spelling === null) continue;
      assert_equals(hex(await subtle.digest(spelling, text("abc"))), rows.abc);
    }
  }, `${name} in other spellings`);
}

promise_test(async () => {
  const whole = text("xxabcxx");
  const buffer = whole.buffer;
  for (const view of [whole.subarray(2, 5), new DataView(buffer, 2, 3), new Int8Array(buffer, 2, 3), new Uint8ClampedArray(buffer, 2, 3)]) {
    assert_equals(hex(await subtle.digest("SHA-1", view)), vectors["SHA-1"].abc);
  }
  assert_equals(hex(await subtle.digest("SHA-1", text("abc").buffer)), vectors["SHA-1"].abc);
}, "views of a buffer are what they show of it");

promise_test(async () => {
  const data = text("abc");
  const p = subtle.digest("SHA-1", data);
  data[0] = 0;
  assert_equals(hex(await p), vectors["SHA-1"].abc);
}, "data is copied by the call");

promise_test(async () => {
  const data = text("xbc");
  const p = subtle.digest({ get name() { data[0] = 97; return "SHA-1"; } }, data);
  assert_equals(hex(await p), vectors["SHA-1"].abc);
}, "data is copied after the algorithm was read");

promise_test(async () => {
  for (const view of [text("abc"), new DataView(text("abc").buffer), text("abc").buffer]) {
    const p = subtle.digest({ get name() { (view.buffer ?? view).transfer(); return "SHA-1"; } }, view);
    assert_equals(hex(await p), vectors["SHA-1"][""]);
  }
}, "a buffer that is detached meanwhile has no bytes");

promise_test(async (t) => {
  for (const name of ["", "SHA", "SHA1", "MD5", "SHA-3", "AES-GCM", "\u017fha-1", "sha-1\0", "toString", "__proto__", undefined, null, 7, { name: "AES-CBC" }]) {
    await promise_rejects_dom(t, "NotSupportedError", subtle.digest(name, text("abc")), String(name));
  }
}, "unknown algorithms");

promise_test(async (t) => {
  for (const alg of [{}, { name: undefined }, { Name: "SHA-1" }, Symbol("x"), { name: Symbol("x") }]) await promise_rejects_js(t, TypeError, subtle.digest(alg, text("abc")));
  for (const data of [undefined, null, 1, "abc", {}, [1, 2]]) await promise_rejects_js(t, TypeError, subtle.digest("SHA-1", data));
  await promise_rejects_js(t, TypeError, subtle.digest("SHA-1"));
  await promise_rejects_js(t, TypeError, subtle.digest());
  await promise_rejects_js(t, TypeError, subtle.digest.call({}, "SHA-1", text("")));
  const e = new Error("mine");
  await promise_rejects_exactly(t, e, subtle.digest({ get name() { throw e; } }, text("")));
}, "bad arguments reject, and never throw");
