// expect: cpu, kill, type
return (3n ** (3n ** 15n)).toString().length;
