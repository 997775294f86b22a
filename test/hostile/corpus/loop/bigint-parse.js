// expect: cpu, kill, ok, type
return BigInt("9".repeat(5000000)) > 0n;
