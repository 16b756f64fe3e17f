/** Text that is HTML already. Whatever else is put into a page is escaped. */
export type Html = { readonly html: string };

type Value = string | number | Html | readonly Html[];

/** A template whose values are escaped, unless they are HTML made by this very function. */
export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Html {
  const filled = parts.map((part, i) => part + (i < values.length ? textOf(values[i]) : ""));
  return { html: filled.join("") };
}

function textOf(value: Value | undefined): string {
  if (value === undefined) return "";
  if (typeof value === "string" || typeof value === "number") return escapeHtml(String(value));
  return "html" in value ? value.html : value.map((each) => each.html).join("");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (char) => ENTITIES[char] ?? "");
}
