/** One I/O of a job of fio 3.33 (struct io_u), and how the synchronous engines do it (engines/sync.c). */

import type { Payload } from '../../block/payload.ts';
import type { ProcessContext, SystemCalls } from '../../fs/syscalls.ts';
import type { Task } from '../../sim/task.ts';
import type { JobFile } from './job-file.ts';
import type { Engine } from './job-options.ts';
import { type Direction, READ, WRITE } from './stats.ts';

export type Kind = 'read' | 'write' | 'fsync' | 'fdatasync';

/** One I/O under way (struct io_u). */
export interface Io {
  readonly kind: Kind;
  readonly file: JobFile;
  offset: number;
  length: number;
  readonly startNs: number;
  issueNs: number;
  result: number;
  /** It holds the lock of its zone. */
  locked: boolean;
}

/** The sync engines' queue function: one I/O, waited for. `data`: what a write takes there. */
export function* callEngine(
  sys: SystemCalls,
  context: ProcessContext,
  engine: Engine,
  io: Io,
  data: () => Payload,
): Task<number> {
  const { fd } = io.file;
  if (!isData(io)) return yield* sys.fsync(context, fd, io.kind === 'fdatasync');
  const seeks = engine === 'sync';
  if (seeks && io.file.position !== io.offset) {
    const result = yield* sys.lseek(context, fd, io.offset, 'set');
    if (result < 0) return result;
  }
  let result: number;
  if (io.kind === 'write') {
    result = yield* seeks
      ? sys.write(context, fd, data())
      : sys.pwrite(context, fd, data(), io.offset);
  } else {
    const got = yield* seeks
      ? sys.read(context, fd, io.length)
      : sys.pread(context, fd, io.length, io.offset);
    result = typeof got === 'number' ? got : got.lengthBytes;
  }
  if (result >= 0) io.file.position = io.offset + result;
  return result;
}

/** A read or a write, no sync. */
export function isData({ kind }: { readonly kind: Kind }): boolean {
  return kind === 'read' || kind === 'write';
}

export function directionOf(io: { readonly kind: Kind }): Direction {
  return io.kind === 'read' ? READ : WRITE;
}

/** The place of an I/O in JobStats.issued. */
export function issuedAs(io: { readonly kind: Kind }): 0 | 1 | 3 {
  return io.kind === 'read' ? 0 : io.kind === 'write' ? 1 : 3;
}
