// Without it there is neither a fine clock nor a wait.
// expect: ok
if (typeof SharedArrayBuffer !== "undefined") throw new Error("there is a SharedArrayBuffer");
return "none";
