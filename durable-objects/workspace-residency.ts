import type { EvidenceRange, EvidenceView } from "../src/egress/evidence.ts";
import { formatName } from "../src/region/object-names.ts";
import { standingText, type Standing } from "../src/region/placement.ts";
import { ok } from "../src/core/result.ts";
import type { AuditHead } from "../src/workspace/audit-head.ts";
import type { Answer } from "../src/workspace/ports.ts";
import type { ResidencyFacts } from "../src/workspace/residency-facts.ts";
import type { WorkspaceAudit } from "./workspace-audit.ts";
import type { WorkspaceEvidence } from "./workspace-evidence.ts";
import type { Acting, WorkspaceTurn } from "./workspace-turn.ts";

type UnsignedFacts = Omit<ResidencyFacts, "head"> & { readonly head: AuditHead };

/** What the residency report is made of. */
export class WorkspaceResidency {
  readonly #turn: WorkspaceTurn;
  readonly #audit: WorkspaceAudit;
  readonly #evidence: WorkspaceEvidence;
  readonly #standing: Standing;

  constructor(
    turn: WorkspaceTurn,
    parts: { readonly audit: WorkspaceAudit; readonly evidence: WorkspaceEvidence },
    standing: Standing,
  ) {
    this.#turn = turn;
    this.#audit = parts.audit;
    this.#evidence = parts.evidence;
    this.#standing = standing;
  }

  /** Gathers them; runs inside a turn. */
  facts(by: Acting, range: EvidenceRange): Answer<UnsignedFacts> {
    const { tables, chain, id } = this.#turn;
    const [lock] = chain.after(0, 1);
    if (lock === undefined) throw new Error("Cannot report: the audit chain has no entry");
    const evidence = this.#evidence.view(range);
    if (!evidence.ok) return evidence;
    return ok({
      workspaceId: id,
      lock,
      regionChangesRefused: chain.count("region.refused"),
      head: this.#audit.lastAt(by.nowMs),
      headFiles: this.#audit.headFiles(),
      sources: tables.sources().map(({ archiveLocations }) => ({ archiveLocations })),
      evidence: this.#withOwn(evidence.value, lock.atMs, by.nowMs),
    });
  }

  /** Signs the head in them, outside of the turn. */
  async signed(found: Answer<UnsignedFacts>): Promise<Answer<ResidencyFacts>> {
    return found.ok
      ? ok({ ...found.value, head: await this.#audit.sign(found.value.head) })
      : found;
  }

  /** This object reports only once it contacted somebody; that it runs is shown from the start. */
  #withOwn(evidence: EvidenceView, firstAtMs: number, lastAtMs: number): EvidenceView {
    const object = formatName(this.#standing.name);
    if (evidence.objects.some((reported) => reported.object === object)) return evidence;
    const own = { object, kind: "workspace", standing: standingText(this.#standing) };
    return { ...evidence, objects: [{ ...own, firstAtMs, lastAtMs }, ...evidence.objects] };
  }
}
