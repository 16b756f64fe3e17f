import type { SyncProblem } from "../draft.ts";
import type { RecordMapper } from "../mapping/mapping.ts";
import type { Sync } from "../sync.ts";
import type { Target, TargetOperation } from "./target.ts";

/**
 * What is wrong with a sync as its destination sees it: the object, what is to be done with it, and
 * the fields. A destination that cannot say what it has is not judged.
 */
export async function targetProblems(
  sync: Sync,
  mapper: RecordMapper,
  target: Target,
  signal: AbortSignal,
): Promise<readonly SyncProblem[]> {
  const { object: name } = sync.destination;
  const objects = await listed(() => target.objects(signal));
  if (objects === undefined) {
    return [{ path: "destination", message: "The destination does not answer; test it first." }];
  }
  const object = objects.find((each) => each.name === name);
  if (object === undefined) {
    // Where any name will do, what is listed are examples.
    const isOpen = objects.length > 0 && objects.every(({ takesAnyField }) => takesAnyField);
    if (isOpen && objects.length > 1) return [];
    const some = objects.slice(0, 10).map((each) => each.name);
    const message = `The destination has no such object; it has ${some.join(", ") || "none that may be written"}.`;
    return [{ path: "destination.object", message }];
  }
  const problems: SyncProblem[] = [];
  const missing = operationsOf(sync).filter((each) => !object.operations.includes(each));
  if (missing.length > 0) {
    const message = `The object does not take ${missing.join(" and ")}; it takes ${object.operations.join(", ")}.`;
    problems.push({ path: "behaviour", message });
  }
  if (mapper.identifiers.length > object.identifiersMax) {
    const message = `The object takes ${object.identifiersMax} identifier at most.`;
    problems.push({ path: "key", message });
  }
  const fields = (await listed(() => target.fields(name, signal))) ?? [];
  return [
    ...problems,
    ...optionProblems(sync, target),
    ...fieldProblems(sync, mapper, fields, object.takesAnyField),
  ];
}

/** Options of mappings that the destination has no way to honour. */
function optionProblems({ mappings }: Sync, target: Target): readonly SyncProblem[] {
  return mappings.flatMap(({ preserveValues, arrayOperation }, index): readonly SyncProblem[] => {
    const path = `mappings.${index}`;
    if (preserveValues && target.canPreserve !== true) {
      const message = "The destination cannot be told to keep values that it has.";
      return [{ path: `${path}.preserveValues`, message }];
    }
    if (arrayOperation === "merge") {
      const message = "Arrays can be overwritten, not merged.";
      return [{ path: `${path}.arrayOperation`, message }];
    }
    return [];
  });
}

function fieldProblems(
  { mappings }: Sync,
  mapper: RecordMapper,
  fields: Awaited<ReturnType<Target["fields"]>>,
  takesAnyField: boolean,
): readonly SyncProblem[] {
  if (fields.length === 0) return [];
  const known = new Map(fields.map((field) => [field.name, field]));
  const problems: SyncProblem[] = [];
  for (const [index, { to, isIdentifier }] of mappings.entries()) {
    const field = known.get(to);
    const path = `mappings.${index}.to`;
    if (field === undefined && !takesAnyField) {
      problems.push({ path, message: `The object has no field ${to}.` });
    } else if (field !== undefined && isIdentifier && !field.isIdentifier) {
      problems.push({ path, message: `${to} cannot tell records apart.` });
    }
  }
  const filled = new Set([...mappings.map(({ to }) => to), ...mapper.identifiers]);
  for (const { name, isRequired } of fields) {
    if (isRequired && !filled.has(name)) {
      problems.push({ path: "mappings", message: `The object wants ${name} to be filled.` });
    }
  }
  return problems;
}

/** What a run of the sync may ask the destination to do. */
function operationsOf({ behaviour, mirrorStrategy }: Sync): readonly TargetOperation[] {
  if (behaviour !== "mirror") return [behaviour];
  return mirrorStrategy === "delete" ? ["upsert", "delete"] : ["upsert"];
}

async function listed<T>(ask: () => Promise<readonly T[]>): Promise<readonly T[] | undefined> {
  try {
    return await ask();
  } catch {
    // What a destination's driver says may quote what it was sent.
    return undefined;
  }
}
