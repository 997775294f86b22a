// An id that is one's own at the first look and the victim's at the second.
// expect: type
let n = 0;
const args = { get channelId() { return n++ % 2 ? IDS.channel : IDS.ownChannel; }, content: "x" };
for (let i = 0; i < 10; i++) await tried(() => rest.sendMessage(args));
throw new TypeError("looked at " + n);
