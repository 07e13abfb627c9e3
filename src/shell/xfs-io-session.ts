/** What the commands of xfs_io share: the session, numbers as they take them, complaints, dumps (libxcmd/input.c, io/pread.c). */

import { SECTOR_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import type { GivenOption } from './getopt.ts';
import { hexRow } from './hex.ts';
import type { Process } from './program.ts';

/** A mapping of the session. Bytes. */
export interface IoMapping {
  readonly address: number;
  readonly length: number;
  readonly offset: number;
  readonly path: string;
  /** `r`, `w`, `x`. */
  readonly protection: string;
}

export interface IoSession {
  readonly process: Process;
  fd: number;
  path: string;
  /** O_* the file was opened with. */
  flags: number;
  /** Those of mmap, the current one last. */
  mappings: IoMapping[];
  exit: number;
  quit: boolean;
}

export interface IoCommand {
  readonly least: number;
  readonly most: number;
  run(session: IoSession, words: readonly string[]): Task<void>;
}

/** No bound on the number of arguments. */
export const ANY = -1;
export const BLOCK_BYTES = 4096;

/** cvtnum(): decimal, octal or hex, with one letter after it. -1 when it is no number. */
export function xfsNumber(text: string, blockBytes: number): number {
  const match = /^(0[xX][0-9a-fA-F]+|\d+)([a-zA-Z]?)$/.exec(text);
  if (match === null) return -1;
  const digits = match[1]!;
  const octal = /^0[0-7]+$/.test(digits);
  const number = octal ? Number.parseInt(digits, 8) : Number(digits);
  const suffix = match[2]!.toLowerCase();
  if (suffix === '') return number;
  if (suffix === 'b') return number * blockBytes;
  if (suffix === 's') return number * SECTOR_BYTES;
  const exponent = 'kmgtpe'.indexOf(suffix);
  return exponent < 0 ? -1 : number * 1024 ** (exponent + 1);
}

export function* blockSize(session: IoSession): Task<number> {
  const { process } = session;
  const stat = yield* process.system.sys.fstat(process, session.fd);
  return typeof stat === 'number' ? BLOCK_BYTES : stat.blksize;
}

export function complain(session: IoSession, text: string): null {
  session.process.stderr.write(`${text}\n`);
  session.exit = 1;
  return null;
}

/** The numbers of a transfer: offset and length. Null after a complaint. */
export interface Range {
  readonly offset: number;
  readonly count: number;
}

/** A word that is no number: the tool says so on standard output. */
export function notNumeric(session: IoSession, what: string, text: string): null {
  session.process.stdout.write(`non-numeric ${what} -- ${text}\n`);
  session.exit = 1;
  return null;
}

export function range(
  session: IoSession,
  operands: readonly string[],
  block: number,
): Range | null {
  const offset = xfsNumber(operands[0]!, block);
  if (offset < 0) return notNumeric(session, 'offset argument', operands[0]!);
  const count = xfsNumber(operands[1]!, block);
  if (count < 0) return notNumeric(session, 'length argument', operands[1]!);
  return { offset, count };
}

export function option(options: readonly GivenOption[], name: string): GivenOption | undefined {
  return options.findLast((given) => given.name === name);
}

/** A number given with an option; -1 after a complaint. */
export function numberOf(
  session: IoSession,
  given: GivenOption | undefined,
  otherwise: number,
  what: string,
  block: number,
): number {
  if (given === undefined) return otherwise;
  const number = xfsNumber(given.value!, block);
  if (number < 0) notNumeric(session, what, given.value!);
  return number;
}

export function usage(session: IoSession, complaint: string | null, text: string): void {
  if (complaint !== null) session.process.stderr.write(`${complaint}\n`);
  session.process.stdout.write(`${text}\n`);
  session.exit = 1;
}

/** dump_buffer(): sixteen bytes a line, letters and digits (nothing else) right behind the last one. */
export function dump(session: IoSession, offset: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; at += 16) {
    const row = hexRow(bytes.subarray(at, at + 16));
    const text = row.text.replace(/[^A-Za-z0-9]/g, '.');
    const place = (offset + at).toString(16).padStart(8, '0');
    session.process.stdout.write(`${place}:  ${row.hex.join(' ')}  ${text}\n`);
  }
}
