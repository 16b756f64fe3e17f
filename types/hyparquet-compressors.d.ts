/**
 * A part of the package that is imported by its file: the whole makes WebAssembly of bytes as it
 * loads, which the Workers runtime does not allow.
 */
declare module "hyparquet-compressors/src/lz4.js" {
  export function decompressLz4(input: Uint8Array, outputLength: number): Uint8Array;
  export function decompressLz4Raw(input: Uint8Array, outputLength: number): Uint8Array;
}
