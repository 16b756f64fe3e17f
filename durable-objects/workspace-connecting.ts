import { err, ok } from "../src/core/result.ts";
import type {
  Connection,
  ConnectionDraft,
  ConnectionPatch,
} from "../src/sync/connection/connection.ts";
import { columnsOf, exploreConnection, previewModel } from "../src/sync/connection/explore.ts";
import type { ConnectionContext, OpenedConnection } from "../src/sync/connection/open.ts";
import { testConnection } from "../src/sync/connection/test-connection.ts";
import type { Model } from "../src/sync/model.ts";
import type { ConnectionConfig } from "../src/sync/ports.ts";
import { SourceFailure } from "../src/sync/source/source.ts";
import type { ConnectionId } from "../src/sync/sync.ts";
import type { ConnectionsPort, ConnectionView } from "../src/workspace/connection-ports.ts";
import type { AdminCall, Answer, Page } from "../src/workspace/ports.ts";
import { connectionContext, openConnection } from "./open-connection.ts";
import { WorkspaceConnections } from "./workspace-connections.ts";
import { WorkspaceAccess } from "./workspace-access.ts";

/** How long somebody who looks at a source waits for it. */
const LOOK_MS_MAX = 25_000;

type Look<T> = (
  connection: OpenedConnection,
  context: ConnectionContext,
  signal: AbortSignal,
) => Promise<T>;

/** The calls of a Workspace about its connections; a base of the object, because calls are methods. */
export abstract class WorkspaceConnecting extends WorkspaceAccess implements ConnectionsPort {
  async connections(call: AdminCall, page: Page) {
    return this.delivery.turn.act(call, () => this.#connections().list(page));
  }

  async connection(call: AdminCall, id: string) {
    return this.delivery.turn.act(call, () => this.#shown(this.#connections().find(id)));
  }

  async addConnection(call: AdminCall, draft: ConnectionDraft) {
    const { turn } = this.delivery;
    return turn.act(call, (by) => this.#shown(this.#connections().add(by, draft)));
  }

  async changeConnection(call: AdminCall, id: string, patch: ConnectionPatch) {
    const { turn } = this.delivery;
    return turn.act(call, (by) => this.#shown(this.#connections().change(by, id, patch)));
  }

  async removeConnection(call: AdminCall, id: string) {
    const { turn } = this.delivery;
    return turn.act(call, (by) => this.#shown(this.#connections().remove(by, id)));
  }

  async testConnection(call: AdminCall, id: string) {
    return this.#look(call, id, "connection.test", testConnection);
  }

  async connectionTables(call: AdminCall, id: string) {
    return this.#look(call, id, undefined, exploreConnection);
  }

  async connectionColumns(call: AdminCall, id: string, model: Model) {
    return this.#look(call, id, undefined, (connection, context, signal) =>
      columnsOf(connection, model, context, signal),
    );
  }

  async previewConnection(
    call: AdminCall,
    id: string,
    preview: { readonly model: Model; readonly limit: number },
  ) {
    return this.#look(call, id, "events.read", (connection, context, signal) =>
      previewModel(connection, preview, context, signal),
    );
  }

  /** A connection as objects that use it get it; `undefined` when there is none of that id. */
  protected connectionConfig(id: ConnectionId): ConnectionConfig | undefined {
    return this.#connections().config(id);
  }

  /** Looks at what a connection leads to, from this object, which is in the region. */
  async #look<T>(
    call: AdminCall,
    id: string,
    act: "connection.test" | "events.read" | undefined,
    look: Look<T>,
  ): Promise<Answer<T>> {
    const { turn, observer } = this.delivery;
    const allowed = turn.act(call, (by) => {
      const found = this.#connections().find(id);
      if (found.ok && act !== undefined) turn.note(by, act, found.value.id);
      return found;
    });
    if (!allowed.ok) return allowed;
    const config = this.#connections().config(id);
    if (config === undefined) return err({ kind: "not-found", what: "connection" });
    const context = connectionContext(turn.config, config, observer());
    try {
      const signal = AbortSignal.timeout(LOOK_MS_MAX);
      return ok(await look(openConnection(turn.config, config), context, signal));
    } catch (error) {
      if (!(error instanceof SourceFailure)) throw error;
      const { code, message, isPassing } = error;
      return err({ kind: "source-failed", code, message, isPassing });
    } finally {
      // For the evidence of what was contacted.
      await this.privacy.arm();
    }
  }

  #shown(answer: Answer<Connection>): Answer<ConnectionView> {
    return answer.ok ? ok(this.#connections().view(answer.value)) : answer;
  }

  #connections(): WorkspaceConnections {
    return new WorkspaceConnections(this.delivery.turn);
  }
}
