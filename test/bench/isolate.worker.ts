import { isolateFilters } from "../../src/ingest/queue/dedup/filter-account.ts";
import worker from "../../src/index.ts";

export * from "../../src/index.ts";

/** What objects need before the account is full: filters of the run itself. */
const ROOM_BYTES = 1_000_000;

const filters: Uint8Array[] = [];
const share = isolateFilters.open(filters);

/**
 * The product in an isolate whose queues hold the filters of a whole window: 86 million ids would be
 * needed for them, so as many bytes stand for them, in their account.
 */
export default {
  ...worker,
  fetch(...args: Parameters<typeof worker.fetch>): ReturnType<typeof worker.fetch> {
    if (filters.length === 0) {
      const bytes = isolateFilters.bytesFree - ROOM_BYTES;
      share.reserve(bytes);
      filters.push(new Uint8Array(bytes).fill(1));
    }
    return worker.fetch(...args);
  },
};
