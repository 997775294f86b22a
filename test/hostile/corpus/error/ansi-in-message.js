// expect: type
// log: ^(?:[^\x1b])*failed:(?:[^\x1b])*$
throw new Error("\u001b[2J\u001b[31mred\r\nINFO fake line\u0007");
