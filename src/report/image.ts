/** The superblocks of an image, as text and as a document. */

import { CSUM_KINDS } from '../fs/btrfs/csum.ts';
import { CompatRo, Incompat } from '../fs/btrfs/features.ts';
import type { ImageSlot, ImageSuperblocks } from '../fs/btrfs/image.ts';
import { labelText, type Superblock } from '../fs/btrfs/superblock.ts';
import { uuidText } from '../fs/btrfs/uuid.ts';
import { printable } from '../scenario/errors.ts';
import { table, wrap } from './columns.ts';

type Styler = (style: 'bold' | 'red' | 'dim', text: string) => string;

const FOUND_BY: Readonly<Record<ImageSuperblocks['foundBy'], string>> = {
  'zone-report': 'the one before the write pointer that the report gives',
  generation: 'the highest generation: no zone report was given',
  'regular-place': 'at its place on a disk without zones',
};

/** Slots of a long log that are shown: the last ones. */
const SHOWN_SLOTS = 16;

export function imageText(found: ImageSuperblocks, style: Styler): string {
  return `${newestText(found, style)}\n${slotsText(found, style)}`;
}

function newestText(found: ImageSuperblocks, style: Styler): string {
  const { newest, foundBy } = found;
  if (newest === null) {
    return `${style('red', 'no newest superblock')}: the log zones are in no state a mount accepts\n`;
  }
  const { superblock: sb } = newest;
  const head = `newest superblock: generation ${sb.generation}, at byte ${newest.offsetBytes}`;
  const rows: [string, string][] = [
    ['found', FOUND_BY[foundBy]],
    ['checksum', `${csumName(sb)}, ${newest.checksumValid ? 'valid' : style('red', 'WRONG')}`],
    ['label', printable(labelText(sb))],
    ['fsid', uuidText(sb.fsid)],
    ['size', `${sb.totalBytes} bytes, ${sb.bytesUsed} used, ${devices(sb)}`],
    ['blocks', `sectors of ${sb.sectorsize}, nodes of ${sb.nodesize} bytes`],
    ['roots', `tree ${sb.root}, chunk ${sb.chunkRoot}, log ${sb.logRoot}`],
    ['incompat', flagsText(sb.incompatFlags, Incompat)],
    ['compat ro', flagsText(sb.compatRoFlags, CompatRo)],
  ];
  const text = rows.map(([name, value]) => wrap(`${name.padEnd(10)} ${value}`, 2, 13)).join('');
  return `${style('bold', head)}\n${text}`;
}

function slotsText(found: ImageSuperblocks, style: Styler): string {
  const { slots, newest } = found;
  const rows = slots
    .slice(-SHOWN_SLOTS)
    .map((slot) => [
      `${slot.offsetBytes}`,
      `${slot.superblock.generation}`,
      `${slot.superblock.logRoot}`,
      slot.checksumValid ? 'valid' : 'WRONG',
      slot.offsetBytes === newest?.offsetBytes ? '<- newest' : '',
    ]);
  const earlier = slots.length - rows.length;
  const more = earlier > 0 ? `  ${earlier} earlier ones are not shown\n` : '';
  const count = slots.length === 1 ? '1 superblock' : `${slots.length} superblocks`;
  const lines = table([['at byte', 'generation', 'log root', 'checksum'], ...rows]);
  return `${style('bold', count)}\n${more}${lines.replace(/^(?=.)/gm, '  ')}`;
}

function devices(sb: Superblock): string {
  return sb.numDevices === 1 ? '1 device' : `${sb.numDevices} devices`;
}

function csumName(sb: Superblock): string {
  return CSUM_KINDS[sb.csumType]?.name ?? `unknown type ${sb.csumType}`;
}

/** `0x1341 (MIXED_BACKREF, ZONED)`; bits without a name stand in the number alone. */
function flagsText(flags: bigint, names: Readonly<Record<string, bigint>>): string {
  const set = Object.entries(names).filter(([, bit]) => (flags & bit) !== 0n);
  const words = set.map(([name]) => name.replace(/[A-Z]/g, '_$&').toUpperCase()).join(', ');
  return `0x${flags.toString(16)}${words === '' ? '' : ` (${words})`}`;
}

export function imageJson(file: string, found: ImageSuperblocks): unknown {
  return {
    format_version: 1,
    file,
    found_by: found.foundBy,
    newest: found.newest === null ? null : slotJson(found.newest),
    slots: found.slots.map(slotJson),
  };
}

function slotJson({ offsetBytes, superblock: sb, checksumValid }: ImageSlot): unknown {
  return {
    offset: offsetBytes,
    generation: sb.generation,
    label: labelText(sb),
    fsid: uuidText(sb.fsid),
    checksum: { type: csumName(sb), valid: checksumValid },
    bytenr: sb.bytenr,
    root: sb.root,
    chunk_root: sb.chunkRoot,
    log_root: sb.logRoot,
    total_bytes: sb.totalBytes,
    bytes_used: sb.bytesUsed,
    num_devices: sb.numDevices,
    sectorsize: sb.sectorsize,
    nodesize: sb.nodesize,
    compat_flags: `0x${sb.compatFlags.toString(16)}`,
    compat_ro_flags: `0x${sb.compatRoFlags.toString(16)}`,
    incompat_flags: `0x${sb.incompatFlags.toString(16)}`,
  };
}
