// A native loop that never looks at V8's interrupts.
// expect: kill
return [].indexOf.call({ length: 2 ** 53 - 1 }, 1);
