/** The legacy SDK has no types of its own. */
declare module "analytics-node" {
  type Message = Readonly<Record<string, unknown>>;
  type Callback = (error?: Error) => void;

  class Analytics {
    constructor(writeKey: string, options: { readonly host: string });
    identify(message: Message, callback: Callback): this;
    group(message: Message, callback: Callback): this;
    track(message: Message, callback: Callback): this;
    page(message: Message, callback: Callback): this;
    screen(message: Message, callback: Callback): this;
    alias(message: Message, callback: Callback): this;
    flush(): Promise<unknown>;
    readonly queue: readonly unknown[];
  }
  export = Analytics;
}
