/**
 * The words of a dm-inlinecrypt line (drivers/md/dm-inlinecrypt.c inlinecrypt_ctr(), inlinecrypt_ctr_optional(); 7.3):
 * `aes-xts-plain64 KEY IV_OFFSET DEVICE START [COUNT OPTION...]`, checked in the constructor's order, with its texts.
 */

import { hexToBytes } from '@noble/hashes/utils.js';
import type { BlockDevice } from '../../block/device.ts';
import { NotModelled } from '../../kernel/not-modelled.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import { parseSector, readNumber } from '../args.ts';
import { dataUnitXts } from '../crypt/cipher.ts';
import type { CipherIdentity } from '../crypt/identity.ts';
import type { TargetContext, TargetResult } from '../target.ts';
import { lookupFailed } from './linear.ts';

export interface InlineSpec {
  readonly device: BlockDevice;
  readonly cipher: string;
  /** Hexadecimal digits, as given. */
  readonly keyText: string;
  readonly ivOffsetSectors: number;
  readonly startSector: number;
  /** What one data unit number stands for, in bytes. */
  readonly unitBytes: number;
  readonly discards: boolean;
  readonly identity: CipherIdentity;
}

/** The only mode it knows, and what BLK_ENCRYPTION_MODE_AES_256_XTS takes as key. */
const CIPHER = 'aes-xts-plain64';
const KEY_BYTES = 64;
/** BLK_CRYPTO_MAX_ANY_KEY_SIZE. */
const MOST_KEY_BYTES = 128;
const MOST_OPTIONS = 4;
const MOST_UNIT_BYTES = 4096;
const PREFIX = 'device-mapper: inlinecrypt: ';

export function parseInline(
  args: readonly string[],
  lengthSectors: number,
  context: TargetContext,
): InlineSpec | TargetResult {
  if (args.length < 5) return refused('Not enough arguments');
  const [cipher, keyText, offsetText, path, startText, ...words] = args as [
    string,
    string,
    string,
    string,
    string,
    ...string[],
  ];
  if (cipher !== CIPHER) return refused('Unsupported cipher');
  const wrongKey = checkKey(keyText, context);
  if (wrongKey !== null) return refused(wrongKey);
  const ivOffsetSectors = parseSector(offsetText);
  if (ivOffsetSectors === null) return refused('Invalid iv_offset sector');
  const device = context.openDevice(path);
  if (typeof device === 'number') return lookupFailed(device);
  const startSector = parseSector(startText);
  if (startSector === null) return refused('Invalid start sector');
  const options = parseOptions(words);
  if ('ok' in options) return options;
  const unitSectors = options.unitBytes / SECTOR_BYTES;
  if (lengthSectors % unitSectors !== 0) {
    return refused('Device size is not a multiple of sector_size');
  }
  if (ivOffsetSectors % unitSectors !== 0) return refused('Wrong alignment of iv_offset sector');
  const most = Math.floor((ivOffsetSectors + lengthSectors - 1) / unitSectors);
  const fits = keyText.length === 2 * KEY_BYTES && most > 0;
  if (!fits && !options.wrapped) return refused('Error initializing blk-crypto key');
  if (options.wrapped) {
    // Neither a modelled disk's engine nor the fallback takes them (blk_crypto_start_using_key()).
    context.host.printk('warning', `blk-crypto: ${device.name}: no support for wrapped keys`);
    return { ok: false, errno: 'EOPNOTSUPP', error: 'Error starting to use blk-crypto' };
  }
  const { unitBytes, discards } = options;
  // The data unit number is what plain64 makes of the same words: the bytes are dm-crypt's.
  const identity = dataUnitXts(hexToBytes(keyText), unitBytes, context.crypt);
  return { device, cipher, keyText, ivOffsetSectors, startSector, unitBytes, discards, identity };
}

function refused(error: string): TargetResult {
  return { ok: false, errno: 'EINVAL', error };
}

/** get_key_size() and inlinecrypt_get_key(): the text of ti->error, or null. */
function checkKey(word: string, context: TargetContext): string | null {
  if (word.startsWith(':')) {
    throw new NotModelled('dm-inlinecrypt keys in the keyring', 'write the key as hex digits');
  }
  if (word.length > 2 * MOST_KEY_BYTES || word.length % 2 !== 0) {
    context.host.printk('err', `${PREFIX}Invalid keysize`);
    return 'Cannot parse key size';
  }
  return /^[0-9a-fA-F]*$/.test(word) ? null : 'Malformed key string';
}

interface Options {
  readonly unitBytes: number;
  readonly discards: boolean;
  readonly wrapped: boolean;
}

function parseOptions(words: readonly string[]): Options | TargetResult {
  let unitBytes = SECTOR_BYTES;
  let discards = false;
  let wrapped = false;
  let large = false;
  const count = words.length === 0 ? 0 : readNumber(words[0], 0, MOST_OPTIONS);
  // dm_read_arg_group(): more than there are words is an invalid number, too.
  if (count === null || count > Math.max(words.length - 1, 0)) {
    return refused('Invalid number of feature args');
  }
  for (const word of words.slice(1, 1 + count)) {
    const size = /^sector_size:(\d+)$/.exec(word);
    if (word.startsWith('keytype:')) {
      if (word !== 'keytype:raw' && word !== 'keytype:hw-wrapped') {
        return refused('Invalid block key type');
      }
      wrapped = word === 'keytype:hw-wrapped';
    } else if (word === 'allow_discards') discards = true;
    else if (word === 'iv_large_sectors') large = true;
    else if (size !== null) {
      unitBytes = Number(size[1]);
      if (![512, 1024, 2048, MOST_UNIT_BYTES].includes(unitBytes)) {
        return refused('Invalid sector_size');
      }
    } else return refused('Invalid feature arguments');
  }
  if (unitBytes !== SECTOR_BYTES && !large) return refused('iv_large_sectors must be specified');
  return { unitBytes, discards, wrapped };
}
