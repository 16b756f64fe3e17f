import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { unstable_readConfig as readConfig } from "wrangler";

import { bundleWorker } from "../../../scripts/stack/bundle.ts";

const PROJECT_CONFIG = fileURLToPath(new URL("../../../wrangler.toml", import.meta.url));

/** A Worker of the test's own that may reach all of this machine, as a deployed one the internet. */
export type LeakWorker = {
  ask(body: unknown): Promise<LeakAnswer>;
  stop(): Promise<void>;
};

export type LeakAnswer = {
  readonly error?: string;
  readonly refusals?: readonly string[];
  readonly contacts?: readonly string[];
};

/** Builds `entry` with wrangler and the project's own flags, and with its aliases if they are wanted. */
export async function startLeakWorker(
  entry: string,
  { withAliases }: { readonly withAliases: boolean },
): Promise<LeakWorker> {
  const folder = await mkdtemp(join(tmpdir(), "homeport-leaks-"));
  const project = readConfig({ config: PROJECT_CONFIG });
  const alias = Object.entries((project.alias ?? {}) as Readonly<Record<string, string>>).map(
    ([name, path]) => [name, resolve(dirname(PROJECT_CONFIG), path)] as const,
  );
  await mkdir(folder, { recursive: true });
  const configPath = join(folder, "wrangler.json");
  const config = {
    name: "leaks",
    main: fileURLToPath(new URL(entry, import.meta.url)),
    compatibility_date: project.compatibility_date,
    compatibility_flags: project.compatibility_flags,
    ...(withAliases ? { alias: Object.fromEntries(alias) } : {}),
  };
  await writeFile(configPath, JSON.stringify(config));
  const { script, scriptPath, options } = await bundleWorker(configPath, join(folder, "bundle"));
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      host: "127.0.0.1",
      workers: [
        {
          ...options,
          name: "leaks",
          rootPath: dirname(scriptPath),
          modules: [{ type: "ESModule", path: basename(scriptPath), contents: script }],
        },
      ],
    }),
  );
  const url = await miniflare.ready;
  return {
    ask: async (body) => {
      const answer = await fetch(url, { method: "POST", body: JSON.stringify(body) });
      return (await answer.json()) as LeakAnswer;
    },
    stop: async () => {
      await miniflare.dispose();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * Stands for a host on the internet: takes whatever is sent to its port and counts it. It answers as
 * a web server with what `?to=` asks for, or with nothing in particular.
 */
export class Outside {
  readonly #server: Server;
  bytes = 0;
  connections = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on("connection", (socket) => {
      this.connections += 1;
      socket.on("error", () => undefined);
      socket.on("data", (data: Buffer) => {
        this.bytes += data.byteLength;
        const to = /\?to=(\S+) HTTP/.exec(data.toString("latin1"))?.[1];
        const head = to === undefined ? "200 OK" : `302 Found\r\nLocation: ${to}`;
        socket.end(`HTTP/1.1 ${head}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
      });
    });
  }

  static async start(): Promise<Outside> {
    const server = createServer();
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    return new Outside(server);
  }

  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  clear(): void {
    this.bytes = 0;
    this.connections = 0;
  }

  async stop(): Promise<void> {
    await new Promise((done) => this.#server.close(done));
  }
}
