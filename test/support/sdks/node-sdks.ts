import { Analytics as CustomerIo } from "@customerio/cdp-analytics-node";
import RudderStack from "@rudderstack/rudder-sdk-node";
import { Analytics as Segment } from "@segment/analytics-node";
import LegacySegment from "analytics-node";

export type CallType = "identify" | "track" | "page" | "screen" | "group" | "alias";

/** One call of an SDK, in the words all of them share. */
export type SdkCall = { readonly type: CallType } & Readonly<Record<string, unknown>>;

/** An SDK as a program uses it. */
export type SdkClient = {
  readonly call: (call: SdkCall) => void;
  /** Flushes; resolves when the SDK has answered for every call, and with its failures. */
  readonly close: () => Promise<readonly unknown[]>;
};

export type Sdk = {
  readonly name: string;
  /** With nothing set but host and key. */
  readonly open: (host: string, writeKey: string) => SdkClient;
};

type Callback = (error?: unknown) => void;
type Methods = Readonly<Record<CallType, (message: never, callback: Callback) => unknown>>;

/** Calls the method of the SDK that the call names, and keeps what became of each. */
function drive(sdk: Methods, finish: () => Promise<unknown>): SdkClient {
  const done: Promise<unknown>[] = [];
  return {
    call: ({ type, ...fields }) => {
      // A copy, because SDKs write into what they are given.
      const message = structuredClone(fields) as never;
      done.push(new Promise((resolve) => void sdk[type](message, resolve)));
    },
    close: async () => {
      await finish();
      return (await Promise.all(done)).filter((error) => error !== undefined && error !== null);
    },
  };
}

/** Flushes an SDK that sends at most one batch a flush. */
async function drain(sdk: {
  readonly queue: readonly unknown[];
  readonly flush: () => Promise<unknown>;
}): Promise<void> {
  while (sdk.queue.length > 0) await sdk.flush();
}

export const NODE_SDKS: readonly Sdk[] = [
  {
    name: "@segment/analytics-node",
    open: (host, writeKey) => {
      const sdk = new Segment({ host, writeKey });
      return drive(sdk, () => sdk.closeAndFlush({ timeout: 60_000 }));
    },
  },
  {
    name: "analytics-node (legacy)",
    open: (host, writeKey) => {
      const sdk = new LegacySegment(writeKey, { host });
      return drive(sdk, () => drain(sdk));
    },
  },
  {
    name: "@rudderstack/rudder-sdk-node",
    open: (host, writeKey) => {
      const sdk = new RudderStack(writeKey, { dataPlaneUrl: host });
      const open = sdk as unknown as Parameters<typeof drain>[0];
      return drive(sdk as unknown as Methods, () => drain(open));
    },
  },
  {
    name: "@customerio/cdp-analytics-node",
    open: (host, writeKey) => {
      const sdk = new CustomerIo({ host, writeKey });
      return drive(sdk, () => sdk.closeAndFlush({ timeout: 60_000 }));
    },
  },
];
