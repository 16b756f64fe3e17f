import { onlyHttps, type MakeSnippet } from "./snippet.ts";

export const node: MakeSnippet = ({ writeKey, host, scheme }) => ({
  sdk: "node",
  title: "Node.js",
  language: "typescript",
  settings: [{ option: "host", value: `${scheme}://${host}` }],
  code: `import { Analytics } from "@segment/analytics-node";

const analytics = new Analytics({
  writeKey: "${writeKey}",
  host: "${scheme}://${host}",
});

analytics.track({ userId: "user-1", event: "Signed Up" });
await analytics.closeAndFlush();
`,
  warnings: [
    "A path in host is discarded without a word: for a proxy with a path of its own, set path besides.",
  ],
});

export const python: MakeSnippet = ({ writeKey, host, scheme }) => ({
  sdk: "python",
  title: "Python",
  language: "python",
  settings: [{ option: "host", value: `${scheme}://${host}` }],
  code: `import segment.analytics as analytics

analytics.write_key = "${writeKey}"
analytics.host = "${scheme}://${host}"

analytics.track("user-1", "Signed Up")
analytics.flush()
`,
  warnings: ["host has no /v1 at its end: the SDK adds /v1/batch."],
});

export const go: MakeSnippet = ({ writeKey, host, scheme }) => ({
  sdk: "go",
  title: "Go",
  language: "go",
  settings: [{ option: "Endpoint", value: `${scheme}://${host}` }],
  code: `package main

import "github.com/segmentio/analytics-go/v3"

func main() {
	client, err := analytics.NewWithConfig("${writeKey}", analytics.Config{
		Endpoint: "${scheme}://${host}",
	})
	if err != nil {
		panic(err)
	}
	defer client.Close()
	client.Enqueue(analytics.Track{UserId: "user-1", Event: "Signed Up"})
}
`,
  warnings: ["Endpoint has no /v1 at its end: the SDK adds /v1/batch."],
});

export const java: MakeSnippet = ({ writeKey, host, scheme }) => ({
  sdk: "java",
  title: "Java",
  language: "java",
  settings: [{ option: "endpoint", value: `${scheme}://${host}` }],
  code: `Analytics analytics = Analytics.builder("${writeKey}")
    .endpoint("${scheme}://${host}")
    .build();

analytics.enqueue(TrackMessage.builder("Signed Up").userId("user-1"));
analytics.flush();
`,
  warnings: [
    "endpoint has no path: the SDK adds /v1/import/. setUploadURL would replace the whole address.",
  ],
});

export const ruby: MakeSnippet = ({ writeKey, host, scheme }) => {
  const [name = host, port] = host.split(":");
  return {
    sdk: "ruby",
    title: "Ruby",
    language: "ruby",
    settings: [
      { option: "host", value: name },
      ...(port === undefined ? [] : [{ option: "port", value: port }]),
    ],
    code: `require "segment/analytics"

analytics = Segment::Analytics.new(
  write_key: "${writeKey}",
  host: "${name}"${port === undefined ? "" : `,\n  port: ${port}`}
)

analytics.track(user_id: "user-1", event: "Signed Up")
analytics.flush
`,
    warnings: ["host is a bare name, without https:// and without a path.", ...onlyHttps(scheme)],
  };
};

export const php: MakeSnippet = ({ writeKey, host, scheme }) => ({
  sdk: "php",
  title: "PHP",
  language: "php",
  settings: [{ option: "host", value: host }],
  code: `<?php
use Segment\\Segment;

Segment::init("${writeKey}", ["host" => "${host}"]);

Segment::track(["userId" => "user-1", "event" => "Signed Up"]);
Segment::flush();
`,
  warnings: ["host is a bare name, without https:// and without a path.", ...onlyHttps(scheme)],
});

export const csharp: MakeSnippet = ({ writeKey, host, scheme }) => ({
  sdk: "csharp",
  title: "C#",
  language: "csharp",
  settings: [
    { option: "apiHost", value: `${host}/v1` },
    { option: "cdnHost", value: `${host}/v1` },
  ],
  code: `using Segment.Analytics;

var configuration = new Configuration(
    "${writeKey}",
    apiHost: "${host}/v1",
    cdnHost: "${host}/v1");
var analytics = new Analytics(configuration);

analytics.Track("Signed Up");
analytics.Flush();
`,
  warnings: [
    "Set apiHost: the SDK stores the one in the settings and never uses it, so without it events go to Segment's US host.",
    "For the same reason a change of the source's ingest region needs a new apiHost in the application.",
    "Both hosts include /v1 and have no https:// in front.",
    ...onlyHttps(scheme),
  ],
});

export const http: MakeSnippet = ({ writeKey, host, scheme }) => ({
  sdk: "http",
  title: "HTTP",
  language: "shell",
  settings: [{ option: "URL", value: `${scheme}://${host}/v1` }],
  code: `curl ${scheme}://${host}/v1/track \\
  -u "${writeKey}:" \\
  -H "Content-Type: application/json" \\
  -H "X-Strict-Mode: 1" \\
  -d '{"userId":"user-1","event":"Signed Up","messageId":"made-once-and-kept-for-retries"}'
`,
  warnings: [
    "Make a messageId for each event and send it again with a retry: an event without one is another event each time.",
    "Without X-Strict-Mode semantic errors are answered 200 and only counted, as at Segment.",
  ],
});
