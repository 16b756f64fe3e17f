/** Reads vars and secrets by name, and gathers what is wrong with them instead of stopping at it. */
export class SettingsReader {
  readonly #vars: Readonly<Record<string, unknown>>;
  readonly problems: string[];

  constructor(vars: Readonly<Record<string, unknown>>, problems: string[]) {
    this.#vars = vars;
    this.problems = problems;
  }

  text(name: string): string | undefined {
    const value = this.#vars[name];
    return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
  }

  secret(name: string): string {
    const value = this.text(name);
    if (value === undefined) {
      this.problems.push(`${name} is missing: run npx wrangler secret put ${name}`);
    }
    return value ?? "";
  }

  oneOf<T extends string>(name: string, allowed: readonly [T, ...T[]]): T {
    const value = this.text(name);
    const found = allowed.find((option) => option === value);
    if (found === undefined) {
      const got = value === undefined ? "missing" : `"${value}"`;
      this.problems.push(
        `${name} is ${got}: set it to ${allowed.join(" or ")} under [vars] in wrangler.toml`,
      );
    }
    return found ?? allowed[0];
  }

  number(name: string, byDefault: number, min: number, max: number): number {
    const value = this.text(name);
    if (value === undefined) return byDefault;
    const number = Number(value);
    if (Number.isFinite(number) && number >= min && number <= max) return number;
    this.problems.push(
      `${name} is "${value}": set it to a number from ${min} to ${max} under [vars] in wrangler.toml`,
    );
    return byDefault;
  }
}
