// expect: ok
const { proxy, revoke } = Proxy.revocable({}, {});
revoke();
console.log(proxy);
