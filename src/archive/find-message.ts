import { readJson } from "../core/read-json.ts";
import { readLines } from "./read-lines.ts";

const decoder = new TextDecoder();

/**
 * When the event of that messageId in an archive file was received, as its line says; `undefined`
 * when the file does not hold it. Reads the file as a stream.
 *
 * @throws FileFaultError when the file cannot be read.
 */
export async function findMessage(
  body: ReadableStream<Uint8Array>,
  messageId: string,
): Promise<string | undefined> {
  for await (const lines of readLines(body)) {
    for (const line of lines) {
      const receivedAt = receivedAtIf(decoder.decode(line), messageId);
      if (receivedAt !== undefined) return receivedAt;
    }
  }
  return undefined;
}

function receivedAtIf(line: string, messageId: string): string | undefined {
  // Only lines that name it somewhere are parsed; the id may be written with other escapes.
  if (!line.includes(messageId) && !line.includes("\\")) return undefined;
  const event = readJson(line);
  if (typeof event !== "object" || event === null) return undefined;
  const { messageId: own, receivedAt } = event as Record<string, unknown>;
  return own === messageId && typeof receivedAt === "string" ? receivedAt : undefined;
}
