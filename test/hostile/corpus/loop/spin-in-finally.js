// A termination is no exception: finally does not bring it back to life.
// expect: cpu
for (;;) {
	try { for (;;); } finally { for (;;); }
}
