import { newChildId } from "../src/core/ids.ts";
import { err, ok } from "../src/core/result.ts";
import { newProgress, type ExportedFile } from "../src/regulation/progress.ts";
import { SUBJECT_ACCESS } from "../src/regulation/regulation.ts";
import {
  ACCESSES_MAX,
  type AccessDraft,
  type SubjectAccess,
} from "../src/regulation/subject-access.ts";
import type { AccessPort } from "../src/workspace/privacy-ports.ts";
import type { AdminCall, Answer } from "../src/workspace/ports.ts";
import { WorkspacePrivacy } from "./workspace-privacy.ts";

/** The calls of a Workspace about users who want to see their events. */
export abstract class WorkspaceAccess extends WorkspacePrivacy implements AccessPort {
  async requestAccess(call: AdminCall, draft: AccessDraft): Promise<Answer<SubjectAccess>> {
    const { turn } = this.delivery;
    const answer = turn.act(call, (by): Answer<SubjectAccess> => {
      const { sourceId } = draft;
      if (sourceId !== undefined && turn.tables.source(sourceId) === undefined) {
        return err({ kind: "not-found", what: "source" });
      }
      if (turn.accesses.all().length >= ACCESSES_MAX) {
        return err({ kind: "limit-reached", what: "subject-accesses", max: ACCESSES_MAX });
      }
      const id = newChildId("reg", turn.id, turn.random);
      const access: SubjectAccess = {
        ...draft,
        id,
        status: "INITIALIZED",
        createdAtMs: by.nowMs,
        progress: newProgress(SUBJECT_ACCESS),
      };
      turn.accesses.save(access);
      turn.note(by, "subject-access.create", id);
      return ok(access);
    });
    if (!answer.ok) return answer;
    await this.privacy.arm();
    this.ctx.waitUntil(this.privacy.regulations.run().catch(() => undefined));
    return answer;
  }

  async subjectAccess(call: AdminCall, id: string): Promise<Answer<SubjectAccess>> {
    const { turn } = this.delivery;
    return turn.act(call, () => {
      const found = turn.accesses.find(id);
      return found === undefined ? err({ kind: "not-found", what: "subject-access" }) : ok(found);
    });
  }

  /** Where one file of it stands; who reads it is written down. */
  async exportedFile(call: AdminCall, id: string, number: number): Promise<Answer<ExportedFile>> {
    const { turn } = this.delivery;
    return turn.act(call, (by) => {
      const file = turn.accesses.find(id)?.progress.exported?.[number - 1];
      if (file === undefined) return err({ kind: "not-found", what: "subject-access" });
      turn.note(by, "subject-access.read", id);
      return ok(file);
    });
  }
}
