/**
 * From a parsed table line to what data is encrypted with: an identity, nothing at all (cipher_null), or a mode whose
 * bytes the model does not compute. The last kind loads as the kernel loads it and fails when data goes through.
 */

import { type Aead, aeadOf } from './aead.ts';
import { hasDigest } from './digests.ts';
import { type Chain, CipherIdentity, EPOCH_BITS, type IvGenerator } from './identity.ts';
import type { Keyring } from './key.ts';
import type { CipherProvider } from './provider.ts';
import { type CryptSpec, subkeyBytes } from './spec.ts';
import type { TaggedCipher } from './tagged.ts';

/** What a machine may choose about its ciphers; none of it changes a byte. */
export interface CryptContext {
  /** Who does the AES. Default: the portable one. */
  readonly provider?: CipherProvider;
  /** Compute ciphertext at once, not when somebody looks. */
  readonly eager?: boolean;
  /** The keys of the kernel's keyring; absent: it is empty. */
  readonly keyring?: Keyring;
}

export type Cipher =
  | {
      readonly kind: 'identity';
      readonly identity: CipherIdentity;
      /** The part of iv_offset that is added to a sector, in sectors. */
      readonly ivOffsetSectors: number;
    }
  /** Keeps IVs or tags beside the data. */
  | { readonly kind: 'tagged'; readonly tagged: TaggedCipher }
  /** Data goes through as it is. */
  | { readonly kind: 'transparent' }
  | { readonly kind: 'not-modelled'; readonly what: string };

const GENERATORS: ReadonlySet<string> = new Set<IvGenerator>([
  'none',
  'null',
  'plain',
  'plain64',
  'plain64be',
  'benbi',
  'eboiv',
  'elephant',
  'lmk',
  'tcw',
]);

const CHAINS: ReadonlySet<string> = new Set<Chain>([
  'xts',
  'cbc',
  'pcbc',
  'ecb',
  'lrw',
  'ctr',
  'cfb',
  'ofb',
  'adiantum',
]);

/** benbi counts cipher blocks: 2^9 bytes in a sector. */
const SECTOR_SHIFT = 9;
const MD5_BYTES = 16;

/**
 * The cipher of a table line. `perZone`: all of a zone shares the IV of its start. `tagBytes`: what of each unit's
 * metadata is a tag, where the device has room for one.
 */
export function cipherOf(
  spec: CryptSpec,
  perZone: boolean,
  context: CryptContext = {},
  tagBytes = 0,
): Cipher {
  const { algorithm } = spec;
  if (algorithm.cipher === 'cipher_null' && algorithm.chain === 'ecb' && !spec.needsIntegrity) {
    return { kind: 'transparent' };
  }
  const aead = algorithm.kind === 'aead' ? aeadOf(algorithm) : null;
  const chain = algorithm.kind === 'aead' ? aeadChain(spec, aead) : chainOf(spec);
  if (chain === null) return { kind: 'not-modelled', what: `cipher mode ${spec.cipherText}` };
  const identity = identityOf(spec, chain, perZone, context);
  const ivOffsetSectors = Number(BigInt.asUintN(EPOCH_BITS, spec.ivOffset));
  if (!spec.needsIntegrity) return { kind: 'identity', identity, ivOffsetSectors };
  const { ivBytes, macKeyBytes } = spec;
  const random = spec.ivMode === 'random';
  const { keys } = identity.description;
  return {
    kind: 'tagged',
    tagged: { identity, ivOffsetSectors, ivBytes, random, aead, tagBytes, keys, macKeyBytes },
  };
}

function identityOf(
  spec: CryptSpec,
  chain: Chain,
  perZone: boolean,
  context: CryptContext,
): CipherIdentity {
  const { algorithm, ivMode, macKeyBytes } = spec;
  const length = subkeyBytes(spec.key.sizeBytes, spec.keyExtraBytes, spec.keyCount);
  const keys = Array.from({ length: spec.keyCount }, (_, i) =>
    spec.key.bytes.slice(i * length, (i + 1) * length),
  );
  return new CipherIdentity(
    {
      chain,
      // Random IVs are drawn elsewhere.
      iv: ivMode === 'essiv' ? 'plain64' : ivMode === 'random' ? 'null' : ivMode,
      ivBytes: Math.max(spec.ivBytes, 8),
      essiv: algorithm.essiv ?? '',
      benbiShift: benbiShiftOf(algorithm.blockBytes),
      unitBytes: spec.options.sectorBytes,
      largeSectors: spec.options.largeSectors,
      epoch: Number(spec.ivOffset >> BigInt(EPOCH_BITS)),
      perZone,
      keys,
      macKeyBytes,
      extra: extraOf(spec),
      rounds: algorithm.name.includes('xchacha12') ? 12 : 20,
    },
    context.provider,
    context.eager,
  );
}

/**
 * AES-XTS whose IV is the number of the data unit, little endian, as fscrypt and blk-crypto have it: plain64 that counts
 * units. `key`: the data key and the tweak key.
 */
export function dataUnitXts(
  key: Uint8Array,
  unitBytes: number,
  { provider, eager }: CryptContext = {},
): CipherIdentity {
  return new CipherIdentity(
    {
      chain: 'xts',
      iv: 'plain64',
      ivBytes: 16,
      essiv: '',
      benbiShift: benbiShiftOf(16),
      unitBytes,
      largeSectors: true,
      epoch: 0,
      perZone: false,
      keys: [key],
      extra: new Uint8Array(0),
      rounds: 20,
    },
    provider,
    eager,
  );
}

/** How often 2 divides the cipher blocks of a sector. */
function benbiShiftOf(blockBytes: number): number {
  return SECTOR_SHIFT - (31 - Math.clz32(blockBytes));
}

/** Generators that make an IV of an authenticated mode. */
const AEAD_GENERATORS = new Set([
  'null',
  'plain',
  'plain64',
  'plain64be',
  'benbi',
  'essiv',
  'random',
]);

/** The mode inside an authenticated one, when the model computes its bytes. */
function aeadChain({ algorithm, ivMode }: CryptSpec, aead: Aead | null): Chain | null {
  const { essiv } = algorithm;
  if (aead === null || !AEAD_GENERATORS.has(ivMode)) return null;
  return essiv === null || hasDigest(essiv) ? aead.chain : null;
}

/** The mode, when the model computes its bytes. */
function chainOf({ algorithm, ivMode }: CryptSpec): Chain | null {
  const { chain, cipher, essiv, kind } = algorithm;
  const iv = ivMode === 'essiv' ? 'plain64' : ivMode === 'random' ? 'null' : ivMode;
  if (kind !== 'skcipher' || !GENERATORS.has(iv) || !CHAINS.has(chain)) return null;
  // A mode that wants an IV and gets none uses whatever memory held: no two kernels agree.
  if (iv === 'none' && chain !== 'ecb') return null;
  // Only CBC gives back what lmk encrypted: its IV is known after decrypting, and comes off the first block.
  if (iv === 'lmk' && chain !== 'cbc') return null;
  // tcw makes an IV of 16 bytes; of a longer one the rest is what the stack held.
  if (iv === 'tcw' && algorithm.ivBytes > 16) return null;
  if (essiv !== null && !hasDigest(essiv)) return null;
  if (cipher === 'cipher_null') return chain === 'cbc' ? 'xor' : null;
  return cipher === 'aes' ? (chain as Chain) : null;
}

/** What a generator keeps of the key behind the subkeys. */
function extraOf({ key, ivMode, keyCount, keyParts, keyExtraBytes }: CryptSpec): Uint8Array {
  const { bytes, sizeBytes } = key;
  if (ivMode === 'lmk') {
    // Version 3, crypt_iv_lmk_init(): as much as a digest is long, from where one more subkey would be.
    const seedAt = keyCount * Math.floor(sizeBytes / keyParts);
    return keyParts === keyCount ? new Uint8Array(0) : bytes.slice(seedAt, seedAt + MD5_BYTES);
  }
  if (ivMode === 'elephant' || ivMode === 'tcw') return bytes.slice(sizeBytes - keyExtraBytes);
  return new Uint8Array(0);
}
