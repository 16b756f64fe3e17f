import { homeBucketName, LOCATIONS } from "../../../scripts/local-aws/options.ts";
import { passTo, type OutboundCall, type Route } from "../../../scripts/stack/recorder.ts";
import { startStack, type Stack } from "../../../scripts/stack/start-stack.ts";
import type { Answering } from "../matrix/faults.ts";
import { talkativeWebhook, WEBHOOK_HOST } from "./faults.ts";
import type { Marks } from "./marks.ts";
import { CUSTOM_HOST, talkativeService } from "./syncs.ts";

/** The buckets under AWS's own names, and alarms that come within a second. */
const VARS = {
  ...Object.fromEntries(
    LOCATIONS.map((location) => [
      `BUCKET_${location.toUpperCase().replaceAll("-", "_")}`,
      `https://s3.${location}.amazonaws.com/${homeBucketName(location)}`,
    ]),
  ),
  SEAL_SECONDS: "1",
  ARCHIVE_TIMEOUT_SECONDS: "1",
  ARCHIVE_PROBE_SECONDS: "1",
  SUSPECT_SECONDS: "1",
  EDGE_CHECK: "on",
};

/** Names a source, or a sync, in what is asked of a bucket. */
const SOURCE_ID = /(?:src|syn)_(?:eu|us)_[0-9a-z]{26}/;
/** Vars that only the deployment knows. */
const SECRET_VAR = /^(?:WRITE_KEY_SECRETS|SEALING_KEYS|S3_SECRET_ACCESS_KEY|OPERATOR_TOKEN)/;

/** One state of a stack through all its starts, and what it says and sends meanwhile. */
export class Stage {
  readonly marks: Marks;
  readonly stateDir: string;
  /** Everything that workerd and Miniflare printed, and all exceptions. */
  readonly output: string[] = [];
  /** What S3 does to requests that name a source or a sync. */
  readonly faultOf = new Map<string, Answering>();
  /** What it does to all requests. */
  answering: Answering | undefined;
  readonly #operatorToken: string;
  readonly #webhook: ReturnType<typeof talkativeWebhook>;
  readonly #service: ReturnType<typeof talkativeService>;
  readonly #stacks: Stack[] = [];

  constructor(marks: Marks, stateDir: string) {
    this.marks = marks;
    this.stateDir = stateDir;
    this.#webhook = talkativeWebhook(marks);
    this.#service = talkativeService(marks);
    this.#operatorToken = marks.mint("deployment", "operator token");
  }

  async start(vars: Readonly<Record<string, string>> = {}): Promise<Stack> {
    let stack: Stack | undefined;
    const endpointOf = (location: (typeof LOCATIONS)[number]): string => {
      if (stack === undefined) throw new Error("Cannot pass a request on: the stack is not up");
      return stack.aws.endpoints[location];
    };
    const outbound = LOCATIONS.map((location): readonly [string, Route] => [
      `s3.${location}.amazonaws.com`,
      (request) => {
        const passOn = () => passTo(endpointOf(location), request);
        const [sourceId = ""] = SOURCE_ID.exec(decodeURIComponent(request.url.href)) ?? [];
        const answering = this.answering ?? this.faultOf.get(sourceId);
        return answering?.(location, request, passOn) ?? passOn();
      },
    ]);
    stack = await startStack({
      stateDir: this.stateDir,
      vars: { ...VARS, OPERATOR_TOKEN: this.#operatorToken, ...vars },
      outbound: {
        ...Object.fromEntries(outbound),
        [WEBHOOK_HOST]: async (request) => this.#webhook(request),
        [CUSTOM_HOST]: async (request) => this.#service(request),
      },
      cf: { colo: "FRA" },
      output: (text) => void this.output.push(text),
    });
    this.#stacks.push(stack);
    this.#learnSecrets(stack);
    return stack;
  }

  /** Every request that left, of all starts. */
  calls(): readonly OutboundCall[] {
    return this.#stacks.flatMap(({ recorder }) => recorder.calls());
  }

  #learnSecrets({ vars }: Stack): void {
    for (const [name, value] of Object.entries(vars)) {
      for (const entry of SECRET_VAR.test(name) && value !== "" ? value.split(",") : []) {
        const text = entry.replace(/^\d+:/, "");
        if (!this.marks.knows(text)) this.marks.learn("deployment", name, text);
      }
    }
  }
}
