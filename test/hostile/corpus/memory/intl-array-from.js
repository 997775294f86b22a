// Never comes to where it could be stopped, unless the limit of time comes first.
// expect: mem, kill
return Array.from(Array(5e6).fill("de"), Intl.Collator).length;
