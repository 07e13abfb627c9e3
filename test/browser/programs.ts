/**
 * What is run on Node and in a browser: scenarios and random machines, from given seeds. Of each, the hash of every byte
 * of its traces and logs. Nothing here may know where it runs.
 */

import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import type { Machine } from '../../src/machine.ts';
import { traceText } from '../../src/report/trace-text.ts';
import { exploreScenario, runScenario } from '../../src/scenario/api.ts';
import type { ExploredCell } from '../../src/scenario/explore.ts';
import { DeviceRun, deviceSteps } from '../laws/device-program.ts';
import { FsRun, fsSteps } from '../laws/fs-program.ts';
import { boot, machines, zonedMachines } from '../laws/machines.ts';
import { settle } from '../laws/watch.ts';

/** Random programs are drawn with this seed. */
const SEED = 1991;
const DEVICE_PROGRAMS = 12;
const FILE_PROGRAMS = 8;
/** Scenarios are run with these, explored ones too. */
const SCENARIO_SEEDS = [0, 7];

export interface Texts {
  /** YAML by file name. */
  readonly run: Readonly<Record<string, string>>;
  readonly explore: Readonly<Record<string, string>>;
}

/** SHA-256 of what each program left, by the program's name. */
export function traceHashes(texts: Texts): Record<string, string> {
  const hashes: Record<string, string> = {};
  for (const [file, text] of Object.entries(texts.run)) {
    for (const seed of SCENARIO_SEEDS) {
      const { cells } = runScenario(text, { file, seed });
      hashes[`${file} seed ${seed}`] = hashOf(cells.flatMap(({ machines: all }) => all));
    }
  }
  for (const [file, text] of Object.entries(texts.explore)) {
    const { cells } = exploreScenario(text, { file });
    hashes[`explore ${file}`] = hashText(JSON.stringify(cells.map(found)));
  }
  devicePrograms(hashes);
  filePrograms(hashes);
  return hashes;
}

/** What an exploration found: how many orders, what they came to, and the shortest that fails. */
function found({ explored }: ExploredCell): unknown {
  const { schedules, pruned, complete, longest, failing, outcomes, shortest } = explored;
  const each = outcomes.map((one) => [one.schedules, one.outcome.summary]);
  return [schedules, pruned, complete, longest, failing, each, shortest?.saved ?? null];
}

function devicePrograms(hashes: Record<string, string>): void {
  const drawn = fc.sample(fc.tuple(machines, deviceSteps()), {
    seed: SEED,
    numRuns: DEVICE_PROGRAMS,
  });
  drawn.forEach(([spec, steps], number) => {
    const run = DeviceRun.start(spec);
    if (run === null) return;
    for (const step of steps) {
      run.step(step);
      settle(run.machine);
    }
    hashes[`device program ${number} on ${spec.kernel}`] = hashOf([run.machine]);
  });
}

function filePrograms(hashes: Record<string, string>): void {
  const drawn = fc.sample(fc.tuple(zonedMachines, fc.boolean(), fsSteps), {
    seed: SEED,
    numRuns: FILE_PROGRAMS,
  });
  drawn.forEach(([spec, zonefs, steps], number) => {
    const type = zonefs ? 'zonefs' : 'btrfs';
    const large = { size: 128, zone_size: 4, zone_capacity: 4 };
    const machine = boot(zonefs ? spec : { ...spec, disk: { ...spec.disk, ...large } });
    if (machine === null) return;
    const run = new FsRun(machine, spec.layers, type, [spec.kernel, '6.12.117']);
    for (const step of steps) run.step(step);
    run.readAll();
    hashes[`${type} program ${number} on ${spec.kernel}`] = hashOf([run.machine]);
  });
}

function hashOf(all: readonly Machine[]): string {
  const log = (machine: Machine): string =>
    machine.log.lines.map(({ timeNs, text }) => `${timeNs} ${text}\n`).join('');
  return hashText(all.map((machine) => traceText(machine) + log(machine)).join('\f'));
}

function hashText(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
