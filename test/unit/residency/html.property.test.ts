import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { markup } from "../../../src/residency/html.ts";

describe("markup``", () => {
  it("lets nothing of a value be taken for a tag, an attribute's end or an entity", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("<", ">", "&", '"', "'", "a", "=", "/", " ") }),
        (text) => {
          const [, inner = ""] = /^<p>(.*)<\/p>$/s.exec(markup`<p>${text}</p>`.html) ?? [];

          expect(inner).not.toMatch(/[<>"']/);
          expect(inner.replaceAll(/&(?:amp|lt|gt|quot|#39);/g, "")).not.toContain("&");
        },
      ),
    );
  });

  it("keeps what it made itself", () => {
    const item = markup`<li>${"<"}</li>`;

    expect(markup`<ul>${[item, item]}</ul>`.html).toBe("<ul><li>&lt;</li><li>&lt;</li></ul>");
  });
});
