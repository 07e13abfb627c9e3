/**
 * Zone reports through a table (drivers/md/dm-zone.c: dm_blk_do_report_zones(), dm_report_zones_cb(); in 5.10 in dm.c,
 * the same rules). Zones are moved to where the table puts them; those behind a target's end are left out.
 */

import type { BlockDevice, ZoneView } from '../block/device.ts';
import { WP_INVALID, ZoneCond, ZoneType } from '../block/device.ts';
import { errno } from '../kernel/errno.ts';
import type { DmTable } from './table.ts';
import type { Target } from './target.ts';

interface Area {
  readonly device: BlockDevice;
  readonly start: number;
}

/** Where a target reports from: its first device. Null: it cannot report. */
function areaOf(target: Target): Area | null {
  let area: Area | null = null;
  target.devices((device, start) => {
    area ??= { device, start };
  });
  return area;
}

/** The zone as the mapped device shows it; its place is moved by `shift` sectors. */
function moved(zone: ZoneView, shift: number): ZoneView {
  const start = zone.start + shift;
  const { len, capacity, type, cond } = zone;
  return { start, len, capacity, type, cond, wp: movedPointer(zone, start, shift) };
}

function movedPointer(zone: ZoneView, start: number, shift: number): number {
  if (zone.type === ZoneType.conventional) return zone.wp;
  if (zone.cond === ZoneCond.full) return start + zone.len;
  if (zone.cond === ZoneCond.empty) return start;
  return zone.wp === WP_INVALID ? WP_INVALID : zone.wp + shift;
}

/** Visits up to `count` zones from the one that holds `startSector`. The number visited, or a negative errno. */
export function reportTable(
  table: DmTable,
  startSector: number,
  count: number,
  visit: (zone: ZoneView) => void,
): number {
  let next = startSector;
  let reported = 0;
  while (reported < count && next < table.sizeSectors) {
    const target = table.find(next)!;
    const area = areaOf(target);
    if (area === null) return -errno.EIO;
    const shift = target.begin - area.start;
    const end = area.start + target.length;
    const before = reported;
    const result = area.device.reportZones(next - shift, count - reported, (zone) => {
      if (zone.start >= end) return;
      const view = moved(zone, shift);
      next = view.start + view.len;
      reported += 1;
      visit(view);
    });
    if (result < 0) return result;
    if (reported === before) break;
  }
  return reported;
}
