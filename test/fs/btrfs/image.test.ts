import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import { ReportError, readImageSuperblock } from '../../../src/fs/btrfs/image.ts';
import { labelText } from '../../../src/fs/btrfs/superblock.ts';

/** The first four slots of zone 0 of a disk that a real 6.12.117 wrote; all else of it reads as zeros here. */
const zone0 = gunzipSync(readFileSync(new URL('../../data/btrfs-zone0.bin.gz', import.meta.url)));
const readAt = (offset: number, length: number): Uint8Array => {
  const out = new Uint8Array(length);
  if (offset < zone0.length) out.set(zone0.subarray(offset, offset + length));
  return out;
};
const line = (start: number, wptr: number, cond: string, type = '2(SEQ_WRITE_REQUIRED)') =>
  `  start: 0x${start.toString(16).padStart(9, '0')}, len 0x002000, cap 0x002000, wptr 0x${wptr.toString(16).padStart(6, '0')} reset:0 non-seq:0, zcond: ${cond} [type: ${type}]\n`;
const REPORT = line(0, 0x20, '2(oi)') + line(0x2000, 0, '1(em)') + line(0x4000, 0x1c0, '2(oi)');

describe('the superblock log of a real image', () => {
  it('holds generations 6, 7, 7, 8, and the newest is the one before the write pointer', () => {
    const found = readImageSuperblock(readAt, REPORT);
    expect(found.slots.map(({ superblock }) => superblock.generation)).to.deep.equal([6, 7, 7, 8]);
    expect(found.slots.map(({ superblock }) => superblock.logRoot)).to.deep.equal([
      0, 0, 20987904, 0,
    ]);
    expect(found.slots.every(({ checksumValid }) => checksumValid)).to.equal(true);
    expect(found.newest?.superblock.generation).to.equal(8);
    expect(labelText(found.newest!.superblock)).to.equal('golden');
    expect(found.foundBy).to.equal('zone-report');
  });

  it('is found by generation where nothing reports its zones', () => {
    const found = readImageSuperblock(readAt, null);
    expect(found.newest?.superblock.generation).to.equal(8);
    expect(found.foundBy).to.equal('generation');
  });

  it('names no newest superblock where both zones are in use, as no kernel mounts it', () => {
    const both = line(0, 0x20, '2(oi)') + line(0x2000, 8, '2(oi)');
    expect(readImageSuperblock(readAt, both).newest).to.equal(null);
  });

  it('names the line of a report that is none', () => {
    expect(() => readImageSuperblock(readAt, `${REPORT}oops\n`))
      .to.throw(ReportError)
      .with.property('line', 4);
    expect(() => readImageSuperblock(readAt, '')).to.throw(ReportError);
  });
});
