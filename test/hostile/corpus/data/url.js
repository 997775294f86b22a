// expect: ok, type
return new URL("http://" + "a".repeat(1e6)).host.length;
