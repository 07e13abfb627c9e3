/**
 * The recordings of real kernels, replayed cell by cell: what a cell shows on our machine is what a real kernel showed,
 * operation by operation. A difference is a failure; what waits for a later part of the model waits by name.
 */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { FactsError, type Kind, loadRecordings, type Recording } from '../conformance/facts.ts';
import { observed } from '../conformance/parameters.ts';
import { type CellResult, type FileResult, replay } from '../conformance/replay.ts';

const home = fileURLToPath(new URL('..', import.meta.url));
const recorded = join(home, 'conformance/recorded');
const recordings = loadRecordings(recorded);

/** Each is replayed once: the tests below look at one and the same result. */
const results = new Map<Recording, FileResult>();

function replayOf(recording: Recording): FileResult {
  const done = results.get(recording) ?? replay(recording, recordings);
  results.set(recording, done);
  return done;
}

function pendingOf(recording: Recording): readonly CellResult[] {
  return replayOf(recording).cells.filter((cell) => cell.verdict === 'pending');
}

function named(kind: Kind): Recording[] {
  return recordings.filter((one) => one.kind === kind);
}

describe('a machine shows what the real kernel showed', function () {
  this.timeout(300_000);

  for (const recording of recordings) {
    it(`${recording.kernel}: no cell of ${recording.file}.json differs, and what waits says for what`, () => {
      const { cells } = replayOf(recording);
      expect(cells.map(({ id }) => id)).to.deep.equal(Object.keys(recording.facts));
      expect(cells.flatMap((cell) => cell.differences)).to.deep.equal([]);
      for (const { id, reasons } of pendingOf(recording)) {
        expect(reasons.every((reason) => reason !== '') && reasons.length > 0, id).to.equal(true);
      }
    });
  }

  it('nothing waits in limits.json and bug.json', () => {
    for (const recording of [...named('limits'), ...named('bug')]) {
      expect(pendingOf(recording).map(({ id }) => id)).to.deep.equal([]);
    }
  });

  it('nothing but btrfs waits in series.json', () => {
    for (const recording of named('series')) {
      const waiting = pendingOf(recording).map(({ id }) => id);
      expect(waiting.filter((id) => !/btrfs|conv4/.test(id))).to.deep.equal([]);
    }
  });

  it('in dmcrypt-vectors.json only ciphers wait that the model refuses by name', () => {
    for (const recording of named('dmcrypt-vectors')) {
      for (const { id, reasons } of pendingOf(recording)) {
        expect(reasons.join(), id).to.match(/^cipher mode \S+ is not modelled/);
      }
    }
  });
});

describe('a folder of recordings', function () {
  this.timeout(60_000);
  let folder = '';

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'zonestack-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function put(name: string, text: string): void {
    writeFileSync(join(folder, name), text);
  }

  function run(...options: string[]) {
    const words = ['--import', 'tsx', 'conformance/main.ts', '--facts', folder, ...options];
    return spawnSync(process.execPath, words, { cwd: home, encoding: 'utf8' });
  }

  const one = (kernel: string, id: string, ops: readonly object[]): string =>
    JSON.stringify({ kernel, release: '', facts: { [id]: ops } });

  it('may be that of one kernel, with files of another kind beside', () => {
    cpSync(join(recorded, '6.12/bug.json'), join(folder, 'bug.json'));
    put('notes.json', '{"remark": "not a recording"}');
    put('README.md', 'nor this');
    const skipped: string[] = [];
    const found = loadRecordings(folder, skipped);
    expect(found.map(({ kernel, file }) => `${kernel} ${file}`)).to.deep.equal(['6.12.117 bug']);
    expect(skipped).to.deep.equal([join(folder, 'notes.json')]);
  });

  for (const [what, text] of [
    ['no JSON', '{"kernel": "6.12", "facts": '],
    ['no kernel', '{"facts": {}}'],
    [
      'a fact that is no list',
      '{"kernel": "6.12", "facts": {"limits/dev/base/raw": {"op": "dmesg"}}}',
    ],
    ['an operation without a name', '{"kernel": "6.12", "facts": {"limits/dev/base/raw": [{}]}}'],
  ] as const) {
    it(`with ${what} in it is refused by the name of the file`, () => {
      put('limits.json', text);
      expect(() => loadRecordings(folder)).to.throw(FactsError, join(folder, 'limits.json'));
    });
  }

  it('that cannot be used ends the command with 2 and one line', () => {
    put('limits.json', '[');
    const { status, stdout, stderr } = run();
    expect([status, stdout]).to.deep.equal([2, '']);
    expect(stderr).to.match(/^conformance: .*limits\.json: .*\n$/);
  });

  it('gives one document as JSON; a cell that differs is in it, and the command ends with 1', () => {
    mkdirSync(join(folder, '6.12'));
    const op = { op: 'dm', args: 't 0 1 nothing', ret: 0, stage: 'ok' };
    put('6.12/limits.json', one('6.12', 'limits/table/odd', [op]));
    const { status, stdout } = run('--format', 'json');
    expect(status).to.equal(1);
    const [result] = (JSON.parse(stdout) as { results: Record<string, unknown>[] }).results;
    expect(result).to.include({ kernel: '6.12.117', file: 'limits', total: 1, different: 1 });
    expect(result!.differences).to.deep.equal([
      {
        id: 'limits/table/odd',
        op: 'dm t 0 1 nothing',
        expected: { ret: 0, stage: 'ok' },
        got: { errno: 'EINVAL', ret: -1, stage: 'load' },
      },
    ]);
  });

  it('may be asked about by somebody who stops reading', () => {
    cpSync(join(recorded, '6.12/bug.json'), join(folder, 'bug.json'));
    const command = `set -o pipefail; node --import tsx conformance/main.ts --facts ${folder} --format json | true`;
    const { status, stderr } = spawnSync('bash', ['-c', command], { cwd: home, encoding: 'utf8' });
    expect([status, stderr]).to.deep.equal([0, '']);
  });

  it('of a kernel nobody modelled waits by that name', () => {
    put('limits.json', one('9.9', 'limits/dev/base/raw', [{ op: 'dmesg', lines: [] }]));
    const [recording] = loadRecordings(folder);
    const { cells } = replay(recording!, [recording!]);
    expect(cells.map(({ reasons }) => reasons)).to.deep.equal([
      ['a kernel that is not modelled: 9.9'],
    ]);
  });

  it('without the file that holds the ciphertext rows waits for them, having compared the rest', () => {
    const recording = named('dmcrypt-vectors').find(({ kernel }) => kernel === '6.12.117')!;
    const { cells } = replay(recording, [recording], /^aes-xts-plain64\/ss512\/iv0$/);
    expect(cells.map(({ reasons }) => reasons)).to.deep.equal([
      ['ciphertext: its rows stand in dmcrypt-vectors.json of 7.3, which is not here'],
    ]);
  });

  it('shows its parameters in whatever file of zoned disks there is', () => {
    for (const kind of ['mount', 'zonefs-io', 'paths', 'bug'] as const) {
      for (const recording of named(kind)) {
        expect(observed(recording), `${recording.kernel} ${kind}`).to.include({
          zoneSizeMib: 4,
          sizeMib: 128,
          conventional: 4,
        });
      }
    }
  });
});
