/**
 * What a lesson can say of a run: facts by name, each read off what the run did (results, trace, decisions, disk). A text
 * never holds a number of its own; so it stays true when a key, a zone size or a kernel is changed.
 */

import { bytesToHex } from '@noble/hashes/utils.js';
import { SECTOR_BYTES } from '../kernel/units.ts';
import { hexGroups } from '../report/columns.ts';
import { measureStep } from '../report/measure.ts';
import { firstIv } from '../report/why-iv.ts';
import {
  type IvUse,
  landedBytes,
  readIv,
  readSent,
  type WriteEvidence,
} from '../report/write-evidence.ts';
import type { ReadbackFinding } from '../scenario/readback.ts';
import type { StepReadback, StepResult } from '../scenario/run.ts';
import type { StepFacts } from './step-facts.ts';

const NONE = 'none';
const HEAD_BYTES = 16;

type StepFact = (step: StepResult, facts: StepFacts) => string;
type WriteFact = (write: WriteEvidence, facts: StepFacts) => string;
type ReadFact = (found: ReadbackFinding, again: StepReadback, facts: StepFacts) => string;

/** Of a whole step. */
const STEP_FACTS = {
  /** The command line, keys abbreviated. */
  command: (step, facts) => facts.hide(step.text),
  kernel: (step) => step.kernel,
  exit: (step) => String(step.exit),
  stdout: (step, facts) => facts.hide(step.stdout).trimEnd(),
  stderr: (step, facts) => facts.hide(step.stderr).trimEnd(),
  /** Lines of the kernel log. */
  dmesg: (step, facts) => (step.dmesg.length === 0 ? NONE : facts.hide(step.dmesg.join('\n'))),
  'dmesg-lines': (step) => String(step.dmesg.length),
  path: (step) => step.path,
  /** The rule that refused last, and with which errno. */
  rule: (step) => refusal(step)?.rule ?? NONE,
  errno: (step) => refusal(step)?.errno ?? NONE,
  /** Bios with data as they left the file system, and their bytes. */
  bios: (_, facts) => String(facts.writes.length),
  written: (_, facts) => String(facts.writes.reduce((sum, one) => sum + bytesOf(one), 0)),
  readback: (step, facts) => measured(step, facts, 'readback'),
  /** Shares, as the columns of tables say them (docs/scenarios.md). */
  wrong: (step, facts) => measured(step, facts, 'wrong'),
  'equal-before': (step, facts) => measured(step, facts, 'equal-before'),
  'equal-within': (step, facts) => measured(step, facts, 'equal-within'),
  time: (step, facts) => measured(step, facts, 'time'),
} satisfies Record<string, StepFact>;

/** Of one write of the step: the first unless a number says which. */
const WRITE_FACTS = {
  bytes: (write) => String(bytesOf(write)),
  sectors: (write) => String(write.sectors),
  op: (write) => (write.append ? 'zone append' : 'write'),
  device: (write) => write.device,
  disk: (write) => write.disk ?? NONE,
  /** The sector its bio carried when it left the file system. */
  sent: (write) => String(write.sentSector),
  /** The sector the IV was made of; the IV itself. */
  'iv-sector': (write) => String(write.iv?.firstSector ?? NONE),
  iv: (write, facts) => ivText(write.iv, facts),
  /** The unit of its file, where the file system encrypts. */
  'file-unit': (write) => String(write.fileUnits?.first ?? NONE),
  /** Where the disk put it; what the file system was told. */
  landed: (write) => String(write.landedSector ?? NONE),
  told: (write) => String(write.reportedSector ?? NONE),
  /** Its first bytes as they stand on the disk. */
  'on-disk': (write, facts) => onDisk(write, facts),
} satisfies Record<string, WriteFact>;

/** Of reading one write of the step back: the first that is not right, or the last one, unless a number says which. */
const READ_FACTS = {
  'wrong-bytes': (found) => String(wrongBytes(found)),
  /** Position in the file of the first wrong byte. */
  'wrong-from': (found) => (found.firstBad < 0 ? NONE : String(found.range.from + found.firstBad)),
  'file-position': (found) => String(found.range.from),
  'read-sector': (found, { machine }) =>
    String(readSent(machine, found.traceStart, found.traceEnd)?.sector ?? NONE),
  'read-iv-sector': (found, { machine }) =>
    String(readIv(machine, found.traceStart, found.traceEnd)?.firstSector ?? NONE),
  'read-iv': (found, { machine }, facts) =>
    ivText(readIv(machine, found.traceStart, found.traceEnd), facts),
  /** First bytes at the first wrong one (else at the beginning): as they were meant, and as they came. */
  meant: (found) => head(found.range.data.bytes(), found.firstBad),
  got: (found) => (typeof found.got === 'number' ? 'EIO' : head(found.got.bytes(), found.firstBad)),
} satisfies Record<string, ReadFact>;

export const FACT_NAMES: readonly string[] = [
  ...Object.keys(STEP_FACTS),
  ...Object.keys(WRITE_FACTS),
  ...Object.keys(READ_FACTS),
];

/** Of all orders of an explored run: how many there are that can matter, and how many fail. */
export const EXPLORED_FACTS: readonly string[] = ['schedules', 'failing'];

/** May a number say which write it is of? */
export function isCounted(fact: string): boolean {
  return !Object.hasOwn(STEP_FACTS, fact);
}

/** The value of fact `name`; `none` where the step shows nothing of the kind, `(not run)` where it did not run. */
export function factOf(facts: StepFacts, name: string, which: number | null): string {
  const { step } = facts;
  if (!step.ran) return '(not run)';
  if (Object.hasOwn(STEP_FACTS, name)) {
    return (STEP_FACTS as Record<string, StepFact>)[name]!(step, facts);
  }
  if (Object.hasOwn(WRITE_FACTS, name)) {
    const write = facts.writes[(which ?? 1) - 1];
    return write === undefined
      ? NONE
      : (WRITE_FACTS as Record<string, WriteFact>)[name]!(write, facts);
  }
  const again = facts.again;
  const { findings } = again;
  const found =
    which === null
      ? (findings.find(({ outcome }) => outcome !== 'same') ?? findings.at(-1))
      : findings[which - 1];
  return found === undefined
    ? NONE
    : (READ_FACTS as Record<string, ReadFact>)[name]!(found, again, facts);
}

function refusal(step: StepResult) {
  return step.decisions.findLast(({ verdict }) => verdict === 'refuses');
}

function measured(
  step: StepResult,
  facts: StepFacts,
  measure: Parameters<typeof measureStep>[3],
): string {
  return measureStep(facts.loaded, facts.result, step, measure, () => facts.again);
}

function bytesOf({ sectors }: WriteEvidence): number {
  return sectors * SECTOR_BYTES;
}

function ivText(use: IvUse | null, { again }: StepFacts): string {
  const iv = use === null ? null : firstIv(again.machine, use);
  return iv === null ? NONE : hexGroups(iv);
}

function onDisk(write: WriteEvidence, { again }: StepFacts): string {
  const bytes = landedBytes(again.machine, write, SECTOR_BYTES);
  return bytes === null ? NONE : head(bytes, 0);
}

function wrongBytes({ range, got, outcome }: ReadbackFinding): number {
  const { lengthBytes } = range.data;
  if (outcome === 'same') return 0;
  if (typeof got === 'number') return lengthBytes;
  const meant = range.data.bytes();
  const read = got.bytes();
  let wrong = 0;
  for (let at = 0; at < lengthBytes; at += 1) if (meant[at] !== read[at]) wrong += 1;
  return wrong;
}

function head(bytes: Uint8Array, from: number): string {
  const start = Math.max(from, 0);
  return hexGroups(bytesToHex(bytes.subarray(start, start + HEAD_BYTES)));
}
