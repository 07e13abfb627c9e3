/** Key messages (drivers/md/dm-crypt.c crypt_message(), crypt_wipe_key()): `key set KEY` and `key wipe`, all eras. */

import { errno } from '../../kernel/errno.ts';
import { type CryptKey, keySize, readKey } from './key.ts';
import type { CryptSpec, SpecEnvironment } from './spec.ts';

export interface KeyChange {
  readonly key: CryptKey;
  /** False after a wipe: the device stays suspended until a key is set. */
  readonly valid: boolean;
}

/** What `argv` (beginning with `key`) makes of the key, a negative errno, or that it is no such message. */
export function messageKey(
  argv: readonly string[],
  spec: CryptSpec,
  env: SpecEnvironment,
): KeyChange | number | 'unknown' {
  const verb = argv[1]!.toLowerCase();
  const { sizeBytes } = spec.key;
  if (verb === 'wipe' && argv.length === 2) {
    return { key: { sizeBytes, bytes: new Uint8Array(sizeBytes), reference: null }, valid: false };
  }
  if (verb !== 'set' || argv.length !== 3) return 'unknown';
  const size = keySize(argv[2]!);
  // The key size may not change.
  if (!size.ok || size.value !== sizeBytes) return -errno.EINVAL;
  const log = (text: string): void => env.log('err', env.answers.logPrefix + text);
  const key = readKey(argv[2]!, sizeBytes, env.answers, env.keyring, log);
  return key.ok ? { key: key.value, valid: true } : -errno[key.errno];
}
