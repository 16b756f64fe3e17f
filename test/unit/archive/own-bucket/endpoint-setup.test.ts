import { describe, expect, it } from "vitest";

import { stepsAtEndpoint } from "../../../../src/archive/own-bucket/endpoint-setup.ts";
import type { OwnBucket } from "../../../../src/region/own-bucket.ts";
import type { EndpointKind, S3Endpoint } from "../../../../src/region/s3-endpoints.ts";

const OWN: OwnBucket = {
  name: "own-1",
  location: "eu-west-1",
  bucket: "my-events",
  endpoint: "s3.example.com",
  label: "label",
  access: { kind: "keys", accessKeyId: "id" },
  externalId: "",
};

function stepsAt(kind: EndpointKind, own = OWN): string {
  const endpoint: S3Endpoint = {
    host: "s3.example.com",
    region: "eu",
    kind,
    scope: "eu-1",
    knownBy: "operator",
  };
  return stepsAtEndpoint(own, endpoint).join("\n");
}

describe.each<EndpointKind>(["r2", "ceph", "minio", "generic"])("the steps at %s", (kind) => {
  it("name the bucket and leave nothing to be filled in", () => {
    const steps = stepsAt(kind);

    expect(steps).toContain("my-events");
    expect(steps).not.toMatch(/[{}]/);
  });

  it("name the data lake's folder to those only whose lake may stand there", () => {
    expect(stepsAt(kind)).not.toContain("segment-data/");
    expect(stepsAt(kind, { ...OWN, dataLake: true })).toContain("segment-data/");
  });
});
