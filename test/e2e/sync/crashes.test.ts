import { tellStory } from "../../support/sync/stormy-story.ts";

tellStory({ name: "Postgres 18", rows: 12_000, kills: 2, withinMs: 700 });
