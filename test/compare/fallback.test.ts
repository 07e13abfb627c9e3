import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { headline, kernelSummaries } from '../../src/compare/answer.ts';
import { compare } from '../../src/compare/compare.ts';
import { comparePage } from '../../src/compare/html.ts';
import {
  type ComparedCell,
  type ComparisonResult,
  rightly,
  verdictOf,
} from '../../src/compare/result.ts';
import { compareText } from '../../src/compare/text.ts';

const FILE = 'scenarios/fallback.yaml';

/** What the file is there to show, on all of its cells. */
describe(FILE, function () {
  this.timeout(300_000);
  let result: ComparisonResult;
  before(() => {
    result = compare(readFileSync(FILE, 'utf8'), { file: FILE });
  });

  function speed(wanted: (place: ComparedCell['place']) => boolean): Map<string, number> {
    const found = result.cells.filter(({ place }) => wanted(place));
    return new Map(
      found.map((cell) => [cell.place.kernel.name, rightly(cell)?.bytesPerSecond ?? 0]),
    );
  }

  it('two answers keep the data right everywhere: emulation in device mapper, and regular writes', () => {
    const sound = kernelSummaries(result).filter(({ verdicts, cells }) => verdicts.right === cells);
    expect(sound.map(({ name }) => name)).to.deep.equal(['dm emulation', 'regular']);
    expect(headline(result)[0]).to.match(/^dm emulation and regular keep the data right/);
  });

  it('appends of zonefs through a sector IV are garbage on every disk, and of btrfs never right', () => {
    for (const cell of result.cells) {
      const { kernel, cipher, point } = cell.place;
      if (kernel.name !== 'zonefs append' || cipher.name !== 'crypt-xts') continue;
      if (point.target === 'zonefs' && point.io === 'sync') {
        expect(verdictOf(cell)).to.equal('garbage');
      }
      // Whether a commit trips over the wrong places or the next mount does depends on when writers meet.
      if (point.target === 'btrfs') expect(verdictOf(cell)).to.be.oneOf(['failed', 'lost']);
    }
  });

  it('the series falls back in zonefs, and refuses btrfs, where an IV needs the sector', () => {
    for (const cell of result.cells) {
      const { kernel, cipher, point } = cell.place;
      if (kernel.name !== 'fall-back' || cipher.name !== 'crypt-xts') continue;
      const { outcome } = cell;
      if (outcome.kind === 'measured') expect(outcome.measured.path).to.equal('regular');
      else expect(outcome.refusal.rule).to.equal('btrfs.mount.zone-append-limit');
      expect(verdictOf(cell)).to.equal(point.target === 'btrfs' ? 'refused' : 'right');
    }
  });

  it('whatever is wrong is explained by an IV or a place, and what is right is not', () => {
    for (const cell of result.cells) {
      const { because } = cell.outcome;
      const verdict = verdictOf(cell);
      const { kernel, point } = cell.place;
      if (verdict === 'right' || verdict === 'refused') expect(because).to.equal(null);
      else if (verdict === 'garbage') {
        expect(because).to.equal(
          'dm-0 encrypts appends with IVs counted from the start of the zone, which is all their bio carries, and decrypts with those of the sectors where they lie',
        );
      } else {
        expect(point.target).to.equal('btrfs');
        expect(because).to.match(
          kernel.name === 'plugging'
            ? /regular writes of and cuts come back with the place of their last part$/
            : /^appends come back from dm-0 with the start of their zone/,
        );
      }
    }
  });

  it('an append costs as much as a write but on the ZN540, where it costs what was published', () => {
    for (const disk of ['null_blk', 'zn540', 'smr-hdd']) {
      const at = speed(
        ({ point, cipher, disk: { name } }) =>
          name === disk &&
          cipher.name === 'raw' &&
          point.io === 'sync' &&
          point.jobs === 1 &&
          point.blockBytes === 4096,
      );
      const ratio = at.get('zonefs append')! / at.get('regular')!;
      if (disk === 'zn540') expect(ratio).to.be.within(11.4 / 14.8, 0.9);
      else expect(ratio, disk).to.be.closeTo(1, 0.01);
    }
  });

  it('a lock above dm-crypt keeps queued writes from being merged below it', () => {
    const at = speed(
      ({ point, cipher, disk }) =>
        disk.name === 'smr-hdd' && cipher.name === 'crypt-xts' && point.depth === 16,
    );
    expect(at.get('dm emulation')! / at.get('fall-back')!).to.be.below(0.5);
  });

  it('is told in 80 columns and on one page', () => {
    const text = compareText(result, (_style, plain) => plain, true);
    expect(text.split('\n').filter((line) => line.length > 80)).to.deep.equal([]);
    expect(comparePage(result).length).to.be.below(1_000_000);
  });
});
