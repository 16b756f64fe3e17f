/**
 * Reads the settings that a user gave a destination. What is wrong is an Error that names the setting
 * and quotes none of it, since it may be a secret.
 */
export class GivenSettings {
  readonly #given: Readonly<Record<string, unknown>>;
  readonly #destination: string;

  constructor(destination: string, given: Readonly<Record<string, unknown>>) {
    this.#destination = destination;
    this.#given = given;
  }

  /** @throws Error when there is none. */
  text(name: string): string {
    const value = this.optionalText(name);
    return value ?? this.refuse(name, "is missing");
  }

  /** `undefined` when it is not given, or empty. @throws Error when it is no text. */
  optionalText(name: string): string | undefined {
    const value = this.#given[name];
    if (value === undefined || value === null) return undefined;
    if (typeof value !== "string") return this.refuse(name, "is no text");
    return value.trim() === "" ? undefined : value.trim();
  }

  /** False when it is not given. @throws Error when it is neither true nor false. */
  flag(name: string): boolean {
    const value = this.#given[name] ?? false;
    return typeof value === "boolean" ? value : this.refuse(name, "is neither true nor false");
  }

  /** @throws Error when it is no whole number in that range. */
  wholeNumber(name: string, byDefault: number, min: number, max: number): number {
    const value = this.#given[name] ?? byDefault;
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) {
      return value;
    }
    return this.refuse(name, `is no whole number from ${min} to ${max}`);
  }

  /** Texts by name; none when it is not given. @throws Error when it is anything else. */
  texts(name: string): Readonly<Record<string, string>> {
    const value = this.#given[name] ?? {};
    if (typeof value !== "object" || Array.isArray(value)) return this.refuse(name, "is no object");
    const entries = Object.entries(value).map(([key, text]: [string, unknown]) => {
      return typeof text === "string"
        ? ([key, text] as const)
        : this.refuse(name, "is not all text");
    });
    return Object.fromEntries(entries);
  }

  /** @throws Error always. */
  refuse(name: string, problem: string): never {
    throw new Error(`Cannot make the destination ${this.#destination}: ${name} ${problem}`);
  }
}
