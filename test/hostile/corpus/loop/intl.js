// Intl may be absent.
// expect: cpu, ok, type
for (;;) new Intl.Collator("de").compare("a", "b");
