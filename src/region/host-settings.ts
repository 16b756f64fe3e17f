import type { HomeRegion } from "../core/ids.ts";
import type { SettingsReader } from "../core/settings-reader.ts";
import {
  HOME_REGION_NAMES,
  INGEST_REGION_NAMES,
  INGEST_REGIONS,
  isIngestRegion,
  type IngestRegion,
} from "./regions.ts";
import { LISTED_KINDS, type ListedEndpoints, type S3Endpoint } from "./s3-endpoints.ts";

const PORT_MAX = 65_535;

/** `HOSTS = "host=ingest region,…"`; a host may name its port. */
export function readHosts(read: SettingsReader): ReadonlyMap<string, IngestRegion> {
  const hosts = new Map<string, IngestRegion>();
  for (const entry of entriesOf(read.text("HOSTS"))) {
    const [host = "", region = "", ...rest] = entry.split("=");
    if (!/^[a-z0-9.-]+(:\d+)?$/.test(host) || !isIngestRegion(region) || rest.length > 0) {
      read.problems.push(
        `HOSTS holds "${entry}": write host=region with one of ${INGEST_REGION_NAMES.join(", ")}, for example events.eu1.example.com=eu1`,
      );
    } else if (hosts.has(host)) {
      read.problems.push(`HOSTS names ${host} twice: keep one of its entries in wrangler.toml`);
    } else {
      hosts.set(host, region);
    }
  }
  if (hosts.size === 0) {
    read.problems.push(
      'HOSTS names no host: set HOSTS = "events.eu1.example.com=eu1" under [vars] in wrangler.toml',
    );
  }
  return hosts;
}

/**
 * On everywhere but on a developer's machine, where the location is made up. It can be switched on
 * there for a test, and never off in production.
 */
export function readEdgeCheck(read: SettingsReader, development: boolean): boolean {
  if (read.text("EDGE_CHECK") === undefined) return !development;
  const isOn = read.oneOf("EDGE_CHECK", ["on", "off"]) === "on";
  if (!isOn && !development) {
    read.problems.push(
      'EDGE_CHECK is "off", which only ENVIRONMENT "development" may use: take EDGE_CHECK out of wrangler.toml',
    );
  }
  return isOn;
}

/** `host=region` as for HOSTS; the region is Cloudflare's region_key, and has to fit the host's. */
export function readRegionalServices(
  read: SettingsReader,
  hosts: ReadonlyMap<string, IngestRegion>,
): ReadonlyMap<string, string> {
  const declared = new Map<string, string>();
  for (const entry of entriesOf(read.text("REGIONAL_SERVICES"))) {
    const [, host = "", region = ""] = /^([a-z0-9.-]+)=([a-z-]+)$/.exec(entry) ?? [];
    const ingest = hosts.get(host);
    const place = ingest === undefined ? undefined : INGEST_REGIONS[ingest].place;
    if (place === undefined) {
      read.problems.push(
        `REGIONAL_SERVICES holds "${entry}": write host=region with a host of HOSTS, for example events.eu1.example.com=eu`,
      );
    } else if (place.kind === "jurisdiction" && place.jurisdiction !== region) {
      read.problems.push(
        `REGIONAL_SERVICES says ${region} for ${host}, whose ingest region is in ${place.jurisdiction}: no request could be taken there, so set the same region in both`,
      );
    } else {
      declared.set(host, region);
    }
  }
  return declared;
}

/** A name of several labels, the last no number: neither an address nor a name of this machine. */
const PUBLIC_HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]$/;
const LOOPBACK_HOST = /^127\.0\.0\.1:\d{1,5}$/;
/** Their names show the region by themselves, or show none, which no listing can mend. */
const NOT_LISTABLE = /(?:amazonaws\.com(?:\.cn)?|r2\.cloudflarestorage\.com)$/;

/**
 * `S3_ENDPOINTS = "host=region:kind:scope,…"`: S3-compatible endpoints that the operator says are in a
 * region, for customers' own buckets there. In development the loopback address may be listed too.
 */
export function readS3Endpoints(read: SettingsReader, development: boolean): ListedEndpoints {
  const listed = new Map<string, S3Endpoint>();
  for (const entry of entriesOf(read.text("S3_ENDPOINTS"))) {
    const [, host = "", region = "", kind = "", scope = ""] =
      /^([a-z0-9.:-]+)=([a-z]+):([a-z0-9]+):([a-z0-9-]{1,64})$/.exec(entry) ?? [];
    const home = HOME_REGION_NAMES.find((name) => name === region);
    const known = LISTED_KINDS.find((name) => name === kind);
    const isHost = PUBLIC_HOST.test(host) || (development && LOOPBACK_HOST.test(host));
    if (home === undefined || known === undefined || !isHost) {
      read.problems.push(
        `S3_ENDPOINTS holds "${entry}": write host=region:kind:scope with a region of ${HOME_REGION_NAMES.join(", ")} and a kind of ${LISTED_KINDS.join(", ")}, for example s3.fr-par.scw.cloud=eu:generic:fr-par`,
      );
    } else if (NOT_LISTABLE.test(host)) {
      read.problems.push(
        `S3_ENDPOINTS names ${host}, whose region shows in its name or nowhere: take it out of wrangler.toml`,
      );
    } else if (listed.has(host)) {
      read.problems.push(`S3_ENDPOINTS names ${host} twice: keep one of its entries`);
    } else {
      listed.set(host, { host, region: home, kind: known, scope, knownBy: "operator" });
    }
  }
  return listed;
}

/** Addresses that a region's objects call from, where the operator bought fixed ones. */
export function readEgressCidrs(
  read: SettingsReader,
): Readonly<Record<HomeRegion, readonly string[]>> {
  const cidrs: Record<HomeRegion, readonly string[]> = { us: [], eu: [] };
  for (const home of HOME_REGION_NAMES) {
    const name = `EGRESS_CIDRS_${home.toUpperCase()}`;
    const entries = entriesOf(read.text(name));
    for (const entry of entries.filter((each) => !/^[0-9a-f.:]+\/\d{1,3}$/i.test(each))) {
      read.problems.push(
        `${name} holds "${entry}": write address/bits, several separated by commas, for example 203.0.113.0/29`,
      );
    }
    cidrs[home] = entries;
  }
  return cidrs;
}

/** The operator's HTTP CONNECT proxy of a region, and the address that databases see of it. */
export type Relay = { readonly host: string; readonly port: number; readonly address: string };

/** `RELAY_EU = "host:port=address"`. */
export function readRelays(read: SettingsReader): Readonly<Record<HomeRegion, Relay | undefined>> {
  const relays: Record<HomeRegion, Relay | undefined> = { us: undefined, eu: undefined };
  for (const home of HOME_REGION_NAMES) {
    const name = `RELAY_${home.toUpperCase()}`;
    const text = read.text(name);
    if (text === undefined) continue;
    const found = /^([a-z0-9.-]+):(\d{1,5})=([0-9a-f.:]+)$/i.exec(text);
    const [, host = "", port = "", address = ""] = found ?? [];
    if (found === null || Number(port) < 1 || Number(port) > PORT_MAX) {
      read.problems.push(
        `${name} is "${text}": write host:port=address, for example relay.${home}.example.com:3128=203.0.113.7`,
      );
    } else {
      relays[home] = { host: host.toLowerCase(), port: Number(port), address };
    }
  }
  return relays;
}

function entriesOf(list: string | undefined): readonly string[] {
  return (list ?? "")
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}
