// expect: cpu, type, kill
return String((2n ** (2n ** 30n)) % 7n);
