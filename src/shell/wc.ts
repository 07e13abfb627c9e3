/** wc of coreutils 9.1 (src/wc.c), counting bytes only. */

import { O, S } from '../fs/inode.ts';
import { NotModelled } from '../kernel/not-modelled.ts';
import type { Task } from '../sim/task.ts';
import { diagnose, optionsOf } from './messages.ts';
import { isType } from './paths.ts';
import type { Process } from './program.ts';
import { quotedIfNeeded } from './text.ts';

/** wc -c: counts by reading, or by the size of a regular file that has one. */
export function* wc(process: Process): Task<number> {
  const parsed = optionsOf(process, [
    { short: 'c', long: 'bytes' },
    ...['l', 'w', 'm', 'L'].map((short) => ({ short })),
  ]);
  if (typeof parsed === 'number') return parsed;
  const only = parsed.options.every(({ name }) => name === 'bytes') && parsed.options.length > 0;
  if (!only) throw new NotModelled('wc without -c', 'use wc -c');
  if (parsed.operands.length === 0) {
    process.stdout.write(`${process.stdin.length}\n`);
    return 0;
  }
  const rows: { bytes: number; name: string; regular: boolean }[] = [];
  let exit = 0;
  for (const name of parsed.operands) {
    const bytes = yield* countBytes(process, name);
    if (bytes.error !== 0) {
      diagnose(process, quotedIfNeeded(name), bytes.error);
      exit = 1;
    }
    if (bytes.opened) rows.push({ bytes: bytes.count, name, regular: bytes.regular });
  }
  if (parsed.operands.length > 1) {
    rows.push({
      bytes: rows.reduce((sum, row) => sum + row.bytes, 0),
      name: 'total',
      regular: true,
    });
  }
  // What is no regular file has no size to tell a width by: then it is 7.
  const least = parsed.operands.length > 1 && rows.some((row) => !row.regular) ? 7 : 1;
  const width = Math.max(least, ...rows.map((row) => String(row.bytes).length));
  for (const row of rows) {
    process.stdout.write(`${String(row.bytes).padStart(width)} ${row.name}\n`);
  }
  return exit;
}

function* countBytes(
  process: Process,
  name: string,
): Task<{ opened: boolean; regular: boolean; count: number; error: number }> {
  const { sys } = process.system;
  const fd = yield* sys.open(process, name, O.RDONLY);
  if (fd < 0) return { opened: false, regular: false, count: 0, error: fd };
  let count = 0;
  let error = 0;
  const stat = yield* sys.fstat(process, fd);
  const regular = typeof stat !== 'number' && isType(stat, S.IFREG);
  if (regular && stat.size > 0) {
    count = stat.size;
  } else {
    for (;;) {
      const got = yield* sys.read(process, fd, 16 * 1024);
      if (typeof got === 'number') error = got;
      else count += got.lengthBytes;
      if (typeof got === 'number' || got.lengthBytes === 0) break;
    }
  }
  yield* sys.close(process, fd);
  return { opened: true, regular, count, error };
}
