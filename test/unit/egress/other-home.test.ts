import { describe, expect, it } from "vitest";

import { showsOtherHome } from "../../../src/egress/other-home.ts";

describe("showsOtherHome()", () => {
  it.each([
    "db.x.us-east-1.rds.amazonaws.com",
    "ep-a.us-west-2.aws.neon.tech",
    "aws-0-us-east-1.pooler.supabase.com",
    "s3.us-east-2.amazonaws.com",
    "s3-us-west-2.amazonaws.com",
    "bucket.s3.us-east-1.amazonaws.com",
    "s3.amazonaws.com",
    "bucket.s3.amazonaws.com",
    "abc.lambda-url.us-east-1.on.aws",
    "0123456789abcdef0123456789abcdef.us.r2.cloudflarestorage.com",
  ])("sees in eu that %s is in the states", (host) => {
    expect(showsOtherHome(host, "eu")).toBe(true);
  });

  it.each([
    "db.x.eu-west-2.rds.amazonaws.com",
    "us-east-1.s3.eu-west-2.amazonaws.com",
    "s3.eu-central-1.amazonaws.com",
    "0123456789abcdef0123456789abcdef.r2.cloudflarestorage.com",
    "us-east-1.example.com",
    "10.0.0.8",
  ])("sees nothing of the kind in %s", (host) => {
    expect(showsOtherHome(host, "eu")).toBe(false);
  });

  it("sees in us what is in the Union", () => {
    expect(showsOtherHome("db.x.eu-west-1.rds.amazonaws.com", "us")).toBe(true);
    expect(showsOtherHome("s3.amazonaws.com", "us")).toBe(false);
  });
});
