/** Laws of the page cache: what was written or filled is what is read, and dirty is exactly what was written. */

import { expect } from 'chai';
import fc from 'fast-check';
import { BytesPayload, FillPayload, PatternPayload, samePayload } from '../../src/block/payload.ts';
import { PageCache } from '../../src/fs/pagecache.ts';

const SIZE = 40_000;

/** The owner's part of a write: fill the edges with zeroes, then write. */
function write(cache: PageCache, position: number, bytes: Uint8Array): void {
  for (const edge of cache.missingEdges(position, bytes.length)) {
    cache.fill(edge.position, new FillPayload(0, edge.length));
  }
  cache.write(position, new BytesPayload(bytes));
}

describe('the page cache', () => {
  it('reads back what was written, whatever the order and overlap of writes', () => {
    const writes = fc.array(
      fc.record({
        position: fc.nat(SIZE),
        bytes: fc.uint8Array({ minLength: 1, maxLength: 9000 }),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(writes, fc.constantFrom(512, 4096), (all, granule) => {
        const cache = new PageCache(granule);
        const model = new Uint8Array(SIZE + 20_000);
        for (const { position, bytes } of all) {
          write(cache, position, bytes);
          model.set(bytes, position);
        }
        for (const hole of cache.missing(0, SIZE)) {
          cache.fill(hole.position, new FillPayload(0, hole.length));
        }
        expect(cache.read(0, SIZE)!.bytes()).to.deep.equal(model.slice(0, SIZE));
      }),
      { numRuns: 60 },
    );
  });

  it('holds as dirty the granules that writes touched, and none once they are marked clean', () => {
    const cache = new PageCache();
    write(cache, 5000, new Uint8Array(10));
    cache.fill(8192, new FillPayload(1, 4096));
    write(cache, 12_288, new Uint8Array(8192));
    expect(cache.dirtyRanges()).to.deep.equal([
      { position: 4096, length: 4096 },
      { position: 12_288, length: 8192 },
    ]);
    expect(cache.dirtyRanges(0, 5000)).to.deep.equal([{ position: 4096, length: 4096 }]);
    cache.markClean(0, 1e6);
    expect(cache.dirtyRanges()).to.deep.equal([]);
    expect(cache.dirtyBytes).to.equal(0);
  });

  it('joins neighbouring dirty granules only up to the length asked for', () => {
    const cache = new PageCache();
    write(cache, 0, new Uint8Array(5 * 4096));
    expect(cache.dirtyRanges(0, 1e6, 8192).map((range) => range.length)).to.deep.equal([
      8192, 8192, 4096,
    ]);
  });

  it('keeps dirty data when it is filled from the device and when clean pages are dropped', () => {
    const cache = new PageCache();
    write(cache, 0, new Uint8Array(4096).fill(7));
    cache.fill(0, new FillPayload(1, 8192));
    expect(cache.read(0, 1)!.bytes()[0]).to.equal(7);
    cache.dropClean();
    expect(cache.missing(0, 8192)).to.deep.equal([{ position: 4096, length: 4096 }]);
    expect(cache.read(0, 1)!.bytes()[0]).to.equal(7);
  });

  it('refuses to write part of a granule it does not have', () => {
    const cache = new PageCache();
    expect(() => cache.write(10, new FillPayload(1, 10))).to.throw(/"write" expected/);
  });

  it('zeroes the rest of the last granule and forgets what lies behind when the file is cut', () => {
    const cache = new PageCache();
    write(cache, 0, new Uint8Array(12_288).fill(9));
    cache.truncate(5000);
    expect(cache.read(4999, 2)!.bytes()).to.deep.equal(Uint8Array.of(9, 0));
    expect(cache.missing(0, 12_288)).to.deep.equal([{ position: 8192, length: 4096 }]);
    expect(cache.dirtyRanges()).to.deep.equal([{ position: 0, length: 8192 }]);
  });

  it('forgets whole granules, dirty ones too, when a range is invalidated', () => {
    const cache = new PageCache();
    write(cache, 0, new Uint8Array(12_288).fill(9));
    cache.invalidate(4097, 1);
    expect(cache.missing(0, 12_288)).to.deep.equal([{ position: 4096, length: 4096 }]);
    cache.invalidate(0, 2 ** 40);
    expect(cache.cachedBytes).to.equal(0);
  });

  it('gives a pattern back as that pattern, without making its bytes', () => {
    const cache = new PageCache();
    const pattern = new PatternPayload(3, 0, 64 * 4096);
    cache.write(0, pattern);
    const read = cache.read(0, 64 * 4096)!;
    expect(read).to.be.instanceOf(PatternPayload);
    expect(samePayload(read, pattern)).to.equal(true);
  });
});
