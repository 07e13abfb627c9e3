/**
 * Bios of direct I/O (fs/iomap/direct-io.c): one per 256 pages, all sent before any is waited for. Reads and regular
 * writes of all eras go this way; an append is a single bio (zonefs_file_dio_append()).
 */

import { type Bio, Flag, Op } from '../../block/bio.ts';
import { concat, type Payload } from '../../block/payload.ts';
import { type BlockStatus, Status } from '../../block/status.ts';
import { PAGE_BYTES, SECTOR_BYTES } from '../../kernel/units.ts';
import { type Task, wake } from '../../sim/task.ts';
import { cutsUnit, seal, unsealed } from './encryption.ts';
import type { ZonefsFile } from './file.ts';

/** BIO_MAX_VECS pages, none of them taken to be next to another in memory: 1 MiB. */
export const BIO_MAX_BYTES = 256 * PAGE_BYTES;

const { write: WRITE, zoneAppend: ZONE_APPEND } = Op;
const SECTOR = SECTOR_BYTES;
const WRITE_FLAGS = Flag.data | Flag.sync | Flag.idle | Flag.allocCache;

/** What a bio must say of memory that begins `offset` bytes into a page. */
export function memoryFlags(offset: number): number {
  if (offset === 0) return 0;
  return offset % SECTOR_BYTES === 0 ? Flag.offPage : Flag.offPage | Flag.offSector;
}

/**
 * Can iomap take memory that begins `offset` bytes into a page (iomap_dio_bio_iter())? An append never asks
 * (zonefs_file_dio_append()).
 */
export function takesMemory(file: ZonefsFile, offset: number): boolean {
  if (offset === 0) return true;
  const { device, answers } = file.mount;
  const { logical_block_size, dma_alignment } = device.limits;
  const mask =
    answers.directMemory === 'logical-block' ? logical_block_size.value - 1 : dma_alignment.value;
  return offset % (mask + 1) === 0;
}

/** A write bio for `data` at byte `position` of the file, not yet sent. */
export function writeBio(file: ZonefsFile, position: number, data: Payload, extra: number): Bio {
  const bio = file.mount.block.newBio(file.mount.device);
  bio.op = WRITE;
  bio.flags |= WRITE_FLAGS | extra;
  bio.sector = file.zone.startSector + position / SECTOR;
  bio.sectors = data.lengthBytes / SECTOR;
  bio.payload = data;
  bio.filePosition = position;
  bio.inode = file;
  bio.onEnd = wake;
  return bio;
}

/** An append bio: it carries the zone's first sector, and comes back with the one it was written to. */
export function appendBio(file: ZonefsFile, position: number, data: Payload, fua: boolean): Bio {
  const bio = writeBio(file, position, data, fua ? Flag.fua : 0);
  bio.op = ZONE_APPEND;
  bio.sector = file.zone.startSector;
  return bio;
}

/**
 * Sends bios as iomap does, in a plug: what the device has to cut is cut whole before any of it goes out, so a later bio
 * cannot get in between. To 6.9 the block layer lets writes to zoned devices pass a plug by (blk_mq_plug()).
 */
function send(file: ZonefsFile, bios: readonly Bio[]): void {
  const { block } = file.mount;
  const plugs = bios[0]?.isWrite !== true || block.host.kernel.block.zoneWriteOrder !== 'zone-lock';
  if (plugs) block.startPlug();
  for (const bio of bios) submit(file, bio);
  if (plugs) block.finishPlug();
}

/** With the what-if `fs-encryption` what is written goes to the device encrypted. */
function submit(file: ZonefsFile, bio: Bio): void {
  if (file.cipher !== null && bio.isWrite) seal(file.cipher, bio);
  bio.device!.submit(bio);
}

/** Sends one bio; a plug of its own changes nothing for one that needs no cutting. */
export function sendOne(file: ZonefsFile, bio: Bio): void {
  const { device } = file.mount;
  if (bio.sectors <= device.limits.max_sectors.value) submit(file, bio);
  else send(file, [bio]);
}

/** Sends a write as bios of up to 1 MiB, in order. Wait for them with `waitAll`. */
export function sendWrites(
  file: ZonefsFile,
  position: number,
  data: Payload,
  extra: number,
): Bio[] {
  const bios: Bio[] = [];
  for (let done = 0; done < data.lengthBytes; done += BIO_MAX_BYTES) {
    const length = Math.min(BIO_MAX_BYTES, data.lengthBytes - done);
    bios.push(writeBio(file, position + done, data.slice(done, length), extra));
  }
  send(file, bios);
  return bios;
}

/** Waits for all and gives them back to the pool; ends with the first bad status. */
export function* waitAll(file: ZonefsFile, bios: readonly Bio[]): Task<BlockStatus> {
  let status: BlockStatus = Status.ok;
  const { host } = file.mount;
  for (const bio of bios) {
    for (let wait = host.settle(bio); wait !== null; wait = host.settle(bio)) yield wait;
    if (status === Status.ok) status = bio.status;
    file.mount.block.bios.give(bio);
  }
  return status;
}

/** Reads a range of the file; ends with its bytes, or with the bad status. */
export function* readRange(
  file: ZonefsFile,
  position: number,
  length: number,
  extra: number,
): Task<Payload | BlockStatus> {
  const { block, device } = file.mount;
  if (file.cipher !== null && cutsUnit(file, position, length)) return Status.ioError;
  const bios: Bio[] = [];
  for (let done = 0; done < length; done += BIO_MAX_BYTES) {
    const bio = block.newBio(device);
    bio.op = Op.read;
    bio.flags |= Flag.data | Flag.allocCache | extra;
    bio.sector = file.zone.startSector + (position + done) / SECTOR_BYTES;
    bio.sectors = Math.min(BIO_MAX_BYTES, length - done) / SECTOR_BYTES;
    bio.filePosition = position + done;
    bio.onEnd = wake;
    bios.push(bio);
  }
  send(file, bios);
  const parts: Payload[] = [];
  let status: BlockStatus = Status.ok;
  const { host } = file.mount;
  for (const bio of bios) {
    for (let wait = host.settle(bio); wait !== null; wait = host.settle(bio)) yield wait;
    if (status === Status.ok) status = bio.status;
    if (bio.payload !== null) parts.push(unsealed(file, bio, bio.payload));
    block.bios.give(bio);
  }
  if (status !== Status.ok) return status;
  return parts.length === 1 ? parts[0]! : concat(parts);
}
