import { AwsV4Signer } from "aws4fetch";
import { err, ok, type Result } from "../core/result.ts";
import { egress, type EgressContext } from "../egress/guard.ts";
import { queryOf, sha256Of } from "./bucket-wire.ts";
import { bodyOf, bytesOf, type Content } from "./content.ts";
import { encodeKey } from "./encode-key.ts";
import { guardFailure, type BucketFailure } from "./failures.ts";

/** Where a bucket is and the keys that sign for it. */
export type BucketAddress = BucketPlace & (LongTermKeys | { readonly session: KeySession });

/** Where keys come from that may end: those of a role, or those that a customer handed in. */
export type KeySession = {
  current(): Promise<Result<LongTermKeys, BucketFailure>>;
  /** Forgets the keys, after a bucket refused them. */
  drop(): void;
};

type LongTermKeys = {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
};

type BucketPlace = {
  /** Path-style base, `https://host/bucket`, without a trailing slash. */
  readonly url: string;
  /** The region of the signature's scope, e.g. `eu-west-1`. */
  readonly location: string;
  /** The KMS key that every write asks for; the bucket's own default when absent. */
  readonly kmsKeyArn?: string;
  /** Until an answer begins; {@link ANSWER_MS_MAX} when absent. */
  readonly answerMsMax?: number;
  /** Ceph compares the ETag of `If-Match` as text and keeps its own without quotes. */
  readonly hasBareIfMatch?: boolean;
};

/** Until an answer begins. AWS answers in well under a second; a PUT of 100 MB takes a few. */
const ANSWER_MS_MAX = 60_000;
/** Statuses of answers to a session that has ended or may not do this. */
const REFUSED: ReadonlySet<number> = new Set([400, 403]);

/** A request to a bucket: about one of its objects, or without a key about itself. */
export type Sending = {
  readonly method: "GET" | "HEAD" | "PUT" | "POST" | "DELETE";
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Content;
  /** Ends the reading of the answer's body as well. */
  readonly signal?: AbortSignal;
};

/**
 * Signs requests to one bucket and sends them, each once, through the guard. Every header is signed,
 * and the hash of every body, so that nothing on the way can change either.
 */
export class BucketSender {
  readonly #address: BucketAddress;
  readonly #context: EgressContext;
  /** Signing keys, which last for a day; one is made per day and scope. */
  readonly #signingKeys = new Map<string, ArrayBuffer>();

  constructor(address: BucketAddress, context: EgressContext) {
    this.#address = address;
    this.#context = context;
  }

  /** The KMS key that every write asks for. */
  get kmsKeyArn(): string | undefined {
    return this.#address.kmsKeyArn;
  }

  /** An ETag as the bucket wants to see it in `If-Match`. */
  ifMatch(etag: string): string {
    return this.#address.hasBareIfMatch === true ? etag.replaceAll('"', "") : etag;
  }

  async send(sending: Sending): Promise<Result<Response, BucketFailure>> {
    const keys = await this.#keys();
    if (!keys.ok) return keys;
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), this.#address.answerMsMax ?? ANSWER_MS_MAX);
    const signals = sending.signal === undefined ? [] : [sending.signal];
    try {
      const request = await this.#sign(
        sending,
        keys.value,
        AbortSignal.any([timeout.signal, ...signals]),
      );
      const answer = await egress(this.#context, request, {
        bodyBytes: bytesOf(sending.body),
      });
      if (!answer.ok) return err(guardFailure(answer.error));
      // An ended session answers so, and a role whose policy was mended; the next try asks anew.
      if (REFUSED.has(answer.value.status)) this.#session()?.drop();
      return answer;
    } catch (error) {
      if (error instanceof RangeError) throw error;
      const code = timeout.signal.aborted ? "timeout" : "network";
      const isRead = sending.method === "GET" || sending.method === "HEAD";
      return err(
        isRead ? { kind: "unavailable", status: undefined, code } : { kind: "unknown", code },
      );
    } finally {
      clearTimeout(timer);
    }
  }

  #session(): KeySession | undefined {
    return "session" in this.#address ? this.#address.session : undefined;
  }

  async #keys(): Promise<Result<LongTermKeys, BucketFailure>> {
    return "session" in this.#address ? this.#address.session.current() : ok(this.#address);
  }

  async #sign(sending: Sending, keys: LongTermKeys, signal: AbortSignal): Promise<Request> {
    const { url, location } = this.#address;
    const { sessionToken } = keys;
    const path = sending.key === undefined ? "" : `/${encodeKey(sending.key)}`;
    const signer = new AwsV4Signer({
      accessKeyId: keys.accessKeyId,
      secretAccessKey: keys.secretAccessKey,
      ...(sessionToken === undefined ? {} : { sessionToken }),
      service: "s3",
      region: location,
      cache: this.#signingKeys,
      method: sending.method,
      url: `${url}${path}${queryOf(sending.query ?? {})}`,
      // aws4fetch would send UNSIGNED-PAYLOAD, and leave Content-Type out of the signature.
      headers: { ...sending.headers, "x-amz-content-sha256": await sha256Of(sending.body) },
      allHeaders: true,
    });
    const { headers } = await signer.sign();
    const body = bodyOf(sending.body, signal);
    return new Request(signer.url, { method: sending.method, headers, body, signal });
  }
}
