// expect: cpu
return ((s) => { for (;;); })`x`;
