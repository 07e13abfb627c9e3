/** pattern: the project's own command for named test data. */

import { PatternPayload } from '../block/payload.ts';
import type { Task } from '../sim/task.ts';
import { ddNumber } from './dd-operands.ts';
import { diagnose } from './messages.ts';
import { writeOut } from './output.ts';
import type { Process } from './program.ts';
import { quoted } from './text.ts';

/** The largest piece of a pattern written at once: as much as cat would. */
const PIECE_BYTES = 128 * 1024;

/** `pattern SEED LENGTH`: named test data on standard output, the same bytes on every machine (block/pattern.ts). */
export function* pattern(process: Process): Task<number> {
  const [seedText, lengthText, ...rest] = process.argv.slice(1);
  if (seedText === undefined || lengthText === undefined || rest.length > 0) {
    process.stderr.write('usage: pattern SEED LENGTH\n');
    return 2;
  }
  const seed = Number(seedText);
  if (!/^\d+$/.test(seedText) || seed > 0xffffffff) {
    diagnose(process, `SEED is a whole number below 2^32, not ${quoted(seedText)}`);
    return 2;
  }
  const length = ddNumber(lengthText);
  if (length === null || !Number.isFinite(length)) {
    diagnose(process, `LENGTH is a number of bytes like 4096 or 64k, not ${quoted(lengthText)}`);
    return 2;
  }
  for (let at = 0; at < length; at += PIECE_BYTES) {
    const piece = new PatternPayload(seed, at, Math.min(PIECE_BYTES, length - at));
    const written = yield* writeOut(process, piece);
    if (written < 0) {
      diagnose(process, 'write error', written);
      return 1;
    }
  }
  return 0;
}
