import { createHash, createHmac } from "node:crypto";
import { request as httpRequest, type IncomingHttpHeaders } from "node:http";

/**
 * A SigV4 client whose every part can be set wrong: what is signed and what is sent are separate.
 * Written for attacks; independent of the product's signer and of the stand-in's.
 */
export type RawS3 = {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

export type RawCall = {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly date?: Date;
  readonly day?: string;
  readonly region?: string;
  readonly service?: string;
  readonly accessKeyId?: string;
  readonly secretAccessKey?: string;
  /** Headers that are sent but left out of the signature. */
  readonly unsigned?: readonly string[];
  /** Leaves out `x-amz-content-sha256`. */
  readonly withoutHash?: boolean;
  /** Sent in place of what was signed. */
  readonly send?: {
    readonly method?: string;
    readonly path?: string;
    readonly query?: Readonly<Record<string, string>>;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: string;
  };
};

export type RawAnswer = {
  readonly status: number;
  readonly code: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
};

/** Signs `call` as `client` and sends it, with the parts of `call.send` swapped in afterwards. */
export function signedCall(client: RawS3, call: RawCall): Promise<RawAnswer> {
  const { host } = new URL(client.endpoint);
  const amzDate = (call.date ?? new Date()).toISOString().replace(/[-:]|\.\d{3}/g, "");
  const hash = sha256(call.body ?? "");
  const headers: Record<string, string> = {
    host,
    "x-amz-date": amzDate,
    ...(call.withoutHash === true ? {} : { "x-amz-content-sha256": hash }),
    ...call.headers,
  };
  const names = Object.keys(headers)
    .filter((name) => !call.unsigned?.includes(name))
    .sort();
  const canonical = [
    call.method,
    encodePath(call.path),
    encodeQuery(call.query),
    ...names.map((name) => `${name}:${headers[name]}`),
    "",
    names.join(";"),
    hash,
  ].join("\n");
  const scope = [
    call.day ?? amzDate.slice(0, 8),
    call.region ?? client.region,
    call.service ?? "s3",
    "aws4_request",
  ];
  const text = ["AWS4-HMAC-SHA256", amzDate, scope.join("/"), sha256(canonical)].join("\n");
  const secret = `AWS4${call.secretAccessKey ?? client.secretAccessKey}`;
  const key = scope.reduce<string | Buffer>((parent, part) => hmac(parent, part), secret);
  const credential = `${call.accessKeyId ?? client.accessKeyId}/${scope.join("/")}`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names.join(";")}, Signature=${hmac(key, text).toString("hex")}`;
  const search = encodeQuery(call.send?.query ?? call.query);
  const path = encodePath(call.send?.path ?? call.path);
  return plainCall(
    client.endpoint,
    call.send?.method ?? call.method,
    search === "" ? path : `${path}?${search}`,
    { ...headers, authorization, ...call.send?.headers },
    call.send?.body ?? call.body ?? "",
  );
}

/** Sends a request as it stands, unsigned unless the headers say otherwise. */
export function plainCall(
  endpoint: string,
  method: string,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  body = "",
): Promise<RawAnswer> {
  const { hostname, port } = new URL(endpoint);
  const length = { "content-length": String(Buffer.byteLength(body)) };
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      { hostname, port, method, path, headers: { ...headers, ...length } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("error", reject);
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({
            status: response.statusCode ?? 0,
            code: /<Code>([^<]+)/.exec(text)?.[1] ?? "",
            headers: response.headers,
            body: text,
          });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function encodePath(path: string): string {
  return path.split("/").map(encodeStrict).join("/");
}

function encodeQuery(query: Readonly<Record<string, string>> = {}): string {
  return Object.entries(query)
    .map(([name, value]) => `${encodeStrict(name)}=${encodeStrict(value)}`)
    .sort()
    .join("&");
}

function encodeStrict(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
