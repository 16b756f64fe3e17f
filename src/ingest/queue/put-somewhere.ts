import { splitPlace, type ArchivePlace } from "../../region/own-bucket.ts";
import {
  mayHaveLanded,
  type BucketFailure,
  type NotFound,
  type PutFailure,
} from "../../s3/failures.ts";
import type { ArchiveOutcome, ArchiverDeps } from "./archiver.ts";
import type { SealedFile } from "./file-table.ts";
import type { BuiltRange } from "./range-builder.ts";

/** Where a sealed range came to stand, or why it stands nowhere yet. */
export type PutOutcome =
  | { readonly kind: "put"; readonly sealed: SealedFile; readonly location: ArchivePlace }
  /** Every location's breaker is open. */
  | { readonly kind: "none-admitted"; readonly why: string | undefined }
  | Extract<ArchiveOutcome, { readonly kind: "retry" | "conflict" }>;

export type Found =
  | { readonly kind: "found"; readonly location: ArchivePlace }
  | { readonly kind: "nowhere" }
  | Extract<ArchiveOutcome, { readonly kind: "conflict" }>;

/**
 * Where an earlier PUT left the file, when its answer was lost. Locations that do not answer are not
 * asked: they stay among those tried, and become suspect once the file stands elsewhere.
 */
export async function findTried(deps: ArchiverDeps, sealed: SealedFile): Promise<Found> {
  for (const location of sealed.tried) {
    if (!deps.breakers.admits(location)) continue;
    const stored = await deps.storedSha256(location, sealed.key);
    if (stored.ok) {
      deps.breakers.answered(location);
      if (stored.value !== sealed.ndjsonSha256) return { kind: "conflict", key: sealed.key };
      return { kind: "found", location };
    }
    noteReading(deps, location, stored.error);
  }
  return { kind: "nowhere" };
}

/**
 * Sends the file to the first location that takes it, in the source's order. One that fails is left
 * only once its breaker opens: until then the outcome is another try of the same one, later.
 */
export async function putSomewhere(
  deps: ArchiverDeps,
  range: BuiltRange,
  isSealed: boolean,
): Promise<PutOutcome> {
  let sealed: SealedFile | undefined = isSealed ? range.sealed : undefined;
  let why: string | undefined;
  for (const location of placesFor(deps, sealed)) {
    // Asked again for each, because the source's owner may have struck it out meanwhile.
    if (!placesFor(deps, sealed).includes(location) || !deps.breakers.admits(location)) continue;
    const probed = await probe(deps, range.sealed.key, location);
    if (probed !== undefined) {
      why = `${location}: ${probed}`;
      continue;
    }
    const wasInDoubt = sealed?.tried.includes(location) ?? false;
    sealed = writeDown(deps, range, sealed, location);
    await deps.sync();
    const put = await putAt(deps, range, sealed, location);
    if (put.kind !== "failed") return put;
    why = `${location}: ${describeFailure(put.failure)}`;
    if (!wasInDoubt && !mayHaveLanded(put.failure)) {
      sealed = deps.files.didNotReach(sealed, location);
    }
    if (deps.breakers.admits(location)) return { kind: "retry", why };
  }
  return { kind: "none-admitted", why };
}

/**
 * The places that may take the file. One that may stand in a bucket of the customer's already goes
 * nowhere else, since nobody looks for second copies there; and one that may stand in the platform's
 * stays with those until that is settled.
 */
export function placesFor(
  deps: Pick<ArchiverDeps, "locations">,
  sealed: SealedFile | undefined,
): readonly ArchivePlace[] {
  const [tried] = sealed?.tried ?? [];
  if (tried === undefined) return deps.locations();
  const present = deps.locations();
  if (splitPlace(tried).own !== undefined) return [tried];
  const platform = present.filter((place) => splitPlace(place).own === undefined);
  return platform.length > 0 ? platform : (sealed?.tried ?? []);
}

/** Name, range and location, before anything is sent. */
function writeDown(
  deps: ArchiverDeps,
  range: BuiltRange,
  sealed: SealedFile | undefined,
  location: ArchivePlace,
): SealedFile {
  if (sealed !== undefined) return deps.files.willTry(sealed, location);
  const first = { ...range.sealed, tried: [location] };
  deps.files.seal(first);
  return first;
}

/**
 * Before the first PUT to a location that did not answer: a reading, which leaves nothing behind
 * when it is not answered either.
 *
 * @returns why nothing is to be sent there.
 */
async function probe(
  deps: ArchiverDeps,
  key: string,
  location: ArchivePlace,
): Promise<string | undefined> {
  if (deps.breakers.state(location) !== "half-open") return undefined;
  const stored = await deps.storedSha256(location, key);
  if (stored.ok || stored.error.kind === "not-found" || stored.error.kind === "refused") {
    return undefined;
  }
  note(deps, location, stored.error);
  return describeFailure(stored.error);
}

type PutAt =
  | Extract<PutOutcome, { readonly kind: "put" | "retry" | "conflict" }>
  | { readonly kind: "failed"; readonly failure: BucketFailure };

async function putAt(
  deps: ArchiverDeps,
  range: BuiltRange,
  sealed: SealedFile,
  location: ArchivePlace,
): Promise<PutAt> {
  const put = await deps.put(location, sealed.key, range.built);
  if (put.ok) {
    deps.breakers.answered(location);
    return { kind: "put", sealed, location };
  }
  if (put.error.kind === "conflict") {
    // Another write of the key is going on, most likely an earlier one of ours: it answers, so wait.
    deps.breakers.answered(location);
    return { kind: "retry", why: `${location}: ${describeFailure(put.error)}` };
  }
  if (put.error.kind !== "already-exists") {
    note(deps, location, put.error);
    return { kind: "failed", failure: put.error };
  }
  const stored = await deps.storedSha256(location, sealed.key);
  if (!stored.ok) {
    noteReading(deps, location, stored.error);
    // Something stands there, so the location stays among those tried.
    return { kind: "retry", why: `${location}: the object could not be read back` };
  }
  deps.breakers.answered(location);
  if (stored.value !== sealed.ndjsonSha256) return { kind: "conflict", key: sealed.key };
  return { kind: "put", sealed, location };
}

/** No answer in time is reason enough to leave a location: the next try would wait as long again. */
function note(deps: ArchiverDeps, location: ArchivePlace, failure: BucketFailure): void {
  const outright = failure.kind !== "refused" && failure.code === "timeout";
  deps.breakers.failed(location, outright, describeFailure(failure));
}

/** That a reading was refused says nothing of writing: where a key may not be listed, none is shown. */
function noteReading(
  deps: ArchiverDeps,
  location: ArchivePlace,
  failure: NotFound | BucketFailure,
): void {
  if (failure.kind === "unavailable" || failure.kind === "unknown") note(deps, location, failure);
}

/** A failure as an alert shows it: kinds and codes only. */
function describeFailure(failure: PutFailure): string {
  switch (failure.kind) {
    case "refused":
      // Without a status it was our own guard, or STS gave no session.
      return failure.status === undefined
        ? `refused with ${failure.code}`
        : `refused with ${failure.status} ${failure.code}`;
    case "unavailable":
    case "unknown":
      return `${failure.kind} (${failure.code})`;
    case "already-exists":
    case "conflict":
      return failure.kind;
  }
}
