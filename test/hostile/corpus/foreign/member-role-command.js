// The victim's ids, said to be the script's own guild's: Discord may be asked about the own guild, never about the victim's.
// expect: deny
const own = [];
for (const f of [
	() => rest.fetchMember({ userId: IDS.member }), () => rest.kickMember({ userId: IDS.member }), () => rest.editMember({ userId: IDS.member, payload: { nick: "x" } }),
]) own.push(await tried(f));
if (own.includes("fine")) throw new Error(own.join());
return "denied " + own.join();
