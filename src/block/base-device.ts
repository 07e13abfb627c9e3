/**
 * What all block devices do with a bio before their own driver or target sees it (block/blk-core.c,
 * submit_bio_noacct(); 5.10's generic_make_request checks to 7.x): trace it, refuse what cannot be, hand it on.
 * Disks (src/block/disk.ts) and mapped devices extend this.
 */

import type { BlockAnswers } from '../kernel/answers/block.ts';
import { roundUp } from '../kernel/units.ts';
import { type Trace, TraceKind, TraceSource } from '../sim/trace.ts';
import { type Bio, Flag, Op } from './bio.ts';
import type { BlockDevice, ZoneView } from './device.ts';
import { ZoneType } from './device.ts';
import { requestFlags } from './io-error.ts';
import type { QueueLimits } from './limits.ts';
import {
  type BioRule,
  bioRules,
  discardSupported,
  endOfDevice,
  writeZeroesSupported,
} from './rules.ts';
import { defaultStackingLimits } from './stack.ts';
import { type BlockStatus, Status, statusToErrno } from './status.ts';
import type { BlockSystem } from './system.ts';

// Constants of this module, which an engine puts in as numbers; what is imported it looks up each time. So in all modules
// that every bio passes.
const TOP_DATA = Flag.top | Flag.data;
const FLUSHES = Flag.preflush | Flag.fua;
const { flush: FLUSH } = Op;
const { ok: OK } = Status;
const { bioQueue: BIO_QUEUE, bioComplete: BIO_COMPLETE } = TraceKind;
const CHAINED = Flag.chained;

export interface DeviceIdentity {
  readonly name: string;
  readonly major: number;
  readonly minor: number;
}

/** What sysfs shows of a queue beyond its limits, and what a user may set there. */
export interface QueueSettings {
  /** Requests are made here (a disk), or bios go straight through (a mapped device). */
  readonly requestBased: boolean;
  scheduler: 'mq-deadline' | 'none';
  /** What the kernel believes: answers to writes may come before they are durable, and it has to flush. */
  writeCache: boolean;
  /** The device has such a cache, and knows writes that are durable when they end (FUA). */
  hasCache: boolean;
  rotational: boolean;
  /** Requests its hardware queue holds, and how long one may take. */
  tags: number;
  timeoutMs: number;
  /** What one WRITE SAME may cover; 0: the device knows none. */
  writeSameBytes: number;
  /** Its driver has queues to be polled. */
  polls: boolean;
  /** Values a user wrote to attributes that change nothing here, by name. */
  readonly written: Map<string, string>;
}

export abstract class BaseBlockDevice implements BlockDevice {
  readonly name: string;
  readonly major: number;
  readonly minor: number;
  readonly block: BlockSystem;
  protected readonly trace: Trace;
  readonly queue: QueueSettings;
  /** The name as the trace holds it. */
  readonly traceName: number;
  private readonly queued: TraceSource;
  private readonly completed: TraceSource;
  holder: string | null = null;
  readOnly = false;
  metadataBytes = 0;
  inlineCrypto = false;
  /** A reset of all zones may be sent as one bio (QUEUE_FLAG_ZONE_RESETALL; always so from 6.10 on). */
  resetsAllZones = false;
  private size = 0;
  private currentLimits: QueueLimits = defaultStackingLimits();
  private zoned = false;
  private zoneSectors = 0;
  private appendSectors = 0;
  private readonly appendNeedsSequential: boolean;

  protected constructor(block: BlockSystem, identity: DeviceIdentity, requestBased: boolean) {
    this.block = block;
    this.trace = block.host.trace;
    this.name = identity.name;
    this.major = identity.major;
    this.minor = identity.minor;
    this.traceName = block.host.trace.intern(identity.name);
    this.queued = new TraceSource(BIO_QUEUE, this.traceName);
    this.completed = new TraceSource(BIO_COMPLETE, this.traceName);
    this.appendNeedsSequential =
      block.host.kernel.block.appendRules.includes('block.append.sequential');
    this.queue = {
      requestBased,
      scheduler: 'none',
      writeCache: false,
      hasCache: false,
      rotational: false,
      tags: 64,
      timeoutMs: 5000,
      writeSameBytes: 0,
      polls: true,
      written: new Map(),
    };
  }

  /** What this machine's kernel answers about the block layer. */
  get kernelAnswers(): BlockAnswers {
    return this.block.host.kernel.block;
  }

  get limits(): QueueLimits {
    return this.currentLimits;
  }

  get sizeSectors(): number {
    return this.size;
  }

  /** Sectors of a zone; 0 on a regular device. */
  get zoneSizeSectors(): number {
    return this.zoned ? this.zoneSectors : 0;
  }

  get nrZones(): number {
    return this.zoned && this.zoneSectors > 0
      ? roundUp(this.size, this.zoneSectors) / this.zoneSectors
      : 0;
  }

  get slaves(): readonly BlockDevice[] {
    return [];
  }

  /** Makes limits and capacity (sectors) live. They are finished already: see finalizeLimits(). */
  setLimits(limits: QueueLimits, sizeSectors: number = this.size): void {
    this.currentLimits = limits;
    this.size = sizeSectors;
    this.zoned = limits.zoned.value !== 'none';
    this.zoneSectors = limits.chunk_sectors.value;
    this.appendSectors = limits.max_zone_append_sectors.value;
  }

  abstract reportZones(startSector: number, count: number, visit: (zone: ZoneView) => void): number;

  /** Takes a bio that passed the checks. */
  protected abstract accept(bio: Bio): void;

  /** Does `sector` lie in a zone that must be written sequentially? Disks know; others look at a report. */
  isSequentialZone(sector: number): boolean {
    if (!this.zoned) return false;
    let type = 0;
    this.reportZones(sector, 1, (zone) => {
      type = zone.type;
    });
    return type !== 0 && type !== ZoneType.conventional;
  }

  /** For explorers: what runs now goes by the device's table, limits and attributes, or changes them. */
  touchSetup(changes = false): void {
    this.block.host.touch('setup', this.name, 0, changes);
  }

  submit(bio: Bio): void {
    if (this.block.host.explored) this.touchSetup();
    if (bio.sectors > 0 && bio.sector + bio.sectors > this.size) {
      this.logBeyondEnd(bio);
      this.refuse(endOfDevice, bio);
      return;
    }
    if ((bio.op >= FLUSH || (bio.flags & FLUSHES) !== 0) && !this.passes(bio)) return;
    const { block } = this;
    this.trace.recordBio(this.queued, bio, bio.cause);
    if (block.onDataBio !== null && (bio.flags & TOP_DATA) === TOP_DATA) block.onDataBio(bio);
    this.accept(bio);
  }

  /**
   * Ends a bio that was queued here and never became a request: bio-based devices, and what a plug fails. Traced is what
   * of it begins at `fromSector`.
   */
  endBio(bio: Bio, status: BlockStatus, fromSector = bio.sector): void {
    const { host } = this.block;
    if ((bio.flags & CHAINED) === 0 || host.kernel.block.chainedBiosTraced) {
      const result = statusToErrno(status === OK ? bio.status : status);
      if (fromSector === bio.sector) this.trace.recordBio(this.completed, bio, result);
      else this.traceRestEnded(bio, result, fromSector);
    }
    bio.end(status);
  }

  private traceRestEnded(bio: Bio, result: number, fromSector: number): void {
    const { id, op, flags } = bio;
    const rest = { id, op, flags, sector: fromSector, sectors: bio.endSector - fromSector };
    this.trace.recordRarely(BIO_COMPLETE, this.traceName, rest, result);
  }

  /** Records that `rule` stopped `bio`, and ends it. Nothing is traced as queued: the kernel does not either. */
  refuse(rule: BioRule, bio: Bio): void {
    const seen = rule.sees({ bio, device: this });
    this.block.host.decide({
      rule: rule.id,
      subject: this.name,
      seen,
      verdict: 'refuses',
      errno: rule.refuses({ bio, device: this }, seen).errno,
      source: rule.source,
      bio: bio.id,
    });
    bio.end(rule.status);
  }

  /** What all but plain reads and writes have to pass; false when the bio has ended here. */
  private passes(bio: Bio): boolean {
    if (bio.op === FLUSH || (bio.flags & FLUSHES) !== 0) {
      if (this.dropFlush(bio)) return false;
    }
    return bio.op <= FLUSH || this.checked(bio);
  }

  /** The checks of everything but reads, writes and flushes; false when the bio was refused. */
  private checked(bio: Bio): boolean {
    switch (bio.op) {
      case Op.zoneAppend:
        return this.appendPasses(bio) || !this.refusedBy(bio, 'append');
      case Op.discard:
        if (this.currentLimits.max_discard_sectors.value !== 0) return true;
        this.refuse(discardSupported, bio);
        return false;
      case Op.writeZeroes:
        if (this.currentLimits.max_write_zeroes_sectors.value !== 0) return true;
        this.refuse(writeZeroesSupported, bio);
        return false;
      default:
        return !this.refusedBy(bio, 'management');
    }
  }

  private appendPasses(bio: Bio): boolean {
    const passes =
      this.zoned &&
      bio.sector % this.zoneSectors === 0 &&
      bio.sectors <= this.zoneSectors &&
      bio.sectors <= this.appendSectors &&
      (!this.appendNeedsSequential || this.isSequentialZone(bio.sector));
    // An append may not grow: its place is known only when it is done.
    if (passes) bio.flags |= Flag.noMerge;
    return passes;
  }

  private refusedBy(bio: Bio, kind: 'append' | 'management'): boolean {
    const { appendRules, zoneManagementRules } = this.block.host.kernel.block;
    const submission = { bio, device: this };
    for (const id of kind === 'append' ? appendRules : zoneManagementRules) {
      const rule = bioRules.get(id);
      if (rule === undefined) throw new Error(`rule "${id}" expected a body, got none`);
      if (rule.passes(rule.sees(submission), submission)) continue;
      this.refuse(rule, bio);
      return true;
    }
    return false;
  }

  /** A device without a write cache has nothing to flush: the flags go, and a bio without data ends well at once. */
  private dropFlush(bio: Bio): boolean {
    if (this.queue.writeCache) return false;
    bio.flags &= ~(Flag.preflush | Flag.fua);
    if (bio.op !== Op.flush && bio.sectors > 0) return false;
    bio.end(Status.ok);
    return true;
  }

  private logBeyondEnd(bio: Bio): void {
    const { kernel, tasks } = this.block.host;
    const print = (text: string): void => this.block.host.printk('info', text);
    const rw = requestFlags(kernel, bio.op, bio.flags);
    if (kernel.block.beyondEndLine === 'want') {
      print('attempt to access beyond end of device');
      print(`${this.name}: rw=${rw}, want=${bio.endSector}, limit=${this.size}`);
      return;
    }
    print(`${tasks.comm}: attempt to access beyond end of device`);
    print(
      `${this.name}: rw=${rw}, sector=${bio.sector}, nr_sectors = ${bio.sectors} limit=${this.size}`,
    );
  }
}
