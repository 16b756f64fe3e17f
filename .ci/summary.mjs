import { readFileSync } from "node:fs";

/**
 * Prints "N passed, N failed" from vitest's report and the exit codes of the checks and the tests.
 * A run that ended with an error without a failed test (a file that does not load, a report that is
 * missing) counts as one failure, so that it can never look green.
 */
const [path = "", checkCode = "1", testCode = "1"] = process.argv.slice(2);

function readReport() {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return { numPassedTests: 0, numFailedTests: 1 };
  }
}

const report = readReport();
let passed = report.numPassedTests;
let failed = report.numFailedTests;
if (failed === 0 && testCode !== "0") failed += 1;
if (checkCode === "0") passed += 1;
else failed += 1;
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
