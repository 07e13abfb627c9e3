/**
 * Why data that a cell wrote cannot be read back, in a sentence: a place that was told wrong, or IVs that were taken from
 * another sector than the one the data lies in. Found in the trace, like what `why` says, and never from a kernel's name.
 */

import type { Machine } from '../machine.ts';
import { locationWrong, partOf } from '../report/why-write.ts';
import { readIv, readSent, type WriteEvidence, writeEvidence } from '../report/write-evidence.ts';

/** Records of a trace, from `start` up to but not including `end`. */
export interface Records {
  readonly start: number;
  readonly end: number;
}

/** `written`: the records of the workload; `read`: those of the read that went wrong, if one did. Null: nothing explains it. */
export function becauseOf(machine: Machine, written: Records, read: Records | null): string | null {
  const writes = writeEvidence(machine, written.start, written.end);
  const iv = read === null ? null : ivSentence(machine, writes, read);
  if (iv !== null) return iv;
  const told = writes.find(locationWrong);
  return told === undefined ? null : locationSentence(told);
}

function locationSentence(write: WriteEvidence): string {
  const { device } = write;
  switch (partOf(write)) {
    case 'zone-start':
      return `appends come back from ${device} with the start of their zone, not with the place they were written to`;
    case 'last-part':
      return `appends that ${device} makes regular writes of and cuts come back with the place of their last part`;
    default:
      return `appends come back from ${device} with another place than the one they were written to`;
  }
}

/** Of a read that went to where the data lies, and took other IVs than the write. */
function ivSentence(
  machine: Machine,
  writes: readonly WriteEvidence[],
  { start, end }: Records,
): string | null {
  const sent = readSent(machine, start, end);
  const needed = readIv(machine, start, end);
  if (sent === null || needed === null) return null;
  const write = writes.findLast(
    ({ landedTopSector: first, sectors }) =>
      first !== null && first <= sent.sector && sent.sector < first + sectors,
  );
  if (write?.iv === undefined || write.iv === null) return null;
  const { iv, device, sentSector, partSectors } = write;
  // `iv` tells of the first part; the others go on from there.
  const begin = write.landedTopSector!;
  const unitSectors = ((partSectors[1] ?? begin + write.sectors) - begin) / iv.units;
  const unit = Math.floor((sent.sector - begin) / unitSectors);
  if (iv.firstSector + unit * iv.step === needed.firstSector) return null;
  const from =
    write.append && sentSector !== begin
      ? 'from the start of the zone, which is all their bio carries'
      : 'from another sector';
  return `${device} encrypts ${write.append ? 'appends' : 'writes'} with IVs counted ${from}, and decrypts with those of the sectors where they lie`;
}
