/** Small comparisons for tests. */

import { expect } from 'chai';
import { compare } from '../../src/compare/compare.ts';
import { loadComparison } from '../../src/compare/load.ts';
import type { ComparedCell, ComparisonResult, Measured } from '../../src/compare/result.ts';
import { ScenarioError, type ScenarioErrorCode } from '../../src/scenario/errors.ts';

export const DISKS = {
  null_blk:
    '{ profile: null_blk, size: 256, zoned: 1, zone_size: 16, blocksize: 4096, memory_backed: 1 }',
  zn540:
    '{ profile: zn540, size: 256, zoned: 1, zone_size: 16, blocksize: 4096, memory_backed: 1 }',
  'smr-hdd':
    '{ profile: smr-hdd, driver: scsi_debug, dev_size_mb: 256, zbc: 2, zone_size_mb: 16, sector_size: 4096 }',
} as const;

export interface Parts {
  readonly title?: string;
  readonly workloads?: readonly string[];
  readonly kernels?: string;
  readonly ciphers?: string;
  readonly disks?: Readonly<Record<string, string>>;
  readonly more?: string;
}

/** A comparison file of YAML in flow style; what is not given is one small workload of zonefs on the ZN540. */
export function comparison(parts: Parts = {}): string {
  const {
    title = 'a test',
    workloads = ['{ target: zonefs, io: sync, block: 4k, size: 64k }'],
    kernels = '[v5.12, v6.12]',
    ciphers = '[raw, aes-xts-plain64]',
    disks = { zn540: DISKS.zn540 },
    more = '',
  } = parts;
  const diskLines = Object.entries(disks).map(([name, text]) => `    ${name}: ${text}`);
  return `version: 1
title: ${JSON.stringify(title)}
${more}compare:
  workloads:
${workloads.map((one) => `    - ${one}`).join('\n')}
  kernels: ${kernels}
  ciphers: ${ciphers}
  disks:
${diskLines.join('\n')}
`;
}

export function compared(parts: Parts = {}): ComparisonResult {
  return compare(comparison(parts));
}

/** What a cell measured; a cell that did not is an error that says why. */
export function measuredOf({ outcome, place }: ComparedCell): Measured {
  if (outcome.kind === 'measured') return outcome.measured;
  const { step, why } = outcome.refusal;
  throw new Error(
    `${place.kernel.name} on ${place.cipher.name} expected to run, got ${step}: ${why}`,
  );
}

/** The error a file must be refused with. */
export function refused(text: string, code: ScenarioErrorCode): ScenarioError {
  try {
    loadComparison('file.yaml', text);
  } catch (error) {
    expect(error).to.be.instanceOf(ScenarioError);
    const found = error as ScenarioError;
    expect(found.code, found.format()).to.equal(code);
    return found;
  }
  throw new Error('expected a ScenarioError, got none');
}
