import { buildKit } from "../../../scripts/kit/build.ts";

/** Before any test: the destination kit, which no clone of the repository has. */
export async function setup(): Promise<void> {
  await buildKit();
}
