import { Behind } from "../src/deliver/lane/behind.ts";

/** What is wrong with a lane as it was told last, so that its workspace hears of each change. */
export class LaneStanding {
  readonly #behind = new Behind();
  #told = ",";

  begin(nowMs: number): void {
    this.#behind.begin(nowMs);
  }

  caughtUp(): void {
    this.#behind.end();
  }

  behindSinceMs(nowMs: number): number | undefined {
    return this.#behind.sinceMs(nowMs);
  }

  /** Whether something began or ended since it was asked last. */
  isNew(alert: string | undefined, nowMs: number): boolean {
    const standing = [alert, this.behindSinceMs(nowMs)].join();
    const isNew = standing !== this.#told;
    this.#told = standing;
    return isNew;
  }
}
