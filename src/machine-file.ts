/**
 * An open file of a machine, for callers outside it: each method is one system call, run to its end. Failures are
 * thrown as SystemCallError, as Node's `fs` throws them.
 */

import { utf8ToBytes } from '@noble/hashes/utils.js';
import { BytesPayload, Payload } from './block/payload.ts';
import type { Stat } from './fs/inode.ts';
import type { ProcessContext, RwFlags, SystemCalls } from './fs/syscalls.ts';
import { type ErrnoName, errnoName, strerror } from './kernel/errno.ts';
import type { Task } from './sim/task.ts';

/** A system call of the modelled host failed. `code` is the errno's name, as Node's own errors have it. */
export class SystemCallError extends Error {
  readonly code: ErrnoName;
  readonly call: string;
  constructor(call: string, errno: number, path: string) {
    super(`${call} ${path}: ${strerror(errno)}`);
    this.name = 'SystemCallError';
    this.code = errnoName(errno);
    this.call = call;
  }
}

/** Runs one task of a machine to its end. */
export type Caller = <T>(task: Task<T>) => T;

/** What can be written: a payload, bytes, or text as UTF-8. */
export type Writable = Payload | Uint8Array | string;

/** `value`, or the error it stands for. */
export function checked<T>(call: string, path: string, value: T | number): T {
  if (typeof value === 'number' && value < 0) throw new SystemCallError(call, value, path);
  return value as T;
}

export class File {
  readonly path: string;
  private readonly sys: SystemCalls;
  private readonly process: ProcessContext;
  private readonly fd: number;
  private readonly run: Caller;

  constructor(sys: SystemCalls, process: ProcessContext, path: string, fd: number, run: Caller) {
    this.sys = sys;
    this.process = process;
    this.path = path;
    this.fd = fd;
    this.run = run;
  }

  /** Returns the bytes written: fewer than given is a short write, not an error. */
  pwrite(data: Writable, offset: number, flags?: RwFlags): number {
    const payload = payloadOf(data);
    return this.call('pwrite', this.sys.pwrite(this.process, this.fd, payload, offset, flags));
  }

  /** At the file's position, which moves. */
  write(data: Writable): number {
    return this.call('write', this.sys.write(this.process, this.fd, payloadOf(data)));
  }

  /** Fewer bytes than asked for at the end of the file. */
  pread(length: number, offset: number): Uint8Array {
    return this.preadPayload(length, offset).bytes();
  }

  /** As `pread`, without making bytes of what is a pattern or ciphertext nobody looks at. */
  preadPayload(length: number, offset: number): Payload {
    return this.call('pread', this.sys.pread(this.process, this.fd, length, offset));
  }

  /** Several writes under way at once; the result of each, negative errnos included. */
  aioWrite(writes: readonly { readonly offset: number; readonly data: Writable }[]): number[] {
    const payloads = writes.map(({ offset, data }) => ({ offset, data: payloadOf(data) }));
    return [...this.run(this.sys.aioWrite(this.process, this.fd, payloads))];
  }

  fsync(): void {
    this.call('fsync', this.sys.fsync(this.process, this.fd));
  }

  truncate(size: number): void {
    this.call('ftruncate', this.sys.ftruncate(this.process, this.fd, size));
  }

  stat(): Stat {
    return this.call('fstat', this.sys.fstat(this.process, this.fd));
  }

  close(): void {
    this.call('close', this.sys.close(this.process, this.fd));
  }

  private call<T>(name: string, task: Task<T | number>): T {
    return checked(name, this.path, this.run(task));
  }
}

function payloadOf(data: Writable): Payload {
  if (data instanceof Payload) return data;
  return new BytesPayload(typeof data === 'string' ? utf8ToBytes(data) : Uint8Array.from(data));
}
