// What options.js makes of commands and of what is typed. Run by the package's
// Go tests.
import assert from "node:assert/strict";
import { test } from "node:test";
import { flatten, hint, matching, problem, value } from "../web/options.js";

const commands = [
  { type: 1, name: "zoo", description: "z", options: [{ type: 3, name: "text", description: "" }] },
  { type: 1, name: "tree", description: "t", options: [
    { type: 1, name: "leaf", description: "l" },
    { type: 2, name: "branch", description: "b", options: [{ type: 1, name: "twig", description: "w", options: [{ type: 4, name: "n" }] }] },
  ] },
  { type: 2, name: "Look", description: "" },
  { type: 3, name: "Quote", description: "" },
];

test("what can be called", () => {
  assert.deepEqual(flatten(commands).map((c) => [c.path, c.sub, c.options.length]), [["tree branch twig", "branch twig", 1], ["tree leaf", "leaf", 0], ["zoo", "", 1]]);
  assert.deepEqual(flatten([]), []);
});

test("what is meant", () => {
  const find = (typed) => matching(flatten(commands), typed).map((c) => c.path);
  assert.deepEqual(find(""), ["tree branch twig", "tree leaf", "zoo"]);
  assert.deepEqual(find("tree  leaf "), ["tree leaf"]);
  assert.deepEqual(find("TWIG"), ["tree branch twig"]);
  assert.deepEqual(find("e"), ["tree branch twig", "tree leaf"]);
  assert.deepEqual(find("none"), []);
});

test("what is wrong", () => {
  for (const [option, text, wrong] of [
    [{ type: 3, required: true }, "", true], [{ type: 3 }, "", false],
    [{ type: 3, min_length: 2, max_length: 3 }, "a", true], [{ type: 3, min_length: 2, max_length: 3 }, "👍👍👍", false], [{ type: 3, max_length: 3 }, "abcd", true],
    [{ type: 4 }, "12", false], [{ type: 4 }, "-3", false], [{ type: 4 }, "1.5", true], [{ type: 4 }, "1e3", false], [{ type: 4 }, "x", true], [{ type: 4 }, "0x10", true], [{ type: 4 }, "9007199254740994", true],
    [{ type: 4, min_value: 1, max_value: 5 }, "0", true], [{ type: 4, min_value: 1, max_value: 5 }, "5", false], [{ type: 4, max_value: 5 }, "6", true], [{ type: 4, min_value: 0 }, "-1", true],
    [{ type: 10 }, "1.5", false], [{ type: 10 }, ".5", false], [{ type: 10 }, "1e999", true], [{ type: 10 }, "Infinity", true], [{ type: 10, autocomplete: true }, "x", true],
  ]) {
    assert.equal(problem(option, text) !== null, wrong, `${JSON.stringify(option)} ${text}: ${problem(option, text)}`);
  }
});

test("what is sent", () => {
  assert.equal(value({ type: 3 }, ""), undefined);
  assert.equal(value({ type: 3 }, "12"), "12");
  assert.equal(value({ type: 4 }, "12"), 12);
  assert.equal(value({ type: 10 }, "-.5"), -0.5);
  assert.equal(value({ type: 4, autocomplete: true }, "x"), "x");
  assert.equal(value({ type: 5 }, "true"), true);
  assert.equal(value({ type: 5 }, "false"), false);
  assert.equal(value({ type: 6 }, "123"), "123");
});

test("what is told", () => {
  assert.equal(hint({ type: 4, min_value: 1, max_value: 5 }), "whole number, 1 to 5");
  assert.equal(hint({ type: 10, min_value: 0 }), "number, at least 0");
  assert.equal(hint({ type: 3, max_length: 5 }), "at most 5 characters");
  assert.equal(hint({ type: 5 }), "");
});
