import { SourceFailure, type SourceColumn, type SqlFacts } from "../source.ts";
import { RowHasher } from "../../engine/row-hash.ts";
import { columnType } from "./columns.ts";
import type { Asking } from "./session.ts";
import {
  factsQuery,
  modelQuery,
  PROBE,
  probeQuery,
  typesQuery,
  type KeyType,
  type SqlModel,
} from "./sql.ts";
import { SUMS_VERSION_MIN, VERSION_MIN, VERSION_UNIT } from "./versions.ts";

/** What is known of a model before any of it is read. */
export type DescribedModel = {
  readonly columns: readonly SourceColumn[];
  /** By column: how it is compared with the text of a cell. */
  readonly types: ReadonlyMap<string, KeyType>;
  readonly facts: SqlFacts;
  readonly encoding: string;
};

/**
 * The server hashes the bytes that its database stores, we those of UTF-8. In any other encoding the
 * hash of a key that a deletion or a retry names would be another one, and its row would not be found.
 */
export const ENCODING = "UTF8";
/** What stands in a refusal of any other, and what would do. */
export const ENCODING_WORDS = `in one with the encoding ${ENCODING} it would do`;

/** As Segment has it: a table with more is no list of records. */
const COLUMNS_MAX = 512;

/**
 * Asks the server what a model is. The model is looked at as a statement of its own first: one that
 * is not a single statement, or whose brackets do not close, is refused before it stands inside
 * another.
 *
 * @throws SourceFailure, or what the driver throws.
 */
export async function describeModel(asking: Asking, model: SqlModel): Promise<DescribedModel> {
  const [server] = await asking.rows<{ version: number; encoding: string; rows: number | null }>(
    factsQuery(model),
  );
  const version = Math.trunc((server?.version ?? 0) / VERSION_UNIT);
  const encoding = server?.encoding ?? "";
  if (version < VERSION_MIN) {
    throw new SourceFailure("server_too_old", `Postgres ${VERSION_MIN} or later is needed`, false);
  }
  if (encoding !== ENCODING) {
    const message = `The database has the encoding ${encoding}; ${ENCODING_WORDS}`;
    throw new SourceFailure("encoding_not_offered", message, false);
  }
  await checkHashes(asking);
  const { columns, parameters } = await asking.describe(modelQuery(model));
  refuseOddModel(columns, parameters);
  const oids = [...new Set(columns.map(({ type }) => type))];
  const known = await asking.rows<{ oid: string } & KeyType>(typesQuery(oids));
  const typeOf = new Map(known.map(({ oid, ...type }) => [Number(oid), type]));
  const rows = server?.rows ?? -1;
  return {
    columns: columns.map(({ name, type }) => ({ name, type: columnType(type) })),
    types: new Map(
      columns.map(({ name, type }) => [
        name,
        typeOf.get(type) ?? { name: "text", isComparable: false },
      ]),
    ),
    facts: {
      version,
      canSum: version >= SUMS_VERSION_MIN,
      // Less than none is a table that was never analysed.
      rowsEstimate: rows < 0 ? undefined : Math.round(rows),
    },
    encoding,
  };
}

/**
 * A key's hash is computed here from its cells as well, so a server whose machine has the other order
 * of bytes, and hashes otherwise for that, is refused.
 */
async function checkHashes(asking: Asking): Promise<void> {
  const [there] = await asking.rows<{ hash: string }>(probeQuery());
  const { text, seed } = PROBE;
  const here = new RowHasher({ keyA: seed, keyB: seed, row: seed }, [0]).hash([text]);
  if (there?.hash === String(BigInt.asIntN(64, here?.rowHash ?? 0n))) return;
  const message = "The server's machine has the other order of bytes (little-endian is needed)";
  throw new SourceFailure("machine_not_offered", message, false);
}

function refuseOddModel(columns: readonly { readonly name: string }[], parameters: number): void {
  const refuse = (message: string): never => {
    throw new SourceFailure("model_refused", message, false);
  };
  if (columns.length === 0) refuse("The model is not a query that gives rows");
  if (parameters > 0) refuse("The model has parameters, and nobody gives them");
  if (columns.length > COLUMNS_MAX) refuse(`The model has more than ${COLUMNS_MAX} columns`);
  const names = new Set(columns.map(({ name }) => name));
  if (names.size < columns.length) refuse("The model has two columns of the same name");
}
