import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import fc from 'fast-check';
import { compareSchemaText } from '../../scripts/schema.ts';
import { compare } from '../../src/compare/compare.ts';
import { loadComparison } from '../../src/compare/load.ts';
import { cellPlaces, titleOf } from '../../src/compare/point.ts';
import { COMPARE_KEYS, COMPARE_TOP_KEYS, WORKLOAD_KEYS } from '../../src/compare/schema.ts';
import { ScenarioError } from '../../src/scenario/errors.ts';
import { comparison, DISKS, refused } from './support.ts';

function workload(text: string): string {
  return comparison({ workloads: [text] });
}

describe('a comparison file', () => {
  it('stands for one workload for each block size, number of jobs and depth', () => {
    const text = workload(
      '{ target: raw, io: async, block: [4k, 8k], jobs: [1, 2], depth: [1, 4], size: 16k }',
    );
    const { points } = loadComparison('file.yaml', text);
    expect(points.map(titleOf)).to.deep.equal([
      'raw async, 4 KiB, 1 job',
      'raw async, 4 KiB, 1 job, depth 4',
      'raw async, 4 KiB, 2 jobs',
      'raw async, 4 KiB, 2 jobs, depth 4',
      'raw async, 8 KiB, 1 job',
      'raw async, 8 KiB, 1 job, depth 4',
      'raw async, 8 KiB, 2 jobs',
      'raw async, 8 KiB, 2 jobs, depth 4',
    ]);
  });

  it('scenarios/fallback.yaml compares the five ways over three ciphers and three disks', () => {
    const file = 'scenarios/fallback.yaml';
    const text = readFileSync(file, 'utf8');
    const found = loadComparison(file, text);
    expect(found.kernels.map(({ kernel }) => kernel)).to.deep.equal([
      'v5.12',
      'v5.12+series',
      'v5.14',
      'v6.5',
      'v6.12',
    ]);
    expect(found.ciphers.map(({ cipher }) => cipher)).to.deep.equal([
      null,
      'aes-xts-plain64',
      'aes-cbc-null',
    ]);
    expect(found.disks.map(({ attributes }) => attributes.profile)).to.deep.equal([
      'null_blk',
      'zn540',
      'smr-hdd',
    ]);
    expect(cellPlaces(found).length).to.equal(found.points.length * 45);
    const [head, what] = text.split('\n');
    expect(head).to.equal('# yaml-language-server: $schema=../schema/compare.json');
    expect(what).to.match(/^# \S/);
  });

  it('has a schema made from what the loader checks: node --import tsx scripts/schema.ts', () => {
    expect(readFileSync('schema/compare.json', 'utf8')).to.equal(compareSchemaText());
  });

  it('is described with every key, and the example runs and is right', () => {
    const text = readFileSync('docs/compare.md', 'utf8');
    const names = [...COMPARE_TOP_KEYS, ...COMPARE_KEYS, ...WORKLOAD_KEYS];
    expect(names.filter((name) => !text.includes(`\`${name}\``))).to.deep.equal([]);
    const { cells } = compare(/```yaml\n([\s\S]*?)```/.exec(text)![1]!);
    const data = cells.map(({ outcome }) => outcome.kind === 'measured' && outcome.data.verdict);
    expect(new Set(data)).to.deep.equal(new Set(['right']));
  });
});

describe('a comparison that cannot be', () => {
  it('says what a scenario is, and the other way round nothing is run', () => {
    const error = refused('version: 1\ntitle: t\nsteps: []\n', 'wrong-kind');
    expect(error.message).to.include('zonestack run file.yaml');
  });

  it('names the key that was meant, with its place and a caret', () => {
    const error = refused(comparison().replace('kernels:', 'kernals:'), 'unknown-key');
    expect(error.suggestion).to.equal('kernels');
    const { line, column, picture } = error.place;
    expect({ line, column }).to.deep.equal({ line: 6, column: 3 });
    expect(picture.split('\n')[1]).to.equal('    ^');
    expect(refused('version: 1\ntitle: t\ncompair: {}\n', 'missing-key').suggestion).to.equal(
      'compare',
    );
    const io = refused(
      workload('{ target: zonefs, io: sinc, block: 4k, size: 4k }'),
      'wrong-value',
    );
    expect(io.suggestion).to.equal('sync');
  });

  it('refuses a kernel that is none, or that YAML read as a number', () => {
    const unknown = refused(comparison({ kernels: '[v6.13]' }), 'kernel-unknown');
    expect(unknown.place.line).to.equal(6);
    const number = refused(comparison({ kernels: '[5.10]' }), 'kernel-unquoted');
    expect(number.suggestion).to.include('v5.10');
    refused(comparison({ kernels: '[{ name: old, kernel: 5.10 }]' }), 'kernel-unquoted');
    refused(comparison({ kernels: '[v6.12+series]' }), 'patch-conflict');
  });

  it('refuses a disk without times, and one that no driver makes', () => {
    const disks = (text: string): string => comparison({ disks: { one: text } });
    const untimed = refused(disks('{ size: 256, zoned: 1 }'), 'missing-key');
    expect(untimed.message).to.include('expected a "profile"');
    const typo = DISKS.zn540.replace('zone_size', 'zone_sise');
    expect(refused(disks(typo), 'disk-attribute').suggestion).to.equal('zone_size');
    refused(disks(DISKS.zn540.replace('zn540', 'zn541')), 'disk-attribute');
    refused(comparison({ disks: {} }).replace('disks:\n', 'disks: {}\n'), 'wrong-value');
  });

  it('refuses workloads that make no whole blocks, no depth, or too much', () => {
    const wrong = (text: string): string => refused(workload(text), 'wrong-value').message;
    expect(wrong('{ target: raw, io: sync, block: 4k, size: 6k }')).to.include('multiple');
    expect(wrong('{ target: raw, io: sync, block: 700, size: 7000 }')).to.include('whole sectors');
    const deep = '{ target: raw, io: sync, block: 4k, depth: 4, size: 64k }';
    expect(wrong(deep)).to.include('"depth" expected 1');
    const long = '{ target: raw, io: sync, block: 512, jobs: 64, size: 64m }';
    expect(wrong(long)).to.include('at most 200000 writes');
    expect(wrong('{ target: raw, io: sync, block: four, size: 4k }')).to.include(
      'a size such as 4k',
    );
    refused(workload('{ target: raw, io: sync, block: 4k, size: [4k] }'), 'wrong-type');
    refused(workload('{ target: ext4, io: sync, block: 4k, size: 4k }'), 'wrong-value');
  });

  it('refuses more cells than anybody waits for', () => {
    const many = Array.from({ length: 16 }, (_, i) => i + 1).join(', ');
    const one = `{ target: raw, io: async, block: 4k, jobs: [${many}], depth: [${many}], size: 64k }`;
    const text = comparison({ workloads: Array.from({ length: 30 }, () => one) });
    refused(text, 'matrix-too-large');
  });

  it('whatever is changed in a file, it is read or refused with its place; nothing else is thrown', () => {
    const text = comparison();
    const pieces = fc.constantFrom(
      '',
      ' ',
      ':',
      '-',
      '[',
      '}',
      '"',
      '\n',
      '9',
      '-1',
      'null',
      '&a',
      '*a',
    );
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(12), pieces, (at, length, piece) => {
        const changed = text.slice(0, at) + piece + text.slice(at + length);
        try {
          loadComparison('file.yaml', changed);
        } catch (error) {
          if (!(error instanceof ScenarioError)) throw error;
          expect(error.place.line).to.be.at.least(1);
          expect(error.format()).to.match(/^file\.yaml:\d+:\d+: /);
        }
      }),
      { numRuns: 400 },
    );
  });

  it('refuses two kernels or ciphers of one name: reports could not tell them apart', () => {
    refused(comparison({ kernels: '[v5.12, v5.12]' }), 'wrong-value');
    refused(comparison({ ciphers: '[raw, raw]' }), 'wrong-value');
  });
});
