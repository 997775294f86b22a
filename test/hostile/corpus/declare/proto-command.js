// trigger: module
// expect: ok
createBot({ prefix: "!", commands: [{ name: "go", run() { finish("called"); } }, { name: "__proto__", run() {} }, { name: "constructor", run() {} }] });
