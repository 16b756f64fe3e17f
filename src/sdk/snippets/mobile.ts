import { onlyHttps, type MakeSnippet } from "./snippet.ts";

const WITH_V1 = "Both hosts include /v1 and have no https:// in front.";
const TELEMETRY =
  "Turn Telemetry off: the SDK measures itself, and sends that to api.segment.io whatever apiHost is. Our settings stop it too, but only once they have come.";

export const swift: MakeSnippet = ({ writeKey, host, scheme }) => ({
  sdk: "swift",
  title: "Swift",
  language: "swift",
  settings: hosts(host),
  code: `import Segment

Telemetry.shared.enable = false

let configuration = Configuration(writeKey: "${writeKey}")
  .apiHost("${host}/v1")
  .cdnHost("${host}/v1")
let analytics = Analytics(configuration: configuration)

analytics.track(name: "Signed Up")
`,
  warnings: [TELEMETRY, WITH_V1, ...onlyHttps(scheme)],
});

export const kotlin: MakeSnippet = ({ writeKey, host, scheme }) => ({
  sdk: "kotlin",
  title: "Kotlin",
  language: "kotlin",
  settings: [
    ...hosts(host),
    { option: 'defaultSettings.integrations["Segment.io"].apiHost', value: `${host}/v1` },
  ],
  code: `import com.segment.analytics.kotlin.android.Analytics
import com.segment.analytics.kotlin.core.Settings
import com.segment.analytics.kotlin.core.Telemetry
import kotlinx.serialization.json.buildJsonObject
import kotlinx.serialization.json.put
import kotlinx.serialization.json.putJsonObject

Telemetry.enable = false

val analytics = Analytics("${writeKey}", applicationContext) {
  apiHost = "${host}/v1"
  cdnHost = "${host}/v1"
  defaultSettings = Settings(
    integrations = buildJsonObject {
      putJsonObject("Segment.io") {
        put("apiKey", "${writeKey}")
        put("apiHost", "${host}/v1")
      }
    },
  )
}

analytics.track("Signed Up")
`,
  warnings: [
    "Set defaultSettings and cdnHost: the SDK's own default settings name Segment's US host, and they win over apiHost until settings have been fetched once. Without them, events of a first start without network go to the US.",
    TELEMETRY,
    WITH_V1,
    ...onlyHttps(scheme),
  ],
});

export const flutter: MakeSnippet = ({ writeKey, host, scheme }) => ({
  sdk: "flutter",
  title: "Flutter",
  language: "dart",
  settings: hosts(host),
  code: `import 'package:segment_analytics/client.dart';
import 'package:segment_analytics/state.dart';

final analytics = createClient(Configuration(
  "${writeKey}",
  apiHost: "${host}/v1",
  cdnHost: "${host}/v1",
));

analytics.track("Signed Up");
`,
  warnings: [WITH_V1, ...onlyHttps(scheme)],
});

export const reactNative: MakeSnippet = ({ writeKey, host, scheme }) => ({
  sdk: "react-native",
  title: "React Native",
  language: "typescript",
  settings: [
    { option: "proxy", value: `${scheme}://${host}/v1` },
    { option: "cdnProxy", value: `${scheme}://${host}/v1` },
    { option: "useSegmentEndpoints", value: "true" },
  ],
  code: `import { createClient } from "@segment/analytics-react-native";

export const analytics = createClient({
  writeKey: "${writeKey}",
  proxy: "${scheme}://${host}/v1",
  cdnProxy: "${scheme}://${host}/v1",
  useSegmentEndpoints: true,
});

analytics.track("Signed Up");
`,
  warnings: [
    "Keep useSegmentEndpoints: without it the two addresses are used as they are, without /b and /projects/….",
    "Keep the scheme: an address that is no URL makes the SDK fall back to Segment's US hosts.",
    "proxy wins over the settings: a change of the source's ingest region needs a new one in the application.",
  ],
});

function hosts(host: string): readonly { readonly option: string; readonly value: string }[] {
  return [
    { option: "apiHost", value: `${host}/v1` },
    { option: "cdnHost", value: `${host}/v1` },
  ];
}
