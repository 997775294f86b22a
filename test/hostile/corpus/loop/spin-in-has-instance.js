// expect: cpu
return {} instanceof class { static [Symbol.hasInstance]() { for (;;); } };
