// META: title=TextDecoder for all encodings, by the Encoding standard
const bytes = (...n) => new Uint8Array(n);
test(() => {
  const rows = { "utf-8": "unicode-1-1-utf-8 utf8 x-unicode20utf8", "ibm866": "866 cp866", "iso-8859-2": "latin2 l2", "iso-8859-8-i": "logical", "koi8-r": "koi koi8", "macintosh": "mac x-mac-roman", "windows-1252": "latin1 ascii iso-8859-1 us-ascii", "windows-1254": "latin5 iso-8859-9", "x-mac-cyrillic": "x-mac-ukrainian", "gbk": "gb2312 chinese x-gbk", "gb18030": "gb18030", "big5": "big5-hkscs cn-big5", "euc-jp": "x-euc-jp", "iso-2022-jp": "csiso2022jp", "shift_jis": "sjis windows-31j ms_kanji", "euc-kr": "korean ks_c_5601-1987", "utf-16be": "unicodefffe", "utf-16le": "utf-16 ucs-2 unicode", "x-user-defined": "x-user-defined" };
  for (const [name, labels] of Object.entries(rows)) for (const l of labels.split(" ")) {
    assert_equals(new TextDecoder(l).encoding, name, l);
    assert_equals(new TextDecoder(` \t${l.toUpperCase()}\n\r\f`).encoding, name, l);
  }
  for (const bad of ["", "utf-7", "replacement", "hz-gb-2312", "iso-2022-kr", "utf-32", "latin1 x", "\u00a0utf-16", "utf\u00a08", "\vutf-8"]) assert_throws_js(RangeError, () => new TextDecoder(bad), bad);
}, "labels");
for (const [label, data, want] of [
  ["windows-1252", [0x80, 0x81, 0xe9], "€\u0081é"], ["iso-8859-5", [0xb0], "А"], ["koi8-r", [0xc1, 0xc2], "аб"], ["ibm866", [0x80], "А"], ["macintosh", [0x8a], "ä"], ["x-user-defined", [0x41, 0x80, 0xff], "A\uf780\uf7ff"],
  ["shift_jis", [0x93, 0xfa, 0x96, 0x7b, 0xb1], "日本ｱ"], ["euc-jp", [0xc6, 0xfc, 0x8e, 0xb1], "日ｱ"], ["iso-2022-jp", [0x1b, 0x24, 0x42, 0x46, 0x7c, 0x1b, 0x28, 0x42, 0x41], "日A"], ["euc-kr", [0xb0, 0xa1], "가"], ["big5", [0xa4, 0xa4], "中"],
  ["gbk", [0xd6, 0xd0, 0x80], "中€"], ["gb18030", [0x81, 0x30, 0x81, 0x30, 0xd6, 0xd0], "\u0080中"], ["utf-16le", [0x3d, 0xd8, 0x00, 0xde, 0x41, 0], "😀A"], ["utf-16be", [0xd8, 0x3d, 0xde, 0x00, 0, 0x41], "😀A"],
]) {
  test(() => assert_equals(new TextDecoder(label).decode(bytes(...data)), want), `${label} at once`);
  test(() => {
    const d = new TextDecoder(label);
    let out = "";
    for (const b of data) out += d.decode(bytes(b), { stream: true });
    assert_equals(out + d.decode(), want);
    assert_equals(d.decode(bytes(...data)), want, "again");
  }, `${label} byte by byte`);
}
test(() => {
  for (const [label, data] of [["utf-8", [0xff]], ["utf-16le", [0]], ["utf-16le", [0, 0xd8]], ["shift_jis", [0x81]], ["euc-jp", [0xff]], ["big5", [0x81, 0x20]], ["gb18030", [0xff]], ["windows-1253", [0xaa]], ["iso-2022-jp", [0x1b, 0x24]]]) {
    assert_true(new TextDecoder(label).decode(bytes(...data)).includes("\ufffd"), label);
    assert_throws_js(TypeError, () => new TextDecoder(label, { fatal: true }).decode(bytes(...data)), label);
  }
  assert_equals(new TextDecoder("gb18030", { fatal: true }).decode(bytes(0x84, 0x31, 0xa4, 0x37)), "\ufffd");
}, "what is not valid");
test(() => {
  for (const [label, bom] of [["utf-8", [0xef, 0xbb, 0xbf]], ["utf-16le", [0xff, 0xfe]], ["utf-16be", [0xfe, 0xff]]]) {
    assert_equals(new TextDecoder(label).decode(bytes(...bom)), "", label);
    assert_equals(new TextDecoder(label, { ignoreBOM: true }).decode(bytes(...bom)), "\ufeff", label);
    assert_equals(new TextDecoder(label).decode(bytes(...bom, ...bom)), "\ufeff", label);
    const d = new TextDecoder(label);
    let out = "";
    for (const b of [...bom, ...bom]) out += d.decode(bytes(b), { stream: true });
    assert_equals(out + d.decode(), "\ufeff", label);
  }
}, "byte order marks");
test(() => {
  const d = new TextDecoder("UTF-8", { fatal: 1 });
  assert_true(d.fatal);
  assert_false(d.ignoreBOM);
  assert_equals(d.decode(), "");
  assert_throws_js(TypeError, () => d.decode("x"));
  assert_throws_js(TypeError, () => d.decode(bytes(1), 5));
  assert_class_string(d, "TextDecoder");
}, "members");
promise_test(async () => {
  const s = new TextDecoderStream("shift_jis");
  assert_equals(s.encoding, "shift_jis");
  const w = s.writable.getWriter();
  w.write(bytes(0x93));
  w.write(bytes(0xfa).buffer);
  w.close();
  let out = "";
  for await (const t of s.readable) out += t;
  assert_equals(out, "日");
}, "TextDecoderStream");
promise_test(async (t) => {
  const s = new TextDecoderStream("utf-8", { fatal: true });
  const w = s.writable.getWriter();
  const p = s.readable.getReader().read();
  await promise_rejects_js(t, TypeError, w.write(bytes(0xff)));
  await promise_rejects_js(t, TypeError, p);
  const x = new TextDecoderStream();
  const q = x.readable.getReader().read();
  await promise_rejects_js(t, TypeError, x.writable.getWriter().write("text"));
  await promise_rejects_js(t, TypeError, q);
}, "TextDecoderStream that fails");
promise_test(async () => {
  const s = new TextEncoderStream();
  const w = s.writable.getWriter();
  for (const c of ["a", "\ud83d", "\ude00", "", "\ud83d"]) w.write(c);
  w.close();
  const out = [];
  for await (const b of s.readable) out.push(...b);
  assert_array_equals(out, [97, 0xf0, 0x9f, 0x98, 0x80, 0xef, 0xbf, 0xbd]);
}, "TextEncoderStream joins surrogates");
