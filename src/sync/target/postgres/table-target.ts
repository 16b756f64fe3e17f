import { openClient, type Client, type DatabaseLogin } from "../../../deliver/postgres/client.ts";
import type { Dial } from "../../../deliver/postgres/raw-socket.ts";
import type {
  BatchResult,
  RecordResult,
  Target,
  TargetBatch,
  TargetField,
  TargetObject,
  TargetOperation,
  TestStep,
} from "../target.ts";
import { answerOfError } from "./answers.ts";
import { batchSql, COLUMNS_SQL, countSql, tableNameOf, TABLES_SQL } from "./sql.ts";

const OPERATIONS: readonly TargetOperation[] = ["upsert", "update", "insert", "append", "delete"];

/** Of one statement; its records travel as one text. */
const RECORDS_MAX = 5_000;
const BYTES_MAX = 4_000_000;
/** Columns that may be the identifier together. */
const IDENTIFIERS_MAX = 16;

type ColumnRow = {
  readonly name: string;
  readonly type: string;
  readonly category: string;
  readonly required: boolean;
  readonly generated: boolean;
};

/** Tables of a Postgres database as the destination of syncs. */
export class TableTarget implements Target {
  /** One call at a time: two statements of one run would wait for each other's rows. */
  readonly limits = { records: RECORDS_MAX, bytes: BYTES_MAX, calls: 1 };
  readonly canPreserve = true;
  readonly #login: DatabaseLogin;
  readonly #dial: Dial;
  #client: Client | undefined;

  constructor(login: DatabaseLogin, dial: Dial) {
    this.#login = login;
    this.#dial = dial;
  }

  async test(): Promise<readonly TestStep[]> {
    try {
      const tables = await this.#rows<{ readonly schema: string }>(TABLES_SQL);
      const reached = {
        step: "connect",
        state: "passed",
        message: "The database let us in.",
      } as const;
      const writable: TestStep =
        tables.length > 0
          ? { step: "write", state: "passed", message: `${tables.length} tables may be written.` }
          : {
              step: "write",
              state: "failed",
              message: "No table may be written: grant SELECT, INSERT, UPDATE and DELETE on one.",
            };
      return [reached, writable];
    } catch (error) {
      const answer = answerOfError(error);
      const message =
        answer.kind === "failed" ? answer.message : "Nothing answers at that host and port.";
      return [{ step: "connect", state: "failed", message }];
    }
  }

  async objects(): Promise<readonly TargetObject[]> {
    const tables = await this.#rows<{ readonly schema: string; readonly name: string }>(TABLES_SQL);
    return tables.map(({ schema, name }) => ({
      name: `${schema}.${name}`,
      label: schema === "public" ? name : `${schema}.${name}`,
      operations: OPERATIONS,
      takesAnyField: false,
      identifiersMax: IDENTIFIERS_MAX,
    }));
  }

  async fields(object: string): Promise<readonly TargetField[]> {
    const { schema, name } = tableNameOf(object);
    const columns = await this.#rows<ColumnRow>(COLUMNS_SQL, schema, name);
    return columns
      .filter(({ generated }) => !generated)
      .map((column) => ({
        name: column.name,
        label: column.name,
        type: typeOf(column),
        isRequired: column.required,
        isIdentifier: column.category !== "A" && column.type !== "json",
        isArray: column.category === "A",
      }));
  }

  async count(object: string): Promise<number | undefined> {
    const [row] = await this.#rows<{ readonly n: string }>(countSql(tableNameOf(object)));
    return row === undefined ? undefined : Number(row.n);
  }

  async send(batch: TargetBatch, signal: AbortSignal): Promise<BatchResult> {
    const { operation, object, identifiers, preserved, records } = batch;
    const fields = [...new Set(records.flatMap((record) => Object.keys(record.fields)))];
    const statement = batchSql(operation, tableNameOf(object), { fields, identifiers, preserved });
    const given = JSON.stringify(records.map((record) => record.fields));
    const cut = (): void => this.#drop();
    signal.addEventListener("abort", cut, { once: true });
    try {
      const written = await this.#rows<{ readonly ord: string }>(statement, given);
      const places = new Set(written.map(({ ord }) => Number(ord)));
      const results = records.map((_, at) => resultOf(operation, places.has(at + 1)));
      return { kind: "answered", results };
    } catch (error) {
      const answer = answerOfError(error);
      if (answer.kind === "retry") this.#drop();
      return answer;
    } finally {
      signal.removeEventListener("abort", cut);
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.sql.end({ timeout: 1 });
  }

  async #rows<T>(statement: string, ...values: readonly string[]): Promise<readonly T[]> {
    this.#client ??= await openClient(this.#login, this.#dial);
    return this.#client.sql.unsafe<(T & object)[]>(statement, [...values]);
  }

  #drop(): void {
    this.#client?.cut();
    this.#client = undefined;
  }
}

function resultOf(operation: TargetOperation, isWritten: boolean): RecordResult {
  switch (operation) {
    case "update":
    case "insert":
      return isWritten ? { kind: "accepted" } : { kind: "skipped" };
    // An event that stands there, or a row that is gone, is what was wanted.
    case "upsert":
    case "append":
    case "delete":
      return { kind: "accepted" };
  }
}

function typeOf({ type, category }: ColumnRow): TargetField["type"] {
  switch (type) {
    case "smallint":
    case "integer":
    case "bigint":
      return "integer";
    case "numeric":
      return "decimal";
    case "real":
    case "double precision":
      return "float";
    case "date":
      return "date";
    case "json":
    case "jsonb":
      return "json";
    default:
      if (type.startsWith("timestamp")) return "date_time";
      return category === "B" ? "boolean" : "string";
  }
}
