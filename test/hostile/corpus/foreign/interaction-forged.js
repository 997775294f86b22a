// expect: deny
const got = [];
for (const token of ["", "x", "../" + IDS.token, IDS.token + "/messages/@original", "a".repeat(5000), IDS.token + "?wait=true", "%2e%2e", null, 5, {}])
	got.push(await tried(() => rest.createFollowupMessage({ token, content: "x" })));
if (got.includes("fine")) throw new Error(got.join());
return "denied " + got.join();
