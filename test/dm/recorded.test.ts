/**
 * The recorded tables of four real kernels, replayed against this floor alone: results of create, load and resume,
 * log lines, table text, limits and zones. Most of dm-crypt's cells are replayed with dm-crypt's own tests and by
 * `npm run conformance`.
 */

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { BlockDevice, ZoneView } from '../../src/block/device.ts';
import { errnoName } from '../../src/kernel/errno.ts';
import { SECTOR_BYTES } from '../../src/kernel/units.ts';
import { type Attributes, Guest } from './guest.ts';

interface Op {
  readonly op: string;
  readonly args?: string;
  readonly ret?: number;
  readonly errno?: string;
  readonly stage?: string;
  readonly lines?: readonly string[];
  readonly targets?: readonly string[];
  readonly queue?: Readonly<Record<string, number | string>>;
  readonly zones?: readonly Readonly<Record<string, number | string>>[];
}

type Facts = Readonly<Record<string, readonly Op[]>>;

const KERNELS = { '5.10': '5.10.262', '6.1': '6.1.192', '6.12': '6.12.117', '7.3': '7.3.4' };

function facts(kernel: string): Facts {
  const url = new URL(`../../conformance/recorded/${kernel}/limits.json`, import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { facts: Facts }).facts;
}

function attributesOf(recorded: Facts, name: string): Attributes {
  const text = recorded[`limits/dev/${name}/raw`]?.find((op) => op.op === 'sh')?.args ?? '';
  const words = text
    .replaceAll('"', '')
    .split(' ')
    .filter((word) => word.includes('='));
  return Object.fromEntries(
    words.map((word) => word.split('=') as [string, string]).map(([k, v]) => [k, Number(v)]),
  );
}

/** The disks a cell needs, by the names its kernel gave them. */
function disksOf(recorded: Facts, id: string, first: string): Record<string, Attributes> {
  const variant = /^limits\/dev\/([^/]+)\//.exec(id)?.[1] ?? 'base';
  const base = attributesOf(recorded, 'base');
  const named = first === 'nullb0' ? ['nullb0', 'nullb1'] : [variant, 'oz'];
  if (variant === 'regular') {
    const plain = { size: base.size! };
    return first === 'nullb0' ? { nullb0: base, nullb1: plain } : { reg: plain };
  }
  const disks: Record<string, Attributes> = { [named[0]!]: attributesOf(recorded, variant) };
  const oz = { ...base, zone_nr_conv: 0 };
  if (id.includes('concat')) disks[named[1]!] = oz;
  if (id.includes('mixed-zone-sizes')) disks[named[1]!] = { ...oz, zone_size: base.zone_size! * 2 };
  else if (id.includes('mixed')) {
    disks[first === 'nullb0' ? 'nullb1' : 'reg'] = { size: base.size! };
  }
  return disks;
}

const COND: Record<number, string> = { 0: 'not-wp', 1: 'empty', 2: 'imp-open', 14: 'full' };
const TYPE: Record<number, string> = { 1: 'conv', 2: 'seq-req' };

function zoneOf(zone: ZoneView): Record<string, number | string> {
  return {
    start: zone.start,
    len: zone.len,
    cap: zone.capacity,
    wp: zone.wp,
    type: TYPE[zone.type]!,
    cond: COND[zone.cond]!,
  };
}

/** The limits that queue attributes show; what else sysfs shows is the block floor's. */
function queueOf(device: BlockDevice): Record<string, number | string> {
  const l = device.limits;
  return {
    zoned: l.zoned.value,
    nr_zones: device.nrZones,
    chunk_sectors: l.chunk_sectors.value,
    zone_append_max_bytes: l.max_zone_append_sectors.value * SECTOR_BYTES,
    zone_write_granularity: l.zone_write_granularity.value,
    max_open_zones: l.max_open_zones.value,
    max_active_zones: l.max_active_zones.value,
    max_sectors_kb: Math.floor(l.max_sectors.value / 2),
    max_hw_sectors_kb: Math.floor(l.max_hw_sectors.value / 2),
    max_segments: l.max_segments.value,
    max_segment_size: l.max_segment_size.value,
    logical_block_size: l.logical_block_size.value,
    physical_block_size: l.physical_block_size.value,
    minimum_io_size: l.io_min.value,
    optimal_io_size: l.io_opt.value,
    discard_max_bytes: l.max_discard_sectors.value * SECTOR_BYTES,
    discard_granularity: l.discard_granularity.value,
    write_zeroes_max_bytes: l.max_write_zeroes_sectors.value * SECTOR_BYTES,
  };
}

function named(result: number): Pick<Op, 'ret' | 'errno'> {
  return result < 0 ? { ret: -1, errno: errnoName(result) } : { ret: 0 };
}

class Replay {
  private readonly guest: Guest;
  private seen: number;

  constructor(guest: Guest) {
    this.guest = guest;
    this.seen = guest.host.log.lines.length;
  }

  /** What this floor answers to a recorded operation, in its form. */
  answer(op: Op): unknown {
    const { dm } = this.guest;
    const [name = '', ...words] = (op.args ?? '').split(' ');
    switch (op.op) {
      case 'dm':
        return this.create(name, words.join(' ').split(';'));
      case 'dmrm':
        return named(dm.remove(name));
      case 'dmtable': {
        const table = dm.table(name);
        if (typeof table === 'number') return named(table);
        const text = table.map((t) => `${t.startSector} ${t.sectors} ${t.target} ${t.params}`);
        return { ret: 0, targets: text };
      }
      case 'dmesg': {
        const lines = this.guest.log(this.seen);
        this.seen = this.guest.host.log.lines.length;
        return { lines: lines.filter((line) => !line.startsWith('device-mapper: ioctl')) };
      }
      case 'sysq': {
        const shown = queueOf(this.guest.device(name.split('/').at(-1)!));
        const both = Object.keys(shown).filter((key) => op.queue![key] !== undefined);
        return { queue: Object.fromEntries(both.map((key) => [key, shown[key]])) };
      }
      case 'zones': {
        const device = this.guest.device(name.split('/').at(-1)!);
        if (device.nrZones === 0) return { ret: -1, errno: 'ENOTTY', zones: [] };
        const zones: unknown[] = [];
        const result = device.reportZones(Number(words[0]), Number(words[1]), (zone) => {
          zones.push(zoneOf(zone));
        });
        return { ...named(result), zones };
      }
      default:
        return null;
    }
  }

  private create(name: string, lines: readonly string[]): unknown {
    const { dm } = this.guest;
    const created = dm.create(name);
    if (created < 0) return { ...named(created), stage: 'create' };
    const loaded = dm.load(name, lines);
    const resumed = loaded < 0 ? 0 : dm.resume(name);
    if (loaded >= 0 && resumed >= 0) return { ret: 0, stage: 'ok' };
    dm.remove(name);
    const stage = loaded < 0 ? 'load' : 'resume';
    return { ...named(loaded < 0 ? loaded : resumed), stage };
  }
}

/** What the driver prints when the disk is made is not of this floor. */
function isDiskLine(line: string): boolean {
  return line.startsWith('null_blk');
}

/** The part of a recorded operation that `answer` gives. */
function recordedPart(op: Op, got: unknown): unknown {
  const keys = Object.keys(got as object);
  const rest = Object.fromEntries(
    Object.entries(op).filter(([key]) => key !== 'op' && key !== 'args'),
  );
  if (op.lines !== undefined) return { lines: op.lines.filter((line) => !isDiskLine(line)) };
  if (op.queue === undefined) return rest;
  const shown = Object.keys((got as { queue: object }).queue);
  const queue = Object.fromEntries(shown.map((key) => [key, op.queue![key]]));
  return keys.includes('queue') ? { queue } : rest;
}

const CELLS =
  process.env.DM_CELLS ??
  '^limits/(dev/[^/]+/linear|stack/linear-over-linear|table/|dev/base/crypt)';

for (const [folder, kernel] of Object.entries(KERNELS)) {
  describe(`recorded tables on ${kernel}`, () => {
    const recorded = facts(folder);
    const ids = Object.keys(recorded).filter((id) => new RegExp(CELLS).test(id));
    for (const id of ids) {
      const ops = recorded[id]!;
      const crypt =
        id.includes('/table/') && ops.some((op) => op.args?.includes(' crypt ') === true);
      if (crypt && process.env.DM_CELLS === undefined) continue;
      it(id, () => {
        const disks = disksOf(recorded, id, folder === '5.10' ? 'nullb0' : 'base');
        const replay = new Replay(new Guest(kernel, disks));
        for (const op of ops) {
          const got = replay.answer(op);
          if (got !== null) expect(got, op.op).to.deep.equal(recordedPart(op, got));
        }
      });
    }
  });
}
