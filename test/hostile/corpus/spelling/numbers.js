// Too large is as many as there may be; what is no number is refused or nothing.
// expect: ok
// log: -1:INVALID_INPUT
const got = [];
for (const limit of [2 ** 53, -1, 1.5, NaN, Infinity, "5", 1e400, -0, 101, {}, [5], 1n]) got.push(limit + ":" + await tried(() => rest.fetchMessages({ channelId: IDS.ownChannel, limit })));
return got.join();
