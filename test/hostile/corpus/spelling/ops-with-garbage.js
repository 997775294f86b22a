// Garbage for each op: none may answer with an internal error.
// expect: type, deny, rate, cpu
const junk = [undefined, null, {}, { channelId: 1 }, { channelId: IDS.ownChannel, messageId: [] }, { guildId: {} }, { userId: "x", roleId: "y" }, { token: 1 }, { payload: 5 }, { payload: [] }, { commands: {} }, { commands: [null] }, { command: "x" }];
const inside = [];
for (const name of Object.keys(rest)) for (const j of junk) { if (name === "deleteChannel" || name === "upsertGuildCommands") continue; try { await rest[name](j); } catch (e) { if (e.code === "INTERNAL" || /internal|panic/.test(e.message)) inside.push(name + JSON.stringify(j)); } }
if (inside.length) return "internal " + inside.join();
throw new TypeError("all refused");
