/** What `mkzonefs -v` prints of each zone (zonefs-tools src/zonefs_dev.c, zonefs_print_zone()). */

import { ZoneCond, ZoneType, type ZoneView } from '../block/device.ts';

const TYPES: Readonly<Record<number, string>> = {
  [ZoneType.conventional]: 'Conventional',
  [ZoneType.seqWriteRequired]: 'Sequential-write-required',
  [ZoneType.seqWritePreferred]: 'Sequential-write-preferred',
};

const CONDITIONS: Readonly<Record<number, string>> = {
  [ZoneCond.notWp]: 'Not-write-pointer',
  [ZoneCond.empty]: 'Empty',
  [ZoneCond.impOpen]: 'Implicit-open',
  [ZoneCond.expOpen]: 'Explicit-open',
  [ZoneCond.closed]: 'Closed',
  [ZoneCond.full]: 'Full',
};

/** One line, with its end. */
export function zoneLine(zone: ZoneView, zoneSectors: number): string {
  const { type, cond, start, len } = zone;
  const id = `Zone ${String(start / zoneSectors).padStart(5, '0')}`;
  const name = TYPES[type] ?? 'Unknown-type';
  if (cond === ZoneCond.readonly) return `${id}: readonly ${name} zone\n`;
  if (cond === ZoneCond.offline) return `${id}: offline ${name} zone\n`;
  const place = `sector ${start}, ${len} sectors`;
  if (type === ZoneType.conventional) return `${id}: Conventional, ${place}\n`;
  const condition = `0x${cond.toString(16)} (${CONDITIONS[cond] ?? 'Unknown-condition'})`;
  return `${id}: type 0x${type.toString(16)} (${name}), cond ${condition}, ${place}, wp sector ${zone.wp}\n`;
}
