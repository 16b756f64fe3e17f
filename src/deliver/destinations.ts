import type { DestinationId, HomeRegion, SourceId } from "../core/ids.ts";
import type { EgressObserver } from "../egress/guard.ts";
import type { ArchiveLocation } from "../region/regions.ts";
import type { Bucket } from "../s3/bucket.ts";
import type { Deliverer, DestinationKind } from "./deliverer.ts";

/** All that a destination is made ready from. Whoever holds one holds secrets: it is never logged. */
export type DestinationGround = {
  readonly region: HomeRegion;
  readonly destinationId: DestinationId;
  readonly sourceId: SourceId;
  readonly sourceName: string;
  /** As the user gave them, with what was secret among them. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What of an event becomes what of a request, as the kind reads it; empty for its presets. */
  readonly mappings: readonly unknown[];
  /** Hosts that the workspace says are in its region. */
  readonly declaredHosts: readonly string[];
  readonly development: boolean;
  /** Who keeps the evidence of what is contacted. */
  readonly observe: EgressObserver;
  /** Has secret settings replaced that the destination itself renews; absent where nobody keeps them. */
  readonly keepSecrets?: (fields: Readonly<Record<string, string>>) => Promise<void>;
  /** Where a destination keeps files beside the source's archive. */
  readonly bucket: {
    /** The first location in use. */
    readonly location: ArchiveLocation;
    /**
     * The region's own bucket there, or the customer's that the source has. `undefined` while that
     * was not set up for such files: then nothing is written, and events wait.
     */
    open(): Bucket | undefined;
    /** All buckets that files may stand in, to be erased there: files stay where they were written. */
    everywhere?(): readonly Bucket[];
  };
};

/** One destination that can be chosen: what it is, and how it is made. */
export type OfferedDestination = {
  readonly kind: DestinationKind;
  /** @throws Error that names the wrong setting and quotes none; events then wait. */
  make(ground: DestinationGround): Promise<Deliverer>;
  /** Its files are in the region's own bucket or the source's, so that they are erased also once it is deleted. */
  readonly keepsFilesOfOurs?: true;
  /** Asks the vendor whether the credentials are good; absent where that is not known. */
  testCredentials?(ground: DestinationGround): Promise<CredentialTest>;
};

/** What a vendor says of credentials, or why it was not asked. */
export type CredentialTest =
  | { readonly kind: "passed" }
  /** `code` is a status, or one of the delivery codes. */
  | { readonly kind: "failed"; readonly code: string }
  | { readonly kind: "skipped"; readonly reason: string };

/** Every destination that lanes can deliver to, by slug. */
export type Destinations = ReadonlyMap<string, OfferedDestination>;
