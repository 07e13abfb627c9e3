/**
 * What should be where: follows the trace from each write of a program to the sectors of the disk it reached and the
 * IV it was encrypted with on every floor, so that a read can be foretold: the same bytes, or surely others.
 */

import { expect } from 'chai';
import { Op } from '../../src/block/bio.ts';
import type { BlockDevice } from '../../src/block/device.ts';
import { PatternPayload, type Payload, samePayload } from '../../src/block/payload.ts';
import type { Machine } from '../../src/machine.ts';
import type { TraceRecord } from '../../src/sim/trace.ts';

/** One target of a mapped device. */
interface Piece {
  readonly begin: number;
  readonly end: number;
  readonly below: BlockDevice;
  readonly start: number;
  readonly crypt: Crypt | null;
}

interface Crypt {
  readonly cipher: string;
  readonly ivOffset: number;
  readonly unitSectors: number;
  readonly largeSectors: boolean;
  /** All of a zone has one IV if not 0. */
  readonly zoneSectors: number;
}

/** What lies on a sector of the disk. */
interface Content {
  /** The write, and the sector of its data; null: nobody can say. */
  readonly id: number;
  readonly part: number;
}

/** The devices of a machine, and where each sector of them lies. */
class Stack {
  private readonly pieces = new Map<string, readonly Piece[]>();
  private readonly machine: Machine;

  constructor(machine: Machine) {
    this.machine = machine;
    for (const { name } of machine.dm.list()) {
      const device = machine.dm.device(name)!;
      const table = machine.dm.table(name);
      if (typeof table === 'number') continue;
      const pieces = table.map(({ startSector, sectors, target, params }): Piece => {
        const words = params.split(' ');
        const [number, start] = target === 'linear' ? words : words.slice(3);
        const [major, minor] = number!.split(':').map(Number);
        return {
          begin: startSector,
          end: startSector + sectors,
          below: machine.block.byNumber(major!, minor!)!,
          start: Number(start),
          crypt: target === 'crypt' ? this.cryptOf(words, device) : null,
        };
      });
      this.pieces.set(device.name, pieces);
    }
  }

  /** The sector of the disk under sector `sector` of `device`. */
  onDisk(device: string, sector: number): number {
    const piece = this.pieceAt(device, sector);
    return piece === null
      ? sector
      : this.onDisk(piece.below.name, piece.start + sector - piece.begin);
  }

  pieceAt(device: string, sector: number): Piece | null {
    const pieces = this.pieces.get(device);
    return pieces?.find(({ begin, end }) => sector >= begin && sector < end) ?? null;
  }

  private cryptOf(words: readonly string[], device: BlockDevice): Crypt {
    const size = words.find((word) => word.startsWith('sector_size:'));
    const perZone = this.machine.kernel.crypt.ivSector === 'zone-start';
    return {
      cipher: words[0]!,
      ivOffset: Number(words[2]),
      unitSectors: size === undefined ? 1 : Number(size.slice('sector_size:'.length)) / 512,
      largeSectors: words.includes('iv_large_sectors'),
      zoneSectors: perZone && device.nrZones > 0 ? device.limits.chunk_sectors.value : 0,
    };
  }
}

/** The IV the kernel uses for the unit that begins `offset` sectors into the target. */
function ivAt(crypt: Crypt, offset: number): number {
  const from = crypt.zoneSectors === 0 ? offset : offset - (offset % crypt.zoneSectors);
  return Math.floor((from + crypt.ivOffset) / (crypt.largeSectors ? crypt.unitSectors : 1));
}

/** Do these two IVs make different ciphertext? */
function matters(crypt: Crypt, a: number, b: number): boolean {
  const sectors = (a - b) * (crypt.largeSectors ? crypt.unitSectors : 1);
  const [, keys = '1'] = /^aes:(\d+)-/.exec(crypt.cipher) ?? [];
  if (crypt.cipher === 'aes-ecb' || crypt.cipher === 'cipher_null-ecb') return false;
  if (crypt.cipher.endsWith('-null')) return sectors % Number(keys) !== 0;
  if (crypt.cipher.endsWith('-plain')) return (a - b) % 2 ** 32 !== 0;
  return a !== b;
}

export interface Written {
  readonly id: number;
  readonly sector: number;
  readonly sectors: number;
  readonly append: boolean;
}

/** Content of the disk by sector, and IVs by mapped device. */
export class Places {
  private readonly content = new Map<number, Content | null>();
  private readonly ivs = new Map<string, Map<number, number>>();
  private stack: Stack;
  /** The device programs write to. */
  private top: string;

  constructor(machine: Machine, top: string) {
    this.stack = new Stack(machine);
    this.top = top;
  }

  rebooted(machine: Machine, top: string): void {
    this.stack = new Stack(machine);
    this.top = top;
  }

  /** Follows what a step has sent. Call it with the step's records before asking about reads. */
  follow(records: readonly TraceRecord[]): void {
    const landed = new Map<number, number>();
    for (const record of records) {
      if (record.op === Op.zoneAppend && doneByDisk(record)) landed.set(record.bio, record.sector);
    }
    for (const [at, record] of records.entries()) {
      if (record.kind !== 'crypt' || record.b !== 1) continue;
      const { bio, device, op } = record;
      const next = records.slice(at + 1).find((one) => one.bio === bio && isPlaced(one));
      if (next === undefined) continue;
      const native = op === Op.zoneAppend;
      const disk = native ? landed.get(bio) : this.stack.onDisk(next.device, next.sector);
      if (disk === undefined) continue;
      this.keepIvs(device, disk, next.sectors, record);
    }
  }

  /** A write ended well: its data lies where the program meant it, an append's where the disk put it. */
  wrote(sent: Written, appendedAt: number): void {
    const disk = sent.append ? appendedAt : null;
    for (let part = 0; part < sent.sectors; part += 1) {
      const at = disk === null ? this.stack.onDisk(this.top, sent.sector + part) : disk + part;
      this.content.set(at, { id: sent.id, part });
    }
  }

  /** Nobody knows what became of these sectors of the device on top. */
  unknown(sector: number, sectors: number): void {
    for (let at = 0; at < sectors; at += 1) {
      this.content.set(this.stack.onDisk(this.top, sector + at), null);
    }
  }

  /** Forgets what lies on sectors of the disk: zones that were reset. */
  forget(sector: number, sectors: number): void {
    for (let at = sector; at < sector + sectors; at += 1) this.content.delete(at);
  }

  /** Holds a read of the device on top to what was written, sector by sector. */
  check(sector: number, data: Payload): void {
    const sectors = data.lengthBytes / 512;
    for (let at = 0; at < sectors; ) {
      const disk = this.stack.onDisk(this.top, sector + at);
      const content = this.content.get(disk) ?? null;
      if (content === null) {
        at += 1;
        continue;
      }
      const wrong = this.mismatch(sector + at);
      // As many sectors of one write as go on alike.
      let run = 1;
      while (
        at + run < sectors &&
        this.goesOn(disk, content, run) &&
        this.mismatch(sector + at + run) === wrong
      ) {
        run += 1;
      }
      const got = data.slice(at * 512, run * 512);
      const wanted = new PatternPayload(content.id, content.part * 512, run * 512);
      const told = `sectors ${sector + at}+${run} of write ${content.id} (${wrong ?? 'IVs agree'})`;
      if (wrong === null) expect(samePayload(got, wanted), told).to.equal(true);
      else if (wrong.includes('first')) expectOther(got, wanted, told);
      at += run;
    }
  }

  /**
   * Was this sector of the device on top encrypted with another IV than it is decrypted with? On which floor? Where it
   * is not the first of its unit, CBC may give it right all the same: a bad IV spoils only the first block of a unit.
   */
  private mismatch(sector: number): string | null {
    const disk = this.stack.onDisk(this.top, sector);
    let device = this.top;
    let at = sector;
    for (;;) {
      const piece = this.stack.pieceAt(device, at);
      if (piece === null) return null;
      const { crypt } = piece;
      if (crypt !== null) {
        const offset = at - piece.begin;
        const unit = offset - (offset % crypt.unitSectors);
        const used = this.ivs.get(device)?.get(disk - (offset - unit));
        // Without an IV it lies in a cache still, or went through no cipher on its way.
        if (used !== undefined && matters(crypt, used, ivAt(crypt, unit)))
          return `${device}, ${unit === offset ? 'first' : 'later'} of its unit`;
      }
      at = piece.start + at - piece.begin;
      device = piece.below.name;
    }
  }

  private goesOn(disk: number, content: Content, by: number): boolean {
    const next = this.content.get(disk + by);
    return (
      next !== undefined &&
      next !== null &&
      next.id === content.id &&
      next.part === content.part + by
    );
  }

  private keepIvs(device: string, disk: number, sectors: number, record: TraceRecord): void {
    let ivs = this.ivs.get(device);
    if (ivs === undefined) {
      ivs = new Map();
      this.ivs.set(device, ivs);
    }
    const units = record.sectors;
    const unitSectors = sectors / units;
    const crypt = this.cryptOf(device);
    const zone = crypt?.zoneSectors ?? 0;
    const divisor = crypt?.largeSectors === true ? crypt.unitSectors : 1;
    for (let unit = 0; unit < units; unit += 1) {
      const at = disk + unit * unitSectors;
      // One IV a zone: a write may go on into the next one.
      const zones = zone === 0 ? 0 : Math.floor(at / zone) - Math.floor(disk / zone);
      ivs.set(at, record.sector + (zone === 0 ? unit * record.a : (zones * zone) / divisor));
    }
  }

  private cryptOf(device: string): Crypt | null {
    for (let at = 0; ; ) {
      const piece = this.stack.pieceAt(device, at);
      if (piece === null || piece.crypt !== null) return piece?.crypt ?? null;
      at = piece.end;
    }
  }
}

/** A disk has done it: as a request, or (null_blk's queue_mode 0) as the bio itself. */
export function doneByDisk({ kind, device, a }: TraceRecord): boolean {
  return (
    a === 0 && (kind === 'rqComplete' || (kind === 'bioComplete' && !device.startsWith('dm-')))
  );
}

function isPlaced(record: TraceRecord): boolean {
  return record.kind === 'bioRemap' || record.kind === 'bioQueue';
}

/** Every sector differs: a wrong IV spoils all of a unit. */
function expectOther(got: Payload, wanted: Payload, told: string): void {
  const [a, b] = [got.bytes(), wanted.bytes()];
  for (let at = 0; at < a.length; at += 512) {
    const same = a.subarray(at, at + 512).every((byte, i) => byte === b[at + i]);
    expect(same, told).to.equal(false);
  }
}
