/**
 * Programs: what a user types, as generators over a process. Each uses the same system calls as the real tool and
 * prints what it prints; one file each in this folder.
 */

import type { BlockSystem } from '../block/system.ts';
import type { DmControl } from '../dm/control.ts';
import type { KernelKeyring } from '../dm/keyring.ts';
import type { ProcessContext, SystemCalls } from '../fs/syscalls.ts';
import type { Host } from '../sim/host.ts';
import type { Task } from '../sim/task.ts';

/** Where a program's text goes. Bounded: over the bound the program is ended with an error (see Output). */
export interface OutputStream {
  /** Adds text, or bytes as they are (`cat` of a binary file). */
  write(data: string | Uint8Array): void;
}

export interface Process extends ProcessContext {
  /** `argv[0]` is the name typed. */
  readonly argv: readonly string[];
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  /** What the process reads from; empty unless a caller gives it something. */
  readonly stdin: string;
  readonly system: System;
}

/** What a process can reach of the machine it runs on. */
export interface System {
  readonly host: Host;
  readonly block: BlockSystem;
  readonly sys: SystemCalls;
  readonly dm: DmControl;
  readonly keys: KernelKeyring;
}

/** A command. Ends with its exit code. */
export type Program = (process: Process) => Task<number>;

/** A table of programs: lazily loaded per command by src/shell/programs.ts. */
export type ProgramTable = ReadonlyMap<string, Program>;
