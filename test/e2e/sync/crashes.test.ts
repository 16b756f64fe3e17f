import { trustNewCertificate } from "../../support/deliver/certificate.ts";

const certificate = trustNewCertificate("localhost");
const { tellStory } = await import("../../support/sync/stormy-story.ts");

tellStory({
  name: "Postgres 18",
  rows: 12_000,
  kills: 4,
  withinMs: 150,
  runMs: 120_000,
  certificate,
});
