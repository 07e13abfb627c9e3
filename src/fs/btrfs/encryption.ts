/**
 * Where btrfs meets fscrypt.ts: WHAT-IF (`fs-encryption`), in no mainline kernel. Files made on a mount with a key are
 * encrypted, each under a nonce of its own that stands in its inode item; directories and names are not. Without the key
 * such a file is listed, moved and removed, but neither opened nor truncated (fs/crypto/hooks.c).
 */

import { errno } from '../../kernel/errno.ts';
import { type EncryptionContext, type FileCipher, NONCE_BYTES } from '../fscrypt.ts';
import { S } from '../inode.ts';
import type { FsState, LiveFile } from './state.ts';
import type { InodeItem } from './trees.ts';

/** The cipher of a file; null when it is not encrypted, or when its key is not here. */
export function fileCipher(fs: FsState, item: InodeItem): FileCipher | null {
  const { masterKey } = fs.env;
  if (item.encryption === undefined || masterKey === null) return null;
  return masterKey.cipherOf(fs.host, item.encryption, `ino/${item.ino}`);
}

/** What is kept with a new inode of `mode`: its own nonce, on a mount with a key (fscrypt_prepare_new_inode()). */
export function newEncryption(
  fs: FsState,
  mode: number,
): { readonly encryption?: EncryptionContext } {
  const { masterKey } = fs.env;
  if (masterKey === null || (mode & S.IFMT) !== S.IFREG) return {};
  const nonce = fs.host.schedule.random.bytes(NONCE_BYTES);
  return { encryption: { keyIdentifier: masterKey.identifier, nonce } };
}

/** 0, or -ENOKEY for an encrypted file whose key this mount does not have (fscrypt_file_open()). */
export function requireKey(fs: FsState, item: InodeItem, file: LiveFile): number {
  if (item.encryption === undefined || file.cipher !== null) return 0;
  fs.host.decide({
    rule: 'fscrypt.open.key',
    subject: `${fs.device.name} ino/${item.ino}`,
    seen: {
      needs: item.encryption.keyIdentifier,
      mounted_with: fs.env.masterKey?.identifier ?? 'none',
    },
    verdict: 'refuses',
    errno: 'ENOKEY',
    source: { file: 'fs/crypto/hooks.c', function: 'fscrypt_file_open' },
  });
  return -errno.ENOKEY;
}
