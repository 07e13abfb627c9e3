/**
 * mmap, mread, mwrite, msync and munmap of xfs_io 6.1.0 (io/mmap.c). The mapping made last is the current one. A
 * signal kills the tool, as it does on a real host.
 */

import { FillPayload } from '../block/payload.ts';
import type { Signal } from '../fs/syscalls.ts';
import { strerror } from '../kernel/errno.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import { PAGE_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import { type GivenOption, getopt, type OptionSpec } from './getopt.ts';
import {
  ANY,
  blockSize,
  complain,
  dump,
  type IoCommand,
  type IoMapping,
  type IoSession,
  numberOf,
  option,
  type Range,
  range,
  usage,
} from './xfs-io-session.ts';

/** What the shell shows for a process that a signal ended: 128 and the number. */
const KILLED: Readonly<Record<Signal, { readonly exit: number; readonly text: string }>> = {
  SIGBUS: { exit: 135, text: 'Bus error' },
  SIGSEGV: { exit: 139, text: 'Segmentation fault' },
};

const letters = (text: string, required = ''): readonly OptionSpec[] => [
  ...text.split('').map((short) => ({ short })),
  ...required.split('').map((short) => ({ short, argument: 'required' as const })),
];

interface Words {
  readonly options: readonly GivenOption[];
  readonly operands: readonly string[];
}

function parse(
  session: IoSession,
  words: readonly string[],
  specs: readonly OptionSpec[],
  help: string,
): Words | null {
  const parsed = getopt(words, specs, false);
  if (!parsed.ok) {
    usage(session, `${words[0]}: ${parsed.message}`, help);
    return null;
  }
  const { options, operands } = parsed;
  if (operands.length === 0 || operands.length === 2) return { options, operands };
  usage(session, null, help);
  return null;
}

function protectionOf(options: readonly GivenOption[]): string {
  const given = 'rwx'.split('').filter((letter) => option(options, letter) !== undefined);
  return given.length === 0 ? 'rwx' : given.join('');
}

const MMAP_HELP =
  'mmap [N] | [-rwxS] [-s size] [off len] -- mmap a range in the current file, show mappings';

function* mmap(session: IoSession, words: readonly string[]): Task<void> {
  const given = parse(session, words, letters('rwxS', 's'), MMAP_HELP);
  if (given === null) return;
  const { options, operands } = given;
  if (option(options, 'S') !== undefined || option(options, 's') !== undefined) {
    throw new NotModelled('xfs_io mmap -S and -s', 'map a range');
  }
  if (operands.length === 0) {
    for (const [at, one] of session.mappings.entries()) {
      const flags = 'rwx'
        .split('')
        .map((x) => (one.protection.includes(x) ? x : '-'))
        .join('');
      const first = `0x${one.address.toString(16)} - 0x${(one.address + one.length).toString(16)}`;
      const mark = `[${String(at).padStart(3, '0')}]`;
      session.process.stdout.write(
        `${mark} ${first} ${flags}  ${one.path} (${one.offset} : ${one.length})\n`,
      );
    }
    return;
  }
  const wanted = range(session, operands, yield* blockSize(session));
  if (wanted === null) return;
  const { process, fd, path } = session;
  const protection = protectionOf(options);
  const request = {
    offset: wanted.offset,
    length: wanted.count,
    write: protection.includes('w'),
    shared: true,
  };
  const address = yield* process.system.sys.memory.map(process, fd, request);
  if (address < 0) {
    complain(session, `mmap: ${strerror(address)}`);
    return;
  }
  const { offset, count: length } = wanted;
  session.mappings.push({ address, length, offset, path, protection });
}

/** check_mapping_range(): where a range of the file lies in the current mapping; null after a complaint. */
function* placeOf(
  session: IoSession,
  operands: readonly string[],
  wholePages = false,
): Task<{ readonly mapping: IoMapping; readonly range: Range } | null> {
  const mapping = session.mappings.at(-1);
  if (mapping === undefined) return complain(session, "no mapped regions, try 'help mmap'");
  const whole = { offset: mapping.offset, count: mapping.length };
  const wanted =
    operands.length === 0 ? whole : range(session, operands, yield* blockSize(session));
  if (wanted === null) return null;
  const { offset, count } = wanted;
  const { stdout } = session.process;
  const end = mapping.offset + mapping.length;
  if (offset < mapping.offset) {
    stdout.write(`offset (${offset}) is before start of mapping (${mapping.offset})\n`);
  } else if (offset - mapping.offset > mapping.length) {
    stdout.write(`offset (${offset}) is beyond end of mapping (${mapping.offset})\n`);
  } else if (offset + count > end) {
    stdout.write(
      `range (${offset}:${count}) is beyond mapping (${mapping.offset}:${mapping.length})\n`,
    );
  } else if (wholePages && (offset - mapping.offset) % PAGE_BYTES !== 0) {
    const at = (mapping.address + offset - mapping.offset).toString(16);
    stdout.write(`offset address (0x${at}) is not page aligned\n`);
  } else return { mapping, range: wanted };
  session.exit = 1;
  return null;
}

function killed(session: IoSession, signal: Signal): void {
  const { exit, text } = KILLED[signal];
  session.process.stderr.write(`${text}\n`);
  session.exit = exit;
  session.quit = true;
}

function* mread(session: IoSession, words: readonly string[]): Task<void> {
  const help = 'mread [-r] [off len] -- reads data from a region in the current memory mapping';
  const given = parse(session, words, letters('fruv'), help);
  if (given === null) return;
  const { options, operands } = given;
  if (option(options, 'u') !== undefined || option(options, 'r') !== undefined) {
    throw new NotModelled('xfs_io mread -r and -u', 'forwards, with -v or -f');
  }
  const place = yield* placeOf(session, operands);
  if (place === null) return;
  const { process } = session;
  const { mapping, range: wanted } = place;
  const from = wanted.offset - mapping.offset;
  const address = mapping.address + from;
  const got = yield* process.system.sys.memory.load(process, address, wanted.count);
  if (typeof got === 'string') {
    killed(session, got);
    return;
  }
  const byFile = option(options, 'f') !== undefined;
  if (!byFile && option(options, 'v') === undefined) return;
  process.system.host.budget.look(got.lengthBytes);
  dump(session, byFile ? wanted.offset : from, got.bytes());
}

function* mwrite(session: IoSession, words: readonly string[]): Task<void> {
  const help =
    'mwrite [-r] [-S seed] [off len] -- writes data into a region in the current memory mapping';
  const given = parse(session, words, letters('r', 'S'), help);
  if (given === null) return;
  const block = yield* blockSize(session);
  const seed = numberOf(session, option(given.options, 'S'), 'X'.charCodeAt(0), 'seed', block);
  if (seed < 0) return;
  const place = yield* placeOf(session, given.operands);
  if (place === null) return;
  const { process } = session;
  const { mapping, range: wanted } = place;
  const data = new FillPayload(seed & 0xff, wanted.count);
  const address = mapping.address + wanted.offset - mapping.offset;
  const signal = yield* process.system.sys.memory.store(process, address, data);
  if (signal !== null) killed(session, signal);
}

function* msync(session: IoSession, words: readonly string[]): Task<void> {
  const help = 'msync [-ais] [off len] -- flush a region in the current memory mapping';
  const given = parse(session, words, letters('ais'), help);
  if (given === null) return;
  const place = yield* placeOf(session, given.operands, true);
  // Without -s there is nothing to wait for: what is dirty is written when it is its turn.
  if (place === null || option(given.options, 's') === undefined) return;
  const { process } = session;
  const { mapping, range: wanted } = place;
  const address = mapping.address + wanted.offset - mapping.offset;
  const result = yield* process.system.sys.memory.sync(process, address, wanted.count);
  if (result < 0) complain(session, `msync: ${strerror(result)}`);
}

function* munmap(session: IoSession): Task<void> {
  const mapping = session.mappings.pop();
  if (mapping === undefined) return;
  const { process } = session;
  const { address, length } = mapping;
  const result = yield* process.system.sys.memory.unmap(process, address, length);
  if (result < 0) complain(session, `munmap: ${strerror(result)}`);
}

export const memoryCommands: Readonly<Record<string, IoCommand>> = {
  mmap: { least: 0, most: ANY, run: mmap },
  mread: { least: 0, most: ANY, run: mread },
  mwrite: { least: 0, most: ANY, run: mwrite },
  msync: { least: 0, most: ANY, run: msync },
  munmap: { least: 0, most: 0, run: munmap },
};
