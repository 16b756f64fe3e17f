import { buildKit, KIT_FOLDER } from "./kit/build.ts";

/**
 * Makes `dist/kit` from the packages of Segment's destination kit. Wrangler runs this before each
 * build (`[build]` in wrangler.toml) and vitest before the tests, so nobody has to.
 */
const { isNew } = await buildKit();
if (isNew) console.log(`Built the destination kit into ${KIT_FOLDER}`);
