/**
 * An image file as the superblock reader sees it. A raw one is read where it is asked; a gzipped one is unpacked once,
 * in pieces, and only blocks that could be a superblock are kept: memory does not grow with the disk.
 */

import { closeSync, createReadStream, fstatSync, openSync, readSync } from 'node:fs';
import { createGunzip } from 'node:zlib';
import { looksLikeSuperblock, type ReadAt, SUPER_BLOCK_BYTES } from '../fs/btrfs/image.ts';
import { UsageError } from './context.ts';

export interface ImageFile {
  readonly readAt: ReadAt;
  /** Of the raw image. */
  readonly sizeBytes: number;
  readonly close: () => void;
}

/** Unpacked bytes that are looked at: more than two zones of any size, far less than forever. */
const MAX_UNPACKED_BYTES = 64 * 2 ** 30;
/** Superblocks of an unpacked image that are kept: two full zones of 256 MiB. */
const MAX_KEPT = 2 * 65536;

/** Throws UsageError for what cannot be read or unpacked. */
export async function openImage(file: string): Promise<ImageFile> {
  try {
    const fd = openSync(file, 'r');
    const magic = new Uint8Array(2);
    readSync(fd, magic, 0, 2, 0);
    if (magic[0] !== 0x1f || magic[1] !== 0x8b) return rawImage(fd);
    closeSync(fd);
    return await packedImage(file);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    throw new UsageError(`${file}: ${REASONS[code ?? ''] ?? `cannot be read: ${code ?? message}`}`);
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
  Z_BUF_ERROR: 'the gzip data ends too early: the image is cut off',
  Z_DATA_ERROR: 'the gzip data is damaged',
};

function rawImage(fd: number): ImageFile {
  const readAt: ReadAt = (offset, length) => {
    const bytes = new Uint8Array(length);
    let got = 0;
    while (got < length) {
      const more = readSync(fd, bytes, got, length - got, offset + got);
      if (more === 0) break;
      got += more;
    }
    return bytes.subarray(0, got);
  };
  const { size } = fstatSync(fd);
  return { readAt, sizeBytes: size, close: () => closeSync(fd) };
}

async function packedImage(file: string): Promise<ImageFile> {
  const kept = new Map<number, Uint8Array>();
  const block = new Uint8Array(SUPER_BLOCK_BYTES);
  let sizeBytes = 0;
  const source = createReadStream(file);
  const unpacked = source.pipe(createGunzip({ chunkSize: 1024 * 1024 }));
  source.on('error', (error) => unpacked.destroy(error));
  for await (const chunk of unpacked as AsyncIterable<Uint8Array>) {
    for (let at = 0; at < chunk.length; ) {
      const within = sizeBytes % SUPER_BLOCK_BYTES;
      const take = Math.min(SUPER_BLOCK_BYTES - within, chunk.length - at);
      block.set(chunk.subarray(at, at + take), within);
      at += take;
      sizeBytes += take;
      if (sizeBytes % SUPER_BLOCK_BYTES !== 0 || !looksLikeSuperblock(block)) continue;
      if (kept.size === MAX_KEPT) throw new UsageError(`${file}: too many superblocks`);
      kept.set(sizeBytes - SUPER_BLOCK_BYTES, block.slice());
    }
    if (sizeBytes > MAX_UNPACKED_BYTES) {
      throw new UsageError(`${file}: unpacks to more than ${MAX_UNPACKED_BYTES / 2 ** 30} GiB`);
    }
  }
  const readAt: ReadAt = (offset, length) => {
    const there = Math.max(0, Math.min(length, sizeBytes - offset));
    return kept.get(offset)?.subarray(0, there) ?? new Uint8Array(there);
  };
  return { readAt, sizeBytes, close: () => {} };
}
