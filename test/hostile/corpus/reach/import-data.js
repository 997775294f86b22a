// expect: type
const name = "data:" + "text/javascript,export default 1";
await import(name);
