/** What a guard needs of its object. */
export type RestoreGuardDeps = {
  /** The number that storage holds; `undefined` before there was any. */
  readonly read: () => number | undefined;
  readonly write: (number: number) => void;
  /** Tells the workspace that this object was set back, and to which number. */
  readonly tell: (number: number) => Promise<void>;
  readonly now: () => number;
};

/** Between two times that the workspace is told. */
const TELL_MS = 5_000;

/**
 * Keeps an object that was set back to an earlier time from serving. It holds the number of the last
 * deletion that it took part in, in the same storage as what was deleted; when its workspace asks for
 * a later one, its storage is from before that, and may hold whom everybody else has forgotten.
 */
export class RestoreGuard {
  readonly #deps: RestoreGuardDeps;
  #number: number | undefined;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  /** Whether it was found to be up to date since the object started. */
  isAdmitted = false;

  constructor(deps: RestoreGuardDeps) {
    this.#deps = deps;
    this.#number = deps.read();
  }

  /** Whether the object may serve, by the number that its workspace asks for. */
  admits(required: number | undefined): boolean {
    if (required === undefined) return true;
    // An object that never heard of a deletion holds nothing from before the present ones.
    if (this.#number === undefined) this.took(required);
    this.isAdmitted = (this.#number ?? 0) >= required;
    if (!this.isAdmitted) this.#tell();
    return this.isAdmitted;
  }

  /** The object has taken part in that deletion. */
  took(number: number): void {
    if (this.#number !== undefined && this.#number >= number) return;
    this.#deps.write(number);
    this.#number = number;
  }

  #tell(): void {
    const nowMs = this.#deps.now();
    if (Math.abs(nowMs - this.#toldAtMs) < TELL_MS) return;
    this.#toldAtMs = nowMs;
    // Told again until the deletion comes by.
    void this.#deps.tell(this.#number ?? 0).catch(() => undefined);
  }
}
