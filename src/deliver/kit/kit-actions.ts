import type { KitField } from "../../../dist/kit/kit.js";
import { catalogueEntry } from "../catalogue/catalogue.ts";
import { presetMappings, type KitMapping } from "./kit-mapping.ts";
import { loadDestination } from "./load-kit.ts";

/** One thing that a destination does with an event, and the fields that a mapping fills for it. */
export type KitAction = {
  readonly action: string;
  readonly title: string;
  readonly description: string | undefined;
  /** Events that Segment offers it for. */
  readonly trigger: string | undefined;
  /** Whether several events go out in one request. */
  readonly isBatched: boolean;
  readonly fields: readonly KitActionField[];
};

export type KitActionField = {
  readonly key: string;
  readonly label: string;
  readonly type: string;
  readonly isRequired: boolean;
  readonly isList: boolean;
  readonly help: string | undefined;
  /** In the kit's mapping language, for example `{"@path": "$.userId"}`. */
  readonly default: unknown;
  readonly choices: readonly string[] | undefined;
};

/** What mappings of a destination may say, and the ones that it has when none are given. */
export type KitActions = {
  readonly actions: readonly KitAction[];
  readonly presets: readonly KitMapping[];
};

/** `undefined` when the catalogue has no such destination of the kit. */
export async function kitActions(slug: string): Promise<KitActions | undefined> {
  if (catalogueEntry(slug) === undefined) return undefined;
  const { destination } = await loadDestination(slug);
  const actions = Object.entries(destination.definition.actions).map(
    ([action, { title, description, defaultSubscription, fields, performBatch }]): KitAction => ({
      action,
      title,
      description,
      trigger: defaultSubscription,
      isBatched: performBatch !== undefined,
      fields: Object.entries(fields).map(([key, field]) => describe(key, field)),
    }),
  );
  return { actions, presets: presetMappings(destination) };
}

function describe(key: string, field: KitField): KitActionField {
  const { label, type, required, multiple, description, choices } = field;
  return {
    key,
    label,
    type,
    isRequired: required === true,
    isList: multiple === true,
    help: description,
    default: field.default,
    choices: choices?.map((choice) => String(typeof choice === "string" ? choice : choice.value)),
  };
}
