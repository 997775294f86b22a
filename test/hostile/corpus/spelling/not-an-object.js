// expect: type
const got = [];
for (const v of [null, 5, "x", true, [], [{}], Symbol("x"), 1n, () => {}, new Map(), new Date(), /x/, new Proxy([], {})]) got.push(await tried(() => rest.fetchChannel(v)));
if (got.includes("fine")) return "leak " + got.join();
throw new TypeError(got.join());
