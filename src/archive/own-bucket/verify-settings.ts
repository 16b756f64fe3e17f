import type { Result } from "../../core/result.ts";
import type { OwnBucket } from "../../region/own-bucket.ts";
import type { Bucket } from "../../s3/bucket.ts";
import type { S3Endpoint } from "../../region/s3-endpoints.ts";
import type { BucketFailure, NotFound } from "../../s3/failures.ts";
import { elementText } from "../../s3/list-xml.ts";
import { ENDPOINT_TRAITS } from "./endpoint-kinds.ts";
import type { StepState, VerificationStep, VerificationStepName } from "./verification.ts";

type Setting = Result<string, NotFound | BucketFailure>;
type Judgement = readonly [state: StepState, found: string, change?: string];

/** Fewer days than the shortest retention but one would delete what replays are promised of. */
const LIFECYCLE_DAYS_MIN = 30;

/** The bucket has to be where the customer said, by its own account. */
export function judgeRegion({ location }: OwnBucket, answer: Setting): VerificationStep {
  const step = "bucket-region";
  if (!answer.ok) {
    const { error } = answer;
    const code = error.kind === "not-found" ? "NoSuchBucket" : error.code;
    const isElsewhere = code === "PermanentRedirect" || code === "egress-redirected";
    return {
      step,
      state: "failed",
      found: isElsewhere ? `The bucket is not in ${location}.` : `${code}.`,
      change: isElsewhere
        ? `Make a bucket in ${location}, or name the location it is in, if the region has it.`
        : "Check the bucket's name and allow s3:GetBucketLocation to the reader.",
    };
  }
  // The oldest region has no name, and one has an old one.
  const text = /<LocationConstraint[^>]*>([^<]*)</.exec(answer.value)?.[1] ?? "";
  const found = text === "" ? "us-east-1" : text === "EU" ? "eu-west-1" : text;
  return found === location
    ? { step, state: "passed", found: `The bucket is in ${location}.` }
    : {
        step,
        state: "failed",
        found: `The bucket is in another region than ${location}.`,
        change: `Make a bucket in ${location}.`,
      };
}

/** Outside AWS the endpoint's host is what shows the region, or its operator's word. */
export function judgeEndpoint(
  { endpoint: host = "" }: OwnBucket,
  endpoint: S3Endpoint | undefined,
): VerificationStep {
  const step = "bucket-region";
  if (endpoint === undefined) {
    return {
      step,
      state: "failed",
      found: `The deployment does not know ${host} any more.`,
      change: "Ask its operator to list the endpoint in S3_ENDPOINTS again, or use another bucket.",
    };
  }
  const { region, knownBy, kind } = endpoint;
  const found =
    knownBy === "name"
      ? `${host} is ${ENDPOINT_TRAITS[kind].title}'s endpoint for buckets of jurisdiction ${region}; it serves no other.`
      : `The deployment's operator lists ${host} as an endpoint in ${region}.`;
  return { step, state: "passed", found };
}

/** What of the bucket's own settings could carry events away, keep them or drop them. */
export async function judgeSettings(
  own: OwnBucket,
  bucket: Pick<Bucket, "setting">,
  notOffered: Readonly<Partial<Record<VerificationStepName, string>>> = {},
): Promise<readonly VerificationStep[]> {
  const steps: VerificationStep[] = [];
  for (const [step, setting, judge] of SETTINGS) {
    if (notOffered[step] !== undefined) continue;
    const answer = await bucket.setting(setting);
    const [state, found, change] = judgeSetting(own, answer, judge);
    steps.push({ step, state, found, ...(change === undefined ? {} : { change }) });
  }
  return steps;
}

function judgeSetting(
  own: OwnBucket,
  answer: Setting,
  judge: (xml: string, own: OwnBucket) => Judgement,
): Judgement {
  if (answer.ok) return judge(answer.value, own);
  if (answer.error.kind === "not-found") return judge("", own);
  if (isNoSuchRequest(answer.error)) {
    return [
      "not-applicable",
      "The endpoint does not know this setting, so it cannot be set there.",
    ];
  }
  return [
    "unknown",
    `${answer.error.code}: the reader may not see it.`,
    "Allow the reader to see the bucket's settings, as storage/setup says, to have it checked.",
  ];
}

/** Answers of a store that does not know the request; AWS knows all that are asked here. */
function isNoSuchRequest(error: BucketFailure): boolean {
  return error.kind !== "unknown" && (error.status === 405 || error.status === 501);
}

const SETTINGS: readonly (readonly [
  VerificationStepName,
  string,
  (xml: string, own: OwnBucket) => Judgement,
])[] = [
  ["versioning", "versioning", judgeVersioning],
  ["object-lock", "object-lock", judgeObjectLock],
  ["public-access", "publicAccessBlock", judgePublicAccess],
  ["replication", "replication", judgeReplication],
  ["lifecycle", "lifecycle", judgeLifecycle],
];

function judgeVersioning(xml: string): Judgement {
  const status = elementText(xml, "Status");
  if (status === undefined) return ["passed", "The bucket keeps no old versions."];
  return [
    "warned",
    "The bucket keeps old versions: a deletion removes those of each file that it rewrites.",
    "Keep s3:ListBucketVersions and s3:DeleteObjectVersion with the eraser; without them no deletion ends.",
  ];
}

function judgeObjectLock(xml: string): Judgement {
  const isLocked = elementText(xml, "ObjectLockEnabled") === "Enabled";
  const days = elementText(xml, "Days") ?? elementText(xml, "Years");
  if (!isLocked) return ["passed", "Objects can be deleted."];
  return days === undefined
    ? ["warned", "Objects can be locked; a locked one cannot be deleted for a user's sake."]
    : [
        "failed",
        "Every object is locked for a time, so nobody's data could be deleted.",
        "Remove the default retention of the object lock.",
      ];
}

function judgePublicAccess(xml: string): Judgement {
  const parts = [
    "BlockPublicAcls",
    "IgnorePublicAcls",
    "BlockPublicPolicy",
    "RestrictPublicBuckets",
  ];
  return parts.every((part) => elementText(xml, part) === "true")
    ? ["passed", "Public access is blocked."]
    : [
        "warned",
        "Public access is not blocked.",
        "Switch all four of S3's public access blocks on.",
      ];
}

/** A replica's region does not show in its name, so any replication is one that may leave. */
function judgeReplication(xml: string): Judgement {
  const rules = xml.split("<Rule>").slice(1);
  const isOn = rules.some((rule) => elementText(rule, "Status") === "Enabled");
  return isOn
    ? [
        "failed",
        "The bucket is replicated, and nothing shows that the replica is in the region.",
        "Remove the replication rules.",
      ]
    : ["passed", "The bucket is not replicated."];
}

function judgeLifecycle(xml: string): Judgement {
  const days = xml
    .split("<Rule>")
    .slice(1)
    .filter((rule) => elementText(rule, "Status") === "Enabled")
    .flatMap((rule) => /<Expiration>[^]*?<Days>(\d{1,6})<\/Days>/.exec(rule)?.[1] ?? [])
    .map(Number);
  const [first] = days.toSorted((a, b) => a - b);
  if (first === undefined) return ["passed", "No rule deletes objects by their age."];
  return first < LIFECYCLE_DAYS_MIN
    ? [
        "warned",
        `A rule deletes objects after ${first} days: what is deleted cannot be replayed.`,
        `Let it be ${LIFECYCLE_DAYS_MIN} days or more, if you want replays.`,
      ]
    : ["passed", `Objects are deleted after ${first} days by a rule of yours.`];
}
