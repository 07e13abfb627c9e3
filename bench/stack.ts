/** The stack that is measured: zonefs on dm-crypt on null_blk, driven through system calls by a program. */

import { PatternPayload } from '../dist/block/payload.js';
import { O } from '../dist/fs/inode.js';
import { Machine, type MachineOptions } from '../dist/machine.js';
import type { Task } from '../dist/sim/task.js';

const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'.repeat(2);
export const DISK = { size: 4096, zoned: 1, zone_size: 256, zone_nr_conv: 1, memory_backed: 1 };
const DISK_SECTORS = DISK.size * 2048;

const MAPPED = {
  crypt: `0 ${DISK_SECTORS} crypt aes-xts-plain64 ${KEY} 0 /dev/nullb0 0`,
  linear: `0 ${DISK_SECTORS} linear /dev/nullb0 0`,
} as const;

/** A machine with a mounted zonefs: on the disk, on aes-xts-plain64 over it (true), or on dm-linear over it. */
export function zonefsMachine(
  over: boolean | 'linear',
  options: Partial<MachineOptions> = {},
): Machine {
  const machine = new Machine({ kernel: 'v5.12+series', disks: { nullb0: DISK }, ...options });
  let device = '/dev/nullb0';
  if (over !== false) {
    machine.createMapping('c0', over === 'linear' ? MAPPED.linear : MAPPED.crypt);
    device = '/dev/mapper/c0';
  }
  const made = machine.run(`mkzonefs -f ${device}`);
  if (made.exit !== 0)
    throw new Error(`mkzonefs expected exit 0, got ${made.exit}: ${made.stderr}`);
  const { ok, errno } = machine.mount(device, '/mnt', 'zonefs');
  if (!ok) throw new Error(`mount expected to succeed, got ${errno}`);
  return machine;
}

/** A program that writes `count` blocks of `bytes` to a file, one after another, and perhaps reads them back. */
export function* writer(
  machine: Machine,
  count: number,
  bytes: number,
  readBack: boolean,
): Task<number> {
  const { vfs } = machine;
  const process = vfs.newProcess('writer');
  const fd = yield* vfs.open(process, '/mnt/seq/0', O.RDWR | O.DIRECT);
  if (fd < 0) throw new Error(`open expected a descriptor, got ${fd}`);
  for (let i = 0; i < count; i += 1) {
    const data = new PatternPayload(1, i * bytes, bytes);
    const written = yield* vfs.pwrite(process, fd, data, i * bytes);
    if (written !== bytes) throw new Error(`pwrite expected ${bytes}, got ${written}`);
  }
  for (let i = 0; readBack && i < count; i += 1) {
    const read = yield* vfs.pread(process, fd, bytes, i * bytes);
    if (typeof read === 'number') throw new Error(`pread expected data, got ${read}`);
  }
  yield* vfs.close(process, fd);
  return count;
}
