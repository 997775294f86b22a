// META: title=Every encoding and label of the Encoding standard

const table = {
  "utf-8": "unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8",
  ibm866: "866 cp866 csibm866 ibm866",
  "iso-8859-2": "csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2",
  "iso-8859-3": "csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3",
  "iso-8859-4": "csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4",
  "iso-8859-5": "csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988",
  "iso-8859-6": "arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e iso-8859-6-i iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987",
  "iso-8859-7": "csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7 iso_8859-7:1987 sun_eu_greek",
  "iso-8859-8": "csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8 iso_8859-8:1988 visual",
  "iso-8859-8-i": "csiso88598i iso-8859-8-i logical",
  "iso-8859-10": "csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6",
  "iso-8859-13": "iso-8859-13 iso8859-13 iso885913",
  "iso-8859-14": "iso-8859-14 iso8859-14 iso885914",
  "iso-8859-15": "csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9",
  "iso-8859-16": "iso-8859-16",
  "koi8-r": "cskoi8r koi koi8 koi8-r koi8_r",
  "koi8-u": "koi8-ru koi8-u",
  macintosh: "csmacintosh mac macintosh x-mac-roman",
  "windows-874": "dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874",
  "windows-1250": "cp1250 windows-1250 x-cp1250",
  "windows-1251": "cp1251 windows-1251 x-cp1251",
  "windows-1252": "ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252",
  "windows-1253": "cp1253 windows-1253 x-cp1253",
  "windows-1254": "cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 windows-1254 x-cp1254",
  "windows-1255": "cp1255 windows-1255 x-cp1255",
  "windows-1256": "cp1256 windows-1256 x-cp1256",
  "windows-1257": "cp1257 windows-1257 x-cp1257",
  "windows-1258": "cp1258 windows-1258 x-cp1258",
  "x-mac-cyrillic": "x-mac-cyrillic x-mac-ukrainian",
  gbk: "chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk",
  gb18030: "gb18030",
  big5: "big5 big5-hkscs cn-big5 csbig5 x-x-big5",
  "euc-jp": "cseucpkdfmtjapanese euc-jp x-euc-jp",
  "iso-2022-jp": "csiso2022jp iso-2022-jp",
  shift_jis: "csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis",
  "euc-kr": "cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949",
  "utf-16be": "unicodefffe utf-16be",
  "utf-16le": "csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le",
  "x-user-defined": "x-user-defined",
};

for (const name in table) {
  test(() => {
    for (const label of table[name].split(" ")) {
      for (const form of [label, label.toUpperCase(), ` \t\n\f\r${label}\r\f\n\t `]) {
        assert_equals(new TextDecoder(form).encoding, name, JSON.stringify(form));
        assert_equals(new TextDecoderStream(form).encoding, name, JSON.stringify(form));
      }
      for (const bad of [`\u000b${label}`, `${label}\u0000`, `\u00a0${label}`, `${label}\u3000`, `${label}x`]) assert_throws_js(RangeError, () => new TextDecoder(bad), JSON.stringify(bad));
    }
  }, `the labels of ${name}`);
  test(() => {
    // All of ASCII is itself, but where the encoding has more than one byte for it or uses an escape.
    if (name.startsWith("utf-16")) return;
    const ascii = Array.from({ length: 128 }, (_, i) => i).filter((i) => name !== "iso-2022-jp" || (i !== 0x0e && i !== 0x0f && i !== 0x1b));
    assert_equals(new TextDecoder(name, { fatal: true }).decode(new Uint8Array(ascii)), String.fromCharCode(...ascii));
  }, `ASCII in ${name}`);
}

test(() => {
  for (const label of ["replacement", "csiso2022kr", "hz-gb-2312", "iso-2022-cn", "iso-2022-cn-ext", "iso-2022-kr", "utf-7", "utf-32", "ebcdic", "x", "", " ", "utf-8\u0000", "\u017f_jis", "iso-8859-12"]) {
    assert_throws_js(RangeError, () => new TextDecoder(label), JSON.stringify(label));
    assert_throws_js(RangeError, () => new TextDecoderStream(label), JSON.stringify(label));
  }
  assert_equals(new TextDecoder(undefined).encoding, "utf-8");
}, "what is no label");

// The upper half of the encodings of single bytes; ? is a byte without a character.
const none = "\ufffd";
const upper = {
  ibm866: ["АБВ", 0x80], "iso-8859-2": ["Ą˘Ł¤ĽŚ§", 0xa1], "iso-8859-3": ["Ħ˘£¤" + none + "Ĥ§", 0xa1], "iso-8859-4": ["ĄĸŖ¤ĨĻ§", 0xa1], "iso-8859-5": ["ЁЂЃЄЅІЇ", 0xa1],
  "iso-8859-6": [none + none + none + "¤" + none, 0xa1], "iso-8859-7": ["‘’£€₯¦§", 0xa1], "iso-8859-8": [none + "¢£¤¥¦§", 0xa1], "iso-8859-8-i": [none + "¢£¤¥¦§", 0xa1],
  "iso-8859-10": ["ĄĒĢĪĨĶ§", 0xa1], "iso-8859-13": ["”¢£¤„¦§", 0xa1], "iso-8859-14": ["Ḃḃ£ĊċḊ§", 0xa1], "iso-8859-15": ["¡¢£€¥Š§š", 0xa1], "iso-8859-16": ["ĄąŁ€„Š§", 0xa1],
  "koi8-r": ["юабц", 0xc0], "koi8-u": ["єЁ", null, [0xa4, 0xb3]], macintosh: ["ÄÅÇÉÑÖÜ", 0x80], "windows-874": ["€\u0081\u0082\u0083\u0084…", 0x80], "windows-1250": ["€\u0081‚\u0083„…", 0x80],
  "windows-1251": ["ЂЃ‚ѓ„…", 0x80], "windows-1252": ["€\u0081‚ƒ„…", 0x80], "windows-1253": ["€\u0081‚ƒ„…†‡\u0088‰\u008a", 0x80], "windows-1254": ["ĞÑÒ", 0xd0], "windows-1255": ["€\u0081‚ƒ„…†‡ˆ‰\u008a", 0x80],
  "windows-1256": ["€پ‚ƒ„", 0x80], "windows-1257": ["€\u0081‚\u0083„", 0x80], "windows-1258": ["Đ\u00d1\u0309", 0xd0], "x-mac-cyrillic": ["АБВ", 0x80], "x-user-defined": ["\uf780\uf781", 0x80],
};
for (const name in upper) {
  test(() => {
    const [text, from, own] = upper[name];
    const bytes = new Uint8Array(own ?? Array.from(text, (_, i) => from + i));
    assert_equals(new TextDecoder(name).decode(bytes), text);
    if (text.includes(none)) assert_throws_js(TypeError, () => new TextDecoder(name, { fatal: true }).decode(bytes));
    else assert_equals(new TextDecoder(name, { fatal: true }).decode(bytes), text);
    const all = new TextDecoder(name).decode(new Uint8Array(256).map((_, i) => i));
    assert_equals(all.length, 256, "a character for each byte");
  }, `the upper half of ${name}`);
}

// [encoding, bytes, text, whether fatal takes it].
for (const [name, bytes, text, good] of [
  ["gbk", [0xd6, 0xd0, 0xce, 0xc4], "中文", true], ["gbk", [0x80], "€", true], ["gbk", [0xff], none, false], ["gbk", [0x81], none, false], ["gbk", [0x81, 0x20], none + " ", false],
  ["gb18030", [0x81, 0x30, 0x81, 0x30], "\u0080", true], ["gb18030", [0x90, 0x30, 0x81, 0x30], "\u{10000}", true], ["gb18030", [0xe3, 0x32, 0x9a, 0x35], "\u{10ffff}", true],
  ["gb18030", [0xe3, 0x32, 0x9a, 0x36], none, false], ["gb18030", [0x81, 0x30, 0x81], none, false], ["gb18030", [0x81, 0x30, 0x20], none + "0 ", false], ["gb18030", [0x84, 0x31, 0xa4, 0x37], "\ufffd", true],
  ["gb18030", [0xa8, 0xbc], "\u1e3f", true], ["gb18030", [0xa2, 0xe3], "€", true],
  ["big5", [0xa4, 0xa4, 0xa4, 0xe5], "中文", true], ["big5", [0x88, 0x62], "\u00ca\u0304", true], ["big5", [0x88, 0x64], "\u00ca\u030c", true], ["big5", [0x88, 0xa3], "\u00ea\u0304", true], ["big5", [0x87, 0x40], "\u43f0", true],
  ["big5", [0xff], none, false], ["big5", [0xa4, 0x20], none + " ", false], ["big5", [0x80], none, false],
  ["euc-jp", [0xc6, 0xfc, 0xcb, 0xdc], "日本", true], ["euc-jp", [0x8e, 0xb1], "ｱ", true], ["euc-jp", [0x8f, 0xb0, 0xa1], "丂", true], ["euc-jp", [0x8e, 0x20], none + " ", false], ["euc-jp", [0xff], none, false],
  ["shift_jis", [0x93, 0xfa, 0x96, 0x7b], "日本", true], ["shift_jis", [0xb1], "ｱ", true], ["shift_jis", [0x80], "\u0080", true], ["shift_jis", [0x5c, 0x7e], "\\~", true], ["shift_jis", [0xf0, 0x40], "\ue000", true],
  ["shift_jis", [0xa0], none, false], ["shift_jis", [0xfd], none, false], ["shift_jis", [0x81, 0x20], none + " ", false], ["shift_jis", [0x81], none, false],
  ["iso-2022-jp", [0x1b, 0x24, 0x42, 0x46, 0x7c, 0x1b, 0x28, 0x42, 0x61], "日a", true], ["iso-2022-jp", [0x1b, 0x28, 0x49, 0x31], "ｱ", true], ["iso-2022-jp", [0x1b, 0x28, 0x4a, 0x5c, 0x7e], "¥‾", true],
  ["iso-2022-jp", [0x1b, 0x24], none + "$", false], ["iso-2022-jp", [0x0e], none, false], ["iso-2022-jp", [0x80], none, false], ["iso-2022-jp", [0x1b, 0x28, 0x42, 0x1b, 0x28, 0x42], none, false],
  ["euc-kr", [0xc7, 0xd1], "한", true], ["euc-kr", [0x81, 0x41], "갂", true], ["euc-kr", [0x80], none, false], ["euc-kr", [0xc7, 0x20], none + " ", false], ["euc-kr", [0xff], none, false],
  ["utf-16le", [0x41, 0, 0x3d, 0xd8, 0, 0xde], "A\u{1f600}", true], ["utf-16be", [0, 0x41, 0xd8, 0x3d, 0xde, 0], "A\u{1f600}", true], ["utf-16le", [0, 0xd8], none, false], ["utf-16le", [0, 0xdc, 0x41, 0], none + "A", false],
  ["utf-16le", [0x41], none, false], ["utf-16be", [0xd8, 0, 0, 0x41], none + "A", false], ["utf-16le", [0xff, 0xfe, 0x41, 0], "A", true], ["utf-16be", [0xfe, 0xff, 0, 0x41], "A", true], ["utf-16le", [0xfe, 0xff], "\ufffe", true],
  ["utf-8", [0xef, 0xbb, 0xbf, 0x41], "A", true], ["utf-8", [0xc0, 0x80], none + none, false], ["utf-8", [0xe2, 0x82], none, false], ["utf-8", [0xf0, 0x9f, 0x98], none, false], ["utf-8", [0xed, 0xa0, 0x80], none + none + none, false],
  ["utf-8", [0xf4, 0x90, 0x80, 0x80], none.repeat(4), false], ["utf-8", [0xf8], none, false], ["utf-8", [0xe2, 0x82, 0x41], none + "A", false], ["utf-8", [0xf0, 0x80, 0x80, 0x41], none.repeat(3) + "A", false],
]) {
  test(() => {
    const b = new Uint8Array(bytes);
    assert_equals(new TextDecoder(name).decode(b), text);
    const fatal = new TextDecoder(name, { fatal: true });
    if (good) assert_equals(fatal.decode(b), text, "fatal");
    else assert_throws_js(TypeError, () => fatal.decode(b));
    assert_equals(fatal.decode(new Uint8Array(0)), "", "what failed is forgotten");
    // Byte by byte it is the same.
    const d = new TextDecoder(name);
    let out = "";
    for (const one of b) out += d.decode(new Uint8Array([one]), { stream: true });
    assert_equals(out + d.decode(), text, "in pieces");
  }, `${bytes.map((n) => n.toString(16)).join(" ")} in ${name}`);
}
