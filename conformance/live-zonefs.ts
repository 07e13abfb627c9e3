/**
 * `node --import tsx conformance/live-zonefs.ts --runner COMMAND [--kernel K]... [--keep DIR]`: has real kernels mount what
 * our mkzonefs wrote, and ours mount what a real mkzonefs wrote. The runner is called once for each kernel (docs/
 * conformance.md, "Live"). Exit codes: 0 all agree, 1 some do not, 2 bad input or a runner that did not get through.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { kernelByName } from '../src/kernel/releases.ts';
import { kernelOf, RECORDED_KERNELS } from './facts.ts';
import {
  CASES,
  guestScript,
  type LiveCase,
  looked,
  ourLook,
  ourSuper,
  sameSuper,
} from './live-zonefs-cases.ts';
import { isUsageError, UsageError } from './usage.ts';

interface Options {
  readonly runner: string;
  /** As the runner is to hear them: `6.12`. */
  readonly kernels: readonly string[];
  readonly keep: string | undefined;
}

function options(): Options {
  const { values } = parseArgs({
    options: {
      runner: { type: 'string' },
      kernel: { type: 'string', multiple: true },
      keep: { type: 'string' },
    },
  });
  const { runner, kernel, keep } = values;
  if (runner === undefined || runner.trim() === '') {
    throw new UsageError('--runner: expected a command that boots a kernel, got none');
  }
  const kernels = kernel ?? RECORDED_KERNELS;
  for (const one of kernels) known(one);
  return { runner, kernels, keep };
}

function known(kernel: string): void {
  try {
    kernelByName(kernelOf(kernel));
  } catch (error) {
    throw new UsageError(`--kernel: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Boots `kernel` with the script; where the guest's files are. */
function boot(runner: string, kernel: string, script: string, out: string): void {
  const done = spawnSync('sh', ['-c', `${runner} "$@"`, 'sh', kernel, script, out], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (done.status === 0) return;
  const how = done.status === null ? `by signal ${done.signal}` : `with ${done.status}`;
  const said = `${done.stdout}${done.stderr}`.trim().split('\n').slice(-10).join('\n  ');
  throw new UsageError(`--runner: ended ${how} for kernel ${kernel}\n  ${said}`);
}

/** What is wrong about a case, in words; nothing when all agrees. */
function problems(kernel: string, one: LiveCase, out: string): string[] {
  const read = (name: string): Uint8Array | null => {
    const path = join(out, `${one.id}.${name}`);
    return existsSync(path) ? readFileSync(path) : null;
  };
  const refusal = read('refused');
  if (refusal !== null) return [`null_blk refused the disk: ${text(refusal).trim()}`];
  const found: string[] = [];
  const ours = read('ours');
  if (ours === null) found.push('the guest left nothing about our image');
  else
    differences(
      'our image',
      looked(text(ours)),
      ourLook(kernelOf(kernel), one, ourSuper(one)),
      found,
    );
  const image = read('img');
  const real = read('real');
  if (image === null || real === null)
    return [...found, 'the guest made no image: has it mkzonefs?'];
  const other = sameSuper(image, ourSuper(one));
  if (other !== null) found.push(`its super block: ${other}`);
  differences('its image', looked(text(real)), ourLook(kernelOf(kernel), one, image), found);
  return found;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function differences(what: string, expected: string[], got: string[], found: string[]): void {
  for (let i = 0; i < Math.max(expected.length, got.length); i += 1) {
    if (expected[i] === got[i]) continue;
    found.push(`${what}, line ${i + 1}: real "${expected[i] ?? ''}", ours "${got[i] ?? ''}"`);
  }
}

function main(): number {
  const { runner, kernels, keep } = options();
  const folder = keep ?? mkdtempSync(join(tmpdir(), 'live-zonefs-'));
  let different = 0;
  try {
    mkdirSync(folder, { recursive: true });
    const script = join(folder, 'live-zonefs.sh');
    writeFileSync(script, guestScript());
    for (const kernel of kernels) {
      const out = join(folder, kernel);
      mkdirSync(out, { recursive: true });
      boot(runner, kernel, script, out);
      const bad = CASES.map((one) => ({ id: one.id, wrong: problems(kernel, one, out) })).filter(
        ({ wrong }) => wrong.length > 0,
      );
      for (const { id, wrong } of bad) {
        process.stdout.write(`${kernel} ${id}\n${wrong.map((line) => `  ${line}\n`).join('')}`);
      }
      different += bad.length;
      const equal = CASES.length - bad.length;
      process.stdout.write(`${kernel}: ${equal} of ${CASES.length} cases agree, both ways\n`);
    }
  } finally {
    if (keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
  return different > 0 ? 1 : 0;
}

try {
  process.exitCode = main();
} catch (error) {
  if (!isUsageError(error)) throw error;
  process.stderr.write(`live-zonefs: ${error.message}\n`);
  process.exitCode = 2;
}
