// expect: ok
const got = [];
for (const f of [() => (1.5).toFixed(101), () => (1).toString(37), () => (2 ** 53).toPrecision(200), () => "x".repeat(-1), () => "x".repeat(2 ** 30), () => new Array(-1), () => BigInt(1.5), () => BigInt.asIntN(2 ** 53, 1n), () => String.fromCodePoint(0x110000), () => "x".normalize("x"), () => new Intl.NumberFormat("x".repeat(1e5))]) got.push(await tried(f));
if (got.filter((g) => g === "fine").length > 1) throw new Error(got.join());
return got.join();
