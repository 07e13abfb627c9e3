/**
 * The recordings of real kernels, replayed cell by cell: what a cell shows on our machine is what a real kernel showed,
 * operation by operation. A difference is a failure; what waits for a later part of the model waits by name.
 */

import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { loadRecordings } from '../conformance/facts.ts';
import { type FileResult, replay } from '../conformance/replay.ts';

const recordings = loadRecordings(
  fileURLToPath(new URL('../conformance/recorded', import.meta.url)),
);
const REPLAYED = new Set(['limits', 'mount', 'series']);

function replayOf(kernel: string, file: string): FileResult {
  const find = (name: string) =>
    recordings.find((one) => one.kernel === kernel && one.file === name);
  return replay(find(file)!, find('limits'));
}

describe('a machine shows what the real kernel showed', function () {
  this.timeout(300_000);

  for (const { kernel, file } of recordings.filter((one) => REPLAYED.has(one.file))) {
    it(`${kernel}: no cell of ${file}.json differs, and limits wait for nothing`, () => {
      const { cells } = replayOf(kernel, file);
      const differences = cells.flatMap((cell) => cell.differences);
      expect(differences).to.deep.equal([]);
      const pending = cells.filter((cell) => cell.verdict === 'pending');
      expect(pending.every((cell) => (cell.reason ?? '') !== '')).to.equal(true);
      if (file === 'limits') expect(pending).to.deep.equal([]);
    });
  }

  it('nothing but btrfs waits in series.json', () => {
    for (const { kernel } of recordings.filter((one) => one.file === 'series')) {
      const waiting = replayOf(kernel, 'series').cells.filter((one) => one.verdict === 'pending');
      expect(waiting.filter((one) => !/btrfs|conv4/.test(one.id))).to.deep.equal([]);
    }
  });
});
