import { createHash } from "node:crypto";
import { constants, deflateRawSync, crc32 } from "node:zlib";
import { PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";

/** A file of an archive that nobody sent: what it holds of those who are looked for. */
export type PlantedFile = {
  readonly key: string;
  readonly gzipBytes: number;
  readonly rawBytes: number;
  readonly events: number;
  /** Events of the users who are to be forgotten. */
  readonly sought: number;
  /** SHA-256 of the lines of all others, in their order; hex. */
  readonly othersSha256: string;
};

export type Planting = {
  readonly sourceId: string;
  readonly users: number;
  readonly files: number;
  readonly fileBytes: number;
  /** Who is to be forgotten, by number. */
  readonly sought: ReadonlySet<number>;
  /** Digits of random in each event besides its ids, which make it compress less. */
  readonly noise?: number;
};

const BUCKET = "homeport-eu-west-1";
/** Files are compressed in pieces, as the product does; so one of any size fits. */
const PIECE_BYTES = 256 * 1024;
const LEVEL = 2;
const EVENT_BYTES_MAX = 4096;
/** Part of the archive's time in which one user is active. */
const LIFE_SHARE = 0.02;
/** How unequal users are: the one of rank r has a share of r to the power of minus this. */
const SKEW = 1.1;
const FIRST_MS = Date.UTC(2026, 9, 1);
const MS_PER_FILE = 60_000;
const DAY_MS = 86_400_000;

/** The id of a user by number. */
export function userIdOf(user: number): string {
  return `user-${user.toString(36).padStart(6, "0")}`;
}

/** Writes an archive of unequal users into the bucket, file by file, and says what is in each. */
export async function* plantArchive(
  client: S3Client,
  planting: Planting,
): AsyncGenerator<PlantedFile> {
  const draw = drawUsers(planting);
  let seq = 1;
  for (let number = 0; number < planting.files; number++) {
    const { body, ...file } = buildFile(number, planting, () => draw(number));
    const { events } = file;
    const dayMs = Math.floor((FIRST_MS + number * MS_PER_FILE) / DAY_MS) * DAY_MS;
    const key = `segment-logs/${planting.sourceId}/${dayMs}/eu1-0-p1ant3d0-${seq}-${seq + events - 1}.gz`;
    seq += events;
    await client.send(
      new PutObjectCommand({
        Bucket: BUCKET,
        Key: key,
        Body: body,
        ContentType: "text/plain",
        ContentEncoding: "gzip",
      }),
    );
    yield { key, ...file };
  }
}

function buildFile(number: number, planting: Planting, user: () => number) {
  const { fileBytes, sought, noise = 16 } = planting;
  const others = createHash("sha256");
  const parts: Buffer[] = [Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255])];
  const piece = Buffer.alloc(PIECE_BYTES + EVENT_BYTES_MAX);
  const facts = { rawBytes: 0, events: 0, sought: 0 };
  let crc = 0;
  while (facts.rawBytes < fileBytes) {
    let end = 0;
    let keptFrom = 0;
    while (end < PIECE_BYTES && facts.rawBytes + end < fileBytes) {
      const who = user();
      const from = end;
      const atMs = FIRST_MS + number * MS_PER_FILE + (facts.events % MS_PER_FILE);
      end += piece.write(eventOf(who, atMs, noise), end, "latin1");
      facts.events += 1;
      if (!sought.has(who)) continue;
      facts.sought += 1;
      others.update(piece.subarray(keptFrom, from));
      keptFrom = end;
    }
    others.update(piece.subarray(keptFrom, end));
    const raw = piece.subarray(0, end);
    crc = crc32(raw, crc);
    facts.rawBytes += end;
    parts.push(deflateRawSync(raw, { level: LEVEL, finishFlush: constants.Z_SYNC_FLUSH }));
  }
  const trailer = Buffer.alloc(10);
  trailer.writeUInt16LE(3, 0);
  trailer.writeUInt32LE(crc >>> 0, 2);
  trailer.writeUInt32LE(facts.rawBytes % 2 ** 32, 6);
  const body = Buffer.concat([...parts, trailer]);
  return { ...facts, body, gzipBytes: body.length, othersSha256: others.digest("hex") };
}

/** Draws who an event of a file is by: by rank, among those who live at that time. */
function drawUsers({ users, files }: Planting): (file: number) => number {
  const alive = new Map<number, { readonly ids: Int32Array; readonly sums: Float64Array }>();
  return (file) => {
    let now = alive.get(file);
    if (now === undefined) {
      alive.clear();
      now = livingAt(file / files, users);
      alive.set(file, now);
    }
    const { ids, sums } = now;
    const at = Math.random() * (sums.at(-1) ?? 0);
    let low = 0;
    let high = sums.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) < at) low = middle + 1;
      else high = middle;
    }
    return ids[low] ?? 0;
  };
}

function livingAt(time: number, users: number) {
  const ids: number[] = [];
  const sums: number[] = [];
  let sum = 0;
  for (let user = 0; user < users; user++) {
    // The most active hundredth is always there; the life of all others is short.
    const born = ((user * 2_654_435_761) % 2 ** 32) / 2 ** 32;
    const isThere = user < users / 100 || (time >= born - LIFE_SHARE && time < born);
    if (!isThere) continue;
    sum += (user + 1) ** -SKEW;
    ids.push(user);
    sums.push(sum);
  }
  return { ids: Int32Array.from(ids), sums: Float64Array.from(sums) };
}

function eventOf(user: number, atMs: number, noise: number): string {
  const at = new Date(atMs).toISOString();
  const id = userIdOf(user);
  return `{"type":"track","event":"Product Viewed","messageId":"ajs-${digits(24)}","userId":"${id}","anonymousId":"a-${id}-5f2c","properties":{"price":${digits(3)}.99,"currency":"EUR","sku":"${digits(8)}","category":"shoes","position":${digits(1)},"note":"${digits(noise)}"},"context":{"library":{"name":"analytics.js","version":"next-1.84.3"},"userAgent":"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36","locale":"de-DE","page":{"path":"/p/${digits(5)}","url":"https://shop.example.com/p/"}},"sentAt":"${at}","timestamp":"${at}","receivedAt":"${at}"}\n`;
}

function digits(count: number): string {
  let text = "";
  while (text.length < count) text += String(Math.floor(Math.random() * 9e14) + 1e14);
  return text.slice(0, count);
}
