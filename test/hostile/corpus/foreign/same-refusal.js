// What is not yours and what does not exist look the same.
// expect: deny
const text = async (id) => { try { await rest.fetchChannel({ channelId: id }); return "fine"; } catch (e) { return e.name + e.code + e.message; } };
const a = await text(IDS.channel), b = await text("999999999999999999");
if (a !== b) throw new Error(a + " | " + b);
return "denied";
