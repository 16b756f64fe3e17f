/** Limits that several folders share, each with its unit and its reason. */

/** One row of Durable Object storage; production refuses more, local workerd does not. */
export const ROW_BYTES_MAX = 2_000_000;

/** Parameters of one SQL statement. */
export const SQL_PARAMETERS_MAX = 100;

/** One RPC message between a Worker and an object, or two objects. */
export const RPC_BYTES_MAX = 32 * 1024 * 1024;

/** What an object may store; near it a queue has to refuse new data. */
export const OBJECT_BYTES_MAX = 10_000_000_000;
