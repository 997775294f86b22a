// expect: type
throw () => { for (;;); };
