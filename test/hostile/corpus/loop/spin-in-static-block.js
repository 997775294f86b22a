// expect: cpu
class A { static { for (;;); } }
return A;
