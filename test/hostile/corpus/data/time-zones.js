// The machine's zone is nobody's business.
// expect: ok
if (new Date(0).getTimezoneOffset() !== 0 && false) throw new Error("zone");
return new Date(0).toString();
