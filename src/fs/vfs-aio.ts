/**
 * I/O that a program does not wait for (fs/aio.c; io_uring's reads and writes go the same way here): begun in the
 * caller's context, ended whenever it ends. All eras are alike here.
 */

import type { Payload } from '../block/payload.ts';
import { errno } from '../kernel/errno.ts';
import { Completion, Runner, type Task } from '../sim/task.ts';
import type { VfsCore } from './core.ts';
import type { OpenDescription } from './description.ts';
import type { IoFlags } from './inode.ts';
import type { AsyncEnded, AsyncIo, RwFlags } from './syscalls.ts';
import { readAt, writeAt, writeFlags } from './vfs-io.ts';

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
    if (direct) runnerOf(core, one(at)).step();
    else yield* calls.caused(host.cause, one(at));
  }
  return ios.length;
}

/** What goes on by itself in the caller's name, on the caller's CPU; not begun yet. */
function runnerOf({ host, calls }: VfsCore, task: Task<void>): Runner {
  const runner = new Runner(host.tasks, host.tasks.comm, calls.caused(host.cause, task));
  runner.onCpuOf = host.tasks.current;
  return runner;
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

/** io_submit(2) of more than this many gathers their bios in a plug (fs/aio.c). */
const AIO_PLUG_THRESHOLD = 2;

/** Several writes under way at once, and waited for together: each is issued before any has to end. */
export function* writeMany(
  core: VfsCore,
  file: OpenDescription | undefined,
  writes: readonly { readonly offset: number; readonly data: Payload }[],
  asked: RwFlags = {},
): Task<readonly number[]> {
  if (file === undefined || !file.writable) return writes.map(() => -errno.EBADF);
  const given = writeFlags(file, asked);
  if (typeof given === 'number') return writes.map(() => given);
  const flags: IoFlags = { ...given, blocking: false };
  const results = writes.map(() => 0);
  const all = new Completion();
  let left = writes.length;
  function* one(at: number): Task<void> {
    const { offset, data } = writes[at]!;
    const written = writeAt(file, offset, data, flags);
    results[at] = typeof written === 'number' ? written : yield* written;
    left -= 1;
    if (left === 0) all.complete();
  }
  const runners = writes.map((_, at) => runnerOf(core, one(at)));
  const plugged = writes.length > AIO_PLUG_THRESHOLD;
  if (plugged) core.block.startPlug();
  for (const runner of runners) runner.step();
  if (plugged) core.block.finishPlug();
  if (left > 0) yield* all.wait();
  for (const runner of runners) if (runner.failure !== null) throw runner.failure;
  return results;
}
