/**
 * Where programs write: a bounded text for the caller, or a file for a redirection. Programs of the C library
 * write to a file in blocks of 4096 bytes when it is not a terminal; dash writes `echo` at once.
 */

import { utf8ToBytes } from '@noble/hashes/utils.js';
import { BytesPayload, type Payload } from '../block/payload.ts';
import type { ProcessContext, SystemCalls } from '../fs/syscalls.ts';
import { errno } from '../kernel/errno.ts';
import type { Task } from '../sim/task.ts';
import type { OutputStream, Process } from './program.ts';
import { utf8ToText } from './text.ts';

/** The most one command may print: a scenario that prints a disk by mistake must end, and say so. */
export const OUTPUT_LIMIT_BYTES = 1024 * 1024;

/** The most a program may hold for a file before it is written; bulk data goes through `writeOut` instead. */
const FILE_BUFFER_LIMIT_BYTES = 64 * 1024 * 1024;

/** A program printed more than it may; the shell ends it. */
export class OutputTooLarge extends Error {}

/** Text kept for the caller. */
export class TextOutput implements OutputStream {
  private readonly chunks: (string | Uint8Array)[] = [];
  private lengthBytes = 0;
  private binary = false;

  write(data: string | Uint8Array): void {
    this.lengthBytes += data.length;
    if (this.lengthBytes > OUTPUT_LIMIT_BYTES) throw new OutputTooLarge('1 MiB');
    if (typeof data !== 'string') this.binary = true;
    this.chunks.push(data);
  }

  /** All of it as text; bytes that are no UTF-8 show as U+FFFD. */
  text(): string {
    return this.binary ? utf8ToText(this.bytes()) : this.chunks.join('');
  }

  bytes(): Uint8Array {
    return joined(this.chunks);
  }
}

/** A stream that a redirection turned to a file. */
export class FileOutput implements OutputStream {
  private readonly sys: SystemCalls;
  private readonly process: ProcessContext;
  private readonly fd: number;
  private readonly blockBytes: number;
  private pending: (string | Uint8Array)[] = [];
  private pendingBytes = 0;
  /** The first error a write of this stream ended with; 0 when none did. */
  failure = 0;

  constructor(sys: SystemCalls, process: ProcessContext, fd: number, blockBytes: number) {
    this.sys = sys;
    this.process = process;
    this.fd = fd;
    this.blockBytes = blockBytes;
  }

  write(data: string | Uint8Array): void {
    this.pendingBytes += data.length;
    if (this.pendingBytes > FILE_BUFFER_LIMIT_BYTES) throw new OutputTooLarge('64 MiB');
    this.pending.push(data);
  }

  /** Writes what is pending. 0, or the negative errno that stopped it; then the rest is lost, as in stdio. */
  *flush(): Task<number> {
    if (this.pendingBytes === 0) return 0;
    const bytes = joined(this.pending);
    this.pending = [];
    this.pendingBytes = 0;
    for (let at = 0; at < bytes.length; at += this.blockBytes) {
      const block = bytes.subarray(at, Math.min(at + this.blockBytes, bytes.length));
      const result = yield* this.put(new BytesPayload(block));
      if (result < 0) return result;
    }
    return 0;
  }

  /** Writes `payload` in one call per piece the kernel takes, after what is pending. 0 or a negative errno. */
  *put(payload: Payload): Task<number> {
    if (this.pendingBytes > 0) {
      const flushed = yield* this.flush();
      if (flushed < 0) return flushed;
    }
    for (let done = 0; done < payload.lengthBytes; ) {
      const rest = payload.slice(done, payload.lengthBytes - done);
      const written = yield* this.sys.write(this.process, this.fd, rest);
      if (written <= 0) {
        // write(2) of something that takes nothing: glibc's stdio sees 0 bytes and gives up with ENOSPC's text.
        this.failure = written < 0 ? written : -errno.ENOSPC;
        return this.failure;
      }
      done += written;
    }
    return 0;
  }
}

/** Writes a payload to standard output: to a file as it is, without making bytes of it. 0 or a negative errno. */
export function* writeOut(process: Process, payload: Payload): Task<number> {
  if (process.stdout instanceof FileOutput) return yield* process.stdout.put(payload);
  process.system.host.budget.look(payload.lengthBytes);
  process.stdout.write(payload.bytes());
  return 0;
}

function joined(chunks: readonly (string | Uint8Array)[]): Uint8Array {
  const parts = chunks.map((chunk) => (typeof chunk === 'string' ? utf8ToBytes(chunk) : chunk));
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
