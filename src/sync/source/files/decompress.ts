import { brotliDecompressSync, gunzipSync } from "node:zlib";

import { decompress as decompressZstd } from "fzstd";
import type { Compressors } from "hyparquet";
import { decompressLz4, decompressLz4Raw } from "hyparquet-compressors/src/lz4.js";

/**
 * How pages of Parquet files are decompressed: by the runtime where it can, since Brotli's dictionary
 * alone would be a tenth of the Worker. Snappy the reader knows by itself.
 */
export const COMPRESSORS: Compressors = {
  BROTLI: (input) => new Uint8Array(brotliDecompressSync(input)),
  GZIP: (input) => new Uint8Array(gunzipSync(input)),
  LZ4: decompressLz4,
  LZ4_RAW: decompressLz4Raw,
  ZSTD: (input) => decompressZstd(input),
};
