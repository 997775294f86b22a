// trigger: message, timer
// expect: type
const { proxy, revoke } = Proxy.revocable({}, {});
revoke();
throw proxy;
