// expect: ok
let n = 0;
for (let i = 0; i < 10000; i++) n += `a${i}`.localeCompare(`b${i}`, ["de", "sv", "ja", "en-u-kn-true"][i % 4], { sensitivity: "base" });
return n;
