// trigger: load
// expect: type
cron("c", { toString() { for (;;); }, [Symbol.toPrimitive]() { for (;;); } }, () => {}, { get skipIfRunning() { for (;;); } });
