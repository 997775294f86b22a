// expect: type
setTimeout("console.log('ran')", 1);
