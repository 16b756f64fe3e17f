/** The destination kit as `scripts/build-kit.ts` bundles it; what of it we use. */
declare module "*/dist/kit/kit.js" {
  type Json = Readonly<Record<string, unknown>>;

  export type KitField = {
    readonly label: string;
    readonly description?: string;
    readonly type: string;
    readonly required?: unknown;
    readonly multiple?: boolean;
    readonly default?: unknown;
    readonly format?: string;
    readonly minimum?: number;
    readonly choices?: readonly (string | { readonly value: unknown; readonly label: string })[];
    readonly properties?: Readonly<Record<string, KitField>>;
    readonly dynamic?: unknown;
  };

  export type KitPreset = {
    readonly name?: string;
    readonly type?: string;
    readonly subscribe?: string;
    readonly partnerAction: string;
    readonly mapping?: Json;
  };

  export type KitDefinition = {
    readonly name: string;
    readonly mode: string;
    readonly authentication?: {
      readonly scheme: string;
      readonly fields?: Readonly<Record<string, KitField>>;
      readonly testAuthentication?: unknown;
      readonly refreshAccessToken?: unknown;
    };
    readonly actions: Readonly<
      Record<
        string,
        {
          readonly title: string;
          readonly description?: string;
          readonly defaultSubscription?: string;
          readonly fields: Readonly<Record<string, KitField>>;
          readonly performBatch?: unknown;
          readonly syncMode?: { readonly choices: readonly { readonly value: string }[] };
        }
      >
    >;
    readonly presets?: readonly KitPreset[];
    readonly onDelete?: unknown;
  };

  type Tokens = { readonly accessToken: string; readonly refreshToken?: string };

  type Call = {
    readonly mapping: Json;
    readonly settings: Json;
    readonly auth?: unknown;
    readonly features: Json;
    readonly statsContext: Json;
    readonly signal: AbortSignal;
  };

  export class Destination {
    constructor(definition: KitDefinition);
    readonly definition: KitDefinition;
    readonly responses: unknown[];
    readonly settingsSchema?: unknown;
    readonly actions: Readonly<Record<string, { readonly schema?: unknown }>>;
    validateSettings(settings: Json): void;
    executeAction(action: string, call: Call & { readonly event: Json }): Promise<unknown>;
    executeBatch(
      action: string,
      call: Call & { readonly events: readonly Json[] },
    ): Promise<readonly unknown[]>;
    testAuthentication(settings: Json): Promise<void>;
    refreshTokenAndGetNewToken(settings: Json): Promise<Tokens>;
    onDelete?(
      event: Json,
      settings: Json,
      options?: {
        readonly onTokenRefresh?: (tokens: {
          readonly accessToken: string;
          readonly refreshToken?: string;
        }) => Promise<void>;
      },
    ): Promise<unknown>;
  }

  export function defaultValues(fields: Readonly<Record<string, KitField>>): Json;
  export function parseFql(trigger: string): { readonly error?: Error };
  export function validate(parsed: { readonly error?: Error }, event: Json): boolean;
  export function useFetch(fetch: typeof globalThis.fetch): void;
  export function withEnv<T>(env: Readonly<Record<string, string>>, work: () => T): T;
  export const definitions: Readonly<Record<string, () => Promise<KitDefinition>>>;
}
