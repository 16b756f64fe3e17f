import { matches } from "@segment/tsub";
import { describe, expect, it } from "vitest";

import { evaluateFql } from "../../../../src/deliver/filter/fql-evaluate.ts";
import { FQL_BYTES_MAX, parseFql } from "../../../../src/deliver/filter/fql-parse.ts";

const EVENT = {
  event: "Button Clicked",
  type: "track",
  context: { library: { name: "analytics.js", version: "1.0" } },
  properties: {
    features: ["discounts", "dark-mode"],
    "product 1": { price: "19.99" },
    "a.b": 1,
    price: 12.5,
    count: 0,
    isNew: true,
    isOld: false,
    nothing: null,
    title: "Ab Cd",
    kana: "ア",
    sizes: [38, 40],
    deep: { list: [{ name: "x" }] },
  },
} as const;

function evaluate(text: string): boolean | "fault" | "invalid" {
  const parsed = parseFql(text);
  if (!parsed.ok) return "invalid";
  const result = evaluateFql(parsed.value, EVENT);
  return result.ok ? result.value : result.error;
}

describe("an FQL condition", () => {
  it.each([
    ["event = 'Button Clicked'", true],
    ["event = 'Screen Tapped'", false],
    ["context.path.path = '/login'", false],
    ["type = 'identify' or type = 'track'", true],
    ["event = 'Button Clicked' and type = 'track'", true],
    ["match( context.library.version, '1.*' )", true],
    ["match( context.library.version, '2.*' )", false],
    ["type = 'track' and ( event = 'Click' or match( event, 'Button *' ) )", true],
    ["!contains( context.library.name, 'js' )", false],
    ["'dark-mode' in properties.features", true],
    ["'blink' in properties.features", false],
    ["!( type in ['track', 'identify'] )", false],
    ["( type = 'track' or type = 'identify' ) and properties.isNew", true],
    ['event = "Button Clicked"', true],
  ])("of Segment's documentation: %s is %s", (text, wanted) => {
    expect(evaluate(text)).toBe(wanted);
  });

  it.each([
    [String.raw`properties.product\ 1.price = '19.99'`, true],
    [String.raw`properties.a\.b = 1`, true],
    ["properties.deep.list.0.name = 'x'", true],
    ["properties.sizes.length = 2", false],
    ["context.library.constructor = null", true],
  ])("finds a field: %s is %s", (text, wanted) => {
    expect(evaluate(text)).toBe(wanted);
  });

  it.each([
    ["properties.price > 12", true],
    ["properties.price >= 12.5", true],
    ["properties.price < 12.5", false],
    ["properties.price <= 12.5", true],
    ["properties.price != 12.5", false],
    ["properties.title > 1", false],
    ["properties.missing < 1", false],
    ["properties.price = '12.5'", false],
    ["properties.count = false", false],
    ["properties.missing = null", true],
    ["properties.nothing = null", true],
    ["properties.sizes = [38, 40]", true],
    ["properties.sizes = [40, 38]", false],
    ["39 in [38, 40]", false],
    ["properties.price in [1, 12.5]", true],
    ["null in [1, null]", true],
    ["'a' in properties.missing", false],
    ["properties.price in [properties.price]", true],
    ["properties.count = -0", true],
    ["properties.price = 1.25e1", true],
  ])("compares strictly: %s is %s", (text, wanted) => {
    expect(evaluate(text)).toBe(wanted);
  });

  it.each([
    ["properties.isNew or properties.missing", true],
    ["properties.isNew and properties.missing", false],
    ["properties.isOld or properties.isNew and properties.isOld", false],
    ["(properties.isNew or properties.isNew) and properties.isOld", false],
    ["properties.isNew or properties.isNew and properties.isOld", true],
    ["!properties.isOld", true],
    ["!properties.missing", true],
    ["!!properties.isNew", true],
    ["true", true],
    ["false or true", true],
    ["properties.title", false],
  ])("joins conditions: %s is %s", (text, wanted) => {
    expect(evaluate(text)).toBe(wanted);
  });
});

describe("an FQL function", () => {
  it.each([
    ["length(properties.features) = 2", true],
    ["length(properties.kana) = 3", true],
    ["length(properties.missing) = 0", true],
    ["length('abc') > 2", true],
    ["lowercase(event) = 'button clicked'", true],
    ["lowercase(properties.missing) = null", true],
    ["uppercase(type) = 'TRACK'", true],
    ["snakecase('test string') = 'test_string'", true],
    ["kebabcase('test string') = 'test-string'", true],
    ["titlecase('test string') = 'Test String'", true],
    ["typeof(event) = 'string'", true],
    ["typeof(properties.price) = 'number'", true],
    ["typeof(properties.sizes) = 'list'", true],
    ["typeof(properties.isNew) = 'bool'", true],
    ["typeof(properties.missing) = 'null'", true],
    ["typeof(context) = 'object'", true],
    ["contains(properties.missing, 'a')", false],
    ["match(properties.missing, '*')", false],
    ["contains(lowercase(event), 'clicked')", true],
    ["bool('true')", true],
    ["bool(properties.count)", false],
    ["bool(properties.sizes)", true],
    ["bool(properties.missing)", false],
    ["string(properties.price) = '12.5'", true],
    ["string(properties.sizes) = '[38,40]'", true],
    ["number(context.library.version) = 1", true],
    ["number(properties.price) > 12", true],
    ["number(properties.missing) > 0", false],
  ])("%s is %s", (text, wanted) => {
    expect(evaluate(text)).toBe(wanted);
  });

  it.each([
    ["match( 'abcd', 'a*d' )", true],
    ["match( '', '*' )", true],
    ["match( 'abc', 'ab' )", false],
    ["match( 'abcd', 'a??d' )", true],
    ["match( 'abcd', '*d' )", true],
    [String.raw`match( 'ab*d', 'ab\*d' )`, true],
    [String.raw`match( 'abcd', 'ab\*d' )`, false],
    ["match( 'abCd', 'ab[cC]d' )", true],
    ["match( 'abcd', 'ab[a-z]d' )", true],
    ["match( 'abcd', 'ab[A-Z]d' )", false],
    ["match( 'abcd', 'ab[^A-Z]d' )", true],
    ["match( 'a/b/c', 'a*c' )", true],
    ["match( 'ab', 'a*b*' )", true],
    ["match( 'aXbXc', '*X?' )", true],
    ["match( 'ü', '?' )", true],
  ])("fits whole texts to patterns: %s is %s", (text, wanted) => {
    expect(evaluate(text)).toBe(wanted);
  });

  it("fits a long text to a pattern of many stars without trying all ways", () => {
    const parsed = parseFql(`match(event, '${"*a".repeat(500)}b')`);

    expect(parsed.ok && evaluateFql(parsed.value, { event: "a".repeat(30_000) })).toEqual({
      ok: true,
      value: false,
    });
  });

  it.each([
    "number(event) = 1",
    "bool(event)",
    "string(context) = 'x'",
    "length(context) = 1",
    "length(properties.price) = 1",
    "'a' in event",
    String.raw`match(event, lowercase('[')) and true`,
  ])("that cannot come to anything is a fault: %s", (text) => {
    expect(evaluate(text)).toBe("fault");
  });
});

describe("parseFql()", () => {
  it.each([
    "",
    "   ",
    'userId = oops"',
    "event = 'open",
    "event =",
    "= 'a'",
    "event 'a'",
    "event == 'a'",
    "event = 'a' AND type = 'b'",
    "event = 'a' &&  type = 'b'",
    "(event = 'a'",
    "event = 'a')",
    "event. = 'a'",
    "event..x = 'a'",
    ".event = 'a'",
    "properties.$x = 'a'",
    "event = 'a' and",
    "and event = 'a'",
    "!event = 'a'",
    "(event) = 'a'",
    "!true",
    "'a'",
    "1",
    "null",
    "['a']",
    "lowercase(event)",
    "event = 'a' and lowercase(event)",
    "!length(event)",
    "event < 'a'",
    "1 < true",
    "lowercase(event) < 2",
    "contains(event)",
    "contains(event, 'a', 'b')",
    "contains(event, 1)",
    "match(event, '[a')",
    "match(event, 'a\\\\')",
    "length(1) = 1",
    "unknown(event)",
    "Contains(event, 'a')",
    "contains (event, 'a'",
    "event in 'a'",
    "event in ['a'",
    "event in ['a',]",
    "event in [['a']]",
    "event = 1.",
    "event = 01",
    "event = 'a'; type = 'b'",
    "event = `a`",
    "in = 1",
  ])("refuses %j", (text) => {
    expect(parseFql(text).ok).toBe(false);
  });

  it("says where a text goes wrong, and quotes none of it", () => {
    expect(parseFql("type = 'a' and secret secret")).toEqual({
      ok: false,
      error: { at: 22, problem: "goes on after its end" },
    });
  });

  it("refuses a text longer than the limit", () => {
    const text = `event = '${"a".repeat(FQL_BYTES_MAX - 10)}'`;

    expect([parseFql(text).ok, parseFql(`${text} `).ok]).toEqual([true, false]);
  });

  it("refuses brackets that would use up the stack", () => {
    const nested = (depth: number): string => `${"(".repeat(depth)}true${")".repeat(depth)}`;

    expect([parseFql(nested(50)).ok, parseFql(nested(51)).ok]).toEqual([true, false]);
  });
});

describe("Segment's own evaluator", () => {
  const track = { type: "track", properties: { list: ["a"], "a b": 1, text: "ABC" } };

  it.each([
    ["a list of the event", ["in", { value: "a" }, "properties.list"]],
    ["a missing field and null", ["=", "properties.missing", { value: null }]],
    ["an escaped path", ["=", String.raw`properties.a\ b`, { value: 1 }]],
    ["a function in a function", ["contains", ["lowercase", "properties.text"], { value: "b" }]],
  ])("lets an event through for %s, which is why it is not used", (_, ir) => {
    expect(matches(track, { type: "fql", ir: JSON.stringify(ir) })).toBe(false);
  });
});
