// expect: type, mem, kill
globalThis.kept = [];
for (;;) {
	const b = new ArrayBuffer(0, { maxByteLength: 32 << 20 });
	b.resize(16 << 20);
	new Uint8Array(b).fill(1);
	kept.push(b);
	await new Promise((r) => setTimeout(r, 1));
}
