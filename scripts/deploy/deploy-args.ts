/** What of `wrangler deploy`'s arguments decides which settings a deployment has. */
export type DeployArgs = {
  readonly config: string | undefined;
  readonly env: string | undefined;
  /** Of `--var NAME:VALUE`, which win over those of the file. */
  readonly vars: Readonly<Record<string, string>>;
  readonly isDryRun: boolean;
};

/** Reads them as wrangler does: `--name value` or `--name=value`, and several values behind `--var`. */
export function readDeployArgs(args: readonly string[]): DeployArgs {
  const pairs = args.flatMap((arg, at): readonly (readonly [string, string])[] => {
    const [, name, value] = /^(--?[a-z-]+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === undefined) return [];
    if (value !== undefined) return [[name, value]];
    const behind = args.slice(at + 1);
    const end = behind.findIndex((each) => each.startsWith("-"));
    const values = behind.slice(0, end < 0 ? behind.length : end);
    return values.length === 0 ? [[name, ""]] : values.map((each) => [name, each] as const);
  });
  const valueOf = (...names: readonly string[]): string | undefined =>
    pairs.findLast(([name]) => names.includes(name))?.[1];
  const vars = pairs
    .filter(([name]) => name === "--var")
    .map(([, text]) => [text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1)]);
  const dryRun = valueOf("--dry-run");
  return {
    config: valueOf("--config", "-c"),
    env: valueOf("--env", "-e"),
    vars: Object.fromEntries(vars) as Record<string, string>,
    isDryRun: dryRun !== undefined && dryRun !== "false",
  };
}
