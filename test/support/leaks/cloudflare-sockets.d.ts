/** What of the platform's sockets the leaks use; the other types of this folder are Node's. */
declare module "cloudflare:sockets" {
  export function connect(address: string): { readonly writable: WritableStream<Uint8Array> };
}
