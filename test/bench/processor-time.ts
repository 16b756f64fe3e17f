import { readFileSync } from "node:fs";

/** Of the kernel's clock, as Linux tells user space on every machine. */
const TICKS_PER_SECOND = 100;

/** Milliseconds of processor time that a process has used so far, all of its threads; on Linux only. */
export function processorMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const [user = 0, system = 0] = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 13)
    .map(Number);
  return ((user + system) / TICKS_PER_SECOND) * 1000;
}
