/** Poison that is valid JSON: has to be stored, letter by letter. Name and the JSON of `properties`. */
export const ODD_PROPERTIES: readonly (readonly [name: string, json: string])[] = [
  ["__proto__", '{"__proto__":{"isAdmin":true},"constructor":{"prototype":{"x":1}}}'],
  ["keys that come twice", '{"a":1,"a":2,"b":{"c":1,"c":"2"}}'],
  ["a number beyond any double", '{"n":1e999,"m":-1e999}'],
  ["a number too small for a double", '{"n":1e-999,"m":-0,"k":-0.0}'],
  ["integers beyond 2^53", '{"n":12345678901234567890,"m":9007199254740993}'],
  ["a number of 5,000 digits", `{"n":${"7".repeat(5000)}}`],
  ["decimals as they were written", '{"n":1.0,"m":1.10,"k":1E+2,"j":0.1e-1}'],
  ["lone surrogates, escaped", '{"t":"\\ud800","u":"\\udc00 \\ud83d","\\udfff":1}'],
  ["NUL, escaped", '{"t":"a\\u0000b","\\u0000":1}'],
  ["every escape", '{"t":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u2028"}'],
  ["line and paragraph separators", '{"t":"\u2028\u2029\u0085\u007f"}'],
  [
    "letters of four bytes and joined ones",
    '{"t":"\u{1F469}\u200D\u{1F4BB}\u{10FFFF}\uFEFF","e\u0301":1}',
  ],
  ["texts that look like JSON", '{"t":"{\\"userId\\":\\"x\\"}","u":"],[","v":"//"}'],
  ["an empty name", '{"":"empty","  ":"blank"}'],
  ["a name of 20,000 letters", `{"${"k".repeat(20_000)}":1}`],
  ["3,000 keys", `{${Array.from({ length: 3000 }, (_, n) => `"k${n}":1`).join(",")}}`],
  ["lists 150 deep", `{"l":${"[".repeat(150)}${"]".repeat(150)}}`],
  ["dates that are nonsense", '{"at":"2026-13-45T99:99:99Z","on":"0000-00-00","to":"Infinity"}'],
  ["names of our own fields", '{"receivedAt":"x","writeKey":"y","messageId":"z","type":"q"}'],
];

/** Nonsense as a time: kept as it was sent, and the event happened when it came. */
export const ODD_TIMESTAMPS: readonly (readonly [name: string, json: string])[] = [
  ["words", '"yesterday"'],
  ["a month of 13", '"2026-13-01T00:00:00Z"'],
  ["a year of six digits", '"+275761-01-01T00:00:00Z"'],
  ["a number beyond all dates", "1e300"],
  ["a number beyond any double", "1e999"],
  ["a list", "[2026]"],
  ["true", "true"],
  ["an empty text", '""'],
];
