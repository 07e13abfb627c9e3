/**
 * Where zonefs meets fscrypt.ts: WHAT-IF (`fs-encryption`), in no mainline kernel. Nothing about a file is stored on a
 * zonefs, so its nonce is the UUID of the super block with the number of its zone in the last eight bytes: another for
 * every file, and the same after a remount. A zone that was reset is written under the same key again, as with dm-crypt.
 */

import type { Bio } from '../../block/bio.ts';
import type { Payload } from '../../block/payload.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import { askRule, type Rule } from '../../sim/decision.ts';
import { DATA_UNIT_BYTES, type FileCipher, NONCE_BYTES } from '../fscrypt.ts';
import type { ZonefsFile } from './file.ts';
import type { Zonefs } from './fs.ts';
import { IoRules, refuseIo } from './refusals.ts';

/** The cipher of the file of zone `number`; null on a mount without a key. */
export function fileCipher(fs: Zonefs, number: number, name: string): FileCipher | null {
  const { masterKey, host } = fs;
  if (masterKey === null) return null;
  const nonce = fs.uuid.slice(0, NONCE_BYTES);
  for (let i = 0, rest = number; i < 8; i += 1, rest = Math.floor(rest / 256)) {
    nonce[8 + i] = nonce[8 + i]! ^ (rest % 256);
  }
  return masterKey.cipherOf(host, { keyIdentifier: masterKey.identifier, nonce }, name);
}

const wholeUnits: Rule<Zonefs> = {
  id: 'zonefs.mount.encryption-unit',
  source: { file: 'fs/zonefs/super.c', function: 'zonefs_fill_super' },
  sees: (fs) => ({ zone_capacity: oddCapacity(fs), data_unit: DATA_UNIT_BYTES }),
  passes: (seen) => seen.zone_capacity === 0,
  refuses: () => ({ errno: 'EINVAL', log: 'what-if: a zone ends inside a unit of encryption' }),
};

/** The capacity in bytes of a zone that is no whole number of units; 0 when there is none. */
function oddCapacity(fs: Zonefs): number {
  let odd = 0;
  fs.device.reportZones(0, fs.device.nrZones, ({ capacity }) => {
    if ((capacity * SECTOR_BYTES) % DATA_UNIT_BYTES !== 0) odd = capacity * SECTOR_BYTES;
  });
  return odd;
}

/** A file is read to its end and written to its capacity: both must be whole units. 0 or a negative errno. */
export function checkUnits(fs: Zonefs): number {
  return fs.masterKey === null ? 0 : askRule(wholeUnits, fs, fs.asker);
}

/** Encrypts what `bio` is about to write. */
export function seal(cipher: FileCipher, bio: Bio): void {
  if (bio.payload !== null) bio.payload = cipher.encrypted(bio.filePosition, bio.payload);
  cipher.note(bio, true);
}

/** What `bio` has read, decrypted on a mount with a key. */
export function unsealed(file: ZonefsFile, bio: Bio, payload: Payload): Payload {
  const { cipher } = file;
  if (cipher === null) return payload;
  cipher.note(bio, false);
  return cipher.decrypted(bio.filePosition, payload);
}

/** Does a read end inside a unit? Only where somebody else left the write pointer there: that unit was never whole. */
export function cutsUnit(file: ZonefsFile, position: number, length: number): boolean {
  if ((position + length) % DATA_UNIT_BYTES === 0) return false;
  refuseIo(file, IoRules.encryptionUnit, { position, length, data_unit: DATA_UNIT_BYTES });
  return true;
}
