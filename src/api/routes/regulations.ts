import {
  array,
  boolean,
  check,
  maxLength,
  minLength,
  nullable,
  number,
  object,
  optional,
  picklist,
  pipe,
  strictObject,
  string,
} from "valibot";

import {
  distinctSubjects,
  DUE_MS,
  effectsOf,
  REGULATION_STATUSES,
  REGULATION_TYPES,
  SUBJECT_CHARS_MAX,
  SUBJECT_TYPES,
  SUBJECTS_CHARS_MAX,
  SUBJECTS_MAX,
  type Regulation,
  type RegulationType,
  type SubjectType,
} from "../../regulation/regulation.ts";
import type { SuppressedUser } from "../../workspace/privacy-ports.ts";
import { isoTime } from "../../workspace/source-view.ts";
import { answerWith, workspaceOperation, type Operation } from "../operation.ts";
import { page, pageOf, pageSchema } from "../schemas.ts";

const type = picklist(REGULATION_TYPES);
const status = picklist(REGULATION_STATUSES);
const subjectType = picklist(SUBJECT_TYPES);

const subjectIds = pipe(
  array(pipe(string(), minLength(1), maxLength(SUBJECT_CHARS_MAX))),
  minLength(1),
  maxLength(SUBJECTS_MAX),
  check(
    (ids) => ids.reduce((sum, id) => sum + id.length, 0) <= SUBJECTS_CHARS_MAX,
    "has to be at most 4 MB",
  ),
);

const regulationEntries = {
  id: string(),
  regulationType: type,
  subjectType,
  subjects: number(),
  sourceId: nullable(string()),
  status,
  createdAt: string(),
  dueAt: string(),
  finishedAt: nullable(string()),
  linkedAnonymousIds: boolean(),
  commitment: nullable(string()),
};

const regulationView = object(regulationEntries);

const newRegulation = object({ ...regulationEntries, commitmentSalt: string() });

const regulationDetails = object({
  ...regulationEntries,
  subjectIds: array(string()),
  step: string(),
  certificate: nullable(string()),
  linkedIds: number(),
  parts: array(object({ id: string(), name: string(), status, error: optional(string()) })),
});

const suppressedView = object({
  subjectType,
  subjectId: string(),
  sourceId: nullable(string()),
});

function canLink(request: {
  readonly regulationType: RegulationType;
  readonly subjectType: SubjectType;
  readonly linkedAnonymousIds?: boolean | undefined;
}): boolean {
  if (request.linkedAnonymousIds !== true) return true;
  return effectsOf(request.regulationType).deletion !== "none" && request.subjectType === "USER_ID";
}

function viewOf(regulation: Regulation) {
  const { id, subjects, sourceId, status: state, createdAtMs, finishedAtMs } = regulation;
  return {
    id,
    regulationType: regulation.type,
    subjectType: regulation.subjectType,
    subjects,
    sourceId: sourceId ?? null,
    status: state,
    createdAt: isoTime(createdAtMs),
    dueAt: isoTime(createdAtMs + DUE_MS),
    finishedAt: finishedAtMs === undefined ? null : isoTime(finishedAtMs),
    linkedAnonymousIds: regulation.linkedAnonymousIds,
    commitment: regulation.commitment ?? null,
  };
}

function viewSuppressed({ subjectType: named, subjectId, sourceId }: SuppressedUser) {
  return { subjectType: named, subjectId, sourceId: sourceId ?? null };
}

/** Users who want to be forgotten. Ids of users stand in bodies only, never in a path or a query. */
export const REGULATION_OPERATIONS: readonly Operation[] = [
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/regulations",
    summary:
      "Suppress users, lift that again, or delete them, in one source or in all of the workspace",
    body: pipe(
      strictObject({
        regulationType: type,
        subjectType,
        subjectIds,
        sourceId: optional(string()),
        linkedAnonymousIds: optional(boolean()),
      }),
      check((request) => canLink(request), "linkedAnonymousIds is for deletions of a USER_ID"),
    ),
    status: 201,
    answer: newRegulation,
    problems: ["limit_reached", "suppressed_in_workspace"],
    handle: async ({ workspace, call, body }) => {
      const { sourceId, linkedAnonymousIds } = body;
      const draft = {
        type: body.regulationType,
        subjectType: body.subjectType,
        subjectIds: distinctSubjects(body.subjectIds),
        ...(sourceId === undefined ? {} : { sourceId }),
        ...(linkedAnonymousIds === undefined ? {} : { linkedAnonymousIds }),
      };
      return answerWith(await workspace.regulate(call, draft), (made) => ({
        ...viewOf(made),
        commitmentSalt: made.commitmentSalt,
      }));
    },
  }),
  workspaceOperation("read", {
    method: "GET",
    path: "/api/v1/regulations",
    summary: "Requests about users, newest first, without whom they name",
    query: page,
    answer: pageSchema(regulationView),
    handle: async ({ workspace, call, query }) =>
      answerWith(await workspace.regulations(call, pageOf(query)), ({ data, next }) => ({
        data: data.map(viewOf),
        pagination: { next: next ?? null },
      })),
  }),
  workspaceOperation("write", {
    method: "GET",
    path: "/api/v1/regulations/:id",
    summary:
      "One request: whom it names, for 90 days after its end, and how each part of it stands",
    answer: regulationDetails,
    handle: async ({ workspace, call, params }) =>
      answerWith(await workspace.regulation(call, params["id"] ?? ""), (found) => ({
        ...viewOf(found),
        subjectIds: found.subjectIds,
        step: found.step,
        parts: found.parts,
        certificate: found.certificate ?? null,
        linkedIds: found.linkedIds,
      })),
  }),
  workspaceOperation("write", {
    method: "GET",
    path: "/api/v1/suppressions",
    summary: "The users whose events are not stored, in the order they were suppressed",
    query: page,
    answer: pageSchema(suppressedView),
    handle: async ({ workspace, call, query }) =>
      answerWith(await workspace.suppressions(call, pageOf(query)), ({ data, next }) => ({
        data: data.map(viewSuppressed),
        pagination: { next: next ?? null },
      })),
  }),
  workspaceOperation("write", {
    method: "POST",
    path: "/api/v1/suppressions/search",
    summary: "Which of these users are suppressed, and for which source",
    body: strictObject({ subjectType, subjectIds }),
    answer: object({ data: array(suppressedView) }),
    handle: async ({ workspace, call, body }) => {
      const ids = distinctSubjects(body.subjectIds);
      const found = await workspace.findSuppressions(call, body.subjectType, ids);
      return answerWith(found, (users) => ({ data: users.map(viewSuppressed) }));
    },
  }),
];
