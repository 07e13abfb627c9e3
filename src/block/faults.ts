/**
 * Faults of a disk, planned: a request ends with a status of its own, a zone goes read-only or offline, the power is cut.
 * What the kernel can do itself is better done with that (null_blk's zone_readonly and zone_offline, dm-flakey, dm-error):
 * it works on a real host too. A plan says what those cannot: the third write of a zone, or any one of them, by a choice
 * of the schedule.
 */

import type { Kernel } from '../kernel/kernel.ts';
import type { Host } from '../sim/host.ts';
import { TraceKind } from '../sim/trace.ts';
import { Flag, Op } from './bio.ts';
import type { Request } from './request.ts';
import { type BlockStatus, Status } from './status.ts';

/** Statuses a disk can end a request with, by the kernel's names (include/linux/blk_types.h) without BLK_STS_. */
export const FAULT_STATUSES = {
  ioerr: Status.ioError,
  notsupp: Status.notSupported,
  timeout: Status.timeout,
  nospc: Status.noSpace,
  transport: Status.transport,
  target: Status.target,
  medium: Status.medium,
  protection: Status.protection,
  zone_open_resource: Status.zoneOpenResource,
  zone_active_resource: Status.zoneActiveResource,
  offline: Status.offline,
} as const;
export type FaultStatus = keyof typeof FAULT_STATUSES;

/** What the kernel makes of `status`: drivers called a device that is gone an I/O error where there is no word for it. */
export function statusOfFault(status: FaultStatus, kernel: Kernel): BlockStatus {
  return status === 'offline' && !kernel.block.offlineStatus
    ? Status.ioError
    : FAULT_STATUSES[status];
}

/** Which requests: `write` means appends too, `zone` open, close, finish and reset. */
export const FAULT_OPS = ['any', 'read', 'write', 'append', 'flush', 'zone'] as const;
export type FaultOp = (typeof FAULT_OPS)[number];

export const FAULT_CONDITIONS = ['read-only', 'offline'] as const;
export type FaultCondition = (typeof FAULT_CONDITIONS)[number];

/** What befalls a request. */
export type FaultDeed =
  /** `done`: it took effect all the same, and only the answer says otherwise. */
  | { readonly kind: 'status'; readonly status: FaultStatus; readonly done: boolean }
  /** Its zone goes, before it is done. */
  | { readonly kind: 'condition'; readonly condition: FaultCondition }
  /** Before it is done. */
  | { readonly kind: 'power-cut' };

export interface Fault {
  readonly deed: FaultDeed;
  /** `any` unless given. */
  readonly op?: FaultOp;
  /** The number of a zone; all of the disk unless given. */
  readonly zone?: number;
  /** So many requests it could befall pass first; none unless given. */
  readonly after?: number;
  /** How often; once unless given. */
  readonly times?: number;
  /** Whether it happens is, at each request, a choice of the machine's schedule. */
  readonly chosen?: boolean;
}

/** What became of a fault so far. */
export interface ArmedFault {
  /** Requests it could befall, with those that are to pass first. */
  readonly met: number;
  /** How often it happened. */
  readonly struck: number;
}

interface Armed extends ArmedFault {
  readonly fault: Fault;
  readonly index: number;
  met: number;
  struck: number;
  toPass: number;
  left: number;
}

/** What a plan asks of its disk. */
export interface FaultyDisk {
  readonly name: string;
  readonly traceName: number;
  readonly block: { readonly host: Host };
  /** 0 on a regular disk. */
  readonly zoneSizeSectors: number;
  isSequentialZone(sector: number): boolean;
}

/** The faults of one disk. It belongs to the disk: a reboot keeps it. */
export class FaultPlan {
  private armed: Armed[] = [];
  private lastIndex = 0;

  /** What is given back goes on counting. */
  arm(fault: Fault): ArmedFault {
    this.lastIndex += 1;
    const { after = 0, times = 1 } = fault;
    const one = { fault, index: this.lastIndex, toPass: after, left: times, met: 0, struck: 0 };
    this.armed.push(one);
    return one;
  }

  clear(): void {
    this.armed = [];
  }

  get empty(): boolean {
    return this.armed.length === 0;
  }

  /** What befalls `request`, which is about to be done; null: nothing. Of several the one armed first. */
  befalling(disk: FaultyDisk, request: Request): FaultDeed | null {
    for (const one of this.armed) {
      if (!matches(one.fault, disk, request)) continue;
      one.met += 1;
      const { host } = disk.block;
      const counts = one.toPass > 0 || one.fault.chosen !== true;
      const happens = this.happens(one, disk);
      // Whoever counts, or takes it, leaves less of it to the others.
      host.touch('fault', disk.name, one.index, happens || counts);
      if (!happens) continue;
      one.left -= 1;
      one.struck += 1;
      if (one.left === 0) this.armed = this.armed.filter((other) => other !== one);
      const { deed } = one.fault;
      const what = host.trace.intern(deedText(deed));
      host.trace.recordRarely(TraceKind.fault, disk.traceName, request, what);
      return deed;
    }
    return null;
  }

  private happens(one: Armed, disk: FaultyDisk): boolean {
    if (one.toPass > 0) {
      one.toPass -= 1;
      return false;
    }
    if (one.fault.chosen !== true) return true;
    const what = deedText(one.fault.deed);
    return disk.block.host.schedule.choose(`${disk.name}: ${what}`, ['no', what]) === 1;
  }
}

function matches({ op = 'any', zone, deed }: Fault, disk: FaultyDisk, request: Request): boolean {
  if (op !== 'any' && !opsOf(request).includes(op)) return false;
  const size = disk.zoneSizeSectors;
  const own = size === 0 || isFlush(request) ? -1 : Math.floor(request.sector / size);
  // Conventional zones have no condition that could change.
  if (deed.kind === 'condition' && (own < 0 || !disk.isSequentialZone(request.sector)))
    return false;
  return zone === undefined || zone === own;
}

/** A flush is an empty write with a preflush (blkdev_issue_flush()). */
function isFlush({ op, flags, sectors }: Request): boolean {
  return op === Op.flush || (sectors === 0 && (flags & Flag.preflush) !== 0);
}

function opsOf(request: Request): readonly FaultOp[] {
  if (isFlush(request)) return ['flush'];
  switch (request.op) {
    case Op.read:
      return ['read'];
    case Op.zoneAppend:
      return ['append', 'write'];
    case Op.write:
    case Op.writeZeroes:
      return ['write'];
    case Op.discard:
      return [];
    default:
      return ['zone'];
  }
}

/** `ends with ioerr`, `its zone goes offline`, `the power is cut`. */
export function deedText(deed: FaultDeed): string {
  switch (deed.kind) {
    case 'status':
      return `ends with ${deed.status}${deed.done ? ', though it was done' : ''}`;
    case 'condition':
      return `its zone goes ${deed.condition}`;
    case 'power-cut':
      return 'the power is cut';
  }
}

/** A fault as one line: `nullb0: write in zone 8 ends with ioerr, after 2`. */
export function faultText(disk: string, fault: Fault): string {
  const { op = 'any', zone, after = 0, times = 1, deed } = fault;
  const which = `${op === 'any' ? 'a request' : op}${zone === undefined ? '' : ` in zone ${zone}`}`;
  const late = after === 0 ? '' : `, after ${after}`;
  const often = times === 1 ? '' : `, ${times} times`;
  return `${disk}: ${which}: ${deedText(deed)}${late}${often}`;
}
