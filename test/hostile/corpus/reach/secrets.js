// expect: type
return secrets.get("TOKEN");
