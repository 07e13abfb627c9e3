/**
 * null_blk as a device: it has no media, so what time there is, is the kernel's (src/sim/cpu.ts). What is left for the
 * device itself is the driver's own way from queue_rq to completion.
 */

import type { Command, DiskClock } from '../clock.ts';
import { type DiskProfile, parameter } from './profile.ts';

const PARAMETERS = {
  command: parameter(
    150,
    'ns',
    'share of the driver in "4K QD1, plugging + none" (1.55 us in all, see sim/cpu.ts); the split is assumed',
  ),
  queueDepth: parameter(64, 'commands', "null_blk's hw_queue_depth"),
} as const;

class NullBlkClock implements DiskClock {
  readonly queueDepth = PARAMETERS.queueDepth.value;

  start(_command: Command, nowNs: number): number {
    return nowNs + PARAMETERS.command.value;
  }
}

export const nullBlkProfile: DiskProfile = {
  name: 'null_blk',
  title: 'null_blk without memory: the cost of the kernel alone',
  parameters: PARAMETERS,
  clock: () => new NullBlkClock(),
};
