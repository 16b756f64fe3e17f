import type { MakeSnippet } from "./snippet.ts";

const POLICY =
  "A content security policy has to allow the host under script-src and connect-src. When the source's ingest region is changed, add the new host before.";

/** The loader for a page; it fills the queue that the bundle empties when it has come. */
export const browserSnippet: MakeSnippet = ({ writeKey, host, scheme }) => ({
  sdk: "browser",
  title: "Browser, as a snippet",
  language: "html",
  settings: [{ option: "script src", value: `${scheme}://${host}` }],
  code: `<script>
${loader(writeKey, `${scheme}://${host}`)}
</script>
`,
  warnings: [
    POLICY,
    "A page whose policy forbids inline scripts keeps the code between the tags in a file of its own.",
    'Do not set integrations["Segment.io"].apiHost in the options of load(): it would win over the settings, and the page would not follow a change of the ingest region.',
  ],
});

function loader(writeKey: string, origin: string): string {
  return `!function () {
  var name = "analytics", key = "${writeKey}", origin = "${origin}";
  var queue = window[name] = window[name] || [];
  if (queue.initialize || queue.invoked) return;
  queue.invoked = true;
  var calls = ["track", "identify", "page", "screen", "group", "alias"];
  queue.methods = calls.concat(["trackSubmit", "trackClick", "trackLink", "trackForm", "pageview",
    "reset", "ready", "debug", "once", "off", "on", "register", "setAnonymousId",
    "addSourceMiddleware", "addIntegrationMiddleware", "addDestinationMiddleware"]);
  queue.methods.forEach(function (method) {
    queue[method] = function () {
      var ready = window[name];
      if (ready.initialized) return ready[method].apply(ready, arguments);
      var call = [method].concat([].slice.call(arguments));
      if (calls.indexOf(method) > -1) {
        var link = document.querySelector("link[rel='canonical']");
        call.push({ __t: "bpc", c: link && link.getAttribute("href") || undefined,
          p: location.pathname, u: location.href, s: location.search,
          t: document.title, r: document.referrer });
      }
      queue.push(call);
      return queue;
    };
  });
  queue.load = function (writeKey, options) {
    var script = document.createElement("script");
    script.async = true;
    script.setAttribute("data-global-segment-analytics-key", name);
    script.src = origin + "/analytics.js/v1/" + writeKey + "/analytics.min.js";
    document.head.appendChild(script);
    queue._loadOptions = options;
  };
  queue._writeKey = key;
  queue.load(key);
  queue.page();
}();`;
}

/** The SDK from npm, bundled by the application itself. */
export const browserNpm: MakeSnippet = ({ writeKey, host, scheme }) => ({
  sdk: "browser-npm",
  title: "Browser, from npm",
  language: "typescript",
  settings: [{ option: "cdnURL", value: `${scheme}://${host}` }],
  code: `import { AnalyticsBrowser } from "@segment/analytics-next";

export const analytics = AnalyticsBrowser.load({
  writeKey: "${writeKey}",
  cdnURL: "${scheme}://${host}",
});

analytics.page();
`,
  warnings: [
    "Without cdnURL the settings come from cdn.segment.com, which does not know the key.",
    POLICY,
  ],
});
