/**
 * Sessions of dmcrypt-vectors.json: per cipher, sector size and iv_offset a table, and the ciphertext of a few sectors
 * of the pattern. Rows that equal another kernel's stand in that kernel's file only.
 */

import { createHash } from 'node:crypto';
import { BytesPayload, firstDifference, PatternPayload } from '../src/block/payload.ts';
import { O } from '../src/fs/inode.ts';
import { kernelOf, type Op, type Recording } from './facts.ts';
import type { Room } from './machine-room.ts';
import { recordedLines } from './masks.ts';
import type { Session } from './session.ts';
import { createMapping } from './zio.ts';
import type { Outcome } from './zio-words.ts';

const MAPPING = '/dev/mapper/t';
/** Seeds of the pattern that are tried against what a cipher that changes nothing left on the disk. */
const MOST_SEEDS = 4096;
const USUAL_SEED = 1;
const SECTORS_PER_MIB = 2048;

interface Row {
  readonly off: number;
  readonly len: number;
}

/** `all` is searched for the files that rows are said to be the same as. */
export function vectorSessions(recording: Recording, all: readonly Recording[]): Session[] {
  const seed = seedOf(recording, all);
  return Object.keys(recording.facts).map((id) => {
    const ops = recording.facts[id] ?? [];
    const table = text(ops.find((op) => op.op === 'vector')?.table);
    const [disk, sectors] = underlying(table);
    const rows = rowsOf(id, ops, all);
    return {
      disks: { [disk]: { size: Math.ceil(sectors / SECTORS_PER_MIB), memory_backed: 1 } },
      cells: [id],
      perform: (room, op) => {
        if (op.op === 'vector') return vector(room, table, rows ?? [], seed);
        if (op.op === 'ct') return row(room, `/dev/${disk}`, op as unknown as Row);
        if (op.op !== 'ct-same-as') return null;
        return rows === null ? absent(op) : sameRows(room, `/dev/${disk}`, op, rows);
      },
    };
  });
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** The disk a crypt table stands on, and the table's length in sectors. */
function underlying(table: string): readonly [string, number] {
  const words = table.split(' ');
  return [(words[6] ?? '/dev/v').replace('/dev/', ''), Number(words[1] ?? 0)];
}

/** The recorded rows of a vector, its own or those they are the same as; null when that file is not here. */
function rowsOf(id: string, ops: readonly Op[], all: readonly Recording[]): readonly Op[] | null {
  const same = ops.find((op) => op.op === 'ct-same-as');
  if (same === undefined) return ops.filter((op) => op.op === 'ct');
  const there = all.find(
    (one) => one.file === 'dmcrypt-vectors' && one.kernel === kernelOf(text(same.kernel)),
  );
  const rows = there?.facts[id]?.filter((op) => op.op === 'ct') ?? [];
  return rows.length === 0 ? null : rows;
}

/** The seed of the pattern that was written, read off the rows of a cipher that is none. */
function seedOf(recording: Recording, all: readonly Recording[]): number {
  for (const [id, ops] of Object.entries(recording.facts)) {
    if (!id.startsWith('cipher_null')) continue;
    const [plain] = rowsOf(id, ops, all) ?? [];
    if (plain === undefined) continue;
    const { off, len } = plain as unknown as Row;
    for (let seed = 1; seed <= MOST_SEEDS; seed += 1) {
      const head = new PatternPayload(seed, off, len).bytes().slice(0, 64);
      if (Buffer.from(head).toString('hex') === plain.head) return seed;
    }
  }
  return USUAL_SEED;
}

/** Loads the table, writes the sectors the rows are about, and reads the last one back. */
function vector(room: Room, table: string, rows: readonly Op[], seed: number): Outcome {
  const made = createMapping(room, 't', table);
  if (made.stage === 'ok') room.flushLog();
  const dmesg = recordedLines(room.flushLog());
  const out: Outcome = {
    table,
    stage: made.stage,
    ...(made.errno === undefined ? {} : { errno: made.errno }),
    ...(dmesg.length === 0 ? {} : { dmesg }),
  };
  if (made.stage !== 'ok') return out;
  const { vfs } = room.machine;
  const places = rows as unknown as readonly Row[];
  const fd = room.call(vfs.open(room.process, MAPPING, O.RDWR | O.DIRECT));
  for (const { off, len } of places) {
    room.call(vfs.pwrite(room.process, fd, new PatternPayload(seed, off, len), off));
  }
  const last = places.at(-1) ?? { off: 0, len: 4096 };
  if (places.length === 0) {
    room.call(vfs.pwrite(room.process, fd, new PatternPayload(seed, 0, last.len), 0));
  }
  const read = room.call(vfs.pread(room.process, fd, last.len, last.off));
  room.call(vfs.close(room.process, fd));
  const expected = new PatternPayload(seed, last.off, last.len);
  return { ...out, readback: typeof read !== 'number' && firstDifference(read, expected) < 0 };
}

/** One encryption sector as it stands on the disk below. */
function row(room: Room, path: string, { off, len }: Row): Outcome {
  const { vfs } = room.machine;
  const fd = room.call(vfs.open(room.process, path, O.RDONLY | O.DIRECT));
  const read = room.call(vfs.pread(room.process, fd, len, off));
  room.call(vfs.close(room.process, fd));
  if (typeof read === 'number') return { off, len, errno: read };
  const bytes = new BytesPayload(read.bytes()).bytes();
  return {
    off,
    len,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    head: Buffer.from(bytes.slice(0, 64)).toString('hex'),
    tail: Buffer.from(bytes.slice(-64)).toString('hex'),
  };
}

/** Every row that is not as recorded makes the outcome differ. */
function sameRows(room: Room, path: string, op: Op, rows: readonly Op[]): Outcome {
  const different = rows.flatMap((recorded) => {
    const got = row(room, path, recorded as unknown as Row);
    const same = Object.entries(got).every(([key, value]) => recorded[key] === value);
    return same ? [] : [{ expected: recorded, got }];
  });
  return {
    kernel: op.kernel,
    rows: rows.length,
    ...(different.length === 0 ? {} : { different }),
  };
}

function absent(op: Op): string {
  return `ciphertext: its rows stand in dmcrypt-vectors.json of ${text(op.kernel)}, which is not here`;
}
