import type { HomeRegion } from "../core/ids.ts";
import { showsOtherHome } from "../egress/other-home.ts";

/** A setting that a destination cannot be made with. It says what is wrong and quotes nothing. */
export class SettingRefused extends Error {
  readonly problem: string;

  constructor(destination: string, problem: string) {
    super(`Cannot make the destination ${destination}: ${problem}`);
    this.problem = problem;
  }
}

/**
 * Reads the settings that a user gave a destination. What is wrong is an error that names the setting
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

  /** Texts by name, as JSON because a secret is text; none when it is not given. @throws Error else. */
  texts(name: string): Readonly<Record<string, string>> {
    const value = this.#json(name);
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return this.refuse(name, "is no JSON object");
    }
    const entries = Object.entries(value).map(([key, text]: [string, unknown]) => {
      return typeof text === "string"
        ? ([key, text] as const)
        : this.refuse(name, "is not all text");
    });
    return Object.fromEntries(entries);
  }

  /** @throws SettingRefused always. */
  refuse(name: string, problem: string): never {
    throw new SettingRefused(this.#destination, `${name} ${problem}`);
  }

  #json(name: string): unknown {
    try {
      return JSON.parse(this.optionalText(name) ?? "{}");
    } catch (error) {
      // The parser's own words would quote the secret.
      if (error instanceof SyntaxError) return undefined;
      throw error;
    }
  }
}

/**
 * Whether a workspace declared a host to be in its region: for all of its ports, or for this one. What
 * is declared counts nothing against a name that shows the other home.
 */
export function isDeclared(
  declaredHosts: readonly string[],
  region: HomeRegion,
  hostname: string,
  port: number | string,
): boolean {
  if (showsOtherHome(hostname, region)) return false;
  return declaredHosts.includes(hostname) || declaredHosts.includes(`${hostname}:${port}`);
}
