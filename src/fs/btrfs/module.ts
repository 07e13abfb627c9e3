/**
 * What the btrfs module of one running kernel remembers beyond any mount: the devices it was told of (volumes.c,
 * fs_uuids) and how much it has logged lately (messages.c, printk_limits[]). A reboot forgets both.
 */

import type { Host } from '../../sim/host.ts';
import type { RateLimit } from './printk.ts';
import type { ScannedDevice } from './scan.ts';

export interface BtrfsModule {
  /** In order of registration. */
  readonly scanned: ScannedDevice[];
  /** One per log level. */
  readonly limits: Map<string, RateLimit>;
}

/** Keyed by machine: the module is loaded once per boot, and every boot has a host of its own. */
const MODULES = new WeakMap<Host, BtrfsModule>();

export function btrfsModule(host: Host): BtrfsModule {
  const known = MODULES.get(host);
  if (known !== undefined) return known;
  const made: BtrfsModule = { scanned: [], limits: new Map() };
  MODULES.set(host, made);
  return made;
}
