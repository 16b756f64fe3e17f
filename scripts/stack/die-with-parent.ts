/**
 * Loaded into a child by `--import`: the child ends with the process that started it, also when
 * that one was killed. Needs an IPC channel, which the system closes for the dead.
 */
process.on("disconnect", () => process.kill(process.pid, "SIGTERM"));
