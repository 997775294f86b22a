// expect: ok
let n = 0;
for (let i = 0; i < 1000; i++) n += i.toLocaleString("de").length + new Date(i).toLocaleString("fr").length + BigInt(i).toLocaleString("ar").length + [i].toLocaleString("sv").length;
return n;
