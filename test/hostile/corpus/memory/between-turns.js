// Little by little, one turn after another.
// expect: mem, cpu, kill, type
globalThis.kept = [];
for (;;) {
	for (let i = 0; i < 200; i++) kept.push(new Array(1000).fill(i));
	await new Promise((r) => setTimeout(r, 1));
}
