import fc from "fast-check";
import { describe, expect, it } from "vitest";

import {
  EVIDENCE_KEYS_MAX,
  EvidenceBook,
  type EvidenceRow,
} from "../../../src/egress/evidence-book.ts";

const HOUR_MS = 3_600_000;

type Act =
  | { readonly act: "sending" | "received" | "sent"; readonly host: string; readonly bytes: number }
  | { readonly act: "refused"; readonly host: string }
  | { readonly act: "write" };

const hosts = fc.constantFrom("a.example.com", "b.example.com", "c.example.com");
const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    act: fc.constantFrom("sending" as const, "received" as const, "sent" as const),
    host: hosts,
    bytes: fc.nat(1000),
  }),
  fc.record({ act: fc.constant("refused" as const), host: hosts }),
  fc.record({ act: fc.constant("write" as const) }),
);

function contact(host: string) {
  return { region: "eu", purpose: "archive", host } as const;
}

/** Does one act a second, and keeps what is written as the table would. */
function play(book: EvidenceBook, table: Map<string, EvidenceRow>, all: readonly Act[]): void {
  for (const [second, each] of all.entries()) {
    const nowMs = second * 1000;
    if (each.act === "write") {
      for (const row of book.changes()) table.set(`${row.kind} ${row.key}`, row);
    } else if (each.act === "refused") {
      book.refused(contact(each.host), "host-not-allowed", nowMs);
    } else if (each.act === "sending") {
      book.sending(contact(each.host), "platform", each.bytes, nowMs);
    } else {
      book[each.act](contact(each.host), each.bytes);
    }
  }
}

describe("EvidenceBook", () => {
  it("adds up what was told of each host", () => {
    fc.assert(
      fc.property(fc.array(acts, { maxLength: 60 }), (all) => {
        const book = new EvidenceBook([]);
        play(book, new Map(), all);

        for (const host of ["a.example.com", "b.example.com", "c.example.com"]) {
          const first = all.findIndex((each) => each.act === "sending" && each.host === host);
          const of = all.slice(first).filter((each) => each.act !== "write" && each.host === host);
          const requests = of.filter(({ act }) => act === "sending").length;
          const bytesOf = (...kinds: string[]): number =>
            of.reduce(
              (sum, each) => sum + ("bytes" in each && kinds.includes(each.act) ? each.bytes : 0),
              0,
            );
          const found = book.totals().hosts.find((each) => each.host === host);

          expect(found?.requests ?? 0).toBe(first === -1 ? 0 : requests);
          if (first === -1) continue;
          expect(found).toMatchObject({
            bytesSent: bytesOf("sending", "sent"),
            bytesReceived: bytesOf("received"),
            firstAtMs: first * 1000,
          });
        }
      }),
    );
  });

  it("goes on from its table as if it had never stopped", () => {
    fc.assert(
      fc.property(
        fc.array(acts, { maxLength: 40 }),
        fc.array(acts, { maxLength: 40 }),
        (before, after) => {
          const whole = new EvidenceBook([]);
          const table = new Map<string, EvidenceRow>();
          const first = new EvidenceBook([]);
          play(whole, new Map(), [...before, { act: "write" }]);
          play(first, table, [...before, { act: "write" }]);
          const second = new EvidenceBook([...table.values()]);
          play(whole, new Map(), after);
          play(second, table, after);

          expect(second.totals()).toEqual(whole.totals());
        },
      ),
    );
  });

  it("says which contacts and refusals are the first of their kind", () => {
    const book = new EvidenceBook([]);

    const firsts = [
      book.sending(contact("a"), "platform", 1, 0),
      book.sending(contact("a"), "platform", 1, 1),
      book.sending({ ...contact("a"), purpose: "audit" }, "platform", 1, 2),
      book.refused(contact("a"), "not-https", 3),
      book.refused(contact("a"), "not-https", 4),
      book.refused(contact("a"), "redirected", 5),
      book.refused(contact("a"), "redirected", HOUR_MS),
    ];

    expect(firsts).toEqual([true, false, true, true, false, true, true]);
  });

  it("writes a row for a host once, however often it was contacted", () => {
    const book = new EvidenceBook([]);
    for (let i = 0; i < 1000; i++) book.sending(contact("a"), "platform", 100, i);

    expect(book.changes()).toHaveLength(1);
    expect(book.isDirty).toBe(false);
  });

  it("does not grow with the hosts that are refused", () => {
    const book = new EvidenceBook([]);
    for (let i = 0; i < 5000; i++) book.refused(contact(`${i}.example.com`), "odd-host", 0);

    const { refusals } = book.totals();
    expect(refusals).toHaveLength(EVIDENCE_KEYS_MAX + 1);
    expect(refusals.reduce((sum, { count }) => sum + count, 0)).toBe(5000);
  });

  it("forgets refusals of old hours only", () => {
    const book = new EvidenceBook([]);
    book.refused(contact("a"), "odd-host", 0);
    book.refused(contact("a"), "odd-host", 5 * HOUR_MS);

    expect(book.forgetHours(3 * HOUR_MS)).toHaveLength(1);
    expect(book.totals().refusals.map(({ hourMs }) => hourMs)).toEqual([5 * HOUR_MS]);
  });

  it("knows whether it holds news", () => {
    const book = new EvidenceBook([]);
    book.sending(contact("a"), "platform", 1, 5000);

    expect([book.hasNewsSince(5000), book.hasNewsSince(5001)]).toEqual([true, false]);
  });
});
