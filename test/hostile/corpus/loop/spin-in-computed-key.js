// expect: cpu
return { [{ toString() { for (;;); } }]: 1 };
