import type { KitField } from "../../../dist/kit/kit.js";

const ANYTHING: KitField = { label: "Anything", type: "number" };

/** A value that a field of the kit takes, made up from what the field says of itself. */
export function sampleValue(key: string, field: KitField): unknown {
  const single = singleValue(key, field);
  return field.multiple === true && !Array.isArray(single) ? [single] : single;
}

function singleValue(key: string, field: KitField): unknown {
  if (field.choices !== undefined && field.choices.length > 0) return choicesOf(field)[0];
  switch (field.type) {
    case "boolean":
      return true;
    case "number":
    case "integer":
      return Math.max(1, field.minimum ?? 1);
    case "datetime":
      return { "@path": "$.timestamp" };
    case "object":
      return sampleObject(field);
    default:
      return sampleText(key, field.format);
  }
}

export function choicesOf({ choices = [] }: KitField): readonly unknown[] {
  return choices.map((choice) => (typeof choice === "string" ? choice : choice.value));
}

function sampleObject({ properties = { key: ANYTHING } }: KitField): unknown {
  return Object.fromEntries(
    Object.entries(properties).map(([key, field]) => [key, sampleValue(key, field)]),
  );
}

function sampleText(key: string, format: string | undefined): string {
  if (format === "email" || /e-?mail/i.test(key)) return "person@example.com";
  if (format === "uri" || /ur[il]$/i.test(key)) return "https://www.example.com/path";
  if (format === "hostname") return "www.example.com";
  if (format === "ipv4" || key === "ip") return "192.0.2.1";
  if (format?.startsWith("date") === true || /time|date/i.test(key))
    return "2026-11-20T10:00:00.000Z";
  if (/phone/i.test(key)) return "+14155552671";
  if (/currency/i.test(key)) return "EUR";
  if (/country/i.test(key)) return "IE";
  return "0123456789abcdef0123456789abcdef";
}
