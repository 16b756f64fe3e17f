import { describe, expect, it } from "vitest";

import { isTrackingPath } from "../../../src/ingest/paths.ts";
import { sdkPathOf } from "../../../src/sdk/paths.ts";

describe("sdkPathOf()", () => {
  it.each([
    "/v1/projects/wk_1/settings",
    "/projects/wk_1/settings",
    "/v1/v1/projects/wk_1/settings",
    "/v1/projects/wk_1/settings/",
    "/projects/wk_1/settings/",
  ])("takes %s for the settings of a key", (pathname) => {
    expect(sdkPathOf(pathname)).toEqual({ kind: "settings", writeKey: "wk_1" });
  });

  it.each(["analytics.min.js", "analytics.js", "platform/analytics.min.js"])(
    "takes %s below a key for the bundle",
    (name) => {
      expect(sdkPathOf(`/analytics.js/v1/wk_1/${name}`)).toEqual({
        kind: "bundle",
        writeKey: "wk_1",
      });
    },
  );

  it.each(["/analytics-next/bundles/a-b.bundle.0f.js", "/analytics-next/LICENSES.txt"])(
    "takes %s for a built file",
    (pathname) => {
      expect(sdkPathOf(pathname)).toEqual({ kind: "part", asset: pathname });
    },
  );

  it.each([
    "/analytics.js/v1/wk_1/analytics.classic.js",
    "/analytics-next/analytics.min.js",
    "/analytics-next/bundles/../analytics.min.js",
    "/analytics-next/bundles/a.js.map",
    "/next-integrations/integrations/vendor/commons.js",
    "/projects/wk_1",
    "/v1/projects/wk_1/settings/more",
  ])("serves nothing at %s", (pathname) => {
    expect(sdkPathOf(pathname)).toEqual({ kind: "unknown" });
  });

  it.each(["/v1/track", "/v1/t", "/api/v1/sources", "/health", "/", "/projects"])(
    "leaves %s to others",
    (pathname) => {
      expect(sdkPathOf(pathname)).toBeUndefined();
    },
  );

  it.each(["/v1/projects/wk_1/settings", "/v1/v1/projects/wk_1/settings", "/v1/projects/x/"])(
    "is not kept from %s by the tracking API",
    (pathname) => {
      expect(isTrackingPath(pathname)).toBe(false);
    },
  );
});
