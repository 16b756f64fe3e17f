/** The few modules of Node that workerd has under `nodejs_compat` and that we use. */
declare module "node:crypto" {
  interface Hash {
    update(data: string | Uint8Array): Hash;
    digest(): Uint8Array;
    digest(encoding: "hex" | "base64"): string;
  }
  export function createHmac(algorithm: "sha256" | "sha1", key: string | Uint8Array): Hash;
  export function createHash(algorithm: "sha256" | "md5"): Hash;
  export function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean;
  export function hkdfSync(
    digest: "sha256",
    key: string,
    salt: string,
    info: string,
    length: number,
  ): ArrayBuffer;
  interface Cipher {
    update(data: string, encoding: "utf8"): Uint8Array;
    update(data: Uint8Array): Uint8Array;
    final(): Uint8Array;
    getAuthTag(): Uint8Array;
    setAAD(data: Uint8Array): Cipher;
  }
  interface Decipher {
    update(data: Uint8Array): Uint8Array;
    final(): Uint8Array;
    setAuthTag(tag: Uint8Array): Decipher;
    setAAD(data: Uint8Array): Decipher;
  }
  export function createCipheriv(
    algorithm: "aes-256-gcm",
    key: Uint8Array,
    nonce: Uint8Array,
  ): Cipher;
  export function createDecipheriv(
    algorithm: "aes-256-gcm",
    key: Uint8Array,
    nonce: Uint8Array,
  ): Decipher;
}
declare module "node:zlib" {
  export const constants: { readonly Z_SYNC_FLUSH: number };
  export function deflateRawSync(
    data: Uint8Array,
    options: { level: number; finishFlush?: number },
  ): Uint8Array;
  export function inflateRawSync(
    data: Uint8Array,
    options?: { finishFlush?: number; maxOutputLength?: number },
  ): Uint8Array;
  export function gzipSync(data: Uint8Array | string, options?: { level: number }): Uint8Array;
  export function gunzipSync(data: Uint8Array): Uint8Array;
  export function brotliDecompressSync(data: Uint8Array): Uint8Array;
  export function crc32(data: Uint8Array, value: number): number;
}
declare module "node:async_hooks" {
  export class AsyncLocalStorage<T> {
    run<R>(store: T, work: () => R): R;
    getStore(): T | undefined;
  }
}
declare module "node:events" {
  export class EventEmitter {
    on(event: string, listener: (...values: readonly unknown[]) => void): this;
    emit(event: string, ...values: readonly unknown[]): boolean;
  }
}
declare const Buffer: {
  from(text: string): Uint8Array;
  from(buffer: ArrayBufferLike, byteOffset: number, length: number): Uint8Array;
};
