/**
 * The recordings on disk: `DIR/KERNEL/{limits,mount,series,zonefs-io,paths,dmcrypt-vectors,bug*}.json`, each
 * `{kernel, release, facts: {ID: [op, ...]}}` with the ops of one fact in execution order.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

/** One recorded operation: its name, its arguments, and what came of it. */
export interface Op {
  readonly op: string;
  readonly args?: string;
  readonly [result: string]: unknown;
}

/** What the guest script of that name recorded. */
export const KINDS = [
  'limits',
  'mount',
  'series',
  'zonefs-io',
  'paths',
  'dmcrypt-vectors',
  'bug',
] as const;
export type Kind = (typeof KINDS)[number];

export interface Recording {
  /** As zonestack names it: `v5.12+series[1-2]`, `6.12.117`. */
  readonly kernel: string;
  /** `limits`, `mount`, `series`, ... */
  readonly file: string;
  /** Which script recorded it, by the start of the file's name; null for one nobody knows. */
  readonly kind: Kind | null;
  readonly facts: Readonly<Record<string, readonly Op[]>>;
}

/** In recordings a bare `6.12` means the recorded build. */
const BUILDS: Readonly<Record<string, string>> = {
  '5.10': '5.10.262',
  '6.1': '6.1.192',
  '6.12': '6.12.117',
  '7.3': '7.3.4',
};

/** The recorded builds by their short names. */
export const RECORDED_KERNELS: readonly string[] = Object.keys(BUILDS);

/** A recorded kernel's name as zonestack knows it. */
export function kernelOf(name: string): string {
  return BUILDS[name] ?? name;
}

/** A folder or a file of recordings that cannot be used. The message says which and why. */
export class FactsError extends Error {}

/**
 * All recordings of a folder, or of one kernel's folder, in order of kernel and file. Files that are no recordings
 * (another shape of JSON) are left out and named in `skipped`. Throws FactsError.
 */
export function loadRecordings(directory: string, skipped: string[] = []): Recording[] {
  const folders = entries(directory).filter((path) => statSync(path).isDirectory());
  // What lies beside kernels' folders may be of any kind.
  const all = [
    ...loadFolder(directory, folders.length === 0 ? skipped : []),
    ...folders.flatMap((folder) => loadFolder(folder, skipped)),
  ];
  if (all.length === 0) throw new FactsError(`no recordings under ${directory}`);
  return all;
}

function entries(directory: string): string[] {
  try {
    return readdirSync(directory)
      .sort()
      .map((name) => join(directory, name));
  } catch (error) {
    throw new FactsError(`${directory}: ${reason(error)}`);
  }
}

function loadFolder(folder: string, skipped: string[]): Recording[] {
  return entries(folder)
    .filter((path) => path.endsWith('.json') && statSync(path).isFile())
    .flatMap((path) => {
      const recording = loadFile(path);
      if (recording === null) skipped.push(path);
      return recording ?? [];
    });
}

/** Null for JSON that is no recording: it has no `facts`. */
function loadFile(path: string): Recording | null {
  const json = parse(path);
  if (!isObject(json) || !('facts' in json)) return null;
  const { kernel, facts } = json;
  if (typeof kernel !== 'string') throw new FactsError(`${path}: "kernel" is not a name`);
  if (!isObject(facts)) throw new FactsError(`${path}: "facts" is not an object`);
  for (const [id, ops] of Object.entries(facts)) {
    const good =
      Array.isArray(ops) &&
      ops.every(
        (op) =>
          isObject(op) &&
          typeof op.op === 'string' &&
          (op.args === undefined || typeof op.args === 'string'),
      );
    if (!good) throw new FactsError(`${path}: fact "${id}" is not a list of {"op", "args", ...}`);
  }
  const file = basename(path, '.json');
  const kind = KINDS.find((one) => file === one || (one === 'bug' && file.startsWith(one))) ?? null;
  return { kernel: kernelOf(kernel), file, kind, facts: facts as Recording['facts'] };
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new FactsError(`${path}: ${reason(error)}`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
