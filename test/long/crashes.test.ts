import { describeCrashes } from "../support/crash-suite.ts";

describeCrashes(Number(process.env["CRASH_ROUNDS"] ?? 200));
