/** What ciphers do per second: aes-xts-plain64 and aes-cbc-essiv by each provider, as ratios to what one would take instead. */

import { decryptExtent } from '../dist/dm/crypt/modes.js';
import { nobleProvider } from '../dist/dm/crypt/provider.js';
import { wasmProvider } from '../dist/dm/crypt/wasm/provider.js';
import { nodeProvider } from '../dist/node/crypto-provider.js';
import {
  type Extent,
  extents,
  noblePerSector,
  objectPerSector,
  openssl,
  opensslVersion,
} from './crypt-cases.ts';
import { compared, measure, type Options, type Result, ratio } from './measure.ts';
import { type Benches, inOwnProcesses, runAsked } from './own-process.ts';

const BIO_BYTES = 65536;
const MEBIBYTE = 2 ** 20;

const BENCHES: Benches = {
  'xts-512-node': (options) => againstOpenssl('xts-512-node', 'xts', 512, BIO_BYTES, options),
  'xts-4096-node': (options) => againstOpenssl('xts-4096-node', 'xts', 4096, BIO_BYTES, options),
  'xts-bio-4k-node': smallBios,
  'xts-512-noble': (options) => againstNoble('xts-512-noble', nobleProvider, options),
  'xts-512-wasm': (options) => againstNoble('xts-512-wasm', wasmProvider, options),
  'essiv-512-node': (options) => againstOpenssl('essiv-512-node', 'cbc', 512, MEBIBYTE, options),
};

/**
 * What a cipher returns is memory outside the heap, which makes the engine collect all of the heap every few hundred bios:
 * in a process with all benches the size of everything else would be measured too.
 */
export function cryptBenches(options: Options): Readonly<Record<string, () => Result>> {
  return inOwnProcesses(BENCHES, import.meta.url, options);
}

function againstOpenssl(
  name: string,
  chain: 'xts' | 'cbc',
  unitBytes: number,
  bytes: number,
  options: Options,
): Result {
  const size: Extent = { unitBytes, bytes, count: 2 ** 28 / bytes };
  const large: Extent = { unitBytes, bytes: MEBIBYTE, count: 2 ** 28 / MEBIBYTE };
  const cipher = `aes-256-${chain}`;
  const rates = measure(
    [
      extents('encrypt', nodeProvider, chain, size),
      openssl('openssl', cipher, unitBytes),
      extents('decrypt', nodeProvider, chain, size, decryptExtent),
      extents('large', nodeProvider, chain, large),
      openssl('openssl -d', cipher, unitBytes, true),
    ],
    options,
  );
  const by = (own: string, other: string): string =>
    ratio(rates.get(own)!, rates.get(other)!).toFixed(2);
  const what = opensslVersion() ?? 'one large buffer by node';
  const others = `decrypting ${by('decrypt', 'openssl -d')}, bios of 1 MiB ${by('large', 'openssl')}`;
  return compared(name, 'MB/s', rates, { reference: `${what}, ${cipher}; ${others}` });
}

/** Bios of 4 KiB, one by one. */
function smallBios(options: Options): Result {
  const bios = { unitBytes: 512, bytes: 4096 };
  const rates = measure(
    [
      extents('bulk', nodeProvider, 'xts', { ...bios, count: 40_000 }),
      objectPerSector('objects', { ...bios, count: 5000 }),
      extents('wasm', wasmProvider, 'xts', { ...bios, count: 10_000 }),
      extents('noble', nobleProvider, 'xts', { ...bios, count: 4000 }),
    ],
    options,
  );
  const objects = rates.get('objects')!;
  const others = ['wasm', 'noble'].map(
    (name) => `${name} ${ratio(rates.get(name)!, objects).toFixed(2)}`,
  );
  return compared('xts-bio-4k-node', 'MB/s', rates, {
    reference: `a cipher object for every sector; ${others.join(', ')}`,
  });
}

function againstNoble(name: string, provider: typeof nobleProvider, options: Options): Result {
  const sizes = (count: number): Extent => ({ unitBytes: 512, bytes: BIO_BYTES, count });
  const count = provider === nobleProvider ? 400 : 1600;
  const rates = measure(
    [
      extents('encrypt', provider, 'xts', sizes(count)),
      noblePerSector('sectors', sizes(200)),
      extents('decrypt', provider, 'xts', sizes(count), decryptExtent),
    ],
    options,
  );
  const others = `decrypting ${ratio(rates.get('decrypt')!, rates.get('sectors')!).toFixed(2)}`;
  return compared(name, 'MB/s', rates, {
    reference: `ecb() of noble for every sector; ${others}`,
  });
}

runAsked(BENCHES, import.meta.url);
