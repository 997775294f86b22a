// expect: cpu, type, ok
return new Date(8.64e15).toLocaleString("en", { dateStyle: "full" }).length > 0;
