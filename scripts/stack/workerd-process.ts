import { readdir, readFile, readlink } from "node:fs/promises";

/**
 * The pids of the native `workerd` programs that process `parent` started, directly or through
 * others. Reads `/proc`, so it finds none outside Linux.
 */
export async function workerdPidsOf(parent: number): Promise<readonly number[]> {
  const pids = (await readdir("/proc").catch(() => [])).filter((name) => /^\d+$/.test(name));
  const parents = new Map<number, number>();
  for (const pid of pids) parents.set(Number(pid), await parentOf(pid));
  const found: number[] = [];
  for (const pid of parents.keys()) {
    if (isBelow(pid, parent, parents) && (await isWorkerd(pid))) found.push(pid);
  }
  return found;
}

/** Ends `pid` at once, if it still is a `workerd`: Miniflare's outlive a parent that was killed. */
export async function killWorkerd(pid: number): Promise<void> {
  if (await isWorkerd(pid)) process.kill(pid, "SIGKILL");
}

function isBelow(pid: number, ancestor: number, parents: ReadonlyMap<number, number>): boolean {
  let current = parents.get(pid);
  while (current !== undefined && current !== 0) {
    if (current === ancestor) return true;
    current = parents.get(current);
  }
  return false;
}

async function parentOf(pid: string): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^PPid:\s+(\d+)/m.exec(status)?.[1] ?? 0);
}

async function isWorkerd(pid: number): Promise<boolean> {
  const program = await readlink(`/proc/${pid}/exe`).catch(() => "");
  return program.endsWith("/bin/workerd");
}
