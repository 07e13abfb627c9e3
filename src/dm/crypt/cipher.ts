/**
 * From a parsed table line to what data is encrypted with: an identity, nothing at all (cipher_null), or a mode whose
 * bytes the model does not compute. The last kind loads as the kernel loads it and fails when data goes through.
 */

import { type Chain, CipherIdentity, EPOCH_BITS, type IvGenerator } from './identity.ts';
import type { Keyring } from './key.ts';
import { type CipherProvider, nobleProvider } from './provider.ts';
import { type CryptSpec, subkeyBytes } from './spec.ts';

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
]);

/** The cipher of a table line. `perZone`: all of a zone shares the IV of its start. */
export function cipherOf(spec: CryptSpec, perZone: boolean, context: CryptContext = {}): Cipher {
  const { algorithm, ivMode } = spec;
  if (algorithm.cipher === 'cipher_null' && algorithm.chain === 'ecb') {
    return { kind: 'transparent' };
  }
  const iv = ivMode === 'essiv' ? 'plain64' : ivMode;
  const computed =
    algorithm.kind === 'skcipher' &&
    algorithm.cipher === 'aes' &&
    ['xts', 'cbc', 'ecb'].includes(algorithm.chain) &&
    (algorithm.essiv === null || (algorithm.essiv === 'sha256' && iv !== 'eboiv')) &&
    GENERATORS.has(iv) &&
    // A mode that wants an IV and gets none uses whatever memory held: no two kernels agree.
    (iv !== 'none' || algorithm.chain === 'ecb');
  if (!computed) return { kind: 'not-modelled', what: `cipher mode ${spec.cipherText}` };
  const length = subkeyBytes(spec.key.sizeBytes, spec.keyExtraBytes, spec.keyCount);
  const keys = Array.from({ length: spec.keyCount }, (_, i) =>
    spec.key.bytes.slice(i * length, (i + 1) * length),
  );
  const identity = new CipherIdentity(
    {
      chain: algorithm.chain as Chain,
      iv: iv as IvGenerator,
      essiv: algorithm.essiv !== null,
      unitBytes: spec.options.sectorBytes,
      largeSectors: spec.options.largeSectors,
      epoch: Number(spec.ivOffset >> BigInt(EPOCH_BITS)),
      perZone,
      keys,
    },
    context.provider ?? nobleProvider,
    context.eager ?? false,
  );
  return {
    kind: 'identity',
    identity,
    ivOffsetSectors: Number(BigInt.asUintN(EPOCH_BITS, spec.ivOffset)),
  };
}
