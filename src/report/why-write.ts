/** From data that reads back wrong to the IV it was written with, or to the location somebody was told. */

import type { Machine } from '../machine.ts';
import type { ReadbackFinding } from '../scenario/readback.ts';
import type { Cause } from './why-chains.ts';
import { ivLinks } from './why-iv.ts';
import { readIv, readSent, type WriteEvidence } from './write-evidence.ts';

/** Was the sender told another sector than the one the disk used? */
export function locationWrong(write: WriteEvidence): boolean {
  return (
    write.append &&
    !write.failed &&
    write.reportedSector !== null &&
    write.landedTopSector !== null &&
    write.reportedSector !== write.landedTopSector
  );
}

/** Links for appends that were reported where they do not lie; at least one. */
export function locationLinks(wrong: readonly WriteEvidence[]): string[] {
  const first = wrong[0]!;
  const told = [...new Set(wrong.map((one) => one.reportedSector))];
  const places = told.length === 1 ? `sector ${told[0]}` : `${told.length} sectors`;
  const what =
    wrong.length === 1
      ? `a zone append was reported at ${places} of ${first.device}, where it does not lie`
      : `${wrong.length} zone appends were reported at ${places} of ${first.device}, where they do not lie`;
  return [what, ...mistaken(first)];
}

/** What an append's completion took for its place. */
export function partOf(write: WriteEvidence): 'zone-start' | 'last-part' | 'other' {
  if (write.reportedSector === write.sentSector) return 'zone-start';
  return write.partSectors.at(-1) === write.reportedSector ? 'last-part' : 'other';
}

/** Where an append lies, which sector was taken for that, and how so. */
function mistaken(write: WriteEvidence): string[] {
  const { bio, device, landedTopSector, reportedSector, partSectors } = write;
  const said = `bio ${bio} was put at sector ${landedTopSector}, its completion said ${reportedSector}`;
  const part = partOf(write);
  if (part === 'zone-start') {
    return [
      `${said}: the start of its zone, to which every append is sent`,
      `${write.iv === null ? '' : 'dm-crypt on '}${device} sends a bio of its own and does not hand the sector of that one back`,
    ];
  }
  if (part === 'other') return [said];
  return [
    `${said}: where the last of its ${partSectors.length} parts lies`,
    `${device} had made a regular write of the append and cut it: with each part that went out the bio moved on, and where it ended was taken for the place of the append`,
  ];
}

/** Links for data that the file system encrypted itself; none when it did not. */
export function sealedLinks(write: WriteEvidence): string[] {
  const { fileUnits, bio, append, device, sentSector } = write;
  if (fileUnits === null) return [];
  const { file, first, units } = fileUnits;
  const which = units === 1 ? `block ${first}` : `blocks ${first} to ${first + units - 1}`;
  const landed = write.landedSector === null ? [] : [landedLink(write)];
  return [
    ...landed,
    append
      ? `bio ${bio} was a zone append to the zone at ${device} sector ${sentSector}`
      : `bio ${bio} was a regular write to ${device} sector ${sentSector}`,
    `the file system had encrypted bio ${bio} with ${which} of ${file} as IVs: where it lands does not enter (what-if, in no mainline kernel)`,
  ];
}

/** Links for data that was written and reads back wrong. */
export function dataLinks(
  write: WriteEvidence,
  bad: ReadbackFinding,
  machine: Machine,
): { links: string[]; cause: Cause } {
  const read = readSent(machine, bad.traceStart, bad.traceEnd);
  const iv = readIv(machine, bad.traceStart, bad.traceEnd);
  if (read === null) {
    return { links: ['reading it back sent nothing to a device'], cause: 'unknown' };
  }
  if (read.sector !== write.landedTopSector && locationWrong(write)) {
    const links = [`reading it back looked at ${read.device} sector ${read.sector}`];
    return { links: [...links, ...locationLinks([write])], cause: 'location' };
  }
  const decrypted = iv === null ? '' : ` and was decrypted with IV sectors from ${iv.firstSector}`;
  const links = [`the read went to ${read.device} sector ${read.sector}${decrypted}`];
  if (write.landedSector !== null) links.push(landedLink(write));
  if (write.iv === null || iv === null || write.iv.firstSector === iv.firstSector) {
    return { links: [...links, sentLink(write)], cause: 'unknown' };
  }
  const { device, firstSector } = write.iv;
  links.push(
    `but dm-crypt on ${device} had encrypted it with IV sectors from ${firstSector}, counted from the sector its bio carried`,
  );
  links.push(...ivLinks(write.iv, iv, bad, machine));
  return { links: [...links, sentLink(write)], cause: 'iv' };
}

function landedLink(write: WriteEvidence): string {
  const last = write.landedSector! + write.sectors - 1;
  const where = write.append ? ', at the write pointer of the zone' : '';
  return `${write.disk} had put the data at sectors ${write.landedSector} to ${last}${where}`;
}

function sentLink(write: WriteEvidence): string {
  const { bio, device, sentSector } = write;
  if (!write.append) return `bio ${bio} was a regular write to ${device} sector ${sentSector}`;
  const below = write.emulated ? '; a floor below made a regular write of it' : '';
  return `bio ${bio} was a zone append: it carried the start of its zone, ${device} sector ${sentSector}, which is all that is known when it is encrypted${below}`;
}
