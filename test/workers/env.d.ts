declare namespace Cloudflare {
  interface Env {
    readonly WORKSPACE: DurableObjectNamespace;
    readonly INGEST_QUEUE: DurableObjectNamespace;
    readonly ARCHIVE: DurableObjectNamespace;
    readonly ARCHIVE_MONTH: DurableObjectNamespace;
    readonly REGION_DIRECTORY: DurableObjectNamespace;
    readonly DELIVERY_LANE: DurableObjectNamespace;
    readonly REPLAY: DurableObjectNamespace;
    readonly SYNC: DurableObjectNamespace;
  }
}
