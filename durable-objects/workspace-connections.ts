import { newChildId } from "../src/core/ids.ts";
import { err, ok } from "../src/core/result.ts";
import {
  CONNECTIONS_MAX,
  createConnection,
  deleteConnection,
  patchConnection,
  type ChangedConnection,
  type Connection,
  type ConnectionDraft,
  type ConnectionHome,
  type ConnectionPatch,
} from "../src/sync/connection/connection.ts";
import type { ConnectionConfig } from "../src/sync/ports.ts";
import { planConnections, type ConnectionStep } from "../src/workspace/config-connections.ts";
import { changedFields, type ConfigDocument } from "../src/workspace/config-document.ts";
import type { ConnectionView } from "../src/workspace/connection-ports.ts";
import type { AdminRefusal, Answer, Page, PageOf } from "../src/workspace/ports.ts";
import { isoTime } from "../src/workspace/source-view.ts";
import { keepConnectionSecrets } from "./workspace-secrets.ts";
import type { Acting, WorkspaceTurn } from "./workspace-turn.ts";

const NO_CONNECTION: AdminRefusal = { kind: "not-found", what: "connection" };

/** The connections of a workspace, as the management API changes them. Each act runs inside a turn. */
export class WorkspaceConnections {
  readonly #turn: WorkspaceTurn;

  constructor(turn: WorkspaceTurn) {
    this.#turn = turn;
  }

  list({ after, limit }: Page): Answer<PageOf<ConnectionView>> {
    const found = this.#turn.connections.list(after, limit + 1);
    const shown = found.slice(0, limit);
    const next = found.length > limit ? shown.at(-1)?.id : undefined;
    return ok({ data: shown.map((connection) => this.view(connection)), next });
  }

  /** A connection that is not deleted. */
  find(id: string): Answer<Connection> {
    const found = this.#turn.connections.find(id);
    return found === undefined || found.deletedAtMs !== undefined ? err(NO_CONNECTION) : ok(found);
  }

  add(by: Acting, draft: ConnectionDraft, mayLackSecrets = false): Answer<Connection> {
    if (this.#turn.connections.count() >= CONNECTIONS_MAX) {
      return err({ kind: "limit-reached", what: "connections", max: CONNECTIONS_MAX });
    }
    const id = newChildId("con", this.#turn.id, this.#turn.random);
    const made = createConnection(draft, this.#home(), { id, nowMs: by.nowMs, mayLackSecrets });
    if (!made.ok) return made;
    this.#save(made.value);
    this.#turn.note(by, "connection.create", id);
    return ok(made.value.connection);
  }

  change(
    by: Acting,
    id: string,
    patch: ConnectionPatch,
    mayLackSecrets = false,
  ): Answer<Connection> {
    const held = this.find(id);
    if (!held.ok) return held;
    const how = { nowMs: by.nowMs, mayLackSecrets };
    const changed = patchConnection(held.value, patch, this.#home(), how);
    if (!changed.ok) return changed;
    const { connection, secrets } = changed.value;
    const { version: _version, updatedAtMs: _updatedAtMs, ...compared } = connection;
    const fields = [...changedFields(held.value, compared), ...secrets.keys()];
    if (fields.length === 0) return held;
    this.#save(changed.value);
    this.#turn.note(by, "connection.update", connection.id, fields);
    return ok(connection);
  }

  remove(by: Acting, id: string): Answer<Connection> {
    const held = this.find(id);
    if (!held.ok) return held;
    const syncs = this.#turn.syncs.list().filter(({ source, destination, unload }) => {
      const target = "connectionId" in destination ? destination.connectionId : undefined;
      return [source.connectionId, target, unload].includes(held.value.id);
    });
    if (syncs.length > 0) return err({ kind: "connection-in-use", syncs: syncs.length });
    const deleted = deleteConnection(held.value, by.nowMs);
    this.#turn.connections.dropSecrets(deleted.id);
    this.#turn.connections.save(deleted);
    this.#turn.note(by, "connection.delete", deleted.id);
    return ok(deleted);
  }

  /** What a document's connections are compared with. */
  plan(document: ConfigDocument, prune: boolean): readonly ConnectionStep[] {
    const { connections: wanted } = document;
    return planConnections(this.#turn.connections.list(), wanted ?? [], {
      ...this.#home(),
      from: document.region,
      prune: prune && wanted !== undefined,
    });
  }

  /** Does one step of a document. */
  apply(by: Acting, { act }: ConnectionStep): Answer<Connection | undefined> {
    if (act === undefined) return ok(undefined);
    switch (act.kind) {
      case "create":
        return this.add(by, act.draft, true);
      case "update":
        return this.change(by, act.id, act.patch, true);
      case "delete":
        return this.remove(by, act.id);
    }
  }

  /** A connection as whoever uses it gets it; its secrets travel sealed. */
  config(id: string): ConnectionConfig | undefined {
    const found = this.find(id);
    if (!found.ok) return undefined;
    const { kind, name, settings, hosts, version } = found.value;
    const fields = this.#turn.connections.sealed(found.value.id);
    const wrappedKey = this.#turn.destinations.wrappedKey();
    const sealed =
      fields.length === 0 || wrappedKey === undefined ? undefined : { wrappedKey, fields };
    const region = this.#turn.home;
    return { id: found.value.id, kind, name, settings, hosts, version, region, sealed };
  }

  view(connection: Connection): ConnectionView {
    const { id, kind, name, settings, secretFields, hosts, createdAtMs, updatedAtMs } = connection;
    return {
      id,
      kind,
      name,
      region: this.#turn.home,
      settings,
      secrets: secretFields,
      hosts,
      createdAt: isoTime(createdAtMs),
      updatedAt: isoTime(updatedAtMs),
    };
  }

  #home(): ConnectionHome {
    const { config, home } = this.#turn;
    return {
      home,
      development: config.environment === "development",
      hasRelay: config.relays[home] !== undefined,
    };
  }

  #save({ connection, secrets }: ChangedConnection): void {
    this.#turn.connections.save(connection);
    keepConnectionSecrets(this.#turn, connection.id, secrets);
  }
}
