/**
 * The crypt table line up to its device (drivers/md/dm-crypt.c crypt_ctr(), crypt_ctr_cipher*(), crypt_ctr_ivmode(),
 * crypt_iv_*_ctr/init()): the checks in the constructor's order, with its texts. Pure: what is printed goes to `log`.
 *
 *   <cipher> <key> <iv_offset> <dev> <offset> [<#feature args> <arg>...]
 */

import type { CryptAnswers } from '../../kernel/answers/crypt.ts';
import type { ErrnoName } from '../../kernel/errno.ts';
import type { LogLevel } from '../../kernel/log.ts';
import { NotModelled } from '../../kernel/not-modelled.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import { type Algorithm, lookUp, macBytes } from './algorithms.ts';
import { type CryptKey, type Keyring, keySize, readKey } from './key.ts';
import { type CryptOptions, parseOptions } from './options.ts';
import { number32, number64, type Step, stop } from './words.ts';

/** Every IV mode of the target; `none` is a cipher without one. */
export const IV_MODES = [
  'plain',
  'plain64',
  'plain64be',
  'essiv',
  'benbi',
  'null',
  'eboiv',
  'elephant',
  'lmk',
  'tcw',
  'random',
] as const;

export type IvMode = (typeof IV_MODES)[number] | 'none';

export interface CryptSpec {
  /** The cipher word as given, which is what the table shows. */
  readonly cipherText: string;
  readonly algorithm: Algorithm;
  readonly keyCount: number;
  /** Parts the key string has: subkeys, and seeds of lmk and tcw. */
  readonly keyParts: number;
  readonly keyExtraBytes: number;
  /** authenc: bytes at the end of each subkey that are the MAC's. */
  readonly macKeyBytes: number;
  readonly key: CryptKey;
  readonly ivMode: IvMode;
  readonly ivBytes: number;
  readonly options: CryptOptions;
  readonly ivOffset: bigint;
  /** Needs a place for tags or IVs beside the data. */
  readonly needsIntegrity: boolean;
}

export interface SpecEnvironment {
  readonly answers: CryptAnswers;
  readonly keyring: Keyring | null;
  /** Prints a kernel log line as it is. */
  log(level: LogLevel, text: string): void;
}

const MAX_ALG_NAME = 128;
const TCW_WHITENING_BYTES = 16;
const ELEPHANT_MAX_KEY_BYTES = 32;
const LMK_KEY_COUNT = 64;
/** The key stands at the end of struct crypt_config, which comes in one piece of at most 4 MiB (KMALLOC_MAX_SIZE). */
const MAX_KEY_BYTES = 4 * 1024 * 1024 - 1024;
/** The pointers to more transforms than this are no allocation the kernel makes. */
const MAX_KEY_COUNT = 524288;

/** The line's words up to iv_offset, and its options. `lengthSectors` is the target's. */
export function parseSpec(
  args: readonly string[],
  lengthSectors: number,
  env: SpecEnvironment,
): Step<CryptSpec> {
  if (args.length < 5) return stop('arguments', 'EINVAL', 'Not enough arguments');
  const size = keySize(args[1]!);
  if (!size.ok) return size;
  if (size.value > MAX_KEY_BYTES) {
    return stop('memory', 'ENOMEM', 'Cannot allocate encryption context');
  }
  const options = parseOptions(args.slice(5), lengthSectors, env.answers);
  if (!options.ok) return options;
  const cipher = parseCipher(args[0]!, options.value, env);
  if (!cipher.ok) return cipher;
  const iv = chooseIv(cipher.value, size.value, env);
  if (!iv.ok) return iv;
  const key = setKey(args[1]!, size.value, cipher.value, iv.value, options.value, env);
  if (!key.ok) return key;
  const made = makeIv(cipher.value, iv.value, key.value, options.value, env);
  if (!made.ok) return made;
  const ivOffset = number64(args[2]!, env.answers.numberOverflow);
  const unitSectors = options.value.sectorBytes / SECTOR_BYTES;
  if (ivOffset === null || ivOffset % BigInt(unitSectors) !== 0n) {
    return stop('iv-offset', 'EINVAL', 'Invalid iv_offset sector');
  }
  return {
    ok: true,
    value: {
      cipherText: args[0]!,
      algorithm: cipher.value.algorithm,
      keyCount: cipher.value.keyCount,
      macKeyBytes: cipher.value.macKeyBytes,
      ...iv.value,
      key: key.value,
      options: options.value,
      ivOffset,
      needsIntegrity: options.value.aead || iv.value.ivMode === 'random',
    },
  };
}

interface CipherWords {
  readonly algorithm: Algorithm;
  readonly keyCount: number;
  /** The word in the IV's place; null when there is none. */
  readonly ivWord: string | null;
  readonly macKeyBytes: number;
}

function parseCipher(word: string, options: CryptOptions, env: SpecEnvironment): Step<CipherWords> {
  return word.startsWith('capi:')
    ? parseNewCipher(word.slice('capi:'.length), options, env)
    : parseOldCipher(word, options, env);
}

/** `cipher[:keycount]-chainmode-ivmode[:ivopts]` */
function parseOldCipher(
  word: string,
  options: CryptOptions,
  env: SpecEnvironment,
): Step<CipherWords> {
  if (word.includes('(') || options.aead) {
    return stop('cipher', 'EINVAL', 'Bad cipher specification');
  }
  const [head, rest] = cutAt(word, '-');
  const [cipher, countText] = cutAt(head, ':');
  const keyCount = countText === null ? 1 : number32(countText);
  if (keyCount === null || keyCount === 0 || (keyCount & (keyCount - 1)) !== 0) {
    return stop('key-count', 'EINVAL', 'Bad cipher key count specification');
  }
  const [chainWord, ivPart] = rest === null ? [null, null] : cutAt(rest, '-');
  let chain = chainWord;
  let [ivWord, ivOptions]: [string | null, string | null] =
    ivPart === null ? [null, null] : cutAt(ivPart, ':');
  // `aes` and `aes-plain` are what tables of the first dm-crypt said.
  if (chain === null || (chain === 'plain' && ivWord === null)) {
    chain = 'cbc';
    ivWord = 'plain';
    ivOptions = null;
  }
  if (chain !== 'ecb' && ivWord === null) {
    return stop('iv-required', 'EINVAL', 'IV mechanism required');
  }
  if (ivWord === 'essiv' && ivOptions === null) return noDigest();
  const name =
    ivWord === 'essiv' ? `essiv(${chain}(${cipher}),${ivOptions})` : `${chain}(${cipher})`;
  if (name.length >= MAX_ALG_NAME) {
    return stop('cipher-name', 'ENOMEM', 'Cannot allocate cipher strings');
  }
  return allocate(name, keyCount, ivWord, options, env);
}

/** `capi:CRYPTO_API_NAME[-ivmode[:ivopts]]`, cut from its end: digest names may hold a dash. */
function parseNewCipher(
  text: string,
  options: CryptOptions,
  env: SpecEnvironment,
): Step<CipherWords> {
  const colon = text.lastIndexOf(':');
  const ivOptions = colon < 0 ? null : text.slice(colon + 1);
  const front = colon < 0 ? text : text.slice(0, colon);
  const dash = front.lastIndexOf('-');
  const ivWord = dash < 0 ? null : front.slice(dash + 1);
  const api = dash < 0 ? front : front.slice(0, dash);
  const mac = options.aead ? macOf(api, options, env) : { ok: true as const, value: 0 };
  if (!mac.ok) return mac;
  if (ivWord === 'lmk' && options.aead) {
    if (!env.answers.lmkRefusesAead) {
      throw new NotModelled('lmk over an AEAD', 'this kernel follows a wild pointer there');
    }
    return stop('lmk-aead', 'EINVAL', 'AEAD transforms not supported for LMK');
  }
  if (ivWord === 'essiv' && ivOptions === null) return noDigest();
  const name = ivWord === 'essiv' ? `essiv(${api},${ivOptions})` : api;
  // Only the name that is put together here is measured; a longer one that was given is one nobody knows.
  if (ivWord === 'essiv' && name.length >= MAX_ALG_NAME) {
    return stop('cipher-name', 'ENOMEM', 'Cannot allocate cipher string');
  }
  return allocate(name, ivWord === 'lmk' ? LMK_KEY_COUNT : 1, ivWord, options, env, mac.value);
}

/** crypt_ctr_auth_cipher(): bytes of the MAC's key in each subkey of `authenc(MAC,CIPHER)`; 0 for other modes. */
function macOf(api: string, options: CryptOptions, env: SpecEnvironment): Step<number> {
  if (!api.startsWith('authenc(')) return { ok: true, value: 0 };
  const bad = (errno: ErrnoName): Step<number> =>
    stop('aead', env.answers.aeadSpecErrno ?? errno, 'Invalid AEAD cipher spec');
  const comma = api.indexOf(',');
  if (comma < 0) return bad('EINVAL');
  const bytes = macBytes(api.slice('authenc('.length, comma), env.answers);
  if (bytes === null) return bad('ENOENT');
  return { ok: true, value: options.macKeyBytes === 0 ? bytes : options.macKeyBytes };
}

function noDigest(): Step<never> {
  return stop('essiv-digest', 'EINVAL', 'Digest algorithm missing for ESSIV mode');
}

function allocate(
  name: string,
  keyCount: number,
  ivWord: string | null,
  options: CryptOptions,
  env: SpecEnvironment,
  macKeyBytes = 0,
): Step<CipherWords> {
  const failed = (errno: ErrnoName): Step<CipherWords> =>
    stop('cipher-lookup', errno, 'Error allocating crypto tfm');
  if (keyCount > MAX_KEY_COUNT) return failed('ENOMEM');
  const found = lookUp(name, options.aead ? 'aead' : 'skcipher', env.answers);
  if (!found.ok) {
    if (found.log !== undefined) env.log('warning', found.log);
    return failed(found.errno);
  }
  const { algorithm } = found;
  return { ok: true, value: { algorithm, keyCount, ivWord, macKeyBytes } };
}

interface IvChoice {
  readonly ivMode: IvMode;
  readonly ivBytes: number;
  readonly keyParts: number;
  readonly keyExtraBytes: number;
}

/** crypt_ctr_ivmode(): the generator, and what it takes out of the key. */
function chooseIv(cipher: CipherWords, keyBytes: number, env: SpecEnvironment): Step<IvChoice> {
  const { algorithm, keyCount } = cipher;
  // A 64-bit sector has to fit into the buffer.
  const ivBytes = algorithm.ivBytes === 0 ? 0 : Math.max(algorithm.ivBytes, 8);
  let word = cipher.ivWord;
  if (ivBytes === 0 && word !== null) {
    env.log('warning', `${env.answers.logPrefix}Selected cipher does not support IVs`);
    word = null;
  }
  const ivMode = word === null ? 'none' : IV_MODES.find((mode) => mode === word);
  if (ivMode === undefined) return stop('iv-mode', 'EINVAL', 'Invalid IV mode');
  let keyParts = keyCount;
  let keyExtraBytes = 0;
  if (ivMode === 'elephant') {
    keyParts = 2;
    keyExtraBytes = Math.floor(keyBytes / 2);
    // The only failure without a text.
    if (keyExtraBytes > ELEPHANT_MAX_KEY_BYTES) return stop('elephant-key', 'EINVAL');
  } else if (ivMode === 'lmk' && keyBytes % keyParts !== 0) {
    // Version 3: one more key of the same size is the seed.
    keyParts += 1;
    keyExtraBytes = Math.floor(keyBytes / keyParts);
  } else if (ivMode === 'tcw') {
    keyParts += 2;
    keyExtraBytes = ivBytes + TCW_WHITENING_BYTES;
  }
  return { ok: true, value: { ivMode, ivBytes, keyParts, keyExtraBytes } };
}

/** Bytes of one subkey (crypt_subkey_size()); negative stands for the kernel's huge unsigned number. */
export function subkeyBytes(keyBytes: number, extraBytes: number, keyCount: number): number {
  return Math.floor((keyBytes - extraBytes) / keyCount);
}

function setKey(
  word: string,
  keyBytes: number,
  cipher: CipherWords,
  iv: IvChoice,
  options: CryptOptions,
  env: SpecEnvironment,
): Step<CryptKey> {
  const log = (text: string): void => env.log('err', env.answers.logPrefix + text);
  const key = readKey(word, keyBytes, env.answers, env.keyring, log);
  if (!key.ok) return key;
  const subkey = subkeyBytes(keyBytes, iv.keyExtraBytes, cipher.keyCount);
  const own = options.aead ? subkey - cipher.macKeyBytes : subkey;
  return own >= 0 && cipher.algorithm.keyFits(own)
    ? key
    : stop('key', 'EINVAL', 'Error decoding and setting key');
}

/** The generators' own constructors; what they say is overwritten by the caller's text. */
function makeIv(
  cipher: CipherWords,
  iv: IvChoice,
  key: CryptKey,
  options: CryptOptions,
  env: SpecEnvironment,
): Step<null> {
  const { algorithm } = cipher;
  const creating = stop('iv-constructor', 'EINVAL', 'Error creating IV');
  const done: Step<null> = { ok: true, value: null };
  switch (iv.ivMode) {
    case 'eboiv':
    case 'elephant': {
      if (options.aead || algorithm.blockBytes !== iv.ivBytes) return creating;
      const fits = [16, 24, 32].includes(iv.keyExtraBytes);
      if (iv.ivMode === 'eboiv' || fits) return done;
      return stop('iv-init', 'EINVAL', 'Error initialising IV');
    }
    case 'lmk':
      return options.sectorBytes === SECTOR_BYTES ? done : creating;
    case 'tcw': {
      const long = key.sizeBytes > iv.ivBytes + TCW_WHITENING_BYTES;
      if (options.sectorBytes !== SECTOR_BYTES || !long) return creating;
      if (env.answers.crc32Notice !== '') env.log('info', env.answers.crc32Notice);
      return done;
    }
    default:
      return done;
  }
}

/** The text before the first `mark`, and the text behind it; null when there is no mark (strsep()). */
function cutAt(text: string, mark: string): [string, string | null] {
  const at = text.indexOf(mark);
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}
