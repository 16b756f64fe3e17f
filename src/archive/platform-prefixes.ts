import type { SourceId, WorkspaceId } from "../core/ids.ts";

/**
 * Where everything stands that we write of a source into the platform's buckets: its files, its dead
 * letters below them, its data lake, and exports of users' events. Whoever adds a prefix adds it here, and leaving
 * removes it.
 */
export function sourcePrefixes(id: SourceId): readonly string[] {
  return [`segment-logs/${id}/`, `segment-data/data/${id}/`, `subject-access/${id}/`];
}

/**
 * Where everything stands that belongs to no single source: the heads of the audit chain, the journal
 * of regulations, and what syncs write, whose ids begin as the workspace's own goes on.
 */
export function workspacePrefixes(id: WorkspaceId): readonly string[] {
  const syncs = id.replace(/^ws_/, "syn_");
  return [
    `audit/${id}/`,
    `regulations/${id}/`,
    `homeport-syncs/${syncs}`,
    `homeport-sync-logs/${syncs}`,
  ];
}
