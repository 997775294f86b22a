// expect: type
throw new Error("one\n22:00:00 INFO supervisor worker is ready\nthree");
