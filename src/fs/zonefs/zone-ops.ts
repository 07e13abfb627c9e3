/**
 * Zone commands on behalf of a file: open and close under explicit-open, reset and finish by truncate
 * (fs/zonefs/super.c and file.c: zonefs_zone_mgmt(), zonefs_open_zone(), zonefs_close_zone(), zonefs_file_truncate()).
 */

import { Flag, Op } from '../../block/bio.ts';
import { statusToErrno } from '../../block/status.ts';
import type { Task } from '../../sim/task.ts';
import type { ZonefsFile } from './file.ts';
import type { Zonefs } from './fs.ts';
import { recover } from './recovery.ts';
import { IoRules, refuseIo } from './refusals.ts';
import { type FileZone, ZoneFlag } from './zone.ts';

const COMMANDS = {
  ZONE_OPEN: Op.zoneOpen,
  ZONE_CLOSE: Op.zoneClose,
  ZONE_FINISH: Op.zoneFinish,
  ZONE_RESET: Op.zoneReset,
} as const;

export type ZoneCommandName = keyof typeof COMMANDS;

/** Sends one command for the file's zone. Ends with 0 or a negative errno, the failure logged. */
export function* manageZone(fs: Zonefs, zone: FileZone, asked: ZoneCommandName): Task<number> {
  const name = asked === 'ZONE_CLOSE' ? closeCommand(fs, zone) : asked;
  const bio = fs.block.newBio(fs.device);
  bio.op = COMMANDS[name];
  bio.flags |= Flag.sync | Flag.allocCache;
  bio.sector = zone.startSector;
  const status = yield* fs.block.submitAndWait(bio);
  fs.block.bios.give(bio);
  const result = statusToErrno(status);
  if (result < 0) {
    fs.error(`Zone management operation ${name} at ${zone.startSector} failed ${result}`);
  }
  return result;
}

/** A device keeps a closed zone active even when it is empty; resetting it gives the resource back. */
function closeCommand(fs: Zonefs, zone: FileZone): ZoneCommandName {
  return zone.pointerBytes === 0 && fs.answers.closeOfEmptyZone === 'reset'
    ? 'ZONE_RESET'
    : 'ZONE_CLOSE';
}

/** A sequential file is opened for writing. Ends with 0 or a negative errno. */
export function* openForWriting(file: ZonefsFile): Task<number> {
  const fs = file.mount;
  const always = fs.answers.openAccounting === 'always';
  if (!always && !fs.options.explicitOpen) return 0;
  yield* file.truncateLock.exclusive();
  file.writers += 1;
  const result = file.writers === 1 ? yield* firstWriter(file, always) : 0;
  if (result < 0 && !fs.answers.busyOpenKeepsCount) file.writers -= 1;
  file.truncateLock.releaseExclusive();
  return result;
}

function* firstWriter(file: ZonefsFile, always: boolean): Task<number> {
  const fs = file.mount;
  const { zone } = file;
  fs.host.touch('setup', fs.device.name, 0, false);
  fs.touchCounts(fs.options.explicitOpen);
  fs.writeOpen += 1;
  if (!fs.options.explicitOpen) return 0;
  const { max_open_zones } = fs.device.limits;
  const limited = !always || max_open_zones.value !== 0;
  if (limited && fs.writeOpen > max_open_zones.value) {
    fs.writeOpen -= 1;
    return refuseIo(file, IoRules.openLimit, { open_files: fs.writeOpen, max_open_zones });
  }
  // A full zone needs no opening, yet its file takes one of the places.
  if (zone.sizeBytes >= zone.capacityBytes) return 0;
  const opened = yield* manageZone(fs, zone, 'ZONE_OPEN');
  if (opened < 0) {
    fs.touchCounts(true);
    fs.writeOpen -= 1;
    return opened;
  }
  zone.flags |= ZoneFlag.open;
  fs.accountActive(zone);
  return 0;
}

/** A descriptor that could write is closed. close(2) never fails for it. */
export function* closeForWriting(file: ZonefsFile): Task<void> {
  const fs = file.mount;
  const { zone } = file;
  if (fs.answers.openAccounting !== 'always' && !fs.options.explicitOpen) return;
  yield* file.truncateLock.exclusive();
  file.writers -= 1;
  if (file.writers === 0) {
    let counted = true;
    if (zone.has(ZoneFlag.open)) {
      const result = yield* manageZone(fs, zone, 'ZONE_CLOSE');
      if (result < 0) counted = closeFailed(file, result);
      else {
        zone.flags &= ~ZoneFlag.open;
        fs.accountActive(zone);
      }
    }
    fs.touchCounts(fs.options.explicitOpen);
    if (counted) fs.writeOpen -= 1;
  }
  file.truncateLock.releaseExclusive();
}

/** The zone stays open on the device with nobody to close it: the file system goes read-only. Does the count go down? */
function closeFailed(file: ZonefsFile, result: number): boolean {
  const fs = file.mount;
  recover(file, false);
  fs.touchReadOnly(true);
  const countsDown = fs.answers.closeFailure === 'counts-down';
  if (file.zone.has(ZoneFlag.open) && !fs.readOnly) {
    if (countsDown) fs.warn('closing zone failed, remounting filesystem read-only');
    else {
      fs.warn(`closing zone at ${file.zone.startSector} failed ${result}`);
      fs.warn('remounting filesystem read-only');
    }
    fs.readOnly = true;
  }
  return countsDown;
}

/** truncate(2): to 0 is a zone reset, to the capacity a zone finish, and nothing else is possible. */
export function* truncate(file: ZonefsFile, size: number): Task<number> {
  const { zone } = file;
  if (!zone.sequential) return refuseIo(file, IoRules.truncateConventional, { size });
  if (size !== 0 && size !== zone.capacityBytes) {
    return refuseIo(file, IoRules.truncateSize, { size, capacity: zone.capacityBytes });
  }
  yield* file.waitForIo();
  yield* file.truncateLock.exclusive();
  const result = size === zone.sizeBytes ? 0 : yield* resize(file, size);
  file.truncateLock.releaseExclusive();
  return result;
}

function* resize(file: ZonefsFile, size: number): Task<number> {
  const { zone } = file;
  const fs = file.mount;
  const done = yield* manageZone(fs, zone, size === 0 ? 'ZONE_RESET' : 'ZONE_FINISH');
  if (done < 0) return done;
  let reopened = 0;
  if (zone.has(ZoneFlag.open)) {
    // Either command closes the zone. An empty one must be open again for its writers; a full one takes no more.
    if (size === 0) reopened = yield* manageZone(fs, zone, 'ZONE_OPEN');
    else zone.flags &= ~ZoneFlag.open;
  }
  fs.updateStats(zone.sizeBytes, size);
  file.setSizeBytes(size);
  file.cache?.truncate(size);
  zone.pointerBytes = size;
  fs.accountActive(zone);
  return reopened;
}
