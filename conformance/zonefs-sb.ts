/** The driver's `zonefs_sb` operation: changes fields of a zonefs super block, mending the checksum unless `raw`. */

import { BytesPayload } from '../src/block/payload.ts';
import { crc32 } from '../src/fs/crc32.ts';
import { O } from '../src/fs/inode.ts';
import type { Room } from './machine-room.ts';

const BLOCK_BYTES = 4096;
const MAX_SIGNED = 2n ** 63n - 1n;

/** Words: `DEV [raw] OFFSET:BYTES=VALUE ...`. Returns what the write returned. */
export function patchZonefsSuperblock(room: Room, words: readonly string[]): number {
  const { vfs } = room.machine;
  const raw = words[1] === 'raw';
  const device = words[0]!;
  const fd = room.call(vfs.open(room.process, device, O.RDWR | O.DIRECT));
  if (fd < 0) return fd;
  const read = room.call(vfs.pread(room.process, fd, BLOCK_BYTES, 0));
  if (typeof read === 'number') return read;
  const bytes = Uint8Array.from(read.bytes());
  const view = new DataView(bytes.buffer);
  for (const word of words.slice(raw ? 2 : 1)) {
    const match = /^(\d+):(\d)=(\w+)$/.exec(word);
    if (match === null) throw new Error(`"zonefs_sb" expected OFFSET:BYTES=VALUE, got ${word}`);
    const typed = /^0[0-7]+$/.test(match[3]!)
      ? BigInt(`0o${match[3]!.slice(1)}`)
      : BigInt(match[3]!);
    // The driver reads it as a signed number, which saturates.
    const value = typed > MAX_SIGNED ? MAX_SIGNED : typed;
    for (let i = 0; i < Number(match[2]); i += 1) {
      view.setUint8(Number(match[1]) + i, Number((value >> BigInt(8 * i)) & 0xffn));
    }
  }
  if (!raw) {
    view.setUint32(4, 0, true);
    view.setUint32(4, (crc32(bytes) ^ 0xffffffff) >>> 0, true);
  }
  const written = room.call(vfs.pwrite(room.process, fd, new BytesPayload(bytes), 0));
  room.call(vfs.close(room.process, fd));
  return written;
}
