import type { Config } from "../src/config.ts";
import type { HomeRegion, SourceId, WorkspaceId } from "../src/core/ids.ts";
import type { LaneRef, ObjectName } from "../src/region/object-names.ts";
import { locate } from "../src/region/placement.ts";
import type {
  ArchiveMonthPort,
  ArchivePort,
  DirectoryPort,
  LanePort,
  QueuePort,
  ReplayPort,
  SyncPort,
  WorkspacePort,
} from "../src/services.ts";
import type { ReplayId } from "../src/replay/replay.ts";
import type { SyncId } from "../src/sync/sync.ts";
import type { DirectoryAdminPort, WorkspaceAdminPort } from "../src/workspace/ports.ts";
import type { QueueRef } from "../src/workspace/source-config.ts";

/** The bindings of wrangler.toml; vars and secrets are read by parseConfig alone. */
export interface Env {
  readonly WORKSPACE: DurableObjectNamespace;
  readonly INGEST_QUEUE: DurableObjectNamespace;
  readonly ARCHIVE: DurableObjectNamespace;
  readonly ARCHIVE_MONTH: DurableObjectNamespace;
  readonly REGION_DIRECTORY: DurableObjectNamespace;
  readonly DELIVERY_LANE: DurableObjectNamespace;
  readonly REPLAY: DurableObjectNamespace;
  readonly SYNC: DurableObjectNamespace;
  /** The built files of `dist/assets`; absent where only the objects run, as in some tests. */
  readonly ASSETS?: Fetcher;
}

/** The ways to our objects, in domain words. */
export type Reach = {
  workspace(id: WorkspaceId): WorkspacePort;
  queue(sourceId: SourceId, ref: QueueRef): QueuePort;
  lane(ref: LaneRef): LanePort;
  replay(id: ReplayId): ReplayPort;
  sync(id: SyncId): SyncPort;
  archive(sourceId: SourceId): ArchivePort;
  archiveMonth(sourceId: SourceId, month: string): ArchiveMonthPort;
  directory(region: HomeRegion): DirectoryPort;
  workspaceAdmin(id: WorkspaceId): WorkspaceAdminPort;
  directoryAdmin(region: HomeRegion): DirectoryAdminPort;
  /** The text of a built file, by its path among the assets; `undefined` when there is none. */
  asset(path: string): Promise<string | undefined>;
};

/** The assets are asked by path; the binding wants a URL around it and looks at no host. */
const ASSETS_ORIGIN = "https://assets.invalid";

/**
 * Turns bindings into ports. The only file that sees a namespace and gives its stubs a type: each
 * class has the methods of its port, which its own file states with `implements`.
 */
export function reach(env: Env, config: Pick<Config, "jurisdictions">): Reach {
  const stub = (namespace: DurableObjectNamespace, name: ObjectName): unknown =>
    locate(namespace, name, config.jurisdictions);
  return {
    workspace: (workspaceId) =>
      stub(env.WORKSPACE, { kind: "workspace", workspaceId }) as WorkspacePort,
    queue: (sourceId, { ingestRegion, shard }) =>
      stub(env.INGEST_QUEUE, { kind: "queue", sourceId, ingestRegion, shard }) as QueuePort,
    lane: (ref) => stub(env.DELIVERY_LANE, { kind: "lane", ...ref }) as LanePort,
    replay: (replayId) => stub(env.REPLAY, { kind: "replay", replayId }) as ReplayPort,
    sync: (syncId) => stub(env.SYNC, { kind: "sync", syncId }) as SyncPort,
    archive: (sourceId) => stub(env.ARCHIVE, { kind: "archive", sourceId }) as ArchivePort,
    archiveMonth: (sourceId, month) =>
      stub(env.ARCHIVE_MONTH, { kind: "archive-month", sourceId, month }) as ArchiveMonthPort,
    directory: (region) =>
      stub(env.REGION_DIRECTORY, { kind: "directory", region }) as DirectoryPort,
    workspaceAdmin: (workspaceId) =>
      stub(env.WORKSPACE, { kind: "workspace", workspaceId }) as WorkspaceAdminPort,
    directoryAdmin: (region) =>
      stub(env.REGION_DIRECTORY, { kind: "directory", region }) as DirectoryAdminPort,
    asset: async (path) => {
      const answer = await env.ASSETS?.fetch(ASSETS_ORIGIN + path);
      return answer?.ok === true ? answer.text() : undefined;
    },
  };
}
