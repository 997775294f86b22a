// expect: rate, type, ok, cpu, mem
const got = await Promise.all(Array.from({ length: 60 }, () => tried(() => rest.sendMessage({ channelId: IDS.ownChannel, content: "x", attachments: [{ data: "eA".repeat(5e5), filename: "x" }] }))));
return got.slice(0, 3).join();
