import { createHash } from "node:crypto";

import { markup, type Html } from "./html.ts";
import type { ResidencyReport } from "./report.ts";

/** Rows of refusals on the page; the JSON has all of them. */
const REFUSALS_SHOWN_MAX = 500;

const STYLE = `
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; color: #111; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.1rem; margin-top: 2rem; border-bottom: 1px solid #999; }
table { border-collapse: collapse; width: 100%; font-size: 12px; }
th, td { text-align: left; vertical-align: top; padding: .25rem .8rem .25rem 0; border-bottom: 1px solid #ddd; }
td { overflow-wrap: anywhere; } td.n { overflow-wrap: normal; font-variant-numeric: tabular-nums; } .warn { border: 2px solid #a40000; padding: .5rem 1rem; }
dt { font-weight: 600; margin-top: .6rem; } dd { margin: 0; } code { overflow-wrap: anywhere; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } tr { break-inside: avoid; } }
`;

const STYLE_ELEMENT: Html = { html: `<style>${STYLE}</style>` };

/** Nothing is loaded and nothing runs; the one style is named by its hash. */
export const PAGE_POLICY = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** The report as one page that can be printed, without anything from elsewhere. */
export function formatPage(report: ResidencyReport): string {
  const { workspace, period, lock } = report;
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <title>Residency report of ${workspace.id}</title>
        ${STYLE_ELEMENT}
      </head>
      <body>
        <h1>Residency report</h1>
        <p>
          Workspace <code>${workspace.id}</code>, home region
          <strong>${workspace.region}</strong> (${workspace.title}). Evidence from ${timeText(period.from)} to ${timeText(period.to)}, kept for ${report.evidenceKeptDays} days. Made at ${timeText(report.generatedAt)} by
          Homeport ${report.version}. All times are UTC.
        </p>
        ${warnings(report)}
        <h2>Region lock</h2>
        <p>
          Locked to <strong>${lock.region}</strong> at ${timeText(lock.at)} by ${lock.by}: entry
          ${lock.auditSeq} of the audit chain, <code>${lock.auditHash}</code>. Changes of the region
          refused: ${lock.changesRefused}.
        </p>
        <h2>Objects</h2>
        ${objects(report)}
        <h2>Hosts contacted</h2>
        <p>Bytes are of bodies. Totals since the object that counted began its life.</p>
        ${hosts(report)}
        <h2>Requests refused</h2>
        ${refusals(report)}
        <h2>Cloudflare locations where requests came in</h2>
        ${edges(report)}
        <h2>Archive locations</h2>
        ${locations(report)}
        <h2>Audit chain</h2>
        ${audit(report)}
        <h2>What is not guaranteed</h2>
        <dl>
          ${report.notGuaranteed.map(
            ({ title, text }) =>
              markup`<dt>${title}</dt>
                <dd>${text}</dd>`,
          )}
        </dl>
      </body>
    </html> `;
  return page.html;
}

function warnings(report: ResidencyReport): readonly Html[] {
  const strays = report.objects.filter(({ isAsWanted }) => !isAsWanted).length;
  return [
    ...(report.jurisdictions.isEvidence
      ? []
      : [
          markup`<p class="warn">
            Jurisdictions are <strong>${report.jurisdictions.mode}</strong>: this is a developer's
            machine, and nothing here is evidence of residency.
          </p>`,
        ]),
    ...(strays === 0
      ? []
      : [markup`<p class="warn">${strays} objects reported another place than they should.</p>`]),
    ...(report.isCut
      ? [markup`<p class="warn">A list was cut at its limit. Ask for a shorter period.</p>`]
      : []),
  ];
}

function objects({ objects: rows }: ResidencyReport): Html {
  return table(
    ["Object", "Reported", "Wanted", "Evidence", "First", "Last"],
    rows.map((row) => [
      row.object,
      row.reported,
      row.wanted ?? "unknown",
      row.evidence === "none" ? "no evidence" : row.evidence,
      timeText(row.firstAt),
      timeText(row.lastAt),
    ]),
  );
}

function hosts({ hosts: rows }: ResidencyReport): readonly Html[] {
  const levels = new Map(rows.map(({ level, levelMeans }) => [level, levelMeans]));
  return [
    table(
      ["Host", "Purpose", "Stands for", "Level", "Requests", "Sent", "Received", "First", "Last"],
      rows.map((row) => [
        row.host,
        row.purpose,
        row.locations.map(({ location }) => location).join(", "),
        row.level,
        row.requests,
        row.bytesSent,
        row.bytesReceived,
        timeText(row.firstAt),
        timeText(row.lastAt),
      ]),
    ),
    ...[...levels].map(([level, means]) => markup`<p><strong>${level}</strong>: ${means}</p>`),
  ];
}

function refusals({ refusals: rows }: ResidencyReport): readonly Html[] {
  const shown = rows.slice(0, REFUSALS_SHOWN_MAX);
  const more = rows.length - shown.length;
  return [
    table(
      ["Hour", "Host", "Purpose", "Reason", "Count"],
      shown.map(({ hour, host, purpose, reason, count }) => [
        timeText(hour),
        host,
        purpose,
        reason,
        count,
      ]),
    ),
    ...(more === 0 ? [] : [markup`<p>${more} more are in the JSON report.</p>`]),
  ];
}

function edges({ edges: rows }: ResidencyReport): Html {
  return table(
    ["Location", "In region", "Outcome", "Requests"],
    rows.map(({ colo, region, outcome, count }) => [colo, region ?? "none", outcome, count]),
  );
}

function locations({ archiveLocations }: ResidencyReport): Html {
  return table(
    ["Order", "Location", "Host", "Sources that may use it"],
    archiveLocations.map(({ order, location, host, sources }) => [
      String(order),
      location,
      host,
      sources,
    ]),
  );
}

function audit({ audit: { seq, hash, at, publicKey, headFiles } }: ResidencyReport): Html {
  const { last, daysWaiting } = headFiles;
  const file = last === null ? "none yet" : `of ${last.day}, at ${last.location}`;
  const waiting = daysWaiting.length === 0 ? "none" : daysWaiting.join(", ");
  return markup`<p>
    Head: entry ${seq}, <code>${hash}</code>, signed at ${timeText(at)} with ed25519
    <code>${publicKey}</code>. Last head file in the bucket: ${file}. Waiting to be written:
    ${waiting}.
  </p>`;
}

function table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): Html {
  if (rows.length === 0) return markup`<p>None.</p>`;
  return markup`<table>
    <thead>
      <tr>
        ${headings.map((text) => markup`<th>${text}</th>`)}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) =>
          markup`<tr>
            ${row.map(cell)}
          </tr> `,
      )}
    </tbody>
  </table>`;
}

function cell(value: string | number): Html {
  return typeof value === "number"
    ? markup`<td class="n">${value.toLocaleString("en-US")}</td>`
    : markup`<td>${value}</td>`;
}

/** To the second, as people read it; the page says that all times are UTC. */
function timeText(iso: string): string {
  return iso.slice(0, 19).replace("T", " ");
}
