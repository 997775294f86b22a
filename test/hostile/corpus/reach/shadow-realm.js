// expect: ok, type
return typeof ShadowRealm;
