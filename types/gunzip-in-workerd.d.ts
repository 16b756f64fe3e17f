/** Node's gunzip, which unlike DecompressionStream reads a file of several gzip members. */
declare module "node:zlib" {
  interface GunzipStream {
    on(event: "data", listener: (part: Uint8Array) => void): void;
    on(event: "end", listener: () => void): void;
    on(event: "error", listener: (error: Error) => void): void;
    write(data: Uint8Array, done: (error?: Error | null) => void): boolean;
    end(): void;
    destroy(): void;
  }
  export function createGunzip(): GunzipStream;
}
