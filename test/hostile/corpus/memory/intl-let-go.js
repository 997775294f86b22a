// What is garbage does not count.
// expect: ok
let last;
for (let i = 0; i < 2000; i++) last = new Intl.DateTimeFormat("de", { dateStyle: "full" });
for (let i = 0; i < 2000; i++) last = new Intl.NumberFormat("de");
return last.format(1);
