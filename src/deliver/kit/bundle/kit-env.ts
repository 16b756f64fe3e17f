import { AsyncLocalStorage } from "node:async_hooks";

const variables = new AsyncLocalStorage<Readonly<Record<string, string>>>();

/**
 * Stands for `process.env` in the kit: only what the destination of the running call was given. The
 * true one holds every secret of the deployment, and says nothing of the region of a workspace.
 */
export const kitEnv: Readonly<Record<string, string | undefined>> = new Proxy(
  {},
  {
    get: (_, name) => (typeof name === "string" ? variables.getStore()?.[name] : undefined),
    has: (_, name) => typeof name === "string" && variables.getStore()?.[name] !== undefined,
  },
);

/** Runs code of the kit with these in the place of environment variables. */
export function withEnv<T>(env: Readonly<Record<string, string>>, work: () => T): T {
  return variables.run(env, work);
}

/**
 * Stands for `eval` in the kit: a library in it would try out what its browser can do.
 *
 * @throws Error always; Workers make no code from text.
 */
export function noEval(): never {
  throw new Error("Cannot make code from text");
}
