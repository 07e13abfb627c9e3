/**
 * I/O that a program does not wait for (fs/aio.c; io_uring's reads and writes go the same way here): begun in the
 * caller's context, ended whenever it ends. All eras are alike here.
 */

import type { Payload } from '../block/payload.ts';
import { errno } from '../kernel/errno.ts';
import { Runner, type Task } from '../sim/task.ts';
import type { VfsCore } from './core.ts';
import type { OpenDescription } from './description.ts';
import type { IoFlags } from './inode.ts';
import type { AsyncEnded, AsyncIo } from './syscalls.ts';
import { readAt, writeAt } from './vfs-io.ts';

/** How many bytes `ios` move. */
export function bytesOf(ios: readonly AsyncIo[]): number {
  return ios.reduce((sum, io) => sum + (io.kind === 'write' ? io.data.lengthBytes : io.length), 0);
}

/** The body of io_submit(2). */
export function* submitAll(
  core: VfsCore,
  file: OpenDescription | undefined,
  ios: readonly AsyncIo[],
  ended: AsyncEnded,
): Task<number> {
  if (file === undefined) return -errno.EBADF;
  const { host, calls } = core;
  const { direct } = file.ioFlags;
  function* one(at: number): Task<void> {
    let result = 0;
    let thrown: unknown = null;
    try {
      result = yield* perform(file!, ios[at]!, { ...file!.ioFlags, blocking: !direct });
    } catch (error) {
      thrown = error;
    }
    ended(at, result, thrown);
  }
  for (let at = 0; at < ios.length; at += 1) {
    const task = calls.caused(host.cause, one(at));
    if (!direct) {
      yield* task;
      continue;
    }
    const runner = new Runner(host.tasks, host.tasks.comm, task);
    runner.onCpuOf = host.tasks.current;
    runner.step();
  }
  return ios.length;
}

/** One of them, to its end. */
function* perform(file: OpenDescription, io: AsyncIo, flags: IoFlags): Task<number> {
  if (io.kind === 'write') {
    const written = writeAt(file, io.offset, io.data, flags);
    return typeof written === 'number' ? written : yield* written;
  }
  const got: Payload | number = yield* readAt(file, io.offset, io.length, flags);
  return typeof got === 'number' ? got : got.lengthBytes;
}
