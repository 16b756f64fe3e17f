import { err, ok, type Result } from "../../core/result.ts";
import type { KeySession } from "../../s3/bucket-sender.ts";
import type { BucketFailure } from "../../s3/failures.ts";

type Keys = { readonly accessKeyId: string; readonly secretAccessKey: string };

/**
 * Keys that a customer handed in. The secret one is asked for at the first request and kept in memory
 * until a bucket refuses it: the customer may have handed in another one since.
 */
export class HandedKeys implements KeySession {
  readonly #accessKeyId: string;
  readonly #secret: () => Promise<string>;
  #held: Promise<string> | undefined;

  constructor(accessKeyId: string, secret: () => Promise<string>) {
    this.#accessKeyId = accessKeyId;
    this.#secret = secret;
  }

  async current(): Promise<Result<Keys, BucketFailure>> {
    this.#held ??= this.#secret();
    try {
      const secretAccessKey = await this.#held;
      return ok({ accessKeyId: this.#accessKeyId, secretAccessKey });
    } catch {
      // Whoever keeps it did not answer, or could not open it; nothing was sent.
      this.#held = undefined;
      return err({ kind: "unavailable", status: undefined, code: "key-unavailable" });
    }
  }

  drop(): void {
    this.#held = undefined;
  }
}
