import { describe, expect, it } from "vitest";

import { maskSecrets, type Exchange } from "../../../src/egress/exchange.ts";

const EXCHANGE: Exchange = {
  method: "POST",
  url: "https://hooks.example.com/in",
  requestHeaders: {},
  requestBody: "",
  status: 400,
  answerHeaders: {},
  answerBody: "",
};

/** What is shown of an answer to a request with these headers. */
function shown(
  answerBody: string,
  secrets: readonly string[],
  requestHeaders: Readonly<Record<string, string>> = {},
): string {
  return maskSecrets({ ...EXCHANGE, answerBody, requestHeaders }, secrets).answerBody;
}

describe("maskSecrets()", () => {
  it.each([
    ["as it is", 'no a/secret"of-mine'],
    ["percent-encoded", `no ${encodeURIComponent('a/secret"of-mine')}`],
    ["as JSON", String.raw`no a/secret\"of-mine`],
  ])("masks a secret that the vendor repeats %s", (_how, answer) => {
    expect(shown(answer, ['a/secret"of-mine'])).toBe("no ••••••");
  });

  it("masks a header of a secret that is a JSON object", () => {
    const headers = '{"authorization":"Bearer abcdefghij","x-n":"1"}';

    expect(shown("1: abcdefghij is unknown", [headers])).toBe("1: •••••• is unknown");
  });

  it.each(["authorization", "x-api-key", "x-auth-token"])(
    "masks what was sent as %s, also where it was made from a secret",
    (name) => {
      const answer = shown("no dXNlcjpwYXNz", [], { [name]: "Basic dXNlcjpwYXNz" });

      expect(answer).toBe("no ••••••");
    },
  );

  it("shows an Idempotency-Key that the vendor repeats", () => {
    const answer = shown("seen message-1", [], { "idempotency-key": "message-1" });

    expect(answer).toBe("seen message-1");
  });

  it("masks headers that name a secret, in request and answer", () => {
    const headers = { authorization: "Bearer x", "set-cookie": "a=b", accept: "text/plain" };
    const masked = maskSecrets(
      { ...EXCHANGE, requestHeaders: headers, answerHeaders: headers },
      [],
    );

    const wanted = { authorization: "••••••", "set-cookie": "••••••", accept: "text/plain" };
    expect([masked.requestHeaders, masked.answerHeaders]).toEqual([wanted, wanted]);
  });
});
