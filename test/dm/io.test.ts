import { expect } from 'chai';
import fc from 'fast-check';
import { Op } from '../../src/block/bio.ts';
import { PatternPayload, samePayload } from '../../src/block/payload.ts';
import { ended, Guest, SMALL, ZONE } from './guest.ts';

const KERNELS = ['v5.10', 'v5.14', 'v6.1', 'v6.12', 'v7.3'];
/** A regular disk of 1 MiB. */
const PLAIN = { size: 1, memory_backed: 1 };

describe('a bio on a mapped device', () => {
  it('is cut where targets meet: the parts cover it once, in order, with its id', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...KERNELS),
        fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 63 }),
        fc.integer({ min: 1, max: 64 }),
        (kernel, lengths, first, wanted) => {
          const made = new Guest(kernel, { nullb0: PLAIN });
          let at = 0;
          const lines = lengths.map((n) => {
            const line = `${at * 8} ${n * 8} linear /dev/nullb0 ${1024 - (at + n) * 8}`;
            at += n;
            return line;
          });
          expect(made.create('t', ...lines)).to.equal(0);
          const size = at * 8;
          const sector = Math.min(first, size - 1);
          const sectors = Math.min(wanted, size - sector);
          const from = made.now;
          const bio = made.send('t', Op.write, sector, sectors, 7);
          made.run();
          expect(ended(bio).errno).to.equal(0);
          let covered = 0;
          for (const record of made.host.trace.records(from)) {
            if (record.kind !== 'bioRemap') continue;
            expect(record.bio).to.equal(bio.id);
            expect(record.b).to.equal(sector + covered);
            covered += record.sectors;
          }
          expect(covered).to.equal(sectors);
          const { payload } = made.io('t', Op.read, sector, sectors);
          expect(samePayload(payload!, new PatternPayload(7, 0, sectors * 512))).to.equal(true);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('fails as a whole when one part fails, and ends once', () => {
    const made = new Guest('v6.12', { nullb0: PLAIN });
    expect(made.create('t', '0 64 linear /dev/nullb0 0', '64 64 error')).to.equal(0);
    const from = made.now;
    expect(made.io('t', Op.write, 32, 64).errno).to.equal(-5);
    expect(made.events(from, 'bioComplete')).to.have.length(1);
    expect(made.io('t', Op.read, 0, 64).errno).to.equal(0);
  });

  it('that writes more than the limit is cut by a device that plugs, in conventional zones too', () => {
    const disk = { ...SMALL, zone_nr_conv: 2 };
    for (const [target, parts] of [
      ['crypt cipher_null-ecb - 0 /dev/nullb0 0', 2],
      // Hands appends through, so it has no plugs of its own.
      ['linear /dev/nullb0 0', 1],
    ] as const) {
      const made = new Guest('6.12.117', { nullb0: disk });
      const sectors = made.block.devices.get('nullb0')!.sizeSectors;
      expect(made.create('t', `0 ${sectors} ${target}`)).to.equal(0);
      const from = made.now;
      expect(made.io('t', Op.write, 0, 256).errno).to.equal(0);
      const seen = [...made.host.trace.records(from)]
        .filter(({ kind }) => kind === 'bioRemap')
        .map((record) => record.sectors);
      expect([target, seen]).to.deep.equal([target, parts === 2 ? [255, 1] : [256]]);
    }
  });

  it('waits while the device is suspended, and goes in order when it resumes', () => {
    const made = new Guest('v5.12', { nullb0: SMALL });
    expect(made.create('t', `0 ${8 * ZONE} linear /dev/nullb0 0`)).to.equal(0);
    expect(made.dm.suspend('t')).to.equal(0);
    const bios = [0, 1, 2].map((i) => made.send('t', Op.write, ZONE + i * 8, 8, i));
    made.run();
    expect(bios.every((bio) => bio.context === null)).to.equal(true);
    expect(made.zone('nullb0', ZONE).wp).to.equal(ZONE);
    expect(made.dm.resume('t')).to.equal(0);
    made.run();
    expect(bios.map((bio) => ended(bio).errno)).to.deep.equal([0, 0, 0]);
    expect(made.zone('nullb0', ZONE).wp).to.equal(ZONE + 24);
  });

  it('goes to the new table when one was loaded meanwhile', () => {
    const made = new Guest('v6.1', { nullb0: PLAIN, nullb1: PLAIN });
    expect(made.create('t', '0 64 linear /dev/nullb0 0')).to.equal(0);
    made.dm.suspend('t');
    const bio = made.send('t', Op.write, 0, 8, 3);
    expect(made.dm.load('t', ['0 64 linear /dev/nullb1 0'])).to.equal(0);
    expect(made.dm.resume('t')).to.equal(0);
    made.run();
    expect(ended(bio).errno).to.equal(0);
    const { payload } = made.io('nullb1', Op.read, 0, 8);
    expect(samePayload(payload!, new PatternPayload(3, 0, 4096))).to.equal(true);
  });

  it('longer than a zone plug allows is cut before it is plugged, part by part, in 6.12.y and later', () => {
    const key = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
    for (const kernel of ['6.12.117', 'v7.3']) {
      const made = new Guest(kernel, { nullb0: SMALL });
      made.create('t', `0 ${8 * ZONE} crypt aes-cbc-plain64 ${key} 0 /dev/nullb0 0`);
      const from = made.now;
      expect(made.io('t', Op.write, ZONE, 600).errno).to.equal(0);
      expect(made.events(from, 'bioQueue', 'bioSplit', 'bioComplete')).to.deep.equal([
        `bioQueue dm-0 ${Op.write} ${ZONE}+600`,
        `bioSplit dm-0 ${Op.write} ${ZONE}+255`,
        `bioQueue nullb0 ${Op.write} ${ZONE}+255`,
        `bioComplete dm-0 ${Op.write} ${ZONE}+255`,
        `bioSplit dm-0 ${Op.write} ${ZONE + 255}+255`,
        `bioQueue nullb0 ${Op.write} ${ZONE + 255}+255`,
        `bioComplete dm-0 ${Op.write} ${ZONE + 255}+255`,
        `bioQueue nullb0 ${Op.write} ${ZONE + 510}+90`,
        `bioComplete dm-0 ${Op.write} ${ZONE + 510}+90`,
      ]);
    }
  });
});

describe('zones through a table', () => {
  it('stand where the table puts them, and only those it maps', () => {
    for (const kernel of KERNELS) {
      const made = new Guest(kernel, { nullb0: SMALL });
      made.io('nullb0', Op.write, 5 * ZONE, 16);
      made.io('nullb0', Op.zoneFinish, 6 * ZONE, 0);
      const lines = [
        `0 ${2 * ZONE} linear /dev/nullb0 ${5 * ZONE}`,
        `${2 * ZONE} ${ZONE} linear /dev/nullb0 0`,
      ];
      expect(made.create('t', ...lines), kernel).to.equal(0);
      const zones: string[] = [];
      const count = made.device('t').reportZones(0, 99, (zone) => {
        zones.push(`${zone.start} ${zone.type} ${zone.cond} ${zone.wp}`);
      });
      expect(count).to.equal(3);
      expect(zones).to.deep.equal([
        `0 2 2 16`,
        `${ZONE} 2 14 ${2 * ZONE}`,
        // A conventional zone's pointer means nothing and is not moved.
        `${2 * ZONE} 1 0 ${ZONE}`,
      ]);
    }
  });

  it('cannot be reported while suspended (EAGAIN) or without a table (EIO)', () => {
    const made = new Guest('v6.12');
    made.dm.create('t');
    expect(made.device('t').reportZones(0, 1, () => {})).to.equal(-5);
    made.dm.load('t', [`0 ${8 * ZONE} linear /dev/nullb0 0`]);
    made.dm.resume('t');
    made.dm.suspend('t');
    expect(made.device('t').reportZones(0, 1, () => {})).to.equal(-11);
  });

  it('a report on the mapped device repairs its own plugs', () => {
    const key = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
    const made = new Guest('6.12.117', { nullb0: SMALL });
    made.create('t', `0 ${8 * ZONE} crypt aes-cbc-plain64 ${key} 0 /dev/nullb0 0`);
    expect(made.io('t', Op.write, ZONE, 8).errno).to.equal(0);
    expect(made.io('t', Op.write, ZONE + 32, 8).errno).to.equal(-5);
    expect(made.io('t', Op.write, ZONE + 8, 8).errno).to.equal(-5);
    made.zone('t', ZONE);
    expect(made.io('t', Op.write, ZONE + 8, 8).errno).to.equal(0);
  });
});

describe('a reset of all zones', () => {
  it('is passed as it is where a target maps all of its device (6.11+)', () => {
    const made = new Guest('v6.12');
    made.create('t', `0 ${8 * ZONE} linear /dev/nullb0 0`);
    made.io('t', Op.write, ZONE, 8);
    const from = made.now;
    expect(made.io('t', Op.zoneResetAll, 0, 0).errno).to.equal(0);
    expect(made.events(from, 'bioQueue')).to.deep.equal([
      `bioQueue dm-0 ${Op.zoneResetAll} 0+0`,
      `bioQueue nullb0 ${Op.zoneResetAll} 0+0`,
    ]);
  });

  it('becomes one reset for each zone with data where a target maps a part', () => {
    const made = new Guest('v6.12');
    made.create('t', `0 ${4 * ZONE} linear /dev/nullb0 0`);
    for (const sector of [ZONE, 3 * ZONE, 5 * ZONE]) made.io('nullb0', Op.write, sector, 8);
    const from = made.now;
    expect(made.io('t', Op.zoneResetAll, 0, 0).errno).to.equal(0);
    expect(made.events(from, 'rqIssue')).to.deep.equal([
      `rqIssue nullb0 ${Op.zoneReset} ${ZONE}+0`,
      `rqIssue nullb0 ${Op.zoneReset} ${3 * ZONE}+0`,
    ]);
    expect(made.zone('nullb0', 5 * ZONE).wp).to.equal(5 * ZONE + 8);
  });
});
