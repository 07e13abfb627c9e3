/**
 * How long the command takes to start, in bare nodes: `zonestack run` of a scenario of one step that does nothing. By the
 * clock on the wall, because what is measured is another process.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { median } from './measure.ts';

const COMMAND = fileURLToPath(new URL('../bin/zonestack.js', import.meta.url));
const SCENARIO = `version: 1
title: nothing
kernel: v6.12
disks:
  nullb0: { size: 256, zoned: 1, zone_size: 4, memory_backed: 1 }
steps:
  - run: uname -r
`;

/** Milliseconds until the command has run, and bare node's part of them. */
export function coldStart(rounds: number): { ms: number; ratio: number } {
  const folder = mkdtempSync(join(tmpdir(), 'zonestack-bench-'));
  try {
    const file = join(folder, 'nothing.yaml');
    writeFileSync(file, SCENARIO);
    elapsedMs([COMMAND, 'run', file]);
    const times = Array.from({ length: rounds }, () => ({
      bare: elapsedMs(['-e', '0']),
      run: elapsedMs([COMMAND, 'run', file]),
    }));
    return {
      ms: median(times.map(({ run }) => run)),
      ratio: median(times.map(({ bare, run }) => bare / run)),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function elapsedMs(args: readonly string[]): number {
  const start = process.hrtime.bigint();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`"exit" expected 0, got ${status}: ${stderr}`);
  return Number(process.hrtime.bigint() - start) / 1e6;
}
