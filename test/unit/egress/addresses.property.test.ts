import { BlockList, isIPv4, isIPv6 } from "node:net";

import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { isPrivateHost, isV4, isV6, plainHost } from "../../../src/egress/addresses.ts";

/** Node's own reading of the ranges, as the other opinion. */
const REFUSED = new BlockList();
for (const [address, bits] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
] as const) {
  REFUSED.addSubnet(address, bits);
}
const GLOBAL_V6 = new BlockList();
GLOBAL_V6.addSubnet("2000::", 3, "ipv6");
const REFUSED_V6 = new BlockList();
REFUSED_V6.addSubnet("2001::", 23, "ipv6");
REFUSED_V6.addSubnet("2001:db8::", 32, "ipv6");
REFUSED_V6.addSubnet("2002::", 16, "ipv6");
REFUSED_V6.addSubnet("3fff::", 20, "ipv6");

const octets = fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255));
const interesting = fc.tuple(
  fc.constantFrom(0, 10, 100, 127, 169, 172, 192, 198, 203, 224, 240, 255),
  fc.constantFrom(0, 2, 16, 18, 31, 51, 63, 64, 88, 127, 128, 168, 254, 255),
  fc.nat(255),
  fc.nat(255),
);
const v4 = fc.oneof(octets, interesting);
const privateV4 = v4.filter((parts) => REFUSED.check(parts.join(".")));

/** As a program or a person might write an IPv4 address: each part in another base, or shortened. */
const spellings = privateV4.chain(([a, b, c, d]) => {
  const number = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  const octal = (part: number): string => `0${part.toString(8)}`;
  const hex = (part: number): string => `0x${part.toString(16)}`;
  return fc.constantFrom(
    String(number),
    hex(number),
    [a, b, c, d].map(octal).join("."),
    [a, b, c, d].map(hex).join("."),
    `${a}.${((b << 16) | (c << 8) | d) >>> 0}`,
    `${a}.${b}.${(c << 8) | d}`,
    `${a}.${b}.${c}.${d}.`,
    `${a}%2e${b}.${c}.${d}`,
    `[::ffff:${a}.${b}.${c}.${d}]`,
    `[64:ff9b::${a}.${b}.${c}.${d}]`,
    `[2002:${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}::1]`,
  );
});

function hostnameOf(host: string): string {
  return new URL(`https://${host}/`).hostname;
}

describe("isPrivateHost()", () => {
  it("judges every IPv4 address as Node's BlockList does", () => {
    fc.assert(
      fc.property(v4, (parts) => {
        const text = parts.join(".");

        expect(isPrivateHost(text)).toBe(REFUSED.check(text));
      }),
    );
  });

  it("judges every IPv6 address as Node's BlockList does", () => {
    const first = fc.oneof(
      fc.nat(0xffff),
      fc.constantFrom(0, 0x64, 0x2000, 0x2001, 0x2002, 0x3fff, 0xfc00, 0xfd00, 0xfe80),
    );
    const second = fc.oneof(fc.nat(0xffff), fc.constantFrom(0, 0x1ff, 0x200, 0xdb8, 0xff9b));
    const rest = fc.array(fc.constantFrom(0, 1, 0xec2, 0xffff), { minLength: 6, maxLength: 6 });
    fc.assert(
      fc.property(first, second, rest, (a, b, others) => {
        const text = [a, b, ...others].map((group) => group.toString(16)).join(":");
        const isPublic = GLOBAL_V6.check(text, "ipv6") && !REFUSED_V6.check(text, "ipv6");

        expect(isPrivateHost(hostnameOf(`[${text}]`))).toBe(!isPublic);
      }),
    );
  });

  it("refuses a private IPv4 address however it is written", () => {
    fc.assert(
      fc.property(spellings, (spelling) => {
        expect(isPrivateHost(hostnameOf(spelling).replace(/\.$/, ""))).toBe(true);
      }),
    );
  });

  it.each([
    "169.254.169.254",
    "[fd00:ec2::254]",
    "[::1]",
    "[::]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::1]",
    "[fe80::1]",
    "[ff02::1]",
    "localhost",
    "a.localhost",
    "metadata.google.internal",
    "router.lan",
    "printer.local",
    "intranet",
  ])("refuses %s", (hostname) => {
    expect(isPrivateHost(hostname)).toBe(true);
  });

  it.each(["8.8.8.8", "[2606:4700::1111]", "example.com", "s3.eu-west-1.amazonaws.com"])(
    "leaves %s alone",
    (hostname) => {
      expect(isPrivateHost(hostname)).toBe(false);
    },
  );
});

describe("plainHost()", () => {
  it("finds no plain host in an address that is oddly written", () => {
    const odd = spellings.filter((spelling) => !spelling.startsWith("["));
    fc.assert(
      fc.property(odd, (spelling) => {
        fc.pre(!isIPv4(spelling));

        expect(plainHost(spelling)).toBeUndefined();
      }),
    );
  });

  it.each([
    ["DB.Example.com", "db.example.com"],
    ["db.example.com", "db.example.com"],
    ["2606:4700::1111", "[2606:4700::1111]"],
    ["93.184.216.34", "93.184.216.34"],
  ])("reads %s as %s", (text, host) => {
    expect(plainHost(text)).toBe(host);
  });

  it.each([
    "",
    "db.example.com.",
    "db.example.com/",
    "db.example.com:5432",
    "user@db.example.com",
    "db%2eexample.com",
    "ⓓb.example.com",
    "db。example.com",
    "fe80::1%eth0",
  ])("finds no plain host in %j", (text) => {
    expect(plainHost(text)).toBeUndefined();
  });
});

describe("isV4() and isV6()", () => {
  it("agree with Node", () => {
    const texts = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain(), fc.string());
    fc.assert(
      fc.property(texts, (text) => {
        expect([isV4(text), isV6(text)]).toEqual([isIPv4(text), isIPv6(text)]);
      }),
    );
  });
});
