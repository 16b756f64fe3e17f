import type postgres from "postgres";

import { inTime } from "../../core/in-time.ts";
import type { EgressContext } from "../../egress/guard.ts";
import { DriverSocket } from "./driver-socket.ts";
import { openDatabaseSocket, type DatabaseHost, type Dial } from "./raw-socket.ts";

/** Until there is a connection with TLS. */
const CONNECT_MS_MAX = 10_000;
const CONNECT_SECONDS_MAX = 10;
/** Seconds after which a connection that nobody uses is closed. */
const IDLE_SECONDS_MAX = 60;

/** Where a database is, who logs in, and how far that may reach. */
export type DatabaseLogin = DatabaseHost & {
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly context: EgressContext;
};

/** One connection to a database, opened when it is first used. */
export type Client = {
  readonly sql: postgres.Sql;
  /** Breaks the connection for good: what runs on it ends with an error. */
  drop(): void;
  /** As {@link drop}, at once and without a word to the server: for what is read half. */
  cut(): void;
  /** Reads on, where the driver stopped reading because nobody took what it had read. */
  resume(): void;
  /** Whether there was a connection that is not closed yet. */
  isOpen(): boolean;
};

/** How a client behaves where it is not to behave as usual. */
export type ClientOptions = {
  /** Told of bytes as they come in. */
  readonly received?: (bytes: number) => void;
  /** A connection that is lost is not made again: for sessions whose settings must not be lost. */
  readonly isOnce?: boolean;
};

/** For the driver to tell the server that it goes, which may have gone itself. */
const FAREWELL_MS_MAX = 1_000;

/** Loads the driver, which is needed only where a warehouse is. */
export async function openClient(
  settings: DatabaseLogin,
  dial: Dial,
  { received, isOnce = false }: ClientOptions = {},
): Promise<Client> {
  const { default: makeSql } = await import("postgres");
  let socket: DriverSocket | undefined;
  let isCut = false;
  const { context, host, port } = settings;
  const contact = { region: context.region, purpose: context.purpose, host: `${host}:${port}` };
  const count = {
    sent: (bytes: number) => context.observe?.sent(contact, bytes),
    received: (bytes: number) => {
      context.observe?.received(contact, bytes);
      received?.(bytes);
    },
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
      if (isOnce && socket !== undefined) throw new Error("Cannot connect a second time");
      const raw = await inTime(openDatabaseSocket(dial, context, settings), CONNECT_MS_MAX);
      socket = new DriverSocket(raw, count);
      if (isCut) socket.destroy();
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
    cut: () => {
      isCut = true;
      socket?.destroy();
      sql.end({ timeout: 0 }).catch(() => undefined);
    },
    resume: () => void socket?.resume(),
    isOpen: () => socket?.readyState === "open",
  };
}
