/**
 * swapon of util-linux 2.38.1 (sys-utils/swapon.c) for one file or device, and what the kernel says of it. Pages are
 * never swapped here, so only refusals are modelled.
 */

import { O, S } from '../fs/inode.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import { PAGE_BYTES, SECTOR_BYTES } from '../kernel/units.ts';
import type { Task } from '../sim/task.ts';
import { diagnose, optionsOf, usageError } from './messages.ts';
import { isType } from './paths.ts';
import type { Process } from './program.ts';
import { utf8ToText } from './text.ts';

const EXIT_FAIL = 255;
const SIGNATURE = 'SWAPSPACE2';

export function* swapon(process: Process): Task<number> {
  const parsed = optionsOf(process, []);
  if (typeof parsed === 'number') return parsed;
  const { operands } = parsed;
  if (operands.length === 0) return usageError(process, 'bad usage');
  let exit = 0;
  for (const name of operands) {
    if (!(yield* swapOnOne(process, name))) exit = EXIT_FAIL;
  }
  return exit;
}

function* swapOnOne(process: Process, name: string): Task<boolean> {
  const { sys } = process.system;
  const stat = yield* sys.stat(process, name);
  if (typeof stat === 'number') {
    diagnose(process, `cannot open ${name}`, stat);
    return false;
  }
  const warn = (text: string): void => diagnose(process, `${name}: ${text}`);
  const mode = stat.mode & 0o777;
  if ((mode & ~0o600) !== 0) {
    const shown = `0${mode.toString(8).padStart(3, '0')}`;
    warn(`insecure permissions ${shown}, 0600 suggested.`);
  }
  if (isType(stat, S.IFREG)) {
    if (stat.uid !== 0) warn(`insecure file owner ${stat.uid}, 0 (root) suggested.`);
    if (stat.blocks * SECTOR_BYTES < stat.size) {
      warn('skipping - it appears to have holes.');
      return false;
    }
  }
  if (!(yield* hasSignature(process, name))) {
    warn('read swap header failed');
    return false;
  }
  const result = yield* sys.swapon(process, name);
  if (result < 0) diagnose(process, `${name}: swapon failed`, result);
  else throw new NotModelled('swap space', 'its refusals are');
  return false;
}

function* hasSignature(process: Process, name: string): Task<boolean> {
  const { sys } = process.system;
  const fd = yield* sys.open(process, name, O.RDONLY);
  if (fd < 0) return false;
  const at = PAGE_BYTES - SIGNATURE.length;
  const got = yield* sys.pread(process, fd, SIGNATURE.length, at);
  yield* sys.close(process, fd);
  return typeof got !== 'number' && utf8ToText(got.bytes()) === SIGNATURE;
}
