// expect: cpu, kill, type, ok
return (1n << 20000000n).toString().length;
