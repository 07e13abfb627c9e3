/**
 * The recordings on disk: `DIR/KERNEL/{limits,mount,series,zonefs-io,paths,dmcrypt-vectors,bug*}.json`, each
 * `{kernel, release, facts: {ID: [op, ...]}}` with the ops of one fact in execution order.
 */

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';

/** One recorded operation: its name, its arguments, and what came of it. */
export interface Op {
  readonly op: string;
  readonly args?: string;
  readonly [result: string]: unknown;
}

export interface Recording {
  /** As zonestack names it: `v5.12+series[1-2]`, `6.12.117`. */
  readonly kernel: string;
  /** `limits`, `mount`, `series`, ... */
  readonly file: string;
  readonly facts: Readonly<Record<string, readonly Op[]>>;
}

/** In recordings a bare `6.12` means the recorded build. */
const BUILDS: Readonly<Record<string, string>> = {
  '5.10': '5.10.262',
  '6.1': '6.1.192',
  '6.12': '6.12.117',
  '7.3': '7.3.4',
};

/** All recordings of a folder, or of one kernel's folder, in order of kernel and file. */
export function loadRecordings(directory: string): Recording[] {
  const folders = readdirSync(directory)
    .map((name) => join(directory, name))
    .filter((path) => statSync(path).isDirectory());
  const all = (folders.length === 0 ? [directory] : folders).sort().flatMap(loadFolder);
  if (all.length === 0) throw new Error(`no recordings under ${directory}`);
  return all;
}

function loadFolder(folder: string): Recording[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) => {
      const json = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {
        kernel?: string;
        facts?: Record<string, Op[]>;
      };
      if (json.facts === undefined || json.kernel === undefined) return [];
      const kernel = BUILDS[json.kernel] ?? json.kernel;
      return [{ kernel, file: basename(name, '.json'), facts: json.facts }];
    });
}
