/**
 * Mounting (fs/zonefs/super.c, zonefs_fill_super() and what it calls), in the kernel's order. Each era's order and texts
 * come from `kernel.zonefs`.
 */

import { Flag, Op } from '../../block/bio.ts';
import { BytesPayload } from '../../block/payload.ts';
import { Status, statusToErrno } from '../../block/status.ts';
import { errno } from '../../kernel/errno.ts';
import { SECTOR_BYTES } from '../../kernel/units.ts';
import { askRule, askRules } from '../../sim/decision.ts';
import type { Task } from '../../sim/task.ts';
import type { MountContext, MountResult } from '../inode.ts';
import { checkUnits } from './encryption.ts';
import { Zonefs } from './fs.ts';
import { buildTree, type Ownership } from './groups.ts';
import { parseOptions, parseParameters, refuseOption } from './options.ts';
import { hasFeature, superRules, zonedDevice } from './super-rules.ts';
import {
  DEFAULT_PERMISSIONS,
  decodeSuper,
  Feature,
  SUPER_BYTES,
  superChecksum,
  type ZonefsSuper,
} from './superblock.ts';

/** mount(2) of a zonefs. On failure nothing is left behind but decisions and log lines. */
export function* mountZonefs(context: MountContext): Task<MountResult> {
  const fs = new Zonefs(context);
  const parameters = fs.answers.options === 'parameters';
  // The text was checked before the device was opened (type.ts); here it only has to be read.
  if (parameters) parseParameters(context.data, fs.options);
  const zoned = askRule(zonedDevice, context.device, fs.asker);
  if (zoned < 0) return { ok: false, errno: zoned };
  noteAppendLimit(fs);
  const block = yield* readSuper(fs);
  if (typeof block === 'number') return { ok: false, errno: block };
  if (!parameters) {
    const problem = parseOptions(context.data, fs.options);
    if (problem !== null) {
      refuseOption(fs.host, problem, false);
      return { ok: false, errno: -errno.EINVAL };
    }
  }
  fs.uuid = block.uuid;
  const unit = checkUnits(fs);
  if (unit < 0) return { ok: false, errno: unit };
  const built = yield* buildTree(fs, ownership(block));
  return built < 0 ? { ok: false, errno: built } : { ok: true, mount: fs };
}

/**
 * Patch 4 of the series: the limit is read here, once, before the super block. So the line comes even when the mount
 * then fails, and a limit that changes later is not seen.
 */
function noteAppendLimit(fs: Zonefs): void {
  if (fs.answers.syncWrite !== 'append-or-regular') return;
  const log = 'Zone append is not supported: falling back to using regular writes';
  const { max_zone_append_sectors } = fs.device.limits;
  const passes = max_zone_append_sectors.value !== 0;
  fs.host.decide({
    rule: 'zonefs.mount.append-limit',
    subject: fs.device.name,
    seen: { max_zone_append_sectors },
    verdict: passes ? 'passes' : 'refuses',
    ...(passes ? {} : { log }),
    source: { file: 'fs/zonefs/super.c', function: 'zonefs_fill_super' },
  });
  if (!passes) fs.info(log);
}

/** The super block, or the errno of what is wrong with it. */
function* readSuper(fs: Zonefs): Task<ZonefsSuper | number> {
  const bio = fs.block.newBio(fs.device);
  bio.op = Op.read;
  bio.flags |= Flag.superblock | Flag.sync;
  bio.sectors = SUPER_BYTES / SECTOR_BYTES;
  const status = yield* fs.block.submitAndWait(bio);
  const bytes = (bio.payload ?? new BytesPayload(new Uint8Array(SUPER_BYTES))).bytes();
  fs.block.bios.give(bio);
  if (status !== Status.ok) return statusToErrno(status);
  const block = decodeSuper(bytes);
  const test = { block, checksum: superChecksum(bytes) };
  const refused = askRules(fs.answers.superRules, superRules, test, fs.asker);
  return refused < 0 ? refused : block;
}

/** What i_mode can hold: nothing else masks the 32 bits of s_perm, so even the file's type can come out wrong. */
const UMODE_T = 0xffff;

/** Owner and permissions of all files: the super block's where its features say so. */
function ownership(block: ZonefsSuper): Ownership {
  return {
    uid: hasFeature(block, Feature.uid) ? block.uid : 0,
    gid: hasFeature(block, Feature.gid) ? block.gid : 0,
    mode: hasFeature(block, Feature.permissions)
      ? block.permissions & UMODE_T
      : DEFAULT_PERMISSIONS,
    aggregated: hasFeature(block, Feature.aggregateConventional),
  };
}
