import type { SettingField } from "../../deliver/deliverer.ts";

/** What a connection may lead to. */
export const CONNECTION_KIND_NAMES = ["postgres", "files", "webhook", "custom"] as const;
export type ConnectionKind = (typeof CONNECTION_KIND_NAMES)[number];

type KindOfConnection = { readonly name: string; readonly settings: readonly SettingField[] };

const text = { type: "string", isRequired: true, isSecret: false } as const;
const secret = { type: "string", isRequired: true, isSecret: true } as const;

/** Kinds of connections with what they are told. */
export const CONNECTION_KINDS: Readonly<Record<ConnectionKind, KindOfConnection>> = {
  postgres: {
    name: "Postgres",
    settings: [
      { key: "host", label: "Host", ...text },
      {
        key: "port",
        label: "Port",
        type: "number",
        isRequired: false,
        isSecret: false,
        help: "5432 unless it is given.",
      },
      { key: "database", label: "Database", ...text },
      {
        key: "user",
        label: "User",
        ...text,
        help: "One that may only read is enough, and is better.",
      },
      { key: "password", label: "Password", ...secret },
      {
        key: "tls",
        label: "TLS",
        type: "boolean",
        isRequired: false,
        isSecret: false,
        help: "Always used; in development, for a server on this machine, only where it is asked for.",
      },
      {
        key: "relay",
        label: "Through the relay",
        type: "boolean",
        isRequired: false,
        isSecret: false,
        help: "Connects from the operator's relay of the region, whose address never changes.",
      },
    ],
  },
  files: {
    name: "Files in a bucket",
    settings: [
      {
        key: "url",
        label: "Bucket",
        ...text,
        help: "In path style, e.g. https://s3.eu-central-1.amazonaws.com/my-bucket.",
      },
      {
        key: "roleArn",
        label: "Role",
        ...text,
        isRequired: false,
        help: "At AWS: a role that trusts us together with the connection's id as ExternalId.",
      },
      { key: "accessKeyId", label: "Access key ID", ...text, isRequired: false },
      { key: "secretAccessKey", label: "Secret access key", ...secret, isRequired: false },
    ],
  },
  webhook: {
    name: "Webhook",
    settings: [
      {
        key: "url",
        label: "URL",
        ...text,
        help: "https, at a host that the workspace declares to be in its region. Takes records only.",
      },
      { key: "secret", label: "Signing secret", ...secret, help: "At least 16 characters." },
      {
        key: "batchSize",
        label: "Records of one request",
        type: "number",
        isRequired: false,
        isSecret: false,
        help: "1,000 unless fewer are wanted.",
      },
    ],
  },
  custom: {
    name: "Custom destination",
    settings: [
      {
        key: "url",
        label: "URL",
        ...text,
        help: "Where a service answers that speaks the open custom-destination protocol (JSON-RPC).",
      },
      {
        key: "token",
        label: "Token",
        type: "string",
        isRequired: false,
        isSecret: true,
        help: "Sent as Authorization: Bearer.",
      },
    ],
  },
};
