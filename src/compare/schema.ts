/**
 * The format of comparisons, version 1, as a zod schema: workloads x kernels x ciphers x disks. `schema/compare.json` is
 * made from it.
 */

import * as z from 'zod';
import { costs, diskAttributes } from '../scenario/schema.ts';

/** `${` is kept out of names: they stand in reports, where nothing is put in. */
const name = z.string().min(1).max(40);

const size = z
  .union([z.int().min(512), z.string().regex(/^[1-9]\d{0,9}[kKmM]?$/, 'a size such as 4k or 16m')])
  .describe('Bytes, or 4k, 16m (powers of 1024).');

function list<T extends z.ZodType>(one: T, most: number) {
  return z.union([one, z.array(one).min(1).max(most)]);
}

export const TARGETS = ['zonefs', 'btrfs', 'raw'] as const;
export const IO = ['sync', 'async', 'buffered'] as const;
export const ORDERS = ['sequential', 'random'] as const;

const workload = z.strictObject({
  name: name.optional().describe('What reports call it; made of the rest unless given.'),
  target: z.enum(TARGETS).describe('Files of a file system, or the device itself.'),
  io: z
    .enum(IO)
    .describe(
      'sync: O_DIRECT, one write after another; async: O_DIRECT, libaio; buffered: through the page cache, with an fsync at the end.',
    ),
  block: list(size, 16).describe('Of one write; several: one workload each.'),
  jobs: list(z.int().min(1).max(64), 16)
    .optional()
    .describe(
      'Writers side by side, each with a file (zonefs, btrfs) or zone (raw) of its own; 1.',
    ),
  depth: list(z.int().min(1).max(256), 16)
    .optional()
    .describe('Writes a job has under way at once; async only; 1.'),
  size: size.describe('What each job writes.'),
  order: z.enum(ORDERS).optional().describe('sequential unless given.'),
});

const kernel = z.union([
  z.string().min(1),
  z.strictObject({
    name: name.describe('What reports call it.'),
    kernel: z.string().min(1).describe('A release or build and +patches, as in scenarios.'),
  }),
]);

const cipher = z.union([
  z.string().min(1),
  z.strictObject({
    name: name.describe('What reports call it.'),
    cipher: z
      .string()
      .min(1)
      .describe("As in dm-crypt's table: aes-xts-plain64; raw: no dm-crypt."),
    key_bytes: z
      .int()
      .min(0)
      .max(256)
      .optional()
      .describe('64 for xts, 0 for cipher_null, else 32.'),
    options: z.array(z.string().min(1)).max(8).optional().describe('sector_size:4096, ...'),
  }),
]);

const diskName = z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/);

export const compareSchema = z.strictObject({
  version: z.literal(1),
  title: z.string().min(1),
  description: z.string().optional(),
  costs: costs.optional().describe('As in scenarios; default unless given.'),
  seed: z.int().min(0).optional().describe('Of everything machines draw; 0 unless given.'),
  compare: z.strictObject({
    workloads: z.array(workload).min(1).max(64),
    kernels: z.array(kernel).min(1).max(32).describe('The first is what others are measured by.'),
    ciphers: z.array(cipher).min(1).max(16).describe('raw: the disk without dm-crypt.'),
    disks: z
      .record(diskName, diskAttributes)
      .describe('By a name of yours; attributes as in scenarios, with a profile.'),
  }),
});

export type CompareFile = z.infer<typeof compareSchema>;
export type WorkloadText = CompareFile['compare']['workloads'][number];

export const COMPARE_TOP_KEYS = Object.keys(compareSchema.shape);
export const COMPARE_KEYS = Object.keys(compareSchema.shape.compare.shape);
export const WORKLOAD_KEYS = Object.keys(workload.shape);
export const KERNEL_KEYS = ['name', 'kernel'];
export const CIPHER_KEYS = ['name', 'cipher', 'key_bytes', 'options'];
