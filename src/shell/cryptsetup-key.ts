/**
 * How cryptsetup makes the key of a plain mapping (lib/crypt_plain.c crypt_plain_hash(), src/cryptsetup.c
 * action_open_plain()): a passphrase from standard input through a digest, or a key file as it is.
 */

import { ripemd160, sha1 } from '@noble/hashes/legacy.js';
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { O } from '../fs/inode.ts';
import type { Task } from '../sim/task.ts';
import type { Process } from './program.ts';

type Digest = (data: Uint8Array) => Uint8Array;

/** Digests of OpenSSL by the names cryptsetup takes. */
const DIGESTS: ReadonlyMap<string, Digest> = new Map<string, Digest>([
  ['ripemd160', ripemd160],
  ['sha1', sha1],
  ['sha224', sha224],
  ['sha256', sha256],
  ['sha384', sha384],
  ['sha512', sha512],
]);

const LETTER_A = 0x41;
const NEWLINE = 0x0a;

export interface KeySource {
  readonly keyBytes: number;
  /** `--hash`: a digest's name, perhaps `NAME:BYTES`, or `plain`. */
  readonly hash: string;
  /** `--key-file`; null: a passphrase from standard input. */
  readonly file: string | null;
  readonly fileOffset: number;
}

/** The key, or what cryptsetup complains about. */
export function* makeKey(process: Process, source: KeySource): Task<Uint8Array | string> {
  const { file, keyBytes } = source;
  if (file !== null && file !== '-') return yield* keyFile(process, source, file);
  const input = utf8ToBytes(process.stdin);
  // From a terminal's place a line is read; `-` takes all there is.
  const end = input.indexOf(NEWLINE);
  const passphrase = file === null && end >= 0 ? input.subarray(0, end) : input;
  if (input.length === 0) return 'Nothing to read on input.';
  return hashed(passphrase, source.hash, keyBytes);
}

function* keyFile(
  process: Process,
  { keyBytes, fileOffset }: KeySource,
  file: string,
): Task<Uint8Array | string> {
  const { sys } = process.system;
  const fd = yield* sys.open(process, file, O.RDONLY);
  if (fd < 0) return 'Failed to open key file.';
  const got = yield* sys.pread(process, fd, keyBytes, fileOffset);
  yield* sys.close(process, fd);
  const short = typeof got === 'number' || got.lengthBytes < keyBytes;
  return short ? 'Cannot read requested amount of data.' : got.bytes().slice();
}

/** crypt_plain_hash(): a key longer than the digest goes on with digests of the passphrase behind one `A`, two, ... */
function hashed(passphrase: Uint8Array, hash: string, keyBytes: number): Uint8Array | string {
  const limited = /^(.*):(\d+)$/.exec(hash);
  const name = limited === null ? hash : limited[1]!;
  const bytes = limited === null ? keyBytes : Number(limited[2]);
  const key = new Uint8Array(keyBytes);
  const failed = `Key processing error (using hash ${hash}).`;
  if (bytes > keyBytes) return failed;
  if (name === 'plain') {
    if (limited !== null && passphrase.length < bytes) return failed;
    key.set(passphrase.subarray(0, bytes));
    return key;
  }
  const digest = DIGESTS.get(name);
  if (digest === undefined) return `Hash algorithm ${name} not supported.`;
  for (let at = 0, round = 0; at < bytes; round += 1) {
    const input = new Uint8Array(round + passphrase.length).fill(LETTER_A, 0, round);
    input.set(passphrase, round);
    const part = digest(input).subarray(0, bytes - at);
    key.set(part, at);
    at += part.length;
  }
  return key;
}
