import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect } from 'chai';
import fc from 'fast-check';
import { crc32c } from '../../../src/fs/btrfs/crc32c.ts';
import { csumOf } from '../../../src/fs/btrfs/csum.ts';
import {
  decodeSuperblock,
  encodeSuperblock,
  labelText,
  SUPER_INFO_BYTES,
  superCsumMatches,
} from '../../../src/fs/btrfs/superblock.ts';
import { parseUuid, uuidText } from '../../../src/fs/btrfs/uuid.ts';
import { xxhash64 } from '../../../src/fs/btrfs/xxhash64.ts';

const text = (s: string) => Uint8Array.from(s, (c) => c.charCodeAt(0));

describe('the checksums of btrfs', () => {
  it('crc32c of 4096 zero bytes is 0x98f94189, as kernels print it', () => {
    expect(crc32c(new Uint8Array(4096))).to.equal(0x98f94189);
    expect(crc32c(text('123456789'))).to.equal(0xe3069283);
  });

  it('crc32c by eight equals crc32c byte by byte, at any place and length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.nat(80), fc.nat(80), (bytes, a, b) => {
        const from = Math.min(a, b, bytes.length);
        const to = Math.min(Math.max(a, b), bytes.length);
        let crc = 0xffffffff;
        for (let i = from; i < to; i += 1) {
          crc ^= bytes[i]!;
          for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
        }
        expect(crc32c(bytes, from, to)).to.equal(~crc >>> 0);
      }),
    );
  });

  it('xxhash64 gives the published values', () => {
    expect(xxhash64(text(''))).to.equal(0xef46db3751d8e999n);
    expect(xxhash64(text('abc'))).to.equal(0x44bc2cf5ad770999n);
    expect(xxhash64(text('Nobody inspects the spammish repetition'))).to.equal(0xfbcea83c8a378bf1n);
  });

  it('a digest fills 32 bytes, the tail zero', () => {
    expect(csumOf('crc32c', new Uint8Array(4096)).slice(0, 5)).to.deep.equal(
      Uint8Array.of(0x89, 0x41, 0xf9, 0x98, 0),
    );
  });
});

describe('a superblock', () => {
  const image = gunzipSync(readFileSync(new URL('../../data/btrfs-zone0.bin.gz', import.meta.url)));

  it('of a real kernel reads back field by field, and is written back byte for byte', () => {
    const bytes = new Uint8Array(image.subarray(3 * SUPER_INFO_BYTES, 4 * SUPER_INFO_BYTES));
    const superblock = decodeSuperblock(bytes);
    expect(superCsumMatches(bytes)).to.equal(true);
    expect(uuidText(superblock.fsid)).to.equal('11111111-2222-3333-4444-555555555555');
    expect(labelText(superblock)).to.equal('golden');
    expect(superblock.generation).to.equal(8);
    expect(superblock.root).to.equal(13172736);
    expect(superblock.incompatFlags).to.equal(0x1361n);
    expect(superblock.compatRoFlags).to.equal(0x3n);
    expect(encodeSuperblock(superblock)).to.deep.equal(bytes);
  });

  it('with any bytes in its fields is written back byte for byte, but for the checksum', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const bytes = new Uint8Array(SUPER_INFO_BYTES);
        let x = seed + 1;
        for (let i = 32; i < SUPER_INFO_BYTES; i += 1) {
          x = (Math.imul(x, 1103515245) + 12345) >>> 0;
          bytes[i] = x >>> 24;
        }
        bytes.fill(0, 48, 56);
        for (let at = 72; at < 144; at += 8) bytes.fill(0, at + 6, at + 8);
        bytes.fill(0, 164 + 6, 172);
        bytes[196] = 0;
        bytes[197] = 0;
        for (const at of [201, 209, 217, 237, 245, 253]) bytes.fill(0, at + 6, at + 8);
        for (const at of [563, 587, 595, 603]) bytes.fill(0, at + 6, at + 8);
        const again = encodeSuperblock(decodeSuperblock(bytes));
        expect(again.subarray(32)).to.deep.equal(bytes.subarray(32));
        expect(superCsumMatches(again)).to.equal(true);
      }),
      { numRuns: 20 },
    );
  });

  it('with one flipped bit fails its checksum', () => {
    const bytes = new Uint8Array(image.subarray(0, SUPER_INFO_BYTES));
    bytes[2000]! ^= 1;
    expect(superCsumMatches(bytes)).to.equal(false);
  });
});

describe('a UUID', () => {
  it('is read and printed in the order of its bytes', () => {
    const id = '00112233-4455-6677-8899-aabbccddeeff';
    expect(uuidText(parseUuid(id)!)).to.equal(id);
    expect(parseUuid('0011')).to.equal(null);
  });
});
