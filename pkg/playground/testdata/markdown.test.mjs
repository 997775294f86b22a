// What markdown.js makes of texts. Run by the package's Go tests.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../web/markdown.js";

/** short writes a tree in few words. */
const short = (nodes) => nodes.map((n) => {
  const inside = n.nodes ? short(n.nodes) : n.text ?? "";
  switch (n.kind) {
    case "text": return n.text;
    case "break": return "/";
    case "block": return inside;
    case "pre": return `{pre:${n.lang}:${n.text}}`;
    case "link": return `{link:${n.url}:${inside}}`;
    case "time": return `{time:${n.seconds}:${n.style}}`;
    case "user": case "role": case "channel": return `{${n.kind}:${n.id}}`;
    case "heading": return `{h${n.level}:${inside}}`;
    case "item": return `{item${n.level}${n.mark}:${inside}}`;
    default: return `{${n.kind}:${inside}}`;
  }
}).join("");

const rows = [
  ["plain", "plain"],
  ["a\nb", "a/b"],
  ["**bold** *it* _it_ __un__ ~~s~~ ||sp||", "{bold:bold} {italic:it} {italic:it} {underline:un} {strike:s} {spoiler:sp}"],
  ["***both***", "{bold:{italic:both}}"],
  ["**bold *it* more**", "{bold:bold {italic:it} more}"],
  ["*it **bold***", "{italic:it {bold:bold}}"],
  ["snake_case_name and 2*3*4", "snake_case_name and 2{italic:3}4"],
  ["* no italic *", "{item0•:no italic *}"],
  ["** open", "** open"],
  ["`**code**` and `` a`b ``", "{code:**code**} and {code:a`b}"],
  ["\\*not\\* \\\\ \\a", "*not* \\ \\a"],
  ["```js\nlet a;\n```after", "{pre:js:let a;}after"],
  ["```one line```", "{pre::one line}"],
  ["before\n```\n<b>\n```\nafter", "before{pre::<b>}after"],
  ["``` open", "``` open"],
  ["# H\n## H2\n### H3\n#### no\n#no", "{h1:H}{h2:H2}{h3:H3}#### no/#no"],
  ["-# small", "{small:small}"],
  ["> a\n> b\nc", "{quote:a/b}c"],
  [">>> a\nb", "{quote:a/b}"],
  ["- a\n  - b\n3. c", "{item0•:a}{item1•:b}{item03.:c}"],
  ["<@1> <@!2> <@&3> <#4>", "{user:1} {user:2} {role:3} {channel:4}"],
  ["<:a_b:5> <a:cd:6> </x y:7>", "{emoji:a_b} {emoji:cd} {command:x y}"],
  ["<t:1:R> <t:-5> <t:1:Z>", "{time:1:R} {time:-5:f} <t:1:Z>"],
  ["@everyone @here @everyones", "{everyone:@everyone} {everyone:@here} @everyones"],
  ["https://a.b/c?d=e. (http://x.y)", "{link:https://a.b/c?d=e:https://a.b/c?d=e}. ({link:http://x.y:http://x.y})"],
  ["[t](https://a.b) [t](<https://a.b>) <https://c.d>", "{link:https://a.b:t} {link:https://a.b:t} {link:https://c.d:https://c.d}"],
  ["[t](javascript:alert(1)) [t](data:text/html,x) xhttps://a.b", "[t](javascript:alert(1)) [t](data:text/html,x) xhttps://a.b"],
  ["<b>&amp;</b>", "<b>&amp;</b>"],
  ["", ""],
];

for (const [text, want] of rows) test(JSON.stringify(text), () => assert.equal(short(parse(text)), want));

test("long and hostile texts end soon, with every character there", { timeout: 20_000 }, () => {
  const shown = (nodes) => nodes.map((n) => (n.nodes ? shown(n.nodes) : n.kind === "break" ? "\n" : n.text ?? "")).join("");
  for (const part of ["*", "**", "_", "||", "`", "[", "<", "\\", "> ", "- ", "# ", "*_", "**__~~||", "[](", "<t:", "```", "http://", "\n"]) {
    const text = part.repeat(Math.ceil(6000 / part.length));
    assert.ok(shown(parse(text)).length <= text.length + 6000);
    shown(parse(`${text}x${[...text].reverse().join("")}`));
  }
});
