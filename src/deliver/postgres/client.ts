import type postgres from "postgres";

import { inTime } from "../../core/in-time.ts";
import { DriverSocket } from "./driver-socket.ts";
import { openDatabaseSocket, type Dial } from "./raw-socket.ts";
import type { PostgresSettings } from "./settings.ts";

/** Until there is a connection with TLS. */
const CONNECT_MS_MAX = 10_000;
const CONNECT_SECONDS_MAX = 10;
/** Seconds after which a connection that nobody uses is closed. */
const IDLE_SECONDS_MAX = 60;

/** One connection to a database, opened when it is first used. */
export type Client = {
  readonly sql: postgres.Sql;
  /** Breaks the connection for good: what runs on it ends with an error. */
  drop(): void;
};

/** For the driver to tell the server that it goes, which may have gone itself. */
const FAREWELL_MS_MAX = 1_000;

/** Loads the driver, which is needed only where a warehouse is. */
export async function openClient(settings: PostgresSettings, dial: Dial): Promise<Client> {
  const { default: makeSql } = await import("postgres");
  let socket: DriverSocket | undefined;
  const { context, host, port } = settings;
  const contact = { region: context.region, purpose: context.purpose, host: `${host}:${port}` };
  const count = {
    sent: (bytes: number) => context.observe?.sent(contact, bytes),
    received: (bytes: number) => context.observe?.received(contact, bytes),
  };
  const options = {
    host,
    port,
    database: settings.database,
    user: settings.user,
    password: settings.password,
    max: 1,
    // TLS, where it is used, is begun before the driver gets the socket.
    ssl: false,
    // Poolers know no prepared statements, nor most parameters of a session.
    prepare: false,
    fetch_types: false,
    connection: { application_name: "homeport" },
    connect_timeout: CONNECT_SECONDS_MAX,
    idle_timeout: IDLE_SECONDS_MAX,
    // Notices quote data; the driver would print them.
    onnotice: () => undefined,
    socket: async (): Promise<DriverSocket> => {
      const raw = await inTime(openDatabaseSocket(dial, context, settings), CONNECT_MS_MAX);
      socket = new DriverSocket(raw, count);
      return socket;
    },
  };
  const sql = makeSql(options);
  return {
    sql,
    drop: () => {
      sql.end({ timeout: 0 }).catch(() => undefined);
      setTimeout(() => socket?.destroy(), FAREWELL_MS_MAX);
    },
  };
}
