import { generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A certificate that trusts itself, and its key, both PEM. */
export type Certificate = { readonly cert: string; readonly key: string };

const DAY_MS = 86_400_000;

/**
 * Makes a certificate that every workerd trusts which Miniflare starts from now on. Miniflare reads
 * whom to trust as it is loaded, so it has to be loaded after this.
 */
export function trustNewCertificate(host: string): Certificate {
  const certificate = makeCertificate(host);
  const folder = mkdtempSync(join(tmpdir(), "homeport-trusted-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "ca.pem");
  writeFileSync(path, certificate.cert);
  process.env["NODE_EXTRA_CA_CERTS"] = path;
  return certificate;
}

/** Makes a certificate for a host name: valid for a day, made anew each time, written nowhere. */
export function makeCertificate(host: string): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const name = sequence(set(sequence(oid("550403"), text(0x0c, host))));
  const algorithm = sequence(oid("2a8648ce3d040302"));
  const now = Date.now();
  const extensions = sequence(
    sequence(oid("551d11"), octets(sequence(text(0x82, host)))),
    sequence(oid("551d13"), octets(sequence(der(0x01, Buffer.from([0xff]))))),
  );
  const body = sequence(
    der(0xa0, integer(2)),
    integer(now),
    algorithm,
    name,
    sequence(time(now - DAY_MS), time(now + DAY_MS)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, extensions),
  );
  const signature = sign("sha256", body, privateKey);
  const cert = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return {
    cert: pem("CERTIFICATE", cert),
    key: String(privateKey.export({ type: "pkcs8", format: "pem" })),
  };
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head =
    length < 0x80
      ? [tag, length]
      : length < 0x100
        ? [tag, 0x81, length]
        : [tag, 0x82, length >>> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function set(part: Buffer): Buffer {
  return der(0x31, part);
}

function oid(hex: string): Buffer {
  return der(0x06, Buffer.from(hex, "hex"));
}

function octets(content: Buffer): Buffer {
  return der(0x04, content);
}

function text(tag: number, content: string): Buffer {
  return der(tag, Buffer.from(content, "utf8"));
}

function integer(value: number): Buffer {
  const hex = value.toString(16);
  return der(
    0x02,
    Buffer.from(`00${hex.length % 2 === 0 ? "" : "0"}${hex}`.replace(/^00(?=[0-7])/, ""), "hex"),
  );
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/\D/g, "").slice(0, 14);
  return text(0x18, `${digits}Z`);
}

function pem(label: string, content: Buffer): string {
  const lines = content.toString("base64").match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}
