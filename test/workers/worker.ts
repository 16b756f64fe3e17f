/** The worker that the tests run inside: it has no routes, only our objects. */
export { Archive } from "../../durable-objects/archive.ts";
export { ArchiveMonth } from "../../durable-objects/archive-month.ts";
export { DeliveryLane } from "../../durable-objects/delivery-lane.ts";
export { IngestQueue } from "../../durable-objects/ingest-queue.ts";
export { RegionDirectory } from "../../durable-objects/region-directory.ts";
export { Replay } from "../../durable-objects/replay.ts";
export { Sync } from "../../durable-objects/sync.ts";
export { Workspace } from "../../durable-objects/workspace.ts";

export default {
  fetch: (): Response => new Response("This worker has no routes", { status: 404 }),
} satisfies ExportedHandler;
