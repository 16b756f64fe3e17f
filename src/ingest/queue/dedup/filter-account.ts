/**
 * Bytes of filters that all objects of an isolate hold together. An isolate has 128 MB; this leaves
 * room for several objects' recent ids and requests, and holds the filters of a window of 86.4
 * million ids.
 */
const FILTER_BYTES_MAX = 32_000_000;

/** What one object holds of an account. */
export interface FilterShare {
  readonly bytes: number;
  /** Takes that many bytes, or answers false and takes none. */
  reserve(bytes: number): boolean;
  release(bytes: number): void;
}

/** Shares a budget of bytes among the objects of an isolate, which do not know of each other. */
export class FilterAccount {
  readonly #bytesMax: number;
  #used = 0;
  /** The platform may drop an object without a word; its share comes back when it is collected. */
  readonly #lost = new FinalizationRegistry<FilterShare>((share) => share.release(share.bytes));

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytesFree(): number {
    return this.#bytesMax - this.#used;
  }

  /** Opens a share that lasts as long as `holder`; the share does not keep `holder` alive. */
  open(holder: object): FilterShare {
    let held = 0;
    const share = {
      get bytes(): number {
        return held;
      },
      reserve: (bytes: number): boolean => {
        if (this.#used + bytes > this.#bytesMax) return false;
        this.#used += bytes;
        held += bytes;
        return true;
      },
      release: (bytes: number): void => {
        this.#used -= bytes;
        held -= bytes;
      },
    };
    this.#lost.register(holder, share);
    return share;
  }
}

/** The account of this isolate. */
export const isolateFilters = new FilterAccount(FILTER_BYTES_MAX);
