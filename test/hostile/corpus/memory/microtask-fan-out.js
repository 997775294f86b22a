// expect: mem, cpu, kill
const fan = () => { queueMicrotask(fan); queueMicrotask(fan); };
fan();
await new Promise(() => {});
