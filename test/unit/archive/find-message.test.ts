import { describe, expect, it } from "vitest";

import { findMessage } from "../../../src/archive/find-message.ts";

function fileOf(...lines: readonly string[]): ReadableStream<Uint8Array> {
  return new Blob([`${lines.join("\n")}\n`]).stream();
}

const WHOLE = '{"receivedAt":"2026-11-22T12:00:00.000Z","messageId":"m1","userId":"u1"}';

describe("findMessage()", () => {
  it("says when the event was received", async () => {
    expect(await findMessage(fileOf(WHOLE), "m1")).toBe("2026-11-22T12:00:00.000Z");
  });

  it("finds an id that is written with escapes", async () => {
    const escaped = WHOLE.replace("m1", String.raw`\u006d1`);

    expect(await findMessage(fileOf(escaped), "m1")).toBe("2026-11-22T12:00:00.000Z");
  });

  it("passes over an event that only quotes the id", async () => {
    const other = '{"receivedAt":"2026-11-22T11:00:00.000Z","messageId":"m2","event":"m1"}';

    expect(await findMessage(fileOf(other), "m1")).toBeUndefined();
  });

  it.each(['{"messageId":"m1","userId":"jane@example.com', "m1", '"m1"', "null m1"])(
    "passes over a line that is no event, and says nothing of it: %s",
    async (damaged) => {
      expect(await findMessage(fileOf(damaged, WHOLE), "m1")).toBe("2026-11-22T12:00:00.000Z");
    },
  );
});
