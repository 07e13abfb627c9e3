/**
 * Block events of four real kernels for direct writes to a mapped device, replayed: which bios are queued, cut, remapped
 * and completed on which floor, in order.
 */

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Op } from '../../src/block/bio.ts';
import { rwbs } from '../../src/block/rwbs.ts';
import { errnoName } from '../../src/kernel/errno.ts';
import { type Attributes, Guest } from './guest.ts';

interface Recorded {
  readonly op: string;
  readonly args?: string;
  readonly errno?: string;
  readonly events?: readonly Readonly<Record<string, string | number>>[];
}

type Facts = Readonly<Record<string, readonly Recorded[]>>;

const KERNELS = { '5.10': '5.10.262', '6.1': '6.1.192', '6.12': '6.12.117', '7.3': '7.3.4' };
const DISKS: Readonly<Record<string, Attributes>> = {
  base: { zoned: 1, zone_size: 4, size: 128, zone_nr_conv: 4 },
  append0: { zoned: 1, zone_size: 4, size: 128, zone_nr_conv: 4, zone_append_max_sectors: 0 },
  appendsmall: { zoned: 1, zone_size: 4, size: 128, zone_nr_conv: 4, zone_append_max_sectors: 64 },
};
const CASES = ['dev-direct64K', 'dev-direct1M', 'dev-direct-not-at-wp', 'dev-direct-after-error'];
const STACKS = ['linear', 'crypt-aes-xts-plain64', 'crypt-cipher_null-ecb'];

const EVENTS: Readonly<Record<string, string>> = {
  bioQueue: 'bio_queue',
  bioRemap: 'bio_remap',
  bioSplit: 'split',
  rqIssue: 'rq_issue',
  rqComplete: 'rq_complete',
  bioComplete: 'bio_complete',
};

function events(guest: Guest, from: number): string[] {
  const lines: string[] = [];
  for (const record of guest.host.trace.records(from)) {
    const ev = EVENTS[record.kind];
    if (ev === undefined) continue;
    const op = rwbs(guest.host.kernel, record.op, record.flags);
    const size = ev === 'split' ? `/${record.a}` : `+${record.sectors}`;
    const source = ev === 'bio_remap' ? ` <- ${record.b}` : '';
    lines.push(`${ev} ${record.device} ${op} ${record.sector}${size}${source}`);
  }
  return lines;
}

function recordedEvents(op: Recorded): string[] {
  const wanted = new Set(Object.values(EVENTS));
  return op
    .events!.filter(({ ev }) => wanted.has(String(ev)))
    .map((event) => {
      const size = event.ev === 'split' ? `/${event.newSector}` : `+${event.nr}`;
      const source = event.ev === 'bio_remap' ? ` <- ${event.fromSector}` : '';
      return `${event.ev} ${event.dev} ${event.op} ${event.sector}${size}${source}`;
    });
}

/**
 * Where a disk's own cuts stand among its requests is the block floor's matter (and in one recorded boot chance's): here
 * they are compared apart from the rest.
 */
function apart(lines: readonly string[]): { readonly order: string[]; readonly cuts: string[] } {
  const cut = (line: string): boolean => line.startsWith('split') && !line.startsWith('split dm-');
  return { order: lines.filter((line) => !cut(line)), cuts: lines.filter(cut) };
}

for (const [folder, kernel] of Object.entries(KERNELS)) {
  const url = new URL(`../../conformance/recorded/${folder}/paths.json`, import.meta.url);
  const { facts } = JSON.parse(readFileSync(url, 'utf8')) as { facts: Facts };
  describe(`recorded block events on ${kernel}`, () => {
    for (const disk of Object.keys(DISKS)) {
      for (const stack of STACKS) {
        const prefix = `paths/${disk}/${stack}`;
        const setup = facts[`${prefix}/setup`]?.find(({ op }) => op === 'dm')?.args;
        if (setup === undefined) continue;
        it(prefix, () => {
          const name = folder === '5.10' ? 'nullb0' : disk;
          const guest = new Guest(kernel, { [name]: DISKS[disk]! });
          expect(guest.create('t', setup.slice(2))).to.equal(0);
          for (const step of CASES) {
            let from = 0;
            for (const op of facts[`${prefix}/${step}`]!) {
              const [, offset, length] = (op.args ?? '').split(' ');
              if (op.args === 'start') from = guest.now;
              if (op.op === 'pwrite') {
                const result = guest.io('t', Op.write, Number(offset) / 512, Number(length) / 512);
                const got = result.errno === 0 ? undefined : errnoName(result.errno);
                expect(got, step).to.equal(op.errno);
              }
              if (op.events !== undefined) {
                expect(apart(events(guest, from)), step).to.deep.equal(apart(recordedEvents(op)));
              }
            }
          }
        });
      }
    }
  });
}
