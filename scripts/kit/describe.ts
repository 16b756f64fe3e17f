import { slugsOfKit } from "./build.ts";
import type { KitDefinition, KitField } from "../../dist/kit/kit.js";

/** What of a destination the catalogue shows, so that nobody has to load its code for that. */
type Description = {
  readonly settings: readonly {
    readonly key: string;
    readonly label: string;
    readonly type: "string" | "number" | "boolean";
    readonly isRequired: boolean;
    readonly isSecret: boolean;
    readonly help?: string;
    readonly choices?: readonly string[];
  }[];
  readonly scheme: string;
  readonly canForget: boolean;
  readonly canTest: boolean;
  readonly actions: Readonly<
    Record<string, { readonly title: string; readonly isBatched: boolean }>
  >;
};

/** Settings that Segment shows as plain text although whoever has them can write. */
const SECRET_NAME = /secret|token|password|passcode|passwd|api_?key|privatekey|credential|\bkey\b/i;
/** Keys that name an account and open nothing. */
const PUBLIC_NAME = /^(?:clientId|client_id|accountId|apiKeySID)$/i;

/** The text of `src/deliver/catalogue/kit-descriptions.json` for the kit as it is installed. */
export async function descriptionsText(): Promise<string> {
  const { definitions } = await import("../../dist/kit/kit.js");
  const entries = await Promise.all(
    (await slugsOfKit()).map(async (slug) => {
      const define = definitions[slug];
      if (define === undefined) throw new Error(`Cannot describe ${slug}: the kit lacks it`);
      return [slug, describe(await define())] as const;
    }),
  );
  return `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`;
}

function describe(definition: KitDefinition): Description {
  const { authentication, actions, onDelete } = definition;
  return {
    settings: Object.entries(authentication?.fields ?? {}).map(([key, field]) =>
      settingOf(key, field),
    ),
    scheme: authentication?.scheme ?? "none",
    canForget: onDelete !== undefined,
    canTest: authentication?.testAuthentication !== undefined,
    actions: Object.fromEntries(
      Object.entries(actions).map(([name, { title, performBatch }]) => [
        name,
        { title, isBatched: performBatch !== undefined },
      ]),
    ),
  };
}

function settingOf(key: string, field: KitField): Description["settings"][number] {
  const isSecret = field.type === "password" || (SECRET_NAME.test(key) && !PUBLIC_NAME.test(key));
  return {
    key,
    label: field.label,
    type: field.type === "number" || field.type === "boolean" ? field.type : "string",
    isRequired: field.required === true,
    isSecret,
    ...(field.description === undefined ? {} : { help: field.description }),
    ...(field.choices === undefined ? {} : { choices: field.choices.map(choiceOf) }),
  };
}

function choiceOf(choice: NonNullable<KitField["choices"]>[number]): string {
  return String(typeof choice === "string" ? choice : choice.value);
}
