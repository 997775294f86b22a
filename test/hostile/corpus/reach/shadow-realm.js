// expect: ok
return typeof ShadowRealm;
