import { readStored } from "../core/stored-json.ts";
import type { UnitResult } from "./progress.ts";
import type { ErasableStore, StoreDeletion } from "./stores.ts";

/** Between the name of a store and its unit, in the name of a unit of work. */
const SEPARATOR = " ";

/** The erasable stores of a workspace as units of work of one regulation. */
export class StoreUnits {
  readonly #stores: readonly ErasableStore[];

  constructor(stores: readonly ErasableStore[]) {
    this.#stores = stores;
  }

  units(scope: Pick<StoreDeletion, "sourceId">): readonly string[] {
    return this.#stores.flatMap((store) =>
      store.units(scope).map((unit) => `${store.name}${SEPARATOR}${unit}`),
    );
  }

  has(unit: string): boolean {
    return this.#find(unit) !== undefined;
  }

  /**
   * Asks a store for one slice.
   *
   * @param isVerifying Whether a pass that still took something out has to be followed by another.
   */
  async work(
    unit: string,
    deletion: Omit<StoreDeletion, "position">,
    note: string | undefined,
    isVerifying: boolean,
  ): Promise<UnitResult> {
    const store = this.#find(unit);
    if (store === undefined) return { isOver: true };
    const { position, found } = readStored<StoreNote>(note ?? "{}");
    const answer = await store.erase(unit.slice(store.name.length + SEPARATOR.length), {
      ...deletion,
      ...(position === undefined ? {} : { position }),
    });
    const counts = { storesErased: answer.erased };
    const part = { id: unit, name: store.name };
    if (answer.failed !== undefined) {
      return { isOver: true, counts, part: { ...part, status: "FAILED", error: answer.failed } };
    }
    const hasFound = found === true || answer.erased > 0;
    if (answer.isOver && !(isVerifying && hasFound)) {
      return {
        isOver: true,
        counts,
        part: { ...part, status: isVerifying ? "FINISHED" : "RUNNING" },
      };
    }
    // A pass that is over begins anew, and what it found is forgotten with it.
    const next: StoreNote = answer.isOver
      ? {}
      : {
          ...(answer.position === undefined ? {} : { position: answer.position }),
          found: hasFound,
        };
    return {
      isOver: false,
      note: JSON.stringify(next),
      counts,
      part: { ...part, status: "RUNNING" },
    };
  }

  #find(unit: string): ErasableStore | undefined {
    return this.#stores.find(({ name }) => unit.startsWith(`${name}${SEPARATOR}`));
  }
}

/** Where a pass through a unit is, and whether it has found somebody. */
type StoreNote = { readonly position?: string; readonly found?: boolean };
