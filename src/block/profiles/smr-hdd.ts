/**
 * A host-managed SMR disk of 20 TB behind SATA, as the cover letter of "Zone write plugging" (v5, April 2024) shows it:
 * a link that takes one command after another, a write cache, and one arm that pays for each jump. Reads have no
 * published rows; they are those of a 7200 rpm disk.
 */

import { Op } from '../bio.ts';
import type { Command, DiskClock } from '../clock.ts';
import { type DiskProfile, parameter, wholeNs } from './profile.ts';

const KIB = 1024;
const ROWS = 'zone write plugging v5';

const PARAMETERS = {
  command: parameter(
    26_300,
    'ns',
    `${ROWS}: 4K QD1, plugging + none, 115 MB/s, without link and kernel`,
  ),
  linkPerKib: parameter(
    1024 / 0.55,
    'ns/KiB',
    'assumed: of the 600 MB/s of SATA at 6 Gb/s 550 carry data',
  ),
  mediaPerKib: parameter(1024 / 0.249, 'ns/KiB', `${ROWS}: 1M QD1, plugging + none, 249 MB/s`),
  jump: parameter(
    427_000,
    'ns',
    `${ROWS}: random 4K QD16, locking, 2.2 kIOPS: a jump among cached writes, sorted by the disk`,
  ),
  jumpPerKib: parameter(
    2_760,
    'ns/KiB',
    `${ROWS}: random 128K QD16, locking, 763 IOPS: what a jump adds to the media's rate`,
  ),
  cache: parameter(
    8 * 1024 * KIB,
    'bytes',
    'assumed small: the published rows are sustained, and so shall short runs be',
  ),
  seek: parameter(8_500_000, 'ns', 'assumed: mean seek of such disks'),
  halfTurn: parameter(4_170_000, 'ns', 'assumed: a disk of 7200 rpm'),
  zoneCommand: parameter(1_000_000, 'ns', 'assumed: no published row'),
  queueDepth: parameter(32, 'commands', 'SATA native command queueing'),
} as const;

function of(name: keyof typeof PARAMETERS): number {
  return PARAMETERS[name].value;
}

class SmrClock implements DiskClock {
  readonly queueDepth = of('queueDepth');
  private linkFreeNs = 0;
  /** When all that is cached will be on the media. */
  private mediaFreeNs = 0;
  private nextSector = -1;

  start(command: Command, nowNs: number): number {
    const begin = Math.max(nowNs, this.linkFreeNs);
    const kib = command.bytes / KIB;
    switch (command.op) {
      case Op.write:
      case Op.zoneAppend:
      case Op.writeZeroes: {
        this.linkFreeNs = begin + of('command') + of('linkPerKib') * kib;
        return wholeNs(this.toMedia(command, this.linkFreeNs));
      }
      case Op.read: {
        const sequential = command.sector === this.nextSector;
        const found =
          Math.max(begin, this.mediaFreeNs) + (sequential ? 0 : of('seek') + of('halfTurn'));
        this.nextSector = command.sector + command.bytes / 512;
        this.mediaFreeNs = found + of('mediaPerKib') * kib;
        return wholeNs(this.mediaFreeNs + of('command'));
      }
      case Op.flush:
        return wholeNs(Math.max(begin, this.mediaFreeNs) + of('command'));
      default:
        return wholeNs(begin + of('zoneCommand'));
    }
  }

  /** Behind the cache: returns when the write had room in it. */
  private toMedia({ sector, bytes }: Command, arrivedNs: number): number {
    const kib = bytes / KIB;
    const sequential = sector === this.nextSector;
    this.nextSector = sector + bytes / 512;
    const jumpNs = sequential ? 0 : of('jump') + of('jumpPerKib') * kib;
    const cachedNs = (of('mediaPerKib') * of('cache')) / KIB;
    this.mediaFreeNs = Math.max(this.mediaFreeNs, arrivedNs) + jumpNs + of('mediaPerKib') * kib;
    const room = Math.max(arrivedNs, this.mediaFreeNs - cachedNs);
    this.linkFreeNs = Math.max(this.linkFreeNs, room);
    return room;
  }
}

export const smrHddProfile: DiskProfile = {
  name: 'smr-hdd',
  title: 'host-managed SMR hard disk, SATA, 20 TB',
  parameters: PARAMETERS,
  clock: () => new SmrClock(),
};
