/**
 * hexdump of util-linux 2.38.1 (text-utils/hexdump.c): the canonical format (-C) and the default one (words of two
 * bytes, little endian). Rows like the one before are squeezed into `*` unless -v.
 */

import { O } from '../fs/inode.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import type { OptionSpec } from './getopt.ts';
import { hexRow } from './hex.ts';
import { diagnose, optionsOf } from './messages.ts';
import type { Process } from './program.ts';

const OPTIONS: readonly OptionSpec[] = [
  { short: 'C', long: 'canonical' },
  { short: 'v', long: 'no-squeezing' },
  { short: 'n', long: 'length', argument: 'required' },
  { short: 's', long: 'skip', argument: 'required' },
  { short: 'b', long: 'one-byte-octal' },
  { short: 'c', long: 'one-byte-char' },
  { short: 'd', long: 'two-bytes-decimal' },
  { short: 'o', long: 'two-bytes-octal' },
  { short: 'x', long: 'two-bytes-hex' },
  { short: 'e', long: 'format', argument: 'required' },
  { short: 'f', long: 'format-file', argument: 'required' },
  { short: 'L', long: 'color', argument: 'optional' },
];
const MODELLED = new Set(['canonical', 'no-squeezing', 'length', 'skip']);

const ROW = 16;
const READ_BYTES = 64 * 1024;
const CANONICAL_WIDTH = 48;
const WORDS_WIDTH = 40;

/** Bytes of `-n` and `-s`: hexadecimal, or decimal with a suffix. */
function sizeOf(text: string): number | null {
  const match = /^(0[xX][0-9a-fA-F]+|\d+)(?:([kKmMgGtTpPeE])(?:iB)?)?$/.exec(text);
  if (match === null) return null;
  const exponent = match[2] === undefined ? 0 : 'KMGTPE'.indexOf(match[2].toUpperCase()) + 1;
  return Number(match[1]) * 1024 ** exponent;
}

export function* hexdump(process: Process): Task<number> {
  const parsed = optionsOf(process, OPTIONS);
  if (typeof parsed === 'number') return parsed;
  const { options, operands } = parsed;
  const left = options.find(({ name }) => !MODELLED.has(name));
  if (left !== undefined) throw new NotModelled(`hexdump --${left.name}`, 'there are -C -n -s -v');
  const numbers: Record<string, number> = { length: Number.POSITIVE_INFINITY, skip: 0 };
  for (const name of ['length', 'skip']) {
    const text = options.findLast((option) => option.name === name)?.value;
    if (text === undefined) continue;
    const value = sizeOf(text!);
    if (value === null) {
      const what = name === 'skip' ? 'offset' : 'length';
      diagnose(process, `failed to parse ${what}: '${text}': Invalid argument`);
      return 1;
    }
    numbers[name] = value;
  }
  if (operands.length === 0) throw new NotModelled('hexdump of standard input', 'name a file');
  const has = (name: string): boolean => options.some((option) => option.name === name);
  const dump = new Dump(process, has('canonical'), !has('no-squeezing'));
  return yield* dump.files(operands, numbers.skip!, numbers.length!);
}

class Dump {
  private readonly process: Process;
  private readonly canonical: boolean;
  private readonly squeeze: boolean;
  private address = 0;
  private row = new Uint8Array(ROW);
  private filled = 0;
  private before: Uint8Array | null = null;
  private starred = false;

  constructor(process: Process, canonical: boolean, squeeze: boolean) {
    this.process = process;
    this.canonical = canonical;
    this.squeeze = squeeze;
  }

  /** The files one after another, as one stream. */
  *files(names: readonly string[], skip: number, length: number): Task<number> {
    const { process } = this;
    const { sys } = process.system;
    let exit = 0;
    let opened = 0;
    let toSkip = skip;
    let left = length;
    for (const name of names) {
      const fd = yield* sys.open(process, name, O.RDONLY);
      if (fd < 0) {
        diagnose(process, name, fd);
        exit = 1;
        continue;
      }
      opened += 1;
      const stat = yield* sys.fstat(process, fd);
      const size = typeof stat === 'number' ? 0 : stat.size;
      // A regular file is skipped by seeking, or passed over when it is shorter than that.
      const jump = size > 0 && toSkip >= size ? size : toSkip;
      const moved = yield* sys.lseek(process, fd, jump, 'cur');
      if (moved < 0) {
        diagnose(process, name, moved);
        exit = 1;
        continue;
      }
      toSkip -= jump;
      if (this.filled === 0 && this.before === null) this.address += jump;
      while (left > 0) {
        const got = yield* sys.read(process, fd, Math.min(READ_BYTES, left));
        if (typeof got === 'number') {
          diagnose(process, name, got);
          exit = 1;
          break;
        }
        if (got.lengthBytes === 0) break;
        left -= got.lengthBytes;
        process.system.host.budget.look(got.lengthBytes);
        this.add(got.bytes());
      }
      yield* sys.close(process, fd);
    }
    if (opened === 0) {
      diagnose(process, 'all input file arguments failed');
      return 1;
    }
    this.end();
    return exit;
  }

  private add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const take = Math.min(ROW - this.filled, bytes.length - at);
      this.row.set(bytes.subarray(at, at + take), this.filled);
      this.filled += take;
      at += take;
      if (this.filled === ROW) this.full();
    }
  }

  private full(): void {
    const same = this.squeeze && this.before !== null && equal(this.before, this.row);
    if (same) {
      if (!this.starred) this.process.stdout.write('*\n');
      this.starred = true;
    } else {
      this.print(this.row);
      this.starred = false;
      this.before = this.row;
      this.row = new Uint8Array(ROW);
    }
    this.address += ROW;
    this.filled = 0;
  }

  private end(): void {
    const none = this.address === 0 && this.filled === 0;
    if (this.filled > 0) this.print(this.row.subarray(0, this.filled));
    // Of nothing at all it prints nothing, not even the address.
    if (none) return;
    this.process.stdout.write(`${this.place(this.address + this.filled)}\n`);
  }

  private place(address: number): string {
    return address.toString(16).padStart(this.canonical ? 8 : 7, '0');
  }

  private print(bytes: Uint8Array): void {
    const { stdout } = this.process;
    if (!this.canonical) {
      let words = '';
      for (let i = 0; i < bytes.length; i += 2) {
        const word = bytes[i]! | ((bytes[i + 1] ?? 0) << 8);
        words += ` ${word.toString(16).padStart(4, '0')}`;
      }
      stdout.write(`${this.place(this.address)}${words.padEnd(WORDS_WIDTH)}\n`);
      return;
    }
    const { hex, text } = hexRow(bytes);
    const left = hex.slice(0, 8).join(' ');
    const right = hex.slice(8).join(' ');
    const columns = (right === '' ? left : `${left}  ${right}`).padEnd(CANONICAL_WIDTH);
    stdout.write(`${this.place(this.address)}  ${columns}  |${text}|\n`);
  }
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < ROW; i += 1) if (a[i] !== b[i]) return false;
  return true;
}
