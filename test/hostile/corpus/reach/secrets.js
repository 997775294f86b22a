// expect: ok
// There is none: what there is, pkg/bot's tests try to read.
if (secrets.get("TOKEN") !== undefined) throw new Error("a secret");
return "none";
