// expect: cpu, ok
return "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab".replace(/(a*)*c/g, "").length;
