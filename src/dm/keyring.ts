/**
 * The kernel's keyring as far as dm-crypt and keyctl(1) reach into it (security/keys/keyctl.c, keyring.c,
 * user_defined.c): keys of types user and logon in one user's keyring, `@u`. A session keyring that nobody joined is
 * that keyring too; what is put into a thread's or a process's own goes with the process. All eras alike.
 */

import { type ErrnoName, errno } from '../kernel/errno.ts';
import type { Random } from '../sim/random.ts';
import type { Keyring } from './crypt/key.ts';

/** As keyctl(1) writes them: the number and the name. */
export const SPECIAL_RINGS: ReadonlyMap<string, number> = new Map([
  ['@t', -1],
  ['@p', -2],
  ['@s', -3],
  ['@u', -4],
  ['@us', -5],
]);

/** KEY_SPEC_THREAD_KEYRING, KEY_SPEC_PROCESS_KEYRING. */
const OWN_RINGS = new Set([-1, -2]);
const SHARED_RINGS = new Set([-3, -4, -5]);

const MOST_PAYLOAD_BYTES = 32767;
const MOST_KEYS = 200;
const SECOND_NS = 1e9;

export interface KernelKey {
  readonly serial: number;
  readonly type: string;
  readonly description: string;
  payload: Uint8Array;
  state: 'good' | 'revoked';
  /** Machine time at which it expires; infinite unless a timeout was set. */
  expiresNs: number;
}

export class KernelKeyring implements Keyring {
  private readonly keys: KernelKey[] = [];
  private readonly random: Random;
  private readonly nowNs: () => number;

  /** `random` draws serial numbers, `nowNs` tells the time timeouts are counted from. */
  constructor(random: Random, nowNs: () => number) {
    this.random = random;
    this.nowNs = nowNs;
  }

  /** add_key(2): the serial number, or a negative errno. A key of that type and name gets the new payload. */
  add(type: string, description: string, payload: Uint8Array, ring: number): number {
    // Names with a dot are the kernel's own.
    if (type.startsWith('.')) return -errno.EPERM;
    if (type !== 'user' && type !== 'logon') return -errno.ENODEV;
    if (description === '') return -errno.EINVAL;
    // logon_vet_description(): a service's name, a colon, and the rest.
    if (type === 'logon' && description.indexOf(':') <= 0) return -errno.EINVAL;
    if (payload.length === 0 || payload.length > MOST_PAYLOAD_BYTES) return -errno.EINVAL;
    if (OWN_RINGS.has(ring)) return this.serial();
    if (!SHARED_RINGS.has(ring)) return -errno.ENOKEY;
    const there = this.keys.find(
      (key) => key.type === type && key.description === description && key.state === 'good',
    );
    if (there !== undefined && !this.expired(there)) {
      there.payload = payload.slice();
      return there.serial;
    }
    if (this.keys.length >= MOST_KEYS) return -errno.EDQUOT;
    const key: KernelKey = {
      serial: this.serial(),
      type,
      description,
      payload: payload.slice(),
      state: 'good',
      expiresNs: Number.POSITIVE_INFINITY,
    };
    // A new key takes the place of one that is no good any more.
    this.keys.push(key);
    return key.serial;
  }

  /** request_key() without a helper: the payload, or why there is none. */
  lookUp(type: string, description: string): Uint8Array | ErrnoName {
    const found = this.search(type, description);
    return typeof found === 'string' ? found : found.payload;
  }

  /** keyctl_search(): a good key, or the reason the best one is not. */
  search(type: string, description: string): KernelKey | ErrnoName {
    let why: ErrnoName = 'ENOKEY';
    for (const key of this.keys) {
      if (key.type !== type || key.description !== description) continue;
      const state = this.validate(key);
      if (state === null) return key;
      why = state;
    }
    return why;
  }

  /** The key with that serial number; ENOKEY when there is none, EKEYREVOKED or EKEYEXPIRED when it is no good. */
  get(serial: number): KernelKey | ErrnoName {
    const key = this.keys.find((one) => one.serial === serial);
    return key === undefined ? 'ENOKEY' : (this.validate(key) ?? key);
  }

  /** keyctl_revoke(). */
  revoke(serial: number): number {
    const key = this.get(serial);
    if (typeof key === 'string') return -errno[key];
    key.state = 'revoked';
    return 0;
  }

  /** keyctl_invalidate() and keyctl_unlink() from the user's keyring: the key is gone at once. */
  remove(serial: number): number {
    const at = this.keys.findIndex((one) => one.serial === serial);
    if (at < 0) return -errno.ENOKEY;
    this.keys.splice(at, 1);
    return 0;
  }

  /** keyctl_set_timeout(): expires in `seconds`, never with 0. */
  timeout(serial: number, seconds: number): number {
    const key = this.get(serial);
    if (typeof key === 'string') return -errno[key];
    key.expiresNs = seconds === 0 ? Number.POSITIVE_INFINITY : this.nowNs() + seconds * SECOND_NS;
    return 0;
  }

  clear(): void {
    this.keys.length = 0;
  }

  /** All keys, in the order they were added. */
  list(): readonly KernelKey[] {
    return this.keys;
  }

  /** Why the key is no good; null when it is (key_validate()). */
  validate(key: KernelKey): ErrnoName | null {
    if (key.state === 'revoked') return 'EKEYREVOKED';
    return this.expired(key) ? 'EKEYEXPIRED' : null;
  }

  private expired(key: KernelKey): boolean {
    return this.nowNs() >= key.expiresNs;
  }

  /** key_alloc_serial(): any positive number above the reserved ones. */
  private serial(): number {
    for (;;) {
      const serial = this.random.next32() >>> 2;
      if (serial > 2 && this.keys.every((key) => key.serial !== serial)) return serial;
    }
  }
}
