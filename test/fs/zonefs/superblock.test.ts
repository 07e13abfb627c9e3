import { expect } from 'chai';
import { crc32, crc32Le } from '../../../src/fs/crc32.ts';
import {
  decodeSuper,
  encodeSuper,
  SUPER_BYTES,
  SUPER_FIELDS,
  superChecksum,
} from '../../../src/fs/zonefs/superblock.ts';
import { Bench, fileAt } from './bench.ts';

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16));
}

const ZERO_UUID = new Uint8Array(16);
const BASE = { label: '', uuid: ZERO_UUID, features: 0, uid: 0, gid: 0, permissions: 0o640 };

describe('zonefs super block', () => {
  it('has the checksums that four kernels accepted', () => {
    const counted = Uint8Array.from({ length: 16 }, (_, i) => i + 1);
    const vectors = [
      [{ ...BASE, label: 'lbl', uuid: counted, permissions: 0 }, 0xbf87845a],
      [BASE, 0xcae0b73b],
      [{ ...BASE, features: 1 }, 0xbfd36f6e],
      [
        {
          label: 'zonefs-test',
          uuid: bytes('00112233445566778899aabbccddeeff'),
          features: 0xf,
          uid: 1000,
          gid: 2000,
          permissions: 0o770,
        },
        0xeb754db6,
      ],
    ] as const;
    for (const [fields, crc] of vectors) {
      expect(decodeSuper(encodeSuper(fields)).crc).to.equal(crc);
    }
  });

  it('begins with the bytes SFOZ, the number reading ZOFS', () => {
    expect([...encodeSuper(BASE).subarray(0, 4)]).to.deep.equal([0x53, 0x46, 0x4f, 0x5a]);
  });

  it('reads back what was written, and its stored checksum does not count in itself', () => {
    const block = encodeSuper({ ...BASE, label: 'a label', features: 0xf, uid: 7, gid: 8 });
    const read = decodeSuper(block);
    expect(read.uid).to.equal(7);
    expect(read.gid).to.equal(8);
    expect(read.features).to.equal(0xfn);
    expect(read.reservedIsZero).to.equal(true);
    block[4] = block[4]! ^ 0xff;
    expect(superChecksum(block)).to.equal(read.crc);
  });

  it('sees a byte anywhere in the reserved area, the last one too', () => {
    const block = encodeSuper(BASE);
    block[SUPER_BYTES - 1] = 1;
    expect(decodeSuper(block).reservedIsZero).to.equal(false);
  });

  it('leaves no gap and no overlap between its fields', () => {
    let at = 0;
    for (const [, offset, length] of SUPER_FIELDS) {
      expect(offset).to.equal(at);
      at = offset + length;
    }
    expect(at).to.equal(108);
  });

  it('refuses a label that does not fit, and keeps one of exactly 64 bytes without NUL', () => {
    expect(() => encodeSuper({ ...BASE, label: 'x'.repeat(65) })).to.throw(/"label" expected/);
    expect(decodeSuper(encodeSuper({ ...BASE, label: 'x'.repeat(64) })).label[63]).to.equal(0x78);
  });
});

describe('crc32', () => {
  it('has the usual check value', () => {
    const check = Uint8Array.from('123456789', (c) => c.charCodeAt(0));
    expect(crc32(check)).to.equal(0xcbf43926);
  });

  it('in the kernel form goes on from where it stopped', () => {
    const data = Uint8Array.from({ length: 37 }, (_, i) => i * 7);
    const whole = crc32Le(1, data);
    for (const cut of [0, 1, 5, 36]) {
      expect(crc32Le(crc32Le(1, data, 0, cut), data, cut)).to.equal(whole);
    }
  });
});

describe('a super block that mkzonefs 1.6.0 wrote on a real host', () => {
  /** The bytes before the first that nothing but zeroes follow. */
  const WRITTEN = [
    [
      '',
      '53464f5ab415b86800000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000294f8a1ae6e011f1ba2567db5ef7aa7000000000000000000000000000000000a001',
    ],
    [
      '-o aggr_cnv',
      '53464f5a771edb3d000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002b342deae6e011f1b5f8a7070358f10e01000000000000000000000000000000a001',
    ],
    [
      '-o uid=1000,gid=2000,perm=770',
      '53464f5a78a0353e000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002d272274e6e011f198a207cd5e0d258f0e00000000000000e8030000d0070000f801',
    ],
    [
      '-L label',
      '53464f5ac5af83c46c6162656c00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000002f295e16e6e011f183e3e75a01d879f400000000000000000000000000000000a001',
    ],
  ] as const;

  for (const [options, hex] of WRITTEN) {
    it(`is taken by every kernel, and is what ours writes for the same UUID (${options || 'default'})`, () => {
      const written = new Uint8Array(SUPER_BYTES);
      written.set(bytes(hex));
      const block = decodeSuper(written);
      const label = options.includes('-L') ? 'label' : '';
      const ours = encodeSuper({ ...block, label, features: Number(block.features) });
      expect(ours).to.deep.equal(written);
      for (const kernel of ['v5.10', '5.10.262', '6.1.192', '6.12.117', '7.3.4']) {
        const bench = new Bench(kernel, { conventional: 3 });
        bench.device.write(0, written);
        const file = fileAt(bench.mount(), 'cnv/0').stat();
        const owned = options.includes('uid');
        expect([file.uid, file.gid, file.mode & 0o777]).to.deep.equal(
          owned ? [1000, 2000, 0o770] : [0, 0, 0o640],
        );
        expect(file.size).to.equal((options.includes('aggr') ? 2 : 1) * 128 * 512);
      }
    });
  }
});
