/** Ciphers that keep an IV or a tag beside the data. */

import { readFileSync } from 'node:fs';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { expect } from 'chai';
import { patternBytes } from '../../../src/block/pattern.ts';
import { BytesPayload, concat } from '../../../src/block/payload.ts';
import { splitArgs } from '../../../src/dm/args.ts';
import { type CryptContext, cipherOf } from '../../../src/dm/crypt/cipher.ts';
import { parseSpec } from '../../../src/dm/crypt/spec.ts';
import { sealed, type TaggedCipher, unsealed } from '../../../src/dm/crypt/tagged.ts';
import { TaggedPayload } from '../../../src/dm/crypt/tagged-payload.ts';
import { kernelByName } from '../../../src/kernel/releases.ts';
import { Machine } from '../../../src/machine.ts';
import { Random } from '../../../src/sim/random.ts';
import { PROVIDER_CONTEXTS } from '../../support/providers.ts';
import { KEY32, KEY64 } from './stand.ts';

interface Vector {
  readonly cipher: string;
  readonly keyBytes: number;
  readonly keyOf: 'short' | 'long';
  readonly tag: number;
  readonly rows: readonly { sector: number; sha256: string; tag: string }[];
}

const FILE = new URL('../../../conformance/recorded/dm-crypt-aead.json', import.meta.url);
const { vectors } = JSON.parse(readFileSync(FILE, 'utf8')) as { vectors: Vector[] };

function keyOf({ keyBytes, keyOf: kind }: Vector): string {
  const byte = (i: number) => (kind === 'long' ? i * 167 + 13 * Math.floor(i / 16) + 3 : i) & 255;
  return bytesToHex(Uint8Array.from({ length: keyBytes }, (_, i) => byte(i)));
}

function cipher(line: string, tagBytes: number, context: CryptContext = {}): TaggedCipher {
  const answers = kernelByName('v6.12').crypt;
  const step = parseSpec(splitArgs(line), 32768, { answers, keyring: null, log: () => undefined });
  if (!step.ok) throw new Error(step.error);
  const made = cipherOf(step.value, false, context, tagBytes);
  if (made.kind !== 'tagged') throw new Error(`${line}: ${made.kind}`);
  return made.tagged;
}

describe('authenticated modes', () => {
  for (const vector of vectors) {
    it(`${vector.cipher} with ${vector.tag} bytes of tag: ciphertext and tags of a real kernel`, () => {
      const line = `${vector.cipher} ${keyOf(vector)} 0 /dev/x 0 1 integrity:${vector.tag}:aead`;
      for (const context of PROVIDER_CONTEXTS) {
        const tagged = cipher(line, vector.tag, context);
        for (const { sector, sha256: digest, tag } of vector.rows) {
          const plain = patternBytes(1, sector * 512, 512);
          const stored = sealed(tagged, new BytesPayload(plain), sector, new Random(1));
          expect(bytesToHex(sha256(stored.bytes())), `sector ${sector}`).to.equal(digest);
          expect(bytesToHex((stored as TaggedPayload).tuples)).to.equal(tag);
          expect(unsealed(tagged, stored, sector)).to.deep.equal(plain);
        }
      }
    });
  }

  it('refuse what lies at another sector, was changed, or was written without a tag', () => {
    const tagged = cipher(`capi:gcm(aes)-random ${KEY32} 0 /dev/x 0 1 integrity:28:aead`, 16);
    const plain = new BytesPayload(patternBytes(1, 0, 1024));
    const stored = sealed(tagged, plain, 8, new Random(1)) as TaggedPayload;
    expect(unsealed(tagged, stored, 16)).to.equal(16);
    const changed = stored.data.slice();
    changed[600] = changed[600]! ^ 1;
    const second = new TaggedPayload(changed, 512, stored.tuples, 28);
    expect(unsealed(tagged, second, 8)).to.equal(9);
    expect(unsealed(tagged, new BytesPayload(stored.data), 8)).to.equal(8);
  });

  it('keep their tags through slices and ropes of whole units, and lose them in parts of units', () => {
    const tagged = cipher(`aes-xts-random ${KEY64} 0 /dev/x 0 1 integrity:16:none`, 0);
    const plain = patternBytes(1, 0, 2048);
    const stored = sealed(tagged, new BytesPayload(plain), 0, new Random(1));
    const parts = concat([stored.slice(0, 512), stored.slice(512, 1536)]);
    expect(unsealed(tagged, parts, 0)).to.deep.equal(plain);
    const torn = concat([stored.slice(0, 100), stored.slice(100, 1948)]);
    expect(unsealed(tagged, torn, 0)).not.to.deep.equal(plain);
  });
});

const ZONED = { size: 64, zoned: 1, zone_size: 4, zone_nr_conv: 2, memory_backed: 1 };

function loading(kernel: string, disk: Record<string, number>, table: string) {
  const machine = new Machine({ kernel, disks: { nullb0: disk } });
  const made = machine.run(`dmsetup create t --table "${table}"`);
  return { machine, exit: made.exit, error: machine.dmesg().join('\n') };
}

describe('random IVs', () => {
  const table = (length: number, options: string, cipherText = 'aes-cbc-random') =>
    `0 ${length} crypt ${cipherText} ${KEY32} 0 /dev/nullb0 0${options}`;

  for (const kernel of ['5.10.262', 'v5.12+series', 'v5.14', '6.12.117', '7.3.4']) {
    it(`are refused on a zoned disk by ${kernel}, which has no integrity profile`, () => {
      const { exit, error } = loading(kernel, ZONED, table(131072, ' 1 integrity:16:none'));
      expect(exit).to.equal(1);
      expect(error).to.include('crypt: Integrity profile not supported.');
    });
  }

  // Tag, metadata, and what the two eras say; recorded over dm-integrity.
  const cases: [string, string, number, string, string][] = [
    [' 1 integrity:16:none', 'aes-cbc-random', 16, '', ''],
    ['', 'aes-cbc-random', 16, 'Integrity profile tag size mismatch.', ''],
    [
      ' 1 integrity:32:none',
      'aes-cbc-random',
      32,
      'Not enough space for integrity tag in the profile.',
      '',
    ],
    [
      ' 1 integrity:15:none',
      'aes-cbc-random',
      15,
      'Not enough space for integrity tag in the profile.',
      'Not enough space for integrity tag in the profile.',
    ],
    [
      ' 1 integrity:16:none',
      'aes-cbc-random',
      12,
      'Integrity profile tag size mismatch.',
      'Integrity profile tag size mismatch.',
    ],
    [
      ' 2 integrity:16:none sector_size:4096',
      'aes-cbc-random',
      16,
      'Integrity profile sector size mismatch.',
      'Integrity profile sector size mismatch.',
    ],
    [
      ' 1 integrity:12:aead',
      'capi:gcm(aes)-random',
      12,
      'Integrity AEAD auth tag size is not supported.',
      'Integrity AEAD auth tag size is not supported.',
    ],
    [
      ' 1 integrity:5:aead',
      'capi:gcm(aes)-plain64',
      5,
      'Integrity AEAD auth tag size is not supported.',
      'Integrity AEAD auth tag size is not supported.',
    ],
  ];
  for (const [options, cipherText, metadata, old, recent] of cases) {
    for (const [kernel, text] of [
      ['5.10.262', old],
      ['6.12.117', recent],
    ] as const) {
      it(`${cipherText}${options} over ${metadata} bytes of metadata: ${kernel} ${text === '' ? 'loads it' : `says "${text}"`}`, () => {
        const disk = { size: 16, memory_backed: 1, metadata };
        const { exit, error } = loading(kernel, disk, table(32768, options, cipherText));
        expect(exit).to.equal(text === '' ? 0 : 1);
        if (text !== '') expect(error).to.include(`crypt: ${text}`);
      });
    }
  }

  it('encrypt the same data differently each time, and read it back', () => {
    const disk = { size: 16, memory_backed: 1, metadata: 16 };
    const { machine } = loading('6.12.117', disk, table(32768, ' 1 integrity:16:none'));
    const write = 'dd if=/dev/pattern/1 of=/dev/mapper/t bs=4096 count=1 oflag=direct';
    const raw = () => machine.run('sha256sum /root/raw').stdout;
    const copy = 'dd if=/dev/nullb0 of=/root/raw bs=4096 count=1 iflag=direct';
    machine.run(write);
    machine.run(copy);
    const first = raw();
    machine.run(write);
    machine.run(copy);
    expect(raw()).not.to.equal(first);
    machine.run('dd if=/dev/mapper/t of=/root/raw bs=4096 count=1 iflag=direct');
    machine.run('dd if=/dev/pattern/1 of=/root/plain bs=4096 count=1');
    expect(machine.run('cmp /root/raw /root/plain').exit).to.equal(0);
  });

  it('authenticated, log the device that failed: the mapping to 5.10, the one below later', () => {
    const disk = { size: 16, memory_backed: 1, metadata: 28 };
    const options = ' 1 integrity:28:aead';
    for (const [kernel, name] of [
      ['5.10.262', 'device-mapper: crypt: dm-0'],
      ['6.1.192', 'device-mapper: crypt: nullb0'],
    ] as const) {
      const line = table(32768, options, 'capi:gcm(aes)-random');
      const { machine } = loading(kernel, disk, line);
      const read = machine.run(
        'dd if=/dev/mapper/t of=/dev/null bs=512 skip=200 count=1 iflag=direct',
      );
      expect(read.exit).to.equal(1);
      expect(read.stderr).to.include('Invalid or incomplete multibyte or wide character');
      expect(machine.dmesg().at(-1)).to.include(`${name}: INTEGRITY AEAD ERROR, sector 200`);
    }
  });
});
