// META: title=atob and btoa, by the HTML and Infra standards
test(() => {
  for (const [from, to] of [["", ""], ["a", "YQ=="], ["ab", "YWI="], ["abc", "YWJj"], ["\x00\xff", "AP8="], [undefined, "dW5kZWZpbmVk"], [null, "bnVsbA=="], [7, "Nw=="]]) assert_equals(btoa(from), to);
}, "btoa encodes");
test(() => {
  for (const text of ["\u0100", "a€", "\ud800"]) assert_throws_dom("InvalidCharacterError", () => btoa(text));
}, "btoa refuses what is above U+00FF");
test(() => {
  for (const [from, to] of [["", ""], ["YQ==", "a"], ["YQ", "a"], ["YWI=", "ab"], ["YWJj", "abc"], [" Y\tW\nJ\fj\r", "abc"], ["/A==", "\xfc"], ["ab=\t=", "i"], ["YR", "a"]]) assert_equals(atob(from), to, from);
}, "atob decodes, without white space and with or without padding");
test(() => {
  for (const text of ["a", "abcde", "ab=", "a===", "=", "====", "ab==c", "ab\u00a0", "a-b_", "YQ===", "Y=Q="]) assert_throws_dom("InvalidCharacterError", () => atob(text), text);
}, "atob refuses what is no base64");
