// expect: cpu
const o = { a: [1, 2, 3] };
for (;;) JSON.parse(JSON.stringify(o));
