/**
 * Error recovery (fs/zonefs/super.c, __zonefs_io_error(), zonefs_handle_io_error(), zonefs_check_zone_condition()): after
 * an I/O error the zone is reported and the file made to agree with it, as errors= says. It sleeps only for its lock.
 */

import { ZoneCond } from '../../block/device.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import type { Task } from '../../sim/task.ts';
import type { ZonefsFile } from './file.ts';
import type { Zonefs } from './fs.ts';
import { type FileZone, ZoneFlag } from './zone.ts';

/** zonefs_io_error(): takes the truncate mutex around `recover`. */
export function* ioError(file: ZonefsFile, write: boolean): Task<void> {
  yield* file.truncateLock.exclusive();
  recover(file, write);
  file.truncateLock.releaseExclusive();
}

/** Called with the truncate mutex held. `write`: a write, fsync or write-back failed, not a read or a close. */
export function recover(file: ZonefsFile, write: boolean): void {
  const { zone } = file;
  const fs = file.mount;
  if (!zone.sequential) {
    // At run time a conventional zone is taken to have no write pointer, whatever the disk says. Kernels that ask the
    // disk nevertheless do so for each zone of the file, and act on each answer.
    const times =
      fs.answers.conventionalRecovery === 'each-zone'
        ? Math.floor(zone.lengthSectors / fs.zoneSectors)
        : 1;
    for (let i = 0; i < times; i += 1) settle(file, ZoneCond.notWp, zone.capacityBytes, write);
    return;
  }
  // Asking for the file's length in zones is asking for none when the last zone is short (fixed in 6.2).
  if (fs.answers.recoveryReport === 'by-length' && zone.lengthSectors < fs.zoneSectors) return;
  let cond: number = ZoneCond.notWp;
  let wp = 0;
  const reported = fs.device.reportZones(zone.startSector, 1, (view) => {
    cond = view.cond;
    wp = view.wp;
  });
  if (reported !== 1) {
    fs.error(`Get inode ${file.ino} zone information failed ${reported}`);
    if (fs.answers.recoveryReportFailure === 'read-only') remountReadOnly(fs);
    return;
  }
  const pointer = (wp - zone.startSector) * SECTOR_BYTES;
  settle(file, cond, cond === ZoneCond.full ? zone.capacityBytes : pointer, write);
}

function settle(file: ZonefsFile, cond: number, pointerBytes: number, write: boolean): void {
  const { zone } = file;
  const fs = file.mount;
  const { errors, explicitOpen } = fs.options;
  const size = zone.sizeBytes;
  let dataSize = conditionSize(file, cond, pointerBytes);
  // A zone remembers what it was found or declared to be; to 6.2 only the present report counts.
  const remembers = fs.answers.zoneState === 'zone';
  const offline = remembers ? zone.has(ZoneFlag.offline) : cond === ZoneCond.offline;
  const readOnly = remembers ? zone.has(ZoneFlag.readOnly) : cond === ZoneCond.readonly;
  if (!offline && !readOnly && !write && size === dataSize) return;
  if (size !== dataSize) {
    fs.warn(`inode ${file.ino}: invalid size ${size} (should be ${dataSize})`);
  }
  if (offline || errors === 'zone-offline') {
    fs.warn(`inode ${file.ino}: read/write access disabled`);
    markOffline(zone);
    dataSize = 0;
  } else if (readOnly || errors === 'zone-ro') {
    fs.warn(`inode ${file.ino}: write access disabled`);
    markReadOnly(zone);
    dataSize = size;
  } else if (errors === 'remount-ro' && dataSize > size && fs.answers.foreignData === 'hidden') {
    dataSize = size;
  }
  if (explicitOpen && zone.immutable) zone.flags &= ~ZoneFlag.open;
  if (errors === 'remount-ro') remountReadOnly(fs);
  fs.updateStats(size, dataSize);
  file.setSizeBytes(dataSize);
  zone.pointerBytes = dataSize;
  fs.accountActive(zone);
}

/** What a zone in this condition holds, in bytes; a bad one is marked, and the log told. */
function conditionSize(file: ZonefsFile, cond: number, pointerBytes: number): number {
  const { zone } = file;
  const byZone = file.mount.answers.zoneState === 'zone';
  const who = byZone ? `Zone ${zone.startSector}` : `inode ${file.ino}`;
  if (cond === ZoneCond.offline) {
    file.mount.warn(`${who}: offline zone`);
    markOffline(zone);
    return 0;
  }
  if (cond === ZoneCond.readonly) {
    file.mount.warn(`${who}: read-only zone`);
    markReadOnly(zone);
    // The device shows no pointer for such a zone; the last one known must do.
    return byZone ? zone.pointerBytes : zone.sizeBytes;
  }
  return zone.sequential ? pointerBytes : zone.capacityBytes;
}

/** All permission bits go, and the inode becomes immutable. For good: only a new mount looks again. */
export function markOffline(zone: FileZone): void {
  zone.flags |= ZoneFlag.offline;
  zone.mode &= ~0o777;
  zone.immutable = true;
}

export function markReadOnly(zone: FileZone): void {
  zone.flags |= ZoneFlag.readOnly;
  zone.mode &= ~0o222;
  zone.immutable = true;
}

/** Once: a user may remount it read-write, and the next error does this again. */
export function remountReadOnly(fs: Zonefs): void {
  fs.touchReadOnly(true);
  if (fs.readOnly) return;
  fs.warn('remounting filesystem read-only');
  fs.readOnly = true;
}
