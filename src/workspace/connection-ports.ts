import type { HomeRegion } from "../core/ids.ts";
import type { ConnectionDraft, ConnectionPatch } from "../sync/connection/connection.ts";
import type { Explored } from "../sync/connection/explore.ts";
import type { ConnectionKind } from "../sync/connection/kinds.ts";
import type { Model } from "../sync/model.ts";
import type { SourceColumn, SourceRow } from "../sync/source/source.ts";
import type { ConnectionId } from "../sync/sync.ts";
import type { TestStep } from "../sync/target/target.ts";
import type { AdminCall, Answer, Page, PageOf } from "./ports.ts";

/** What the management API asks of a workspace about its connections. */
export interface ConnectionsPort {
  connections(call: AdminCall, page: Page): Promise<Answer<PageOf<ConnectionView>>>;
  connection(call: AdminCall, id: string): Promise<Answer<ConnectionView>>;
  addConnection(call: AdminCall, draft: ConnectionDraft): Promise<Answer<ConnectionView>>;
  changeConnection(
    call: AdminCall,
    id: string,
    patch: ConnectionPatch,
  ): Promise<Answer<ConnectionView>>;
  /** Forgets it with its secrets; refused while a sync uses it. */
  removeConnection(call: AdminCall, id: string): Promise<Answer<ConnectionView>>;
  /** Tries it for real, in named steps, and changes nothing. */
  testConnection(call: AdminCall, id: string): Promise<Answer<readonly TestStep[]>>;
  connectionTables(call: AdminCall, id: string): Promise<Answer<Explored>>;
  connectionColumns(
    call: AdminCall,
    id: string,
    model: Model,
  ): Promise<Answer<readonly SourceColumn[]>>;
  /** Rows of a model for whoever asks; they are kept nowhere. */
  previewConnection(
    call: AdminCall,
    id: string,
    preview: { readonly model: Model; readonly limit: number },
  ): Promise<Answer<Preview>>;
}

export type Preview = {
  readonly columns: readonly SourceColumn[];
  readonly rows: readonly SourceRow[];
};

/** A connection as the management API shows it. Secrets are only named. */
export type ConnectionView = {
  readonly id: ConnectionId;
  readonly kind: ConnectionKind;
  readonly name: string;
  readonly region: HomeRegion;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly secrets: readonly string[];
  readonly hosts: readonly string[];
  readonly createdAt: string;
  readonly updatedAt: string;
};

/** A source did not do what was asked of it now. */
export type SourceLookRefusal = {
  readonly kind: "source-failed";
  readonly code: string;
  readonly message: string;
  readonly isPassing: boolean;
};
