/** What the handlers of the driver's operations share: numbers, options, test data, and the shape of outcomes. */

import { createHash } from 'node:crypto';
import {
  FillPayload,
  firstDifference,
  PatternPayload,
  type Payload,
} from '../src/block/payload.ts';
import { errnoName } from '../src/kernel/errno.ts';
import type { Op } from './facts.ts';
import type { Room } from './machine-room.ts';

export type Outcome = Record<string, unknown>;
export type Handler = (room: Room, words: readonly string[], op: Op) => Outcome;

export function result(value: number): Outcome {
  return value < 0 ? { errno: errnoName(value), ret: -1 } : { ret: value };
}

export function number(text: string): number {
  const match = /^(-?)(0x[0-9a-f]+|\d+)([KMGs]?)$/i.exec(text);
  if (match === null) throw new Error(`"number" expected digits and a unit, got ${text}`);
  const unit = { '': 1, K: 1024, M: 1 << 20, G: 1 << 30, s: 512 }[match[3] ?? ''] ?? 1;
  return Number(match[2]) * unit * (match[1] === '-' ? -1 : 1);
}

export function option(words: readonly string[], name: string): string | undefined {
  return words.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** The driver's test data for a write of `length` bytes at `offset`. */
export function data(words: readonly string[], offset: number, length: number): Payload {
  const byte = option(words, 'byte');
  if (byte !== undefined) return new FillPayload(number(byte) & 0xff, length);
  const from = option(words, 'patoff');
  const seed = number(option(words, 'pat') ?? '1');
  return new PatternPayload(seed, from === undefined ? Math.max(0, offset) : number(from), length);
}

/** Digest, and comparison with the expected pattern, of what was read at `offset`. */
export function describe(read: Payload, words: readonly string[], offset: number): Outcome {
  const bytes = read.bytes();
  const out: Outcome = {
    sha256: createHash('sha256').update(bytes).digest('hex'),
    allzero: bytes.every((byte) => byte === 0),
  };
  if (words.includes('hex')) {
    out.head = Buffer.from(bytes.slice(0, 64)).toString('hex');
    out.tail = Buffer.from(bytes.slice(Math.max(0, bytes.length - 64))).toString('hex');
  }
  const check = option(words, 'check');
  if (check !== undefined) {
    const from = number(option(words, 'patoff') ?? String(offset));
    const bad = firstDifference(read, new PatternPayload(number(check), from, bytes.length));
    out.match = bad < 0;
    if (bad >= 0) out.firstBad = bad;
  }
  return out;
}

export function fd(room: Room, name: string | undefined): number {
  return room.files.get(name ?? '') ?? -1;
}
