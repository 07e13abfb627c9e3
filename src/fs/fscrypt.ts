/**
 * Encryption of file contents above the block layer (fs/crypto/hkdf.c, keysetup.c, crypto.c; Documentation:
 * filesystems/fscrypt.rst), as ext4, f2fs and UBIFS have it: a v2 policy, a key for each file, AES-256-XTS, data units of
 * 4096 bytes whose IV is their number in the file. The place on the disk does not enter it, so a zone append may put the
 * data wherever it likes.
 *
 * WHAT-IF: no mainline kernel has this for zonefs or btrfs; the patch `fs-encryption` does. What fscrypt keeps on the
 * disk for a file (fscrypt_context_v2) btrfs keeps in its inode item here, and zonefs, which stores nothing about a
 * file, makes from its super block's UUID and the file's zone. Names are not encrypted.
 */

import { hkdf } from '@noble/hashes/hkdf.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Bio } from '../block/bio.ts';
import type { Payload } from '../block/payload.ts';
import { type CryptContext, dataUnitXts } from '../dm/crypt/cipher.ts';
import { decrypted, encrypted } from '../dm/crypt/cipher-payload.ts';
import type { CipherIdentity } from '../dm/crypt/identity.ts';
import { IvTrace } from '../dm/crypt/iv-trace.ts';
import { SECTOR_BYTES } from '../kernel/units.ts';
import { askRule, type Rule } from '../sim/decision.ts';
import type { Host } from '../sim/host.ts';
import { TraceKind, TraceSource } from '../sim/trace.ts';

/** One data unit of a v2 policy that says nothing else: the block of the file system. */
export const DATA_UNIT_BYTES = 4096;
/** FSCRYPT_MAX_RAW_KEY_SIZE; to 5.14 AES-256-XTS took no shorter master key (fscrypt_find_master_key()). */
const MASTER_KEY_BYTES = 64;
/** FSCRYPT_FILE_NONCE_SIZE. */
export const NONCE_BYTES = 16;

/** What stands before the context byte in every info string of HKDF (hkdf.c, fscrypt_hkdf_expand()). */
const HKDF_PREFIX = utf8ToBytes('fscrypt\0');
const CONTEXT_KEY_IDENTIFIER = 1;
const CONTEXT_PER_FILE_KEY = 2;
const KEY_IDENTIFIER_BYTES = 16;
const XTS_KEY_BYTES = 64;

/** What is kept for a file beside its data: which master key, and its own nonce. */
export interface EncryptionContext {
  /** Hex; tells nothing of the key. */
  readonly keyIdentifier: string;
  readonly nonce: Uint8Array;
}

/** HKDF-SHA512 without salt; `info` is what follows the prefix and the context byte. */
export function deriveKey(
  masterKey: Uint8Array,
  context: number,
  info: Uint8Array,
  lengthBytes: number,
): Uint8Array {
  const whole = new Uint8Array(HKDF_PREFIX.length + 1 + info.length);
  whole.set(HKDF_PREFIX);
  whole[HKDF_PREFIX.length] = context;
  whole.set(info, HKDF_PREFIX.length + 1);
  return hkdf(sha512, masterKey, undefined, whole, lengthBytes);
}

/** A master key that was added, for one mount. */
export class MasterKey {
  /** Hex, as `fscryptctl add_key` prints it. */
  readonly identifier: string;
  private readonly key: Uint8Array;
  private readonly crypt: CryptContext;

  constructor(key: Uint8Array, crypt: CryptContext = {}) {
    this.key = key;
    this.crypt = crypt;
    const none = new Uint8Array(0);
    this.identifier = bytesToHex(
      deriveKey(key, CONTEXT_KEY_IDENTIFIER, none, KEY_IDENTIFIER_BYTES),
    );
  }

  /** The cipher of one file; `name` is what the trace calls it. Null when the file was made under another key. */
  cipherOf(host: Host, context: EncryptionContext, name: string): FileCipher | null {
    if (context.keyIdentifier !== this.identifier) return null;
    const key = deriveKey(this.key, CONTEXT_PER_FILE_KEY, context.nonce, XTS_KEY_BYTES);
    return new FileCipher(host, dataUnitXts(key, DATA_UNIT_BYTES, this.crypt), name);
  }
}

/** What a file's data goes through on its way to the device and back. Positions are bytes of the file, whole units. */
export class FileCipher {
  private readonly host: Host;
  private readonly identity: CipherIdentity;
  private readonly ivs: IvTrace;

  constructor(host: Host, identity: CipherIdentity, name: string) {
    this.host = host;
    this.identity = identity;
    const source = new TraceSource(TraceKind.fscrypt, host.trace.intern(name));
    this.ivs = new IvTrace(host.trace, source, identity, DATA_UNIT_BYTES);
  }

  encrypted(position: number, plain: Payload): Payload {
    return encrypted(plain, this.identity, position / SECTOR_BYTES);
  }

  decrypted(position: number, sealed: Payload): Payload {
    return decrypted(sealed, this.identity, position / SECTOR_BYTES);
  }

  /** `bio`, about to be sent or just read, carries data of this file: says so in the trace, and what it cost. */
  note(bio: Bio, encrypting: boolean): void {
    const { host } = this;
    const bytes = bio.sectors * SECTOR_BYTES;
    if (host.cpu !== null) {
      host.cpu.charge('crypt', host.cpu.cipherNs(bytes, bytes / DATA_UNIT_BYTES, true));
      host.cpu.waits.cryptBytes += bytes;
    }
    this.ivs.record(bio, bio.filePosition / SECTOR_BYTES, encrypting);
  }
}

/** What a mount makes of `fscrypt=HEX` among its options. */
export interface TakenKey {
  /** The options without it. */
  readonly data: string;
  /** Null: nothing is encrypted. */
  readonly masterKey: MasterKey | null;
}

const OPTION = 'fscrypt=';

const keyIsWhole: Rule<string> = {
  id: 'fscrypt.mount.key',
  source: { file: 'fs/crypto/keyring.c', function: 'fscrypt_ioctl_add_key' },
  sees: (hex) => ({ hex_digits: hex.length, wanted: MASTER_KEY_BYTES * 2 }),
  passes: (_seen, hex) => hex.length === MASTER_KEY_BYTES * 2 && /^[0-9a-f]*$/i.test(hex),
  refuses: () => ({
    errno: 'EINVAL',
    log: `fscrypt: what-if: the key expected ${MASTER_KEY_BYTES} bytes in hex`,
  }),
};

/**
 * Takes the key out of mount options for a file system that encrypts. Other kernels leave the word to the file system,
 * which does not know it. A negative errno for a key that is none.
 */
export function takeMasterKey(
  host: Host,
  typeName: string,
  data: string,
  crypt: CryptContext,
): TakenKey | number {
  const words = data.split(',');
  const own = words.filter((word) => word.startsWith(OPTION));
  const hex = own.at(-1)?.slice(OPTION.length);
  if (hex === undefined) return { data, masterKey: null };
  const refused = askRule(keyIsWhole, hex, {
    subject: typeName,
    decide: (decision) => host.decide(decision),
    log: (level, text) => host.printk(level, text),
  });
  if (refused < 0) return refused;
  const masterKey = new MasterKey(hexToBytes(hex), crypt);
  host.printk(
    'info',
    `fscrypt: what-if: ${typeName} encrypts file contents, AES-256-XTS, master key ${masterKey.identifier}; no mainline kernel does`,
  );
  return { data: words.filter((word) => !own.includes(word)).join(','), masterKey };
}
