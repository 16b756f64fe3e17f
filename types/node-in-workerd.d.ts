/** The few modules of Node that workerd has under `nodejs_compat` and that we use. */
declare module "node:crypto" {
  interface Hash {
    update(data: string | Uint8Array): Hash;
    digest(): Uint8Array;
    digest(encoding: "hex" | "base64"): string;
  }
  export function createHmac(algorithm: "sha256", key: string | Uint8Array): Hash;
  export function createHash(algorithm: "sha256"): Hash;
  export function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean;
}
declare const Buffer: { from(text: string): Uint8Array };
