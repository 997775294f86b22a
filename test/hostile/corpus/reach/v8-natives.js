// expect: type
return Function("return %DebugPrint(1)")();
