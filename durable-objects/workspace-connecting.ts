import type { ConnectionConfig } from "../src/sync/ports.ts";
import type { ConnectionId } from "../src/sync/sync.ts";
import { WorkspacePrivacy } from "./workspace-privacy.ts";

/** The calls of a Workspace about its connections; a base of the object, because calls are methods. */
export abstract class WorkspaceConnecting extends WorkspacePrivacy {
  /** A connection as objects that use it get it; `undefined` when there is none of that id. */
  protected connectionConfig(_id: ConnectionId): ConnectionConfig | undefined {
    return undefined;
  }
}
