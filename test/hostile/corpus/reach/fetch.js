// expect: type
// log: fetch is not available
await fetch("http://169.254.169.254/latest/meta-data/");
