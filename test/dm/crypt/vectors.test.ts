/** Ciphertext of real kernels: the measured vectors, and the recorded ones with their constructor outcomes. */

import { readFileSync } from 'node:fs';
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { expect } from 'chai';
import { patternBytes } from '../../../src/block/pattern.ts';
import { BytesPayload } from '../../../src/block/payload.ts';
import { type CryptContext, cipherOf } from '../../../src/dm/crypt/cipher.ts';
import { decrypted, encrypted } from '../../../src/dm/crypt/cipher-payload.ts';
import { ivsOf } from '../../../src/dm/crypt/iv.ts';
import { type CryptSpec, parseSpec } from '../../../src/dm/crypt/spec.ts';
import type { ErrnoName } from '../../../src/kernel/errno.ts';
import { kernelByName } from '../../../src/kernel/releases.ts';
import { PROVIDER_CONTEXTS } from '../../support/providers.ts';

const RECORDED = new URL('../../../conformance/recorded/', import.meta.url);

/** One line of a recorded fact: the constructor's outcome, or the ciphertext of one unit. */
interface Op {
  readonly op: string;
  readonly table: string;
  readonly stage: string;
  readonly errno?: ErrnoName;
  readonly dmesg?: readonly string[];
  readonly off: number;
  readonly len: number;
  readonly sha256: string;
}

interface Measured {
  readonly name: string;
  readonly cipher: string;
  readonly key_hex: string;
  readonly iv_offset: string;
  readonly options: string;
  readonly writes: readonly { readonly sector: number; readonly sha256: string }[];
}

interface File {
  readonly facts: Readonly<Record<string, readonly Op[]>>;
  readonly vectors: readonly Measured[];
}

function load(path: string): File {
  return JSON.parse(readFileSync(new URL(path, RECORDED), 'utf8'));
}

function parse(kernel: string, args: string[], lines: string[] = [], sectors = 32768) {
  return parseSpec(args, sectors, {
    answers: kernelByName(kernel).crypt,
    keyring: null,
    log: (_level, text) => lines.push(text),
  });
}

function specOf(text: string, kernel = 'v6.12'): CryptSpec {
  const step = parse(kernel, text.split(' '));
  if (!step.ok) throw new Error(`${text}: ${step.error}`);
  return step.value;
}

function encrypt(spec: CryptSpec, plain: Uint8Array, sector: number, context: CryptContext = {}) {
  const cipher = cipherOf(spec, false, context);
  if (cipher.kind === 'transparent') return plain;
  if (cipher.kind !== 'identity') return null;
  const at = sector + cipher.ivOffsetSectors;
  return encrypted(new BytesPayload(plain), cipher.identity, at).bytes();
}

describe('ciphertext is that of a real dm-crypt', () => {
  for (const vector of load('dm-crypt-vectors.json').vectors) {
    const table = `${vector.cipher} ${vector.key_hex} ${vector.iv_offset} /dev/x 0 ${vector.options}`;
    const title = `${vector.name}: ${vector.cipher} iv_offset ${vector.iv_offset} ${vector.options}`;
    it(title, () => {
      const spec = specOf(table.trim());
      const plain = Uint8Array.from({ length: 4096 }, (_, i) => i & 255);
      for (const context of PROVIDER_CONTEXTS) {
        for (const write of vector.writes) {
          const bytes = encrypt(spec, plain, write.sector, context)!;
          expect(bytesToHex(sha256(bytes))).to.equal(write.sha256);
        }
      }
    });
  }
});

describe('recorded ciphertext', () => {
  const newest = load('7.3/dmcrypt-vectors.json').facts;
  for (const kernel of ['5.10.262', '6.1.192', '6.12.117', '7.3.4']) {
    const short = kernel.split('.').slice(0, 2).join('.');
    it(`every mapping of ${kernel} loads or fails, and encrypts, as recorded`, () => {
      const { facts } = load(`${short}/dmcrypt-vectors.json`);
      let rows = 0;
      for (const [id, ops] of Object.entries(facts)) {
        rows += checkFact(kernel, id, ops, newest[id]!);
      }
      expect(rows).to.be.greaterThan(1400);
    }).timeout(60000);
  }
});

/** Compares one fact; returns the number of ciphertext units checked. */
function checkFact(kernel: string, id: string, ops: readonly Op[], newest: readonly Op[]): number {
  const vector = ops[0]!;
  const words = vector.table.split(' ').slice(3);
  const lines: string[] = [];
  const step = parse(kernel, words, lines, 32768);
  expect(step.ok, id).to.equal(vector.stage === 'ok' || deviceStage(vector));
  if (!step.ok) {
    const suffix = kernel.startsWith('5.10') ? '' : ` (-${step.errno})`;
    lines.push(`device-mapper: table: 252:0: crypt: ${step.error ?? 'Unknown error'}${suffix}`);
    expect(lines, id).to.deep.equal(vector.dmesg);
    expect(step.errno, id).to.equal(vector.errno);
    return 0;
  }
  let rows = 0;
  for (const row of ops[1]?.op === 'ct-same-as' ? newest : ops) {
    if (row.op !== 'ct') continue;
    for (const context of PROVIDER_CONTEXTS) {
      const bytes = encrypt(step.value, patternBytes(1, row.off, row.len), row.off / 512, context);
      const what = `${id} at ${row.off} by ${context.provider!.name}`;
      expect(bytesToHex(sha256(bytes!)), what).to.equal(row.sha256);
    }
    rows += 1;
  }
  return rows;
}

/** Refused only after the device was opened, which is not the parser's business. */
function deviceStage(vector: Op): boolean {
  return vector.dmesg?.some((line) => line.includes('Integrity profile')) ?? false;
}

/** Cipher word, key bytes, unit size. */
const MODES: readonly [string, number, number][] = [
  ['aes-xts-plain64', 64, 1024],
  ['aes-xts-eboiv', 32, 4096],
  ['aes-cbc-essiv:sha256', 32, 1024],
  ['aes-cbc-essiv:md5', 24, 1024],
  ['aes:2-cbc-null', 64, 1024],
  ['aes-ecb', 32, 1024],
  ['aes-pcbc-plain64', 32, 2048],
  ['aes-lrw-benbi', 48, 1024],
  ['aes-lrw-plain64', 32, 512],
  ['aes-lrw-eboiv', 32, 512],
  ['aes-ctr-plain64be', 32, 4096],
  ['aes-cbc-elephant', 64, 1024],
  ['aes-xts-elephant', 64, 512],
  ['capi:essiv(cbc(aes),sha256)-eboiv', 32, 1024],
  ['aes:64-cbc-lmk', 1024, 512],
  ['aes:64-cbc-lmk', 1041, 512],
  ['aes-cbc-lmk', 32, 512],
  ['aes-cbc-tcw', 64, 512],
  ['aes:2-cbc-tcw', 64, 512],
  ['xchacha12,aes-adiantum-plain64', 32, 512],
  ['capi:adiantum(xchacha20,aes)-benbi', 32, 4096],
  ['cipher_null-cbc-plain64', 0, 1024],
];

function keyOf(bytes: number): string {
  return bytes === 0 ? '-' : bytesToHex(patternBytes(3, 0, 2048).subarray(0, bytes));
}

describe('the worked numbers of IVs', () => {
  const key = bytesToHex(Uint8Array.from({ length: 32 }, (_, i) => i));
  const cases: [string, number, string][] = [
    ['aes-cbc-plain', 4294967297, `01${'00'.repeat(15)}`],
    ['aes-cbc-plain64', 4294967297, `0100000001${'00'.repeat(11)}`],
    ['aes-cbc-plain64be', 8200, `${'00'.repeat(14)}2008`],
    ['aes-cbc-benbi', 8200, `${'00'.repeat(12)}00040101`],
    ['aes-cbc-benbi', 4294967297, `${'00'.repeat(8)}0000002000000021`],
    ['aes-cbc-essiv:sha256', 8192, 'bea6ada92b2883d304ad45478f0acc16'],
    ['aes-cbc-essiv:sha256', 4294967297, 'd4c6a780bfe2b87d88b87658fe0be242'],
    ['aes-cbc-eboiv', 8, '15aa0a393a8a6099a58759e05e5ea4bd'],
    ['aes-cbc-eboiv', 4294967297, '1d9e75dc9a5f76f2871784588eea0f7d'],
  ];
  for (const [cipherText, sector, iv] of cases) {
    it(`${cipherText} at sector ${sector}`, () => {
      const cipher = cipherOf(specOf(`${cipherText} ${key} 0 /dev/x 0`), false);
      if (cipher.kind !== 'identity') throw new Error('not modelled');
      expect(bytesToHex(ivsOf(cipher.identity, sector, 1))).to.equal(iv);
    });
  }

  it('counts iv_offset beyond what a number holds exactly', () => {
    const spec = specOf(`aes-cbc-plain64 ${key} 72057594037927936 /dev/x 0`);
    const cipher = cipherOf(spec, false);
    if (cipher.kind !== 'identity') throw new Error('not modelled');
    const at = cipher.ivOffsetSectors + 1;
    expect(bytesToHex(ivsOf(cipher.identity, at, 1))).to.equal(`0100000000000001${'00'.repeat(8)}`);
  });

  it('salts essiv with the subkey of the unit, where there are several', () => {
    const plain = patternBytes(1, 0, 1024);
    const second = '20'.repeat(32);
    const both = specOf(`aes:2-cbc-essiv:sha256 ${key}${second} 0 /dev/x 0`);
    const even = specOf(`aes-cbc-essiv:sha256 ${key} 0 /dev/x 0`);
    const odd = specOf(`aes-cbc-essiv:sha256 ${second} 0 /dev/x 0`);
    const bytes = encrypt(both, plain, 8)!;
    expect([...bytes.subarray(0, 512)]).to.deep.equal([
      ...encrypt(even, plain, 8)!.subarray(0, 512),
    ]);
    expect([...bytes.subarray(512)]).to.deep.equal([...encrypt(odd, plain, 8)!.subarray(512)]);
  });

  it('decrypts what it encrypted, in every mode', () => {
    for (const [text, bytes, size] of MODES) {
      const spec = specOf(`${text} ${keyOf(bytes)} 24 /dev/x 0 1 sector_size:${size}`);
      const cipher = cipherOf(spec, false);
      if (cipher.kind !== 'identity') throw new Error('not modelled');
      const plain = new BytesPayload(patternBytes(7, 0, 8192));
      const stored = encrypted(plain, cipher.identity, 48).bytes();
      const read = decrypted(new BytesPayload(stored), cipher.identity, 48);
      expect(bytesToHex(read.bytes()), text).to.equal(bytesToHex(plain.bytes()));
    }
  });
});
