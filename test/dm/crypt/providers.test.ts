/** Who computes AES makes no difference: identical bytes over modes, sizes and offsets. */

import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { expect } from 'chai';
import fc from 'fast-check';
import { patternBytes } from '../../../src/block/pattern.ts';
import type { CipherDescription } from '../../../src/dm/crypt/identity.ts';
import { CipherIdentity } from '../../../src/dm/crypt/identity.ts';
import { decryptExtent, encryptExtent } from '../../../src/dm/crypt/modes.ts';
import { providerNamed, providersHere } from '../../../src/dm/crypt/providers.ts';
import { aesModule } from '../../../src/dm/crypt/wasm/aes-module.ts';
import { modesModule } from '../../../src/dm/crypt/wasm/modes-module.ts';
import { PROVIDERS } from '../../support/providers.ts';

/** FIPS 197, appendix C: one block under keys of 128, 192 and 256 bits. */
const STANDARD: readonly [number, string][] = [
  [16, '69c4e0d86a7b0430d8cdb78070b4c55a'],
  [24, 'dda97ca4864cdfe06eaf70a0ec0d7191'],
  [32, '8ea2b7ca516745bfeafc49904b496089'],
];

/** The same bytes, starting `shift` bytes into their buffer. */
function shifted(bytes: Uint8Array, shift: number): Uint8Array {
  const buffer = new Uint8Array(bytes.length + shift);
  buffer.set(bytes, shift);
  return buffer.subarray(shift);
}

const keyBytes = fc.constantFrom(16, 24, 32);

describe('cipher providers', () => {
  it('are found by name, the fastest first', () => {
    expect(PROVIDERS.map(({ name }) => name)).to.deep.equal(['node', 'wasm', 'noble']);
    expect(providersHere()[0]!.name).to.equal('wasm');
    expect(providerNamed('noble')!.name).to.equal('noble');
    expect(providerNamed('node')).to.equal(null);
  });

  for (const provider of PROVIDERS) {
    it(`${provider.name} gives the blocks of FIPS 197`, () => {
      for (const [size, expected] of STANDARD) {
        const key = provider.aes(Uint8Array.from({ length: size }, (_, i) => i));
        const plain = '00112233445566778899aabbccddeeff';
        const sealed = key.encrypt(hexToBytes(plain)).slice();
        expect(bytesToHex(sealed)).to.equal(expected);
        expect(bytesToHex(key.decrypt(sealed))).to.equal(plain);
      }
    });
  }

  it('give identical blocks for every key and every number of blocks', () => {
    fc.assert(
      fc.property(
        keyBytes.chain((size) => fc.uint8Array({ minLength: size, maxLength: size })),
        fc.oneof(fc.integer({ min: 1, max: 40 }), fc.constantFrom(4096, 4097, 8191)),
        fc.nat(1000),
        (key, blocks, from) => {
          const plain = patternBytes(7, from, blocks * 16);
          const [first, ...others] = PROVIDERS.map((provider) => provider.aes(key));
          const sealed = first!.encrypt(plain.slice()).slice();
          for (const other of others) {
            const made = other.encrypt(shifted(plain, 4));
            expect(Buffer.compare(made, sealed)).to.equal(0);
            expect(Buffer.compare(other.decrypt(made.slice()), plain)).to.equal(0);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('give identical extents in every mode, unit size, and place', () => {
    fc.assert(
      fc.property(description(), fc.integer({ min: 1, max: 40 }), place(), fc.nat(7), same),
      { numRuns: 200 },
    );
  }).timeout(20000);

  it('give identical extents that are longer than what is computed at once', () => {
    for (const chain of ['xts', 'cbc', 'ecb'] as const) {
      for (const unitBytes of [512, 4096]) {
        const units = (2 ** 20 + 8192) / unitBytes;
        same(describedAs({ chain, unitBytes }, chain === 'xts' ? 64 : 32), units, 2 ** 33 - 9, 0);
      }
    }
  }).timeout(20000);
});

describe('WebAssembly modules', () => {
  it('are the same bytes whenever they are made', () => {
    for (const make of [aesModule, modesModule]) {
      expect(bytesToHex(make(19))).to.equal(bytesToHex(make(19)));
    }
  });
});

function same(one: CipherDescription, units: number, sector: number, shift: number): void {
  const plain = patternBytes(3, 512 * units, units * one.unitBytes);
  const [first, ...others] = PROVIDERS.map((provider) => new CipherIdentity(one, provider));
  const sealed = encryptExtent(first!, plain, sector);
  for (const other of others) {
    const { name } = other.provider;
    const made = encryptExtent(other, shifted(plain, shift), sector);
    expect(Buffer.compare(made, sealed), name).to.equal(0);
    const back = decryptExtent(other, shifted(made, shift), sector);
    expect(Buffer.compare(back, plain), name).to.equal(0);
  }
  expect(Buffer.compare(decryptExtent(first!, sealed, sector), plain)).to.equal(0);
}

/** Sectors around the borders of 32 and 52 bits too. */
function place(): fc.Arbitrary<number> {
  const near = (border: number) => fc.integer({ min: border - 40, max: border + 40 });
  return fc.oneof(fc.nat(100000), near(2 ** 32), near(2 ** 40));
}

function describedAs(some: Partial<CipherDescription>, keySize: number): CipherDescription {
  return {
    chain: 'xts',
    iv: 'plain64',
    ivBytes: 16,
    essiv: '',
    benbiShift: 5,
    unitBytes: 512,
    largeSectors: false,
    epoch: 0,
    perZone: false,
    keys: [patternBytes(9, 0, keySize)],
    extra: patternBytes(9, 64, 32),
    rounds: 20,
    ...some,
  };
}

function description(): fc.Arbitrary<CipherDescription> {
  const chain = fc.constantFrom(
    'xts',
    'cbc',
    'pcbc',
    'cfb',
    'ofb',
    'ecb',
    'lrw',
    'ctr',
    'adiantum',
  );
  const iv = fc.constantFrom('plain', 'plain64', 'plain64be', 'benbi', 'eboiv', 'null', 'elephant');
  return fc
    .record({
      chain,
      iv,
      keyBytes,
      keyCount: fc.constantFrom(1, 1, 2, 4),
      unitBytes: fc.constantFrom(512, 1024, 2048, 4096),
      largeSectors: fc.boolean(),
      perZone: fc.boolean(),
      essiv: fc.constantFrom('', '', 'sha256'),
      seed: fc.nat(1000),
    })
    .map(({ keyBytes: own, keyCount, seed, ...some }) => {
      const bytes = { xts: 2 * own, lrw: own + 16, adiantum: 32 }[some.chain as string] ?? own;
      const odd = some.chain === 'adiantum';
      return describedAs(
        {
          ...some,
          iv: odd || (some.iv === 'elephant' && some.chain !== 'cbc') ? 'plain64' : some.iv,
          ivBytes: odd ? 32 : 16,
          essiv: odd ? '' : some.essiv,
          keys: Array.from({ length: keyCount }, (_, i) => patternBytes(seed, 64 * i, bytes)),
        },
        bytes,
      );
    });
}
