/**
 * Gives the memory of arrays back at once; they have no bytes afterwards, nor has any other view of
 * the same buffers. The collector lets some 64 MB of dead buffers gather before it comes, half of what
 * an isolate has. Only for buffers that nobody else can hold.
 */
export function freeBytes(...arrays: readonly ArrayBufferView[]): void {
  for (const { buffer } of arrays) {
    // Moving a buffer's first zero bytes elsewhere is how the language says "free".
    if (buffer instanceof ArrayBuffer) buffer.transfer(0);
  }
}

/**
 * The same for arrays that are all of their buffer. One that is a part of a larger buffer may share
 * it with others, as small results of compression do in Node, and is left to the collector.
 */
export function freeWhole(...arrays: readonly ArrayBufferView[]): void {
  freeBytes(...arrays.filter(({ byteLength, buffer }) => byteLength === buffer.byteLength));
}
