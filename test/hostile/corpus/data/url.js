// expect: type
return new URL("http://" + "a".repeat(1e6)).host.length;
