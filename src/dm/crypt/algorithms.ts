/**
 * Which names the kernel's crypto API knows (crypto/*.c, as far as dm-crypt asks): `xts(aes)`, `essiv(cbc(aes),sha256)`,
 * `adiantum(xchacha12,aes)`. Only what a constructor sees is here: does it exist, how long are IV, block and key.
 */

import type { CryptAnswers } from '../../kernel/answers/crypt.ts';
import type { ErrnoName } from '../../kernel/errno.ts';
import { NotModelled } from '../../kernel/not-modelled.ts';
import { digestBytes } from './digests.ts';

export interface Algorithm {
  readonly kind: 'skcipher' | 'aead';
  /** As the crypto API spells it. */
  readonly name: string;
  /** The outermost mode below essiv: `xts`, `cbc`, `ecb`, `adiantum`. */
  readonly chain: string;
  /** The block cipher inside: `aes`, `cipher_null`. */
  readonly cipher: string;
  readonly ivBytes: number;
  readonly blockBytes: number;
  /** The digest of an essiv template around it. */
  readonly essiv: string | null;
  /** Does setkey() take this many bytes? */
  readonly keyFits: (bytes: number) => boolean;
}

export type Lookup =
  | { readonly ok: true; readonly algorithm: Algorithm }
  | { readonly ok: false; readonly errno: ErrnoName; readonly log?: string };

interface BlockCipher {
  readonly blockBytes: number;
  readonly keyFits: (bytes: number) => boolean;
  readonly minKeyBytes: number;
  readonly maxKeyBytes: number;
}

const NO_SUCH: Lookup = { ok: false, errno: 'ENOENT' };

/** Block ciphers by name: block size and key sizes, in bytes. */
const CIPHERS: ReadonlyMap<string, BlockCipher> = new Map([
  ['aes', cipher(16, [16, 24, 32])],
  ['serpent', cipher(16, range(0, 32))],
  ['twofish', cipher(16, [16, 24, 32])],
  ['camellia', cipher(16, [16, 24, 32])],
  ['cast6', cipher(16, [16, 20, 24, 28, 32])],
  ['cast5', cipher(8, range(5, 16))],
  ['blowfish', cipher(8, range(4, 56))],
  ['des3_ede', cipher(8, [24])],
  ['des', cipher(8, [8])],
  ['cipher_null', cipher(1, [0])],
]);

const AEADS = new Set(['authenc', 'gcm', 'ccm', 'rfc7539', 'aegis128']);

/** Real names whose sizes nobody here has looked up. */
const UNKNOWN_HERE = new Set([
  'cts',
  'hctr2',
  'xctr',
  'rfc3686',
  'rfc4106',
  'rfc4309',
  'rfc7539esp',
  'authencesn',
  'seqiv',
  'echainiv',
  'cryptd',
  'pcrypt',
  'keywrap',
  'sm3',
  'sm4',
  'aria',
  'anubis',
  'khazad',
  'seed',
  'tea',
  'xtea',
  'xeta',
  'fcrypt',
]);

/** How implementations of one cipher are told apart: `cbc-aes-aesni`, `sha256-generic`. */
const DRIVER_NAME = /-(?:generic|lib|x86_64|x86|aesni|ni|avx2?|avx512|ssse3|sse2|asm|ce|simd)$/;

interface Tree {
  readonly name: string;
  readonly args: readonly Tree[];
}

/** What crypto_alloc_skcipher() or crypto_alloc_aead() of `name` finds. Throws NotModelled for names left out. */
export function lookUp(name: string, kind: Algorithm['kind'], answers: CryptAnswers): Lookup {
  // The last bracket ends what a template reads; words behind it make it another name all the same.
  const tree = parseName(name.slice(0, name.lastIndexOf(')') + 1) || name);
  if (tree === null) return NO_SUCH;
  const found = resolve(tree, kind, answers);
  if (!found.ok) return found;
  if (found.algorithm.kind !== kind) return refused(answers);
  // What was made bears its own name, and asking for the other one again finds nothing.
  return found.algorithm.name === name ? found : { ok: false, errno: answers.renamedErrno };
}

/** A template that exists but cannot make what is asked for. */
function refused(answers: CryptAnswers, log?: string): Lookup {
  const errno = answers.instanceErrno;
  return log === undefined ? { ok: false, errno } : { ok: false, errno, log };
}

function resolve(tree: Tree, kind: Algorithm['kind'], answers: CryptAnswers): Lookup {
  const { name, args } = tree;
  for (const part of [name, ...args.map((arg) => arg.name)]) {
    if (UNKNOWN_HERE.has(part) || DRIVER_NAME.test(part)) {
      throw new NotModelled(`the cipher "${part}"`, 'use aes');
    }
  }
  const first = args[0];
  if (first === undefined) return resolveBare(name, kind);
  if (name === 'essiv') return resolveEssiv(first, args[1], kind, answers);
  if (name === 'adiantum') return resolveAdiantum(first, args[1], args.length, answers);
  if (AEADS.has(name)) return resolveAead(name, args, answers);
  return resolveMode(name, first, answers);
}

/** Streams that are ciphers without a template. */
const STREAMS = new Set(['chacha20', 'xchacha20', 'xchacha12', 'salsa20', 'arc4']);

/** A name without brackets. A bare `aes` is a block cipher, not what dm-crypt asks for. */
function resolveBare(name: string, kind: Algorithm['kind']): Lookup {
  if (STREAMS.has(name)) throw new NotModelled(`the cipher "${name}"`, 'use ctr(aes)');
  if (name !== 'aegis128' || kind !== 'aead') return NO_SUCH;
  return {
    ok: true,
    algorithm: {
      kind: 'aead',
      name,
      chain: name,
      cipher: 'aes',
      ivBytes: 16,
      blockBytes: 1,
      essiv: null,
      keyFits: (bytes) => bytes === 16,
    },
  };
}

function resolveMode(chain: string, inner: Tree, answers: CryptAnswers): Lookup {
  const make = answers.chainModes.includes(chain) ? MODES.get(chain) : undefined;
  if (make === undefined) return NO_SUCH;
  // xts and lrw take `aes` as well as `ecb(aes)`.
  const direct = inner.args.length === 0 ? inner : inner.args[0]!;
  const block = CIPHERS.get(direct.name);
  if (block === undefined) return NO_SUCH;
  // xts and lrw ask for `ecb(cipher_null)`, which is always there.
  const asksEcb = chain === 'ecb' || chain === 'xts' || chain === 'lrw';
  if (direct.name === 'cipher_null' && !asksEcb && !answers.nullBlockCipher) return NO_SUCH;
  const mode = make(block);
  if (mode === null) return refused(answers);
  return {
    ok: true,
    algorithm: {
      kind: 'skcipher',
      name: `${chain}(${direct.name})`,
      chain,
      cipher: direct.name,
      essiv: null,
      ...mode,
    },
  };
}

type Mode = Pick<Algorithm, 'ivBytes' | 'blockBytes' | 'keyFits'>;

const MODES: ReadonlyMap<string, (block: BlockCipher) => Mode | null> = new Map([
  ['ecb', (block) => ({ ivBytes: 0, blockBytes: block.blockBytes, keyFits: block.keyFits })],
  ['cbc', ownBlockIv],
  ['pcbc', ownBlockIv],
  ['cfb', streamOfBlocks],
  ['ofb', streamOfBlocks],
  [
    'ctr',
    (block) =>
      block.blockBytes < 4
        ? null
        : { ivBytes: block.blockBytes, blockBytes: 1, keyFits: block.keyFits },
  ],
  // Two keys of equal length, one for the tweak.
  ['xts', (block) => wide(block, (bytes) => bytes % 2 === 0 && block.keyFits(bytes / 2))],
  // The last 16 bytes are the tweak key.
  ['lrw', (block) => wide(block, (bytes) => block.keyFits(bytes - 16))],
]);

function ownBlockIv(block: BlockCipher): Mode {
  return { ivBytes: block.blockBytes, blockBytes: block.blockBytes, keyFits: block.keyFits };
}

function streamOfBlocks(block: BlockCipher): Mode {
  return { ivBytes: block.blockBytes, blockBytes: 1, keyFits: block.keyFits };
}

function wide(block: BlockCipher, keyFits: (bytes: number) => boolean): Mode | null {
  return block.blockBytes === 16 ? { ivBytes: 16, blockBytes: 16, keyFits } : null;
}

const ADIANTUM_KEY_BYTES = 32;

/** crypto/adiantum.c adiantum_create(): XChaCha, and a block cipher of 16-byte blocks that takes a 256-bit key. */
function resolveAdiantum(
  stream: Tree,
  block: Tree | undefined,
  words: number,
  answers: CryptAnswers,
): Lookup {
  const cipherWord = block === undefined ? undefined : CIPHERS.get(block.name);
  const streams = ['xchacha12', 'xchacha20', 'chacha20'];
  if (block === undefined || cipherWord === undefined || !streams.includes(stream.name)) {
    return NO_SUCH;
  }
  const fits = cipherWord.blockBytes === 16 && cipherWord.keyFits(ADIANTUM_KEY_BYTES);
  if (stream.name === 'chacha20' || !fits) {
    const what = `(${stream.name},${block.name}${answers.adiantumHash})`;
    return refused(answers, `Unsupported Adiantum instantiation: ${what}`);
  }
  // The hash may be named where there is one to name; what is made bears the short name all the same.
  if (words > 2 && answers.adiantumHash === '') return NO_SUCH;
  if (words > 2) return { ok: false, errno: answers.renamedErrno };
  return {
    ok: true,
    algorithm: {
      kind: 'skcipher',
      name: `adiantum(${stream.name},${block.name})`,
      chain: 'adiantum',
      cipher: block.name,
      ivBytes: 32,
      blockBytes: 16,
      essiv: null,
      keyFits: (bytes) => bytes === ADIANTUM_KEY_BYTES,
    },
  };
}

/** crypto/essiv.c essiv_create(): IV of one block, and a digest that can be a key. */
function resolveEssiv(
  inner: Tree,
  digest: Tree | undefined,
  kind: Algorithm['kind'],
  answers: CryptAnswers,
): Lookup {
  const found = resolve(inner, kind, answers);
  if (!found.ok) return found;
  if (found.algorithm.kind !== kind) return refused(answers);
  if (kind === 'aead' && found.algorithm.chain !== 'authenc') {
    return refused(answers, 'Only authenc() type AEADs are supported by ESSIV');
  }
  const known = digest !== undefined && answers.digests.includes(digest.name);
  const bytes = known ? digestBytes(digest.name) : null;
  if (digest === undefined || bytes === null) return NO_SUCH;
  const { algorithm } = found;
  const block = algorithm.chain === 'adiantum' ? undefined : CIPHERS.get(algorithm.cipher);
  const fits =
    block !== undefined &&
    bytes >= block.minKeyBytes &&
    bytes <= block.maxKeyBytes &&
    algorithm.ivBytes === block.blockBytes;
  if (!fits) {
    return refused(
      answers,
      `Unsupported essiv instantiation: essiv(${algorithm.name},${digest.name})`,
    );
  }
  return {
    ok: true,
    algorithm: {
      ...algorithm,
      name: `essiv(${algorithm.name},${digest.name})`,
      // Around another one: both make the IV, and what comes out is not computed here.
      essiv: algorithm.essiv === null ? digest.name : `${algorithm.essiv},${digest.name}`,
      keyFits: (key) => algorithm.keyFits(key) && block.keyFits(bytes),
    },
  };
}

function resolveAead(name: string, args: readonly Tree[], answers: CryptAnswers): Lookup {
  const inner = args[args.length - 1]!;
  if (name === 'authenc') {
    const found = resolve(inner, 'skcipher', answers);
    if (!found.ok) return found;
    const { algorithm } = found;
    if (algorithm.kind === 'aead') return refused(answers);
    const full = `authenc(${text(args[0]!)},${algorithm.name})`;
    return { ok: true, algorithm: { ...algorithm, kind: 'aead', name: full, chain: name } };
  }
  const block = CIPHERS.get(inner.name);
  return {
    ok: true,
    algorithm: {
      kind: 'aead',
      name: `${name}(${args.map(text).join(',')})`,
      chain: name,
      cipher: inner.name,
      ivBytes: name === 'ccm' || name === 'aegis128' ? 16 : 12,
      blockBytes: 1,
      essiv: null,
      keyFits: block === undefined ? (bytes) => bytes === 32 : block.keyFits,
    },
  };
}

/** What makes a MAC of a block cipher: its length is the block's. */
const CIPHER_MACS = new Set(['cmac', 'xcbc', 'cbcmac']);

/** The length of `hmac(sha256)`'s digest, in bytes; null when the kernel has no such digest. */
export function macBytes(name: string, answers: CryptAnswers): number | null {
  const tree = parseName(name);
  if (tree === null) return null;
  const inner = tree.args[0]?.name;
  if (CIPHER_MACS.has(tree.name)) return CIPHERS.get(inner ?? '')?.blockBytes ?? null;
  const digest = tree.name === 'hmac' ? inner : tree.name;
  if (digest === undefined || !answers.digests.includes(digest)) return null;
  return digestBytes(digest);
}

function text(tree: Tree): string {
  return tree.args.length === 0 ? tree.name : `${tree.name}(${tree.args.map(text).join(',')})`;
}

/** `a(b(c),d)` as a tree; null when the brackets do not close. */
function parseName(name: string): Tree | null {
  let at = 0;
  const tree = (depth: number): Tree | null => {
    const start = at;
    while (at < name.length && !'(),'.includes(name[at]!)) at += 1;
    const word = name.slice(start, at);
    if (word === '' || depth > 4) return null;
    const args: Tree[] = [];
    if (name[at] !== '(') return { name: word, args };
    do {
      at += 1;
      const arg = tree(depth + 1);
      if (arg === null) return null;
      args.push(arg);
    } while (name[at] === ',');
    if (name[at] !== ')') return null;
    at += 1;
    return { name: word, args };
  };
  const root = tree(0);
  return root !== null && at === name.length ? root : null;
}

function cipher(blockBytes: number, keys: readonly number[]): BlockCipher {
  return {
    blockBytes,
    keyFits: (bytes) => keys.includes(bytes),
    minKeyBytes: keys[0]!,
    maxKeyBytes: keys[keys.length - 1]!,
  };
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
