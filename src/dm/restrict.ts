/**
 * From a table to the limits its mapped device gets (drivers/md/dm.c dm_setup_md_queue(), dm_swap_table();
 * drivers/md/dm-table.c dm_table_set_restrictions()): stack, check, take away what the table cannot do, settle zone
 * append, finish. Done at the first load and again when a table goes live.
 */

import type { QueueLimits } from '../block/limits.ts';
import { finalizeLimits } from '../block/stack.ts';
import { type Asker, askRules } from '../sim/decision.ts';
import type { Host } from '../sim/host.ts';
import type { MappedDevice } from './mapped-device.ts';
import type { DmTable } from './table.ts';
import { calculateLimits, withoutUnsupported } from './table-limits.ts';
import { restrictZones } from './zone-limits.ts';
import { reloadRules } from './zoned-rules.ts';

export interface Prepared {
  readonly table: DmTable;
  /** As they go live. */
  readonly limits: QueueLimits;
  /** Appends become writes above the targets. */
  readonly emulates: boolean;
  /** The limits of the devices below that these were made from. */
  readonly below: readonly QueueLimits[];
}

/** Nothing below has changed since: the same table over the same limits. */
export function stillValid(prepared: Prepared, table: DmTable): boolean {
  const now = table.devices;
  return (
    prepared.table === table &&
    prepared.below.length === now.length &&
    prepared.below.every((limits, i) => limits === now[i]!.limits)
  );
}

/** Checks `table` for `device` and computes its limits; a negative errno after the kernel's lines. */
export function prepareTable(
  host: Host,
  device: MappedDevice,
  table: DmTable,
  firstLoad: boolean,
): Prepared | number {
  const { name, number } = device;
  const asker: Asker = {
    subject: name,
    decide: (decision) => host.decide(decision),
    log: (level, text) => host.printk(level, text),
  };
  // A table without devices (dm-error) keeps the limits of the one it replaces (dm_swap_table()).
  const keeps = device.table !== null && table.devices.length === 0;
  const calculated = keeps
    ? device.limits
    : calculateLimits({ host, table, deviceName: name, number, asker });
  if (typeof calculated === 'number') {
    if (firstLoad) {
      host.printk('err', 'device-mapper: core: Cannot calculate initial queue limits');
    }
    return calculated;
  }
  const stripped = withoutUnsupported(table, calculated, name);
  const zoned = stripped.zoned.value !== 'none';
  let limits = stripped;
  let emulates = false;
  if (zoned) {
    const restricted = restrictZones(host, table, stripped, name, firstLoad);
    if (typeof restricted === 'number') return restricted;
    ({ limits, emulates } = restricted);
  }
  const result = askRules(
    host.kernel.dm.reloadRules,
    reloadRules,
    {
      deviceName: name,
      table: number,
      hasPlugs: device.zoneWritePlugs !== null,
      live: device.limits,
      next: limits,
      nextTable: table,
    },
    asker,
  );
  if (result < 0) return result;
  return {
    table,
    limits: finalizeLimits(host.kernel, limits, name),
    emulates,
    below: table.devices.map((below) => below.limits),
  };
}
