import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { ZoneView } from '../../src/block/device.ts';
import { createNullBlk } from '../../src/block/null-blk.ts';
import { nullBlkConfig } from '../../src/block/null-blk-config.ts';
import { queueAttributeNames, readQueueAttribute } from '../../src/block/sysfs.ts';
import { BlockSystem } from '../../src/block/system.ts';
import { errno, strerror } from '../../src/kernel/errno.ts';
import { kernelByName } from '../../src/kernel/releases.ts';
import { Host } from '../../src/sim/host.ts';
import { FirstCome } from '../../src/sim/schedule.ts';

interface RecordedOp {
  readonly op: string;
  readonly out?: string;
  readonly queue?: Record<string, number | string>;
  readonly sizeSectors?: number;
  readonly zones?: readonly Record<string, number | string>[];
}

type Facts = Record<string, readonly RecordedOp[]>;

const COND: Record<number, string> = { 0: 'not-wp', 1: 'empty' };
const TYPE: Record<number, string> = { 1: 'conv', 2: 'seq-req' };

function facts(folder: string, file: string): Facts {
  const path = new URL(`../../conformance/recorded/${folder}/${file}.json`, import.meta.url);
  return (JSON.parse(readFileSync(path, 'utf8')) as { facts: Facts }).facts;
}

/** The attributes of `zoned=1 zone_size=4 ...`, as the oracle's helper sets them. */
function attributesOf(text: string): Record<string, number> {
  const pairs = [...text.matchAll(/(\w+)=(\d+)/g)].map(([, name, value]) => [name, Number(value)]);
  return { memory_backed: 1, ...Object.fromEntries(pairs) };
}

function powerOn(kernel: string, attributes: Record<string, number>) {
  const host = new Host(kernelByName(kernel), new FirstCome());
  const block = new BlockSystem(host);
  const config = nullBlkConfig(host.kernel, attributes);
  const make = () => {
    if (!config.ok) throw new Error('"config" expected ok');
    return createNullBlk(block, { name: 'd', index: 0, major: 254, minor: 0, media: config.media });
  };
  return { config, make };
}

function queueOf(device: ReturnType<ReturnType<typeof powerOn>['make']>) {
  const names = queueAttributeNames(device);
  return Object.fromEntries(
    names.map((name) => {
      const text = readQueueAttribute(device, name)!.replace(/\n$/, '');
      return [name, /^-?\d+$/.test(text) ? Number(text) : text];
    }),
  );
}

const SHOWN = /^(zoned=.*)$/m;

describe('null_blk as recorded', () => {
  const builds = { '5.10': '5.10.262', '6.1': '6.1.192', '6.12': '6.12.117', '7.3': '7.3.4' };
  for (const [folder, kernel] of Object.entries(builds)) {
    const recorded = facts(folder, 'limits');
    for (const [id, ops] of Object.entries(recorded)) {
      const name = /^limits\/dev\/(\w+)\/raw$/.exec(id)?.[1];
      if (name === undefined) continue;
      const said = ops.find(({ op }) => op === 'sh')?.out ?? 'size=128';
      const refused = /refused rc=(\d) (.*)$/m.exec(said);
      it(`${kernel}: "${name}" has the recorded queue, size and zones, or is refused as recorded`, () => {
        const attributes = attributesOf(SHOWN.exec(said)?.[1] ?? 'size=128');
        const { config, make } = powerOn(kernel, attributes);
        if (refused !== null) {
          if (config.ok) throw new Error('"config" expected a refusal');
          const got =
            config.kind === 'no-attribute'
              ? `no-attr:${config.attribute}`
              : `sh: write error: ${strerror(errno[config.errno])}`;
          expect(got).to.equal(refused[2]);
          return;
        }
        const device = make();
        for (const { op, queue, sizeSectors, zones } of ops) {
          if (op === 'sysq') {
            expect(queueOf(device)).to.deep.equal(queue);
            expect(device.sizeSectors).to.equal(sizeSectors);
          }
          if (op === 'zones' && zones !== undefined && zones.length > 0) {
            const seen: Record<string, number | string>[] = [];
            device.reportZones(0, zones.length, (zone: ZoneView) => {
              const { capacity: cap, cond, len, start, type, wp } = zone;
              seen.push({ cap, cond: COND[cond]!, len, start, type: TYPE[type]!, wp });
            });
            expect(seen).to.deep.equal(zones);
          }
        }
      });
    }
  }

  for (const kernel of ['v5.12', 'v5.14']) {
    it(`${kernel}: the disk of the series has the recorded queue`, () => {
      const op = facts(kernel, 'series')['raw/zonefs/create']!.find(({ op }) => op === 'sysq')!;
      const attributes = { size: 256, zoned: 1, zone_size: 4, zone_nr_conv: 4, memory_backed: 1 };
      expect(queueOf(powerOn(kernel, attributes).make())).to.deep.equal(op.queue);
    });
  }
});
