// Refusals tell neither paths, nor tokens, nor addresses.
// expect: ok
const texts = [];
for (const f of [() => rest.fetchChannel({ channelId: IDS.channel }), () => rest.fetchChannel({}), () => rest.fetchMember({ userId: "1" }), () => rest.editChannel({ channelId: IDS.ownChannel, payload: { type: 99999 } })]) {
	try { await f(); } catch (e) { texts.push(String(e) + JSON.stringify(e) + e.stack); }
}
const bad = texts.filter((t) => /simulated|Bot |127\.0\.0\.1|\/api\/v10|\.go:|goroutine|\/root|\/work|\/home|\/tmp/.test(t));
if (bad.length || texts.length < 3) throw new Error(bad.join() || texts.join());
return texts.length;
