// expect: type
return secrets.get({ toString() { return "__proto__"; } });
