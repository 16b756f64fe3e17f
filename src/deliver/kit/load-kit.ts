import { guardedFetch } from "../../egress/guarded-fetch.ts";

import type * as Kit from "../../../dist/kit/kit.js";

export type KitDestination = Kit.Destination;

/** A destination of the kit, and the few functions of the kit that are used with it. */
export type LoadedDestination = {
  readonly destination: KitDestination;
  readonly defaultValues: typeof Kit.defaultValues;
  readonly parseFql: typeof Kit.parseFql;
  readonly validate: typeof Kit.validate;
  readonly withEnv: typeof Kit.withEnv;
};

const loaded = new Map<string, Promise<LoadedDestination>>();

/**
 * The destination of that slug, with the code of no other: an isolate holds what it delivers to. It
 * is made once for an isolate and keeps no settings, so that workspaces may share it.
 *
 * @throws Error when the kit has no such destination.
 */
export function loadDestination(slug: string): Promise<LoadedDestination> {
  const known = loaded.get(slug);
  if (known !== undefined) return known;
  const loading = load(slug);
  loaded.set(slug, loading);
  loading.catch(() => loaded.delete(slug));
  return loading;
}

async function load(slug: string): Promise<LoadedDestination> {
  const kit = await import("../../../dist/kit/kit.js");
  kit.useFetch(guardedFetch);
  const define = kit.definitions[slug];
  if (define === undefined)
    throw new Error(`Cannot load the destination ${slug}: none of the kit's`);
  const { defaultValues, parseFql, validate, withEnv, Destination } = kit;
  return {
    destination: new Destination(await define()),
    defaultValues,
    parseFql,
    validate,
    withEnv,
  };
}
