/** Each character as a URL may have it. */
export function percent(text: string): string {
  return Array.from(text, (char) => `%${char.charCodeAt(0).toString(16)}`).join("");
}

/** Each character as JSON may have it. */
export function escaped(text: string): string {
  return Array.from(text, (char) => String.raw`\u00${char.charCodeAt(0).toString(16)}`).join("");
}
