import http from "node:http";
import https from "node:https";
import net from "node:net";
import nodeProcess from "node:process";
import tls from "node:tls";

import { AwsClient } from "aws4fetch";
import { connect } from "cloudflare:sockets";

import { postThroughLibrary } from "./library.cjs";

/** Each way out of a Worker that we know of, tried against `host:port`. They throw when refused. */
export const WAYS_OUT: Readonly<Record<string, (host: string) => unknown>> = {
  "a cache": (host) => caches.open("leaks").then((cache) => cache.put(`http://${host}/`, kept())),
  fetch: (host) => fetch(`http://${host}/`, { method: "POST", body: MARK }),
  "fetch of a Request": (host) =>
    fetch(new Request(`http://${host}/`, { method: "POST", body: MARK })),
  "a library that calls fetch": (host) => {
    const client = new AwsClient({ accessKeyId: "a", secretAccessKey: "b", retries: 0 });
    return client.fetch(`http://${host}/`, { method: "POST", body: MARK, aws: LIBRARY_SIGNS });
  },
  "a library that requires Node's http": (host) => postThroughLibrary(host, MARK),
  connect: (host) => writeTo(connect(host)),
  "node:net": (host) => talk(net.connect(addressOf(host))),
  "node:tls": (host) => talk(tls.connect(addressOf(host))),
  "node:http": (host) => finish(http.request(`http://${host}/`, { method: "POST" })),
  "node:https": (host) => finish(https.request(`https://${host}/`, { method: "POST" })),
  "a module of Node's by name": (host) => {
    const found = process.getBuiltinModule("node:net") as typeof net;
    return talk(found.connect(addressOf(host)));
  },
  "Node's process module": (host) => {
    const found = nodeProcess.getBuiltinModule("node:net") as typeof net;
    return talk(found.connect(addressOf(host)));
  },
  WebSocket: (host) => opened(new WebSocket(`ws://${host}/`)),
  EventSource: (host) => opened(new EventSource(`http://${host}/`)),
};

/** What a leak carries, so that it is known when it is seen. */
const MARK = "event bytes of a person in the EU";
const LIBRARY_SIGNS = { service: "s3", region: "us-east-1" };

/** An answer that a cache would keep. */
function kept(): Response {
  return new Response(MARK, { headers: { "cache-control": "max-age=60" } });
}

function addressOf(host: string): { readonly host: string; readonly port: number } {
  const { hostname, port } = new URL(`http://${host}`);
  return { host: hostname, port: Number(port) };
}

async function writeTo(socket: ReturnType<typeof connect>): Promise<void> {
  const writer = socket.writable.getWriter();
  await writer.write(new TextEncoder().encode(MARK));
  await writer.close();
}

/** Sends through a socket of Node's and waits until it is connected or broken. */
function talk(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.on("error", () => resolve());
    socket.on("close", () => resolve());
    socket.end(MARK, () => resolve());
  });
}

function finish(request: http.ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    request.on("error", () => resolve());
    request.on("response", () => resolve());
    request.end(MARK);
  });
}

function opened(target: EventTarget): Promise<void> {
  return new Promise((resolve) => {
    for (const event of ["open", "error", "close"]) {
      target.addEventListener(event, () => resolve());
    }
  });
}
