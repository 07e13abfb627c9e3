/**
 * Targets: what one line of a device-mapper table makes (include/linux/device-mapper.h, struct target_type and
 * struct dm_target). A target states raw facts; src/dm/table.ts combines them over a table as the kernel's
 * answers in kernel.dm say.
 *
 * The bio path: DM core clones the part of a bio that lies in a target and calls `map` with the clone. The clone
 * still has the sector of the mapped device. `map` answers
 * - 'remapped': it set `bio.device` and `bio.sector`; core submits the clone.
 * - 'submitted': the target owns the clone and ends it, now or later, by `bio.end(status)`. What it sends below is a
 *   bio of its own (`block.bios.clone(bio)`), sent by `context.submitRemapped`.
 * - 'kill': core ends the clone with an I/O error. 'requeue': core ends it with the requeue status.
 */

import type { Bio } from '../block/bio.ts';
import type { BlockDevice } from '../block/device.ts';
import type { QueueLimits } from '../block/limits.ts';
import type { BlockStatus } from '../block/status.ts';
import type { BlockSystem } from '../block/system.ts';
import type { ErrnoName } from '../kernel/errno.ts';
import type { Host } from '../sim/host.ts';
import type { CryptContext } from './crypt/cipher.ts';

export type MapResult = 'submitted' | 'remapped' | 'kill' | 'requeue';

/** What one target says about itself; its constructor decides. What is absent is false or 0. */
export interface TargetFlags {
  /** The series, patch 1: an append must not reach this target (ti->zone_append_not_supported). */
  readonly zoneAppendNotSupported?: boolean;
  /** 5.14 and later: appends are to be emulated above this target (ti->emulate_zone_append). */
  readonly emulateZoneAppend?: boolean;
  /** Discards may be sent to it (ti->num_discard_bios > 0). */
  readonly discards?: boolean;
  /** Discards are fine even when no device below takes them (ti->discards_supported). */
  readonly discardsSupported?: boolean;
  /** Write zeroes may be sent to it (ti->num_write_zeroes_bios > 0). */
  readonly writeZeroes?: boolean;
  /** Flushes are sent to it (ti->num_flush_bios > 0). */
  readonly flushes?: boolean;
  /** No bio that reaches it is longer (ti->max_io_len), in sectors; 0: no such limit. */
  readonly maxIoLenSectors?: number;
}

export type DeviceVisitor = (device: BlockDevice, startSector: number, sectors: number) => void;

export interface Target {
  /** Place in the table, in sectors. */
  readonly begin: number;
  readonly length: number;
  readonly flags: TargetFlags;
  /** Decides about a clone (see the head of this file). */
  map(bio: Bio): MapResult;
  /**
   * Takes a write that lies wholly in the target without a clone, or answers false and has done nothing; then it comes to
   * `map`. For targets that would answer 'submitted' and of which nobody sees the clone: they send a bio of their own by
   * `context.submitWhole`, and when it has ended they say so by `context.wholeEnded`. Absent: it always goes by `map`.
   */
  mapWhole?(bio: Bio): boolean;
  /** Called when a remapped clone has ended with `status`; the status returned is what core passes up. */
  endIo?(bio: Bio, status: BlockStatus): BlockStatus;
  /** The limits stacked from the target's devices, with what the target itself must change. */
  ioHints?(limits: QueueLimits): QueueLimits;
  /** Visits each device area it uses (iterate_devices). */
  devices(visit: DeviceVisitor): void;
  /** The text behind the target's name in `dmsetup status` and `dmsetup table`. The kernel itself shows keys. */
  status(kind: 'info' | 'table', showKeys: boolean): string;
  /** DM_TARGET_MSG. 0 or a negative errno. Absent: the target takes no messages. */
  message?(argv: readonly string[]): number;
  /** Bios no longer reach it (postsuspend). */
  postsuspend?(): void;
  /** Asked before a resume (preresume): 0, or a negative errno that keeps the device suspended. */
  preresume?(): number;
  /** Bios reach it again (resume). */
  resume?(): void;
  /** Frees what it holds; devices opened through the context are closed by the table. */
  destroy(): void;
  /** What it is, when the model has its checks but not its data path: a table that would load answers "not modelled". */
  readonly notModelled?: string;
}

/** What a constructor gets. */
export interface TargetContext {
  readonly host: Host;
  readonly block: BlockSystem;
  /** The mapped device's kernel name, `dm-0`. */
  readonly deviceName: string;
  readonly readOnly: boolean;
  /** What the machine chose for its ciphers (who does the AES, eager or deferred); absent: the defaults. */
  readonly crypt?: CryptContext;
  /**
   * dm_get_device(): `/dev/NAME`, `/dev/mapper/NAME` or `MAJOR:MINOR`; held until the table is destroyed. A negative
   * errno when there is none (ENODEV or ENOENT, by kernel) or when a mount has it (EBUSY).
   */
  openDevice(path: string): BlockDevice | number;
  /**
   * dm_submit_bio_remap(): sends `bio`, a target's own bio with `device` and `sector` set, on behalf of the clone
   * `clone` that `map` was given; it may be the clone itself, after 'submitted'. From 5.18 on the trace shows a remap from the clone's place; before, the target just
   * submitted.
   */
  submitRemapped(clone: Bio, bio: Bio): void;
  /** The same for the target's own bio in place of all of `bio`, which `mapWhole` took. */
  submitWhole(bio: Bio, own: Bio): void;
  /** The bio that `mapWhole` took has ended. */
  wholeEnded(bio: Bio, status: BlockStatus): void;
  /**
   * dm_accept_partial_bio(): the target takes only the first `sectors` of `clone` (which is cut to that); core sends
   * the rest again. Only inside `map`; never for appends and zone management.
   */
  acceptPartial(clone: Bio, sectors: number): void;
}

export type TargetResult =
  | { readonly ok: true; readonly target: Target }
  | {
      readonly ok: false;
      readonly errno: ErrnoName;
      /** ti->error. Absent: core prints `Unknown error`. */
      readonly error?: string;
    };

export interface TargetType {
  readonly name: string;
  /**
   * DM_TARGET_* features that do not differ between kernels. Whether it works on host-managed devices
   * (DM_TARGET_ZONED_HM) is an answer of the kernel: `dm.zonedTargets`.
   */
  readonly features: readonly TargetFeature[];
  /** The constructor. `args` are the words after the target's name. Lines it logs it prints itself (host.printk). */
  create(
    context: TargetContext,
    begin: number,
    length: number,
    args: readonly string[],
  ): TargetResult;
}

/** `wildcard`: may replace any table; `mixed`: may combine zoned and other devices; see dm-table.c. */
export type TargetFeature = 'wildcard' | 'mixed' | 'singleton' | 'alwaysWriteable' | 'immutable';
