/** sha256sum and md5sum of coreutils 9.1 (src/digest.c), over files read in pieces of 32 KiB. */

import { md5 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { O } from '../fs/inode.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import type { OptionSpec } from './getopt.ts';
import { diagnose, optionsOf } from './messages.ts';
import type { Process, Program } from './program.ts';
import { quotedIfNeeded } from './text.ts';

const OPTIONS: readonly OptionSpec[] = [
  { short: 'b', long: 'binary' },
  { short: 't', long: 'text' },
  { short: 'c', long: 'check' },
  { short: 'z', long: 'zero' },
  { long: 'tag' },
  { long: 'quiet' },
  { long: 'status' },
  { short: 'w', long: 'warn' },
];
const MODELLED = new Set(['binary', 'text']);

const READ_BYTES = 32 * 1024;

interface Hash {
  update(data: Uint8Array): unknown;
  digest(): Uint8Array;
}

function checksum(make: () => Hash): Program {
  return function* sum(process: Process): Task<number> {
    const parsed = optionsOf(process, OPTIONS);
    if (typeof parsed === 'number') return parsed;
    const left = parsed.options.find(({ name }) => !MODELLED.has(name));
    if (left !== undefined) {
      throw new NotModelled(`${process.argv[0]} --${left.name}`, 'plain sums of files are');
    }
    const mark = parsed.options.findLast(() => true)?.name === 'binary' ? '*' : ' ';
    let exit = 0;
    for (const name of parsed.operands.length === 0 ? ['-'] : parsed.operands) {
      const hash = make();
      if (name === '-') hash.update(utf8ToBytes(process.stdin));
      else if (!(yield* hashFile(process, name, hash))) {
        exit = 1;
        continue;
      }
      process.stdout.write(`${bytesToHex(hash.digest())} ${mark}${name}\n`);
    }
    return exit;
  };
}

function* hashFile(process: Process, name: string, hash: Hash): Task<boolean> {
  const { sys } = process.system;
  const fd = yield* sys.open(process, name, O.RDONLY);
  if (fd < 0) {
    diagnose(process, quotedIfNeeded(name), fd);
    return false;
  }
  for (;;) {
    const got = yield* sys.read(process, fd, READ_BYTES);
    if (typeof got === 'number') {
      diagnose(process, quotedIfNeeded(name), got);
      yield* sys.close(process, fd);
      return false;
    }
    if (got.lengthBytes === 0) break;
    process.system.host.budget.look(got.lengthBytes);
    hash.update(got.bytes());
  }
  yield* sys.close(process, fd);
  return true;
}

export const sha256sum = checksum(() => sha256.create());
export const md5sum = checksum(() => md5.create());
