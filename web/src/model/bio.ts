/** What can be told of one data write when one opens it: place, IV, bytes before and after, where it landed. */

import {
  explainUnit,
  type IvStory,
  readIv,
  type StepReadback,
  sectorOf,
  specOf,
  type WriteEvidence,
  writeEvidence,
} from '../package.ts';
import type { Run } from './run.ts';

export interface BioStory {
  readonly evidence: WriteEvidence;
  /** How its first unit was encrypted; null without dm-crypt. */
  readonly used: IvStory | null;
  /** How its first unit was decrypted when it was read back. */
  readonly needed: IvStory | null;
  /** First bytes as they were meant. */
  readonly plain: Uint8Array;
}

/** The story of data write `bio` of a step, with what reading the step back showed; null when it is none. */
export function bioStory(
  run: Run,
  step: number,
  bio: number,
  readBack: StepReadback | null,
): BioStory | null {
  const { machine: number, traceStart, traceEnd } = run.steps[step]!;
  const machine = run.machines[number]!;
  const evidence = writeEvidence(machine, traceStart, traceEnd).find((one) => one.bio === bio);
  if (evidence === undefined) return null;
  const data = run.data.get(`${number}:${bio}`);
  const unit = data?.slice(0, Math.min(4096, data.lengthBytes)).bytes() ?? new Uint8Array(0);
  const plain = unit.slice(0, 16);
  const spec = evidence.iv === null ? null : specOf(machine, evidence.iv.device);
  if (spec === null || evidence.iv === null) return { evidence, used: null, needed: null, plain };
  const sent = sectorOf(spec, evidence.iv, 0);
  const found = readBack?.findings.find(({ range }) => range.bio === bio) ?? null;
  const read = found === null ? null : readIv(readBack!.machine, found.traceStart, found.traceEnd);
  return {
    evidence,
    used: explainUnit(spec, sent, unit),
    needed: read === null ? null : explainUnit(spec, sectorOf(spec, read, 0), unit),
    plain,
  };
}
