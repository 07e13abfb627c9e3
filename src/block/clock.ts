/**
 * The time a disk takes. A disk without a clock answers within the instant; with one, a request that starts at the
 * device ends when the clock says. What a clock keeps (controller, write buffer, where the head is) is the device's
 * own and unknown to the kernel above. Clocks are made by profiles (profiles/), one per disk and boot.
 */

import { type BioOp, Op } from './bio.ts';
import { ZoneCond } from './device.ts';

/** What a device is told to do, and the state of the zone it meets. Reused by its owner: a clock keeps no reference. */
export class Command {
  op: BioOp = Op.read;
  sector = 0;
  bytes = 0;
  /** -1: not in a zone that is written sequentially. */
  zone = -1;
  /** The condition of the zone before the command. */
  cond: number = ZoneCond.notWp;
  /** What of the zone had been written before the command, and how much of it can be: their quotient is the occupancy. */
  writtenBytes = 0;
  capacityBytes = 0;
}

export interface DiskClock {
  /** Commands the device takes at a time; others wait for one to end. */
  readonly queueDepth: number;
  /**
   * A command starts at `nowNs`, which never goes back. Returns when it is done: a whole number of ns, `nowNs` or later.
   */
  start(command: Command, nowNs: number): number;
}
