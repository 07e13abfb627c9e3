/** Deferred ciphertext is a pure optimisation: the same bytes as computing everything at once. */

import { bytesToHex } from '@noble/hashes/utils.js';
import { expect } from 'chai';
import fc from 'fast-check';
import { patternBytes } from '../../../src/block/pattern.ts';
import {
  BytesPayload,
  concat,
  FillPayload,
  PatternPayload,
  type Payload,
  samePayload,
} from '../../../src/block/payload.ts';
import { type CryptContext, cipherOf } from '../../../src/dm/crypt/cipher.ts';
import { CipherPayload, decrypted, encrypted } from '../../../src/dm/crypt/cipher-payload.ts';
import type { CipherIdentity } from '../../../src/dm/crypt/identity.ts';
import { parseSpec } from '../../../src/dm/crypt/spec.ts';
import { kernelByName } from '../../../src/kernel/releases.ts';
import { PROVIDER_CONTEXTS } from '../../support/providers.ts';
import { KEY32, KEY64 } from './stand.ts';

function identityOf(
  cipher: string,
  key: string,
  tail = '',
  context: CryptContext = {},
): CipherIdentity {
  const words = `${cipher} ${key} 0 /dev/x 0${tail}`.split(' ');
  const answers = kernelByName('v6.12').crypt;
  const step = parseSpec(words, 524288, { answers, keyring: null, log: () => undefined });
  if (!step.ok) throw new Error(step.error);
  const made = cipherOf(step.value, false, context);
  if (made.kind !== 'identity') throw new Error(`${cipher} is not modelled`);
  return made.identity;
}

/** Mappings that share one disk: different modes, keys and unit sizes. */
const MAPPINGS: [string, string, string][] = [
  ['aes-xts-plain64', KEY64, ''],
  ['aes-cbc-essiv:sha256', KEY32, ''],
  ['aes:2-cbc-null', KEY64, ''],
  ['aes-cbc-null', KEY32, ''],
  ['aes-ecb', KEY32, ''],
  ['aes-xts-plain', KEY64, ' 2 sector_size:1024 iv_large_sectors'],
  ['aes-cbc-eboiv', KEY32, ' 1 sector_size:1024'],
  ['aes-cbc-elephant', KEY64, ' 1 sector_size:1024'],
  ['aes:2-cbc-lmk', KEY64, ''],
  ['aes-cbc-tcw', KEY64, ''],
  ['aes-lrw-benbi', KEY32, ''],
  ['aes-ctr-plain64', KEY32, ''],
  ['xchacha20,aes-adiantum-plain64', KEY32, ''],
  ['cipher_null-cbc-plain64', '-', ''],
];

const SECTORS = 24;

interface Step {
  readonly write: boolean;
  /** -1: the disk itself. */
  readonly mapping: number;
  readonly sector: number;
  readonly sectors: number;
  readonly place: number;
  readonly kind: number;
}

const steps = fc.array(
  fc.record({
    write: fc.boolean(),
    mapping: fc.integer({ min: -1, max: MAPPINGS.length - 1 }),
    sector: fc.integer({ min: 0, max: SECTORS - 1 }),
    sectors: fc.integer({ min: 1, max: SECTORS }),
    place: fc.integer({ min: 0, max: 3 }),
    kind: fc.integer({ min: 0, max: 2 }),
  }),
  { minLength: 1, maxLength: 14 },
);

function data(kind: number, sector: number, bytes: number): Payload {
  if (kind === 0) return new PatternPayload(sector % 3, sector * 512, bytes);
  if (kind === 1) return new FillPayload(sector & 255, bytes);
  return new BytesPayload(patternBytes(sector, 0, bytes));
}

/** Runs the steps on a disk of ropes; returns what was read and the raw image. */
function run(program: readonly Step[], context: CryptContext): { reads: string[]; image: string } {
  const identities = MAPPINGS.map(([cipher, key, tail]) => identityOf(cipher, key, tail, context));
  let disk: Payload = new FillPayload(0xff, SECTORS * 512);
  const reads: string[] = [];
  for (const step of program) {
    const identity = identities[step.mapping] ?? null;
    const unit = identity === null ? 1 : identity.unitBytes / 512;
    const sector = step.sector - (step.sector % unit);
    const length = Math.min(step.sectors + unit - 1, SECTORS - sector);
    const sectors = length - (length % unit);
    if (sectors === 0) continue;
    // An append's IV is not that of its place.
    const cc = sector + step.place * 4 * unit;
    if (step.write) {
      const plain = data(step.kind, sector, sectors * 512);
      const stored = identity === null ? plain : encrypted(plain, identity, cc);
      const end = sector + sectors;
      disk = concat([
        disk.slice(0, sector * 512),
        stored,
        disk.slice(end * 512, (SECTORS - end) * 512),
      ]);
      continue;
    }
    const raw = disk.slice(sector * 512, sectors * 512);
    const read = identity === null ? raw : decrypted(raw, identity, cc);
    reads.push(bytesToHex(read.bytes()));
  }
  return { reads, image: bytesToHex(disk.bytes()) };
}

describe('deferred ciphertext', () => {
  it('gives every read and the raw image the bytes of eager ciphertext, with every provider', () => {
    fc.assert(
      fc.property(steps, (program) => {
        const eager = run(program, { eager: true });
        for (const context of PROVIDER_CONTEXTS) {
          expect(run(program, context)).to.deep.equal(eager);
        }
      }),
      { numRuns: 150 },
    );
  }).timeout(60000);

  it('gives any slice the bytes of the whole', () => {
    fc.assert(
      fc.property(fc.nat(8191), fc.nat(8191), fc.constantFrom(...MAPPINGS), (a, b, mapping) => {
        const identity = identityOf(...mapping);
        const whole = (): Payload => encrypted(new PatternPayload(1, 0, 8192), identity, 16);
        const from = Math.min(a, b);
        const length = Math.max(a, b) - from;
        const part = whole().slice(from, length).bytes();
        expect(bytesToHex(part)).to.equal(
          bytesToHex(
            whole()
              .bytes()
              .slice(from, from + length),
          ),
        );
      }),
      { numRuns: 100 },
    );
  }).timeout(60000);

  it('hands the plaintext itself back where key, mode and sector agree', () => {
    const plain = new PatternPayload(1, 0, 8192);
    const stored = encrypted(plain, identityOf('aes-xts-plain64', KEY64), 40);
    expect(decrypted(stored, identityOf('capi:xts(aes)-plain64', KEY64), 40)).to.equal(plain);
    expect(
      decrypted(stored.slice(512, 512), identityOf('aes-xts-plain64', KEY64), 41),
    ).to.be.instanceOf(PatternPayload);
    expect(decrypted(stored, identityOf('aes-xts-plain64', KEY64), 41)).not.to.be.instanceOf(
      PatternPayload,
    );
  });

  it('knows that a null IV does not depend on the sector, but with two keys on its parity', () => {
    const plain = new PatternPayload(1, 0, 512);
    const one = identityOf('aes-cbc-null', KEY32);
    const two = identityOf('aes:2-cbc-null', KEY64);
    expect(decrypted(encrypted(plain, one, 0), one, 77)).to.equal(plain);
    expect(decrypted(encrypted(plain, two, 0), two, 78)).to.equal(plain);
    expect(samePayload(decrypted(encrypted(plain, two, 0), two, 77), plain)).to.equal(false);
  });

  it('joins neighbours whose plaintexts join and whose sectors continue', () => {
    const identity = identityOf('aes-xts-plain64', KEY64);
    const first = encrypted(new PatternPayload(1, 0, 4096), identity, 0);
    const next = encrypted(new PatternPayload(1, 4096, 4096), identity, 8);
    const moved = encrypted(new PatternPayload(1, 4096, 4096), identity, 0);
    const joined = concat([first, next]);
    expect(joined).to.be.instanceOf(CipherPayload);
    expect(joined.lengthBytes).to.equal(8192);
    expect(concat([first, moved])).not.to.be.instanceOf(CipherPayload);
  });

  it('nests: crypt over crypt gives the plaintext back through both', () => {
    const lower = identityOf('aes-cbc-essiv:sha256', KEY32);
    const upper = identityOf('aes-xts-plain64', KEY64);
    const plain = new PatternPayload(1, 0, 4096);
    const stored = encrypted(encrypted(plain, upper, 8), lower, 8);
    expect(decrypted(decrypted(stored, lower, 8), upper, 8)).to.equal(plain);
    const eagerLower = identityOf('aes-cbc-essiv:sha256', KEY32, '', { eager: true });
    const eagerUpper = identityOf('aes-xts-plain64', KEY64, '', { eager: true });
    const eager = encrypted(encrypted(plain, eagerUpper, 8), eagerLower, 8);
    expect(bytesToHex(stored.bytes())).to.equal(bytesToHex(eager.bytes()));
  });

  it('tells equal and different ciphertext without computing it', () => {
    const identity = identityOf('aes-xts-plain64', KEY64);
    const make = (seed: number, sector: number): Payload =>
      encrypted(new FillPayload(seed, 512), identity, sector);
    expect(make(1, 5).knownEqual(make(1, 5))).to.equal(true);
    expect(make(1, 5).knownEqual(make(2, 5))).to.equal(false);
    expect(make(1, 5).knownEqual(make(1, 6))).to.equal(null);
  });
});
