// expect: type
// log: fetch failed: 169\.254\.169\.254: scripts may not reach this address
await fetch("http://169.254.169.254/latest/meta-data/");
