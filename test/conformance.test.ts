/**
 * The recordings of real kernels, replayed cell by cell: what a cell shows on our machine is what a real kernel showed,
 * operation by operation. A difference is a failure; what waits for a later part of the model waits by name.
 */

import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { type Kind, loadRecordings, type Recording } from '../conformance/facts.ts';
import { type CellResult, type FileResult, replay } from '../conformance/replay.ts';

const recordings = loadRecordings(
  fileURLToPath(new URL('../conformance/recorded', import.meta.url)),
);

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
        expect(reasons.join(), id).to.match(/^not modelled: cipher mode \S+ is not modelled/);
      }
    }
  });
});
