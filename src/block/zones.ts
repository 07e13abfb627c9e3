/**
 * The zone state machine of null_blk (drivers/block/null_blk/zoned.c, in 5.10 null_blk_zoned.c): conditions, write
 * pointers, the limits of open and active zones. What differs between kernels (the order of the write checks, which
 * zone is closed implicitly, whether a reset forgets data) is an answer of the kernel.
 */

import type { BlockAnswers } from '../kernel/answers/block.ts';
import type { Kernel } from '../kernel/kernel.ts';
import { type BioOp, Op } from './bio.ts';
import { ZoneCond, ZoneType } from './device.ts';
import { NO_WP, type ZonedMedia } from './media.ts';
import { type BlockStatus, Status } from './status.ts';

/** Told of every change: zone, condition and write pointer (from the zone's start) before. */
export interface ZoneWatcher {
  zoneChanged(zone: number, condBefore: number, wpBefore: number): void;
}

const { closed: CLOSED, empty: EMPTY, expOpen: EXP_OPEN, full: FULL, impOpen: IMP_OPEN } = ZoneCond;
const { ok: OK } = Status;
const NO_POINTER = NO_WP;

export interface ZoneShape {
  /** Limits of open and active zones; 0: none. */
  readonly maxOpen: number;
  readonly maxActive: number;
  /** A reset forgets the data of the zone. */
  readonly discards: boolean;
  /** null_blk's answers of the kernel, unless the driver is another. */
  readonly order?: BlockAnswers['nullBlkWriteChecks'];
  readonly close?: BlockAnswers['nullBlkImplicitClose'];
}

export class ZoneMachine {
  /** Position of the last write done, in sectors from its zone's start. */
  writtenAt = 0;
  /** How a command that cannot be done ends. */
  protected readonly failure: BlockStatus = Status.ioError;
  protected readonly maxOpen: number;
  protected implicitlyOpen = 0;
  protected explicitlyOpen = 0;
  private readonly media: ZonedMedia;
  private readonly watcher: ZoneWatcher;
  private readonly maxActive: number;
  private readonly order: BlockAnswers['nullBlkWriteChecks'];
  private readonly closes: BlockAnswers['nullBlkImplicitClose'];
  private readonly discards: boolean;
  private closed = 0;
  private nextToClose: number;

  constructor(media: ZonedMedia, kernel: Kernel, shape: ZoneShape, watcher: ZoneWatcher) {
    this.media = media;
    this.watcher = watcher;
    this.maxOpen = shape.maxOpen;
    this.maxActive = shape.maxActive;
    this.order = shape.order ?? kernel.block.nullBlkWriteChecks;
    this.closes = shape.close ?? kernel.block.nullBlkImplicitClose;
    this.discards = shape.discards;
    this.nextToClose = 0;
    // Media that come from an earlier boot keep their conditions, so the counters start from them.
    for (let zone = 0; zone < media.nrZones; zone += 1) {
      if (media.type[zone] === ZoneType.conventional) this.nextToClose = zone + 1;
      this.count(media.cond[zone]!, 1);
    }
  }

  /**
   * Writes `sectors` at `offset` from the start of sequential zone `zone`, or where its pointer stands if `append`.
   * When it is OK, `writtenAt` says where; the data is the caller's to store.
   */
  write(zone: number, offset: number, sectors: number, append: boolean): BlockStatus {
    const { wp, cond } = this.media;
    const before = cond[zone]!;
    const { order } = this;
    const idle = before === EMPTY || before === CLOSED;
    if (order !== 'wp-only' && before !== IMP_OPEN && before !== EXP_OPEN && !idle)
      return this.failure;
    if (order === 'resources-first' && idle) {
      const status = this.resources(before);
      if (status !== OK) return status;
    }
    const position = wp[zone]!;
    if (position === NO_POINTER) return this.failure;
    const capacity = this.media.zoneCapacity(zone);
    if ((!append && offset !== position) || position + sectors > capacity) return this.failure;
    if (order !== 'resources-first' && idle) {
      const status = this.resources(before);
      if (status !== OK) return status;
    }
    this.advance(zone, before, position, sectors, capacity);
    return OK;
  }

  /** Open, close, finish or reset of one zone. */
  manage(op: BioOp, zone: number): BlockStatus {
    if (this.media.type[zone] === ZoneType.conventional) return this.failure;
    const cond = this.media.cond[zone]!;
    if (cond === ZoneCond.readonly || cond === ZoneCond.offline) return this.failure;
    switch (op) {
      case Op.zoneOpen:
        return this.open(zone, cond);
      case Op.zoneClose:
        return this.close(zone, cond);
      case Op.zoneFinish:
        return this.finish(zone, cond);
      case Op.zoneReset:
        return this.reset(zone, cond);
      default:
        return Status.notSupported;
    }
  }

  /** Resets all zones that can be; the others are left as they are, without error. */
  resetAll(): void {
    for (let zone = 0; zone < this.media.nrZones; zone += 1) this.manage(Op.zoneReset, zone);
  }

  /**
   * Makes a sequential zone read-only or offline, or, if it is that already, empty again, as a write to null_blk's
   * zone_readonly and zone_offline attributes does. False for a conventional zone.
   */
  setCondition(zone: number, cond: typeof ZoneCond.readonly | typeof ZoneCond.offline): boolean {
    if (this.media.type[zone] === ZoneType.conventional) return false;
    const before = this.media.cond[zone]!;
    const wp = this.media.wp[zone]!;
    this.count(before, -1);
    const again = before === cond;
    this.set(zone, before, wp, again ? EMPTY : cond, again ? 0 : NO_WP);
    return true;
  }

  private advance(
    zone: number,
    before: number,
    position: number,
    sectors: number,
    capacity: number,
  ): void {
    const full = position + sectors === capacity;
    const opened = before === EXP_OPEN ? EXP_OPEN : IMP_OPEN;
    const after = full ? FULL : opened;
    if (after !== before) {
      this.count(before, -1);
      this.count(after, 1);
    }
    this.writtenAt = position;
    this.media.cond[zone] = after;
    this.media.wp[zone] = position + sectors;
    this.watcher.zoneChanged(zone, before, position);
  }

  protected open(zone: number, cond: number): BlockStatus {
    if (cond === EXP_OPEN) return OK;
    if (cond === FULL) return this.failure;
    if (cond !== IMP_OPEN) {
      const status = this.resources(cond);
      if (status !== OK) return status;
    }
    this.move(zone, cond, EXP_OPEN);
    return OK;
  }

  protected close(zone: number, cond: number): BlockStatus {
    if (cond === CLOSED) return OK;
    if (cond === EMPTY || cond === FULL) return this.failure;
    this.move(zone, cond, this.media.wp[zone] === 0 ? EMPTY : CLOSED);
    return OK;
  }

  private finish(zone: number, cond: number): BlockStatus {
    if (cond === FULL) return OK;
    if (cond === EMPTY || cond === CLOSED) {
      const status = this.finishRoom(cond);
      if (status !== OK) return status;
    }
    this.count(cond, -1);
    // The whole zone size, not its capacity: that is what null_blk then reports.
    this.set(zone, cond, this.media.wp[zone]!, FULL, this.media.zoneLength(zone));
    return OK;
  }

  private reset(zone: number, cond: number): BlockStatus {
    if (cond === EMPTY) return OK;
    this.count(cond, -1);
    if (this.discards) {
      const { zoneSizeSectors, store } = this.media;
      store.discard(zone * zoneSizeSectors, this.media.zoneLength(zone));
    }
    this.set(zone, cond, this.media.wp[zone]!, EMPTY, 0);
    return OK;
  }

  /** null_blk demands room to open a zone that it only finishes. */
  protected finishRoom(cond: number): BlockStatus {
    return this.resources(cond);
  }

  /** null_check_zone_resources(): may a zone in `cond` be opened? May close another one implicitly. */
  protected resources(cond: number): BlockStatus {
    if (cond === EMPTY && !this.activeRoom()) return Status.zoneActiveResource;
    if (this.maxOpen === 0) return OK;
    if (this.implicitlyOpen + this.explicitlyOpen < this.maxOpen) return OK;
    // Room among the active zones is asked for a closed zone too, although opening it would not add one; so a closed
    // zone cannot be opened while the active limit is reached.
    if (this.implicitlyOpen > 0 && this.activeRoom()) {
      this.closeOne();
      return OK;
    }
    return Status.zoneOpenResource;
  }

  private activeRoom(): boolean {
    return (
      this.maxActive === 0 ||
      this.implicitlyOpen + this.explicitlyOpen + this.closed < this.maxActive
    );
  }

  protected closeOne(): void {
    const { cond, wp, nrZones } = this.media;
    let zone = this.closes === 'lowest' ? 0 : this.nextToClose;
    for (let i = 0; i < nrZones; i += 1, zone += 1) {
      if (zone >= nrZones) zone = 0;
      if (cond[zone] !== IMP_OPEN) continue;
      this.nextToClose = zone + 1;
      this.move(zone, IMP_OPEN, wp[zone] === 0 ? EMPTY : CLOSED);
      return;
    }
  }

  private move(zone: number, before: number, after: number): void {
    this.count(before, -1);
    this.count(after, 1);
    this.media.cond[zone] = after;
    this.watcher.zoneChanged(zone, before, this.media.wp[zone]!);
  }

  private set(zone: number, condBefore: number, wpBefore: number, cond: number, wp: number): void {
    this.media.cond[zone] = cond;
    this.media.wp[zone] = wp;
    this.watcher.zoneChanged(zone, condBefore, wpBefore);
  }

  private count(cond: number, by: 1 | -1): void {
    if (cond === IMP_OPEN) this.implicitlyOpen += by;
    else if (cond === EXP_OPEN) this.explicitlyOpen += by;
    else if (cond === CLOSED) this.closed += by;
  }
}
