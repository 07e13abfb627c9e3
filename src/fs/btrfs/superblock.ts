/**
 * The superblock of btrfs, byte by byte (include/uapi/linux/btrfs_tree.h, struct btrfs_super_block): 4096 bytes, little
 * endian, packed. The same in every kernel; fields that newer kernels carved out of the reserved part stay there.
 */

import { CSUM_BYTES, CSUM_KINDS, type CsumType, csumOf } from './csum.ts';

export type { CsumType } from './csum.ts';

export const SUPER_INFO_BYTES = 4096;
/** Regular place of copy 0 on a disk without zones; the `bytenr` field says it everywhere, in a log zone too. */
export const SUPER_INFO_OFFSET = 65536;
/** Copies 0 to 2: btrfs_sb_offset(). */
export const SUPER_MIRROR_OFFSETS = [SUPER_INFO_OFFSET, 64 * 2 ** 20, 256 * 2 ** 30] as const;
/** The bytes `_BHRfS_M`. */
export const SUPER_MAGIC = 0x4d5f53665248425fn;
/** The bytes `!BHRfS_M`: mkfs has begun and not ended. */
export const SUPER_MAGIC_TEMPORARY = 0x4d5f536652484221n;

/** struct btrfs_dev_item. */
export interface DevItem {
  devid: number;
  totalBytes: number;
  bytesUsed: number;
  ioAlign: number;
  ioWidth: number;
  sectorSize: number;
  type: number;
  generation: number;
  startOffset: number;
  devGroup: number;
  seekSpeed: number;
  bandwidth: number;
  /** 16 bytes. */
  uuid: Uint8Array;
  /** 16 bytes. */
  fsid: Uint8Array;
}

/** Flags are bigints because all 64 bits may be set; addresses and sizes are bytes in plain numbers. */
export interface Superblock {
  /** 16 bytes. */
  fsid: Uint8Array;
  bytenr: number;
  flags: bigint;
  magic: bigint;
  generation: number;
  root: number;
  chunkRoot: number;
  logRoot: number;
  unusedLogRootTransid: number;
  totalBytes: number;
  bytesUsed: number;
  rootDirObjectid: number;
  numDevices: number;
  sectorsize: number;
  nodesize: number;
  leafsize: number;
  stripesize: number;
  sysChunkArraySize: number;
  chunkRootGeneration: number;
  compatFlags: bigint;
  compatRoFlags: bigint;
  incompatFlags: bigint;
  csumType: number;
  rootLevel: number;
  chunkRootLevel: number;
  logRootLevel: number;
  devItem: DevItem;
  /** 256 bytes, NUL terminated. */
  label: Uint8Array;
  cacheGeneration: bigint;
  uuidTreeGeneration: number;
  /** 16 bytes. */
  metadataUuid: Uint8Array;
  nrGlobalRoots: number;
  remapRoot: number;
  remapRootGeneration: number;
  remapRootLevel: number;
  /** 199 bytes. */
  reserved: Uint8Array;
  /** 2048 bytes. */
  sysChunkArray: Uint8Array;
  /** 4 x 168 bytes. */
  backupRoots: Uint8Array;
  /** 565 bytes. */
  padding: Uint8Array;
}

type Width = 1 | 2 | 4 | 8;
/** `number`: an unsigned number of that many bytes; `flags`: 8 bytes as a bigint; `bytes`: as they are. */
type Field<K> =
  | readonly [K, number, 'number', Width]
  | readonly [K, number, 'flags', 8]
  | readonly [K, number, 'bytes', number];

const DEV_ITEM_BYTES = 98;

/** Offset within the item. */
const DEV_ITEM_FIELDS: readonly Field<keyof DevItem>[] = [
  ['devid', 0, 'number', 8],
  ['totalBytes', 8, 'number', 8],
  ['bytesUsed', 16, 'number', 8],
  ['ioAlign', 24, 'number', 4],
  ['ioWidth', 28, 'number', 4],
  ['sectorSize', 32, 'number', 4],
  ['type', 36, 'number', 8],
  ['generation', 44, 'number', 8],
  ['startOffset', 52, 'number', 8],
  ['devGroup', 60, 'number', 4],
  ['seekSpeed', 64, 'number', 1],
  ['bandwidth', 65, 'number', 1],
  ['uuid', 66, 'bytes', 16],
  ['fsid', 82, 'bytes', 16],
];

const CSUM_OFFSET = CSUM_BYTES;
const DEV_ITEM_OFFSET = 201;

/** Every field but the checksum (0..31) and the dev_item (201..298). */
export const SUPERBLOCK_FIELDS: readonly Field<Exclude<keyof Superblock, 'devItem'>>[] = [
  ['fsid', 32, 'bytes', 16],
  ['bytenr', 48, 'number', 8],
  ['flags', 56, 'flags', 8],
  ['magic', 64, 'flags', 8],
  ['generation', 72, 'number', 8],
  ['root', 80, 'number', 8],
  ['chunkRoot', 88, 'number', 8],
  ['logRoot', 96, 'number', 8],
  ['unusedLogRootTransid', 104, 'number', 8],
  ['totalBytes', 112, 'number', 8],
  ['bytesUsed', 120, 'number', 8],
  ['rootDirObjectid', 128, 'number', 8],
  ['numDevices', 136, 'number', 8],
  ['sectorsize', 144, 'number', 4],
  ['nodesize', 148, 'number', 4],
  ['leafsize', 152, 'number', 4],
  ['stripesize', 156, 'number', 4],
  ['sysChunkArraySize', 160, 'number', 4],
  ['chunkRootGeneration', 164, 'number', 8],
  ['compatFlags', 172, 'flags', 8],
  ['compatRoFlags', 180, 'flags', 8],
  ['incompatFlags', 188, 'flags', 8],
  ['csumType', 196, 'number', 2],
  ['rootLevel', 198, 'number', 1],
  ['chunkRootLevel', 199, 'number', 1],
  ['logRootLevel', 200, 'number', 1],
  ['label', 299, 'bytes', 256],
  ['cacheGeneration', 555, 'flags', 8],
  ['uuidTreeGeneration', 563, 'number', 8],
  ['metadataUuid', 571, 'bytes', 16],
  ['nrGlobalRoots', 587, 'number', 8],
  ['remapRoot', 595, 'number', 8],
  ['remapRootGeneration', 603, 'number', 8],
  ['remapRootLevel', 611, 'number', 1],
  ['reserved', 612, 'bytes', 199],
  ['sysChunkArray', 811, 'bytes', 2048],
  ['backupRoots', 2859, 'bytes', 672],
  ['padding', 3531, 'bytes', 565],
];

type Value = number | bigint | Uint8Array;

function readField(view: DataView, at: number, field: Field<unknown>): Value {
  const [, offset, kind, width] = field;
  const from = at + offset;
  if (kind === 'flags') return view.getBigUint64(from, true);
  if (kind === 'bytes') {
    return new Uint8Array(view.buffer, view.byteOffset + from, width).slice();
  }
  switch (width) {
    case 1:
      return view.getUint8(from);
    case 2:
      return view.getUint16(from, true);
    case 4:
      return view.getUint32(from, true);
    default:
      // Beyond 2^53 a number is rounded: no disk of the model reaches that, and a damaged field stays absurd.
      return view.getUint32(from + 4, true) * 2 ** 32 + view.getUint32(from, true);
  }
}

function writeField(view: DataView, at: number, field: Field<unknown>, value: Value): void {
  const [, offset, kind, width] = field;
  const from = at + offset;
  if (kind === 'flags') view.setBigUint64(from, value as bigint, true);
  else if (kind === 'bytes') {
    new Uint8Array(view.buffer, view.byteOffset + from, width).set(
      (value as Uint8Array).subarray(0, width),
    );
  } else if (width === 1) view.setUint8(from, value as number);
  else if (width === 2) view.setUint16(from, value as number, true);
  else if (width === 4) view.setUint32(from, value as number, true);
  else view.setBigUint64(from, BigInt(value as number), true);
}

/** The fields of a 4096-byte superblock. Checks nothing: see `superCsumMatches` and super-rules.ts. */
export function decodeSuperblock(bytes: Uint8Array): Superblock {
  const view = new DataView(bytes.buffer, bytes.byteOffset, SUPER_INFO_BYTES);
  const out: Record<string, Value | DevItem> = {};
  for (const field of SUPERBLOCK_FIELDS) out[field[0]] = readField(view, 0, field);
  out.devItem = readDevItem(view, DEV_ITEM_OFFSET);
  return out as unknown as Superblock;
}

function readDevItem(view: DataView, at: number): DevItem {
  const out: Record<string, Value> = {};
  for (const field of DEV_ITEM_FIELDS) out[field[0]] = readField(view, at, field);
  return out as unknown as DevItem;
}

/** The 98 bytes of a dev_item, for trees. */
export function encodeDevItem(item: DevItem): Uint8Array {
  const out = new Uint8Array(DEV_ITEM_BYTES);
  const view = new DataView(out.buffer);
  for (const field of DEV_ITEM_FIELDS) writeField(view, 0, field, item[field[0]]);
  return out;
}

/** The 4096 bytes, checksum included. Throws on a checksum type that does not exist. */
export function encodeSuperblock(superblock: Superblock): Uint8Array {
  const bytes = new Uint8Array(SUPER_INFO_BYTES);
  const view = new DataView(bytes.buffer);
  for (const field of SUPERBLOCK_FIELDS) writeField(view, 0, field, superblock[field[0]]);
  bytes.set(encodeDevItem(superblock.devItem), DEV_ITEM_OFFSET);
  const kind = CSUM_KINDS[superblock.csumType];
  if (kind === undefined) {
    throw new Error(`"csum_type" expected 0 to 3, got ${superblock.csumType}`);
  }
  bytes.set(csumOf(kind.name, bytes, CSUM_OFFSET, SUPER_INFO_BYTES), 0);
  return bytes;
}

/** Does the stored checksum (bytes 0..31) fit bytes 32..4095? False for an unknown type. */
export function superCsumMatches(bytes: Uint8Array): boolean {
  const type = new DataView(bytes.buffer, bytes.byteOffset).getUint16(196, true);
  const kind = CSUM_KINDS[type];
  if (kind === undefined) return false;
  const digest = csumOf(kind.name, bytes, CSUM_OFFSET, SUPER_INFO_BYTES);
  // btrfs_check_super_csum() compares csum_size bytes only.
  for (let i = 0; i < kind.sizeBytes; i += 1) if (digest[i] !== bytes[i]) return false;
  return true;
}

/** The name of the checksum of a superblock with a known type. */
export function csumTypeOf(superblock: Superblock): CsumType {
  return CSUM_KINDS[superblock.csumType]?.name ?? 'crc32c';
}

/** A superblock of zeros, for mkfs to fill. */
export function emptySuperblock(): Superblock {
  return decodeSuperblock(new Uint8Array(SUPER_INFO_BYTES));
}

/** A copy whose fields can be changed without touching the original. */
export function copySuperblock(superblock: Superblock): Superblock {
  return { ...superblock, devItem: { ...superblock.devItem } };
}

/** The label as text: bytes up to the first NUL, read as Latin-1 where they are no ASCII. */
export function labelText(superblock: Superblock): string {
  const end = superblock.label.indexOf(0);
  return String.fromCharCode(...superblock.label.subarray(0, end < 0 ? 256 : end));
}
