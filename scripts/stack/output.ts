import { Log, LogLevel } from "miniflare";

/** Hears a text that would be printed, or what an exception says. */
export type Output = (text: string) => void;

/** The Worker that is told of exceptions, as one that follows a deployment is. */
export const TAIL_NAME = "exceptions";

const COMPATIBILITY_DATE = "2026-10-01";

/** It prints them; what it prints goes the way of all output. */
const TAIL_SCRIPT = `export default {
  tail(traces) {
    for (const { exceptions, logs } of traces) {
      for (const { name, message, stack } of exceptions) {
        console.log(["exception", name, message, stack ?? ""].join(" "));
      }
      for (const { message } of logs) console.log(["logged", JSON.stringify(message)].join(" "));
    }
  },
};`;

/** Options of Miniflare that hand everything that would be printed to `output`. */
export function outputTo(output: Output): {
  readonly log: Log;
  readonly handleStructuredLogs: (entry: { readonly message: string }) => void;
} {
  return {
    log: new ListeningLog(output),
    handleStructuredLogs: ({ message }) => output(message),
  };
}

/** The Worker that {@link TAIL_NAME} names. */
export function tailWorker(): {
  readonly name: string;
  readonly modules: true;
  readonly script: string;
  readonly compatibilityDate: string;
} {
  return {
    name: TAIL_NAME,
    modules: true,
    script: TAIL_SCRIPT,
    compatibilityDate: COMPATIBILITY_DATE,
  };
}

/** Miniflare's own messages, with the stacks of errors that nobody caught. */
class ListeningLog extends Log {
  readonly #output: Output;

  constructor(output: Output) {
    super(LogLevel.VERBOSE);
    this.#output = output;
  }

  protected override log(message: string): void {
    this.#output(message);
  }
}
