/** Write pointers as the zone write plugs keep them (block/blk-zoned.c, 6.10 and later). */

import { ZoneCond, type ZoneView } from './device.ts';

/** blk_zone_wp_offset(): what a report says of the pointer. A zone without one counts as full. */
export function wpOffset(zone: ZoneView, zoneSectors: number): number {
  switch (zone.cond) {
    case ZoneCond.impOpen:
    case ZoneCond.expOpen:
    case ZoneCond.closed:
    case ZoneCond.active:
      return zone.wp - zone.start;
    case ZoneCond.empty:
      return 0;
    case ZoneCond.full:
      return zoneSectors;
    default:
      return 0xffffffff;
  }
}
