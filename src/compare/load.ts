/** Loads a comparison: YAML, checked, every axis written out. What is wrong is said with its place; nothing is run. */

import { closest } from '../kernel/suggest.ts';
import { type DiskAttributes, MachineError } from '../machine.ts';
import { costsOf, makeDisks } from '../machine-disks.ts';
import { type PathPart, ScenarioDocument } from '../scenario/document.ts';
import { ScenarioError } from '../scenario/errors.ts';
import { COMPARED, isComparison } from '../scenario/kind.ts';
import { kernelAt, refuseUnquoted } from '../scenario/load.ts';
import { schemaError } from '../scenario/schema-error.ts';
import type { ComparedCipher, ComparedDisk, ComparedKernel, Comparison, Point } from './point.ts';
import { type CompareFile, compareSchema, type WorkloadText } from './schema.ts';
import { COMPARE_WORDS, WHAT } from './words.ts';

const MAX_CELLS = 10_000;
/** Of one cell: its latencies and its trace are kept until it is told. */
const MAX_CELL_WRITES = 200_000;
/** Of all cells: minutes of work. */
const MAX_WRITES = 50_000_000;
const XTS_KEY_BYTES = 64;
const KEY_BYTES = 32;

/** Throws ScenarioError for the first thing that is wrong. */
export function loadComparison(file: string, text: string): Comparison {
  const document = new ScenarioDocument(file, text, WHAT, 'version, title, compare');
  if (!isComparison(document)) throw noComparison(document);
  refuseUnquoted(document, kernelPaths(document));
  const parsed = compareSchema.safeParse(document.value, { reportInput: true });
  if (!parsed.success) {
    throw schemaError(document, document.value, parsed.error.issues, COMPARE_WORDS);
  }
  const { data } = parsed;
  const { workloads, kernels, ciphers, disks } = data.compare;
  const compared = {
    points: workloads.flatMap((one, at) => points(document, ['compare', 'workloads', at], one)),
    kernels: kernels.map(namedKernel),
    ciphers: ciphers.map(namedCipher),
    disks: Object.entries(disks).map(([name, attributes]) => ({ name, attributes })),
  };
  kernels.forEach((_, at) => {
    const path = ['compare', 'kernels', at];
    const inner = typeof kernels[at] === 'string' ? path : [...path, 'kernel'];
    kernelAt(document, inner, compared.kernels[at]!.kernel);
  });
  noneTwice(document, 'kernels', compared.kernels);
  noneTwice(document, 'ciphers', compared.ciphers);
  for (const disk of compared.disks) checkDisk(document, disk, compared.kernels);
  if (compared.disks.length === 0) {
    const place = document.placeOf(['compare', 'disks']);
    throw new ScenarioError('wrong-value', place, '"compare.disks" expected a disk, got none');
  }
  checkSize(document, compared);
  return { file, ...headOf(data), ...compared };
}

function headOf({ title, description, costs, seed }: CompareFile) {
  return {
    title,
    description: description ?? '',
    costs: costs === undefined || costs === 'default' ? ('default' as const) : costsOf(costs),
    seed: seed ?? 0,
  };
}

function noComparison(document: ScenarioDocument): ScenarioError {
  const scenario = document.keysAt([]).includes('steps');
  const message = scenario
    ? `${WHAT} expected the key "${COMPARED}", got a scenario: zonestack run ${document.file}`
    : `${WHAT} expected the key "${COMPARED}", got none`;
  const near = closest(COMPARED, document.keysAt([]));
  const place = document.placeOf([]);
  return new ScenarioError(
    scenario ? 'wrong-kind' : 'missing-key',
    place,
    message,
    near === null ? null : COMPARED,
  );
}

function kernelPaths(document: ScenarioDocument): PathPart[][] {
  const { compare } = document.value as { compare?: { kernels?: unknown } | null };
  const kernels = compare?.kernels;
  if (!Array.isArray(kernels)) return [];
  return kernels.flatMap((_, at) => {
    const path: PathPart[] = ['compare', 'kernels', at];
    return [path, [...path, 'kernel']];
  });
}

/** A workload of lists is one workload for each combination. */
function points(
  document: ScenarioDocument,
  path: readonly PathPart[],
  text: WorkloadText,
): Point[] {
  const { target, io, order = 'sequential' } = text;
  const name = text.name ?? `${target} ${io}`;
  const depths = several(text.depth ?? 1);
  if (io !== 'async' && depths.some((depth) => depth > 1)) {
    const place = document.placeOf([...path, 'depth']);
    const message = `"depth" expected 1 where "io" is ${io}: only async writes wait side by side`;
    throw new ScenarioError('wrong-value', place, message, 'io: async');
  }
  const sizeBytes = bytesOf(text.size);
  return several(text.block).flatMap((block) =>
    several(text.jobs ?? 1).flatMap((jobs) =>
      depths.map((depth) => {
        const blockBytes = bytesOf(block);
        const point = { name, target, io, order, blockBytes, jobs, depth, sizeBytes };
        checkPoint(document, path, point);
        return point;
      }),
    ),
  );
}

function checkPoint(document: ScenarioDocument, path: readonly PathPart[], point: Point): void {
  const { sizeBytes, blockBytes, jobs } = point;
  const wrong = (key: string, message: string): ScenarioError =>
    new ScenarioError('wrong-value', document.placeOf([...path, key]), message);
  if (blockBytes % 512 !== 0) {
    throw wrong('block', `"block" expected whole sectors of 512 bytes, got ${blockBytes} bytes`);
  }
  if (sizeBytes % blockBytes !== 0) {
    const said = `${sizeBytes} bytes in blocks of ${blockBytes}`;
    throw wrong('size', `"size" expected a multiple of "block", got ${said}`);
  }
  const writes = writesOf(point);
  if (writes > MAX_CELL_WRITES) {
    const said = `${jobs} x ${sizeBytes} bytes in blocks of ${blockBytes}: ${writes}`;
    throw wrong(
      'size',
      `"size" expected at most ${MAX_CELL_WRITES} writes of all jobs, got ${said}`,
    );
  }
}

function writesOf({ jobs, sizeBytes, blockBytes }: Point): number {
  return (jobs * sizeBytes) / blockBytes;
}

function checkSize(
  document: ScenarioDocument,
  axes: Pick<Comparison, 'points' | 'kernels' | 'ciphers' | 'disks'>,
): void {
  const each = axes.kernels.length * axes.ciphers.length * axes.disks.length;
  const cells = axes.points.length * each;
  const writes = axes.points.reduce((sum, point) => sum + writesOf(point) * each, 0);
  if (cells <= MAX_CELLS && writes <= MAX_WRITES) return;
  throw new ScenarioError(
    'matrix-too-large',
    document.placeOfKey([], COMPARED),
    `${WHAT} expected at most ${MAX_CELLS} cells and ${MAX_WRITES} writes, got ${cells} and ${writes}`,
  );
}

function namedKernel(text: CompareFile['compare']['kernels'][number]): ComparedKernel {
  return typeof text === 'string' ? { name: text, kernel: text } : text;
}

function namedCipher(text: CompareFile['compare']['ciphers'][number]): ComparedCipher {
  const { name, cipher, key_bytes, options } =
    typeof text === 'string' ? { name: text, cipher: text } : { ...text };
  return {
    name,
    cipher: cipher === 'raw' ? null : cipher,
    keyBytes: key_bytes ?? keyBytesOf(cipher),
    options: options ?? [],
  };
}

function keyBytesOf(cipher: string): number {
  if (cipher.startsWith('cipher_null')) return 0;
  return /\bxts\b/.test(cipher) ? XTS_KEY_BYTES : KEY_BYTES;
}

/** Reports tell two apart by their names. */
function noneTwice(
  document: ScenarioDocument,
  axis: 'kernels' | 'ciphers',
  all: readonly { readonly name: string }[],
): void {
  const at = all.findIndex(({ name }, i) => all.findIndex((one) => one.name === name) < i);
  if (at < 0) return;
  const place = document.placeOf(['compare', axis, at]);
  const message = `"compare.${axis}" expected a name once, got "${all[at]!.name}" twice`;
  throw new ScenarioError('wrong-value', place, message);
}

/** Every kernel's driver must take the disk, and it must have times: without any there is nothing to compare. */
function checkDisk(
  document: ScenarioDocument,
  { name, attributes }: ComparedDisk,
  kernels: readonly ComparedKernel[],
): void {
  const path = ['compare', 'disks', name];
  if (attributes.profile === undefined) {
    const message = `disk ${name} expected a "profile": without times there is nothing to compare`;
    throw new ScenarioError('missing-key', document.placeOf(path), message);
  }
  for (const { kernel } of kernels) {
    try {
      makeDisks(kernelAt(document, path, kernel), { [name]: attributes as DiskAttributes });
    } catch (error) {
      if (!(error instanceof MachineError)) throw error;
      const { attribute, suggestion, message } = error;
      const place =
        attribute === null ? document.placeOf(path) : document.placeOfKey(path, attribute);
      const code = error.code === 'refused' ? 'disk-refused' : 'disk-attribute';
      throw new ScenarioError(code, place, message, suggestion);
    }
  }
}

const UNITS: Readonly<Record<string, number>> = { k: 1024, m: 1024 * 1024 };

function bytesOf(size: number | string): number {
  if (typeof size === 'number') return size;
  const unit = UNITS[size.at(-1)!.toLowerCase()];
  return unit === undefined ? Number(size) : Number(size.slice(0, -1)) * unit;
}

function several<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
