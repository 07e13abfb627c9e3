import { expect } from 'chai';
import fc from 'fast-check';
import { Op } from '../../src/block/bio.ts';
import { ended, Guest, SMALL, ZONE } from './guest.ts';

const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const CRYPT = `0 ${8 * ZONE} crypt aes-cbc-plain64 ${KEY} 0 /dev/nullb0 0`;

function guest(kernel = 'v6.1'): Guest {
  const made = new Guest(kernel, { nullb0: SMALL });
  expect(made.create('t', CRYPT)).to.equal(0);
  return made;
}

describe('zone append emulation of 5.14 to 6.9', () => {
  it('kills a write that is not at the write pointer: EIO, no log line, nothing sent below', () => {
    const made = guest();
    const lines = made.host.log.lines.length;
    const from = made.now;
    expect(made.io('t', Op.write, ZONE + 64, 8).errno).to.equal(-5);
    expect(made.log(lines)).to.deep.equal([]);
    expect(made.events(from)).to.deep.equal([
      `bioQueue dm-0 ${Op.write} ${ZONE + 64}+8`,
      `bioComplete dm-0 ${Op.write} ${ZONE + 64}+8`,
    ]);
    const { rule, seen } = made.host.decisions.at(-1)!;
    expect(rule).to.equal('dm.zone-emulation.write-pointer');
    expect(seen).to.deep.equal({ sector: ZONE + 64, zone_start: ZONE, wp_offset: 0 });
  });

  it('lets the next write at the pointer pass: the killed one touched nothing', () => {
    const made = guest();
    made.io('t', Op.write, ZONE + 64, 8);
    expect(made.io('t', Op.write, ZONE, 8).errno).to.equal(0);
    expect(made.io('t', Op.zoneAppend, ZONE, 8).sector).to.equal(ZONE + 8);
  });

  it('asks the device for the pointer after a write failed there', () => {
    const made = new Guest('v6.1', { nullb0: { ...SMALL, zone_max_open: 1, zone_max_active: 1 } });
    expect(made.create('t', CRYPT)).to.equal(0);
    expect(made.io('t', Op.write, ZONE, 8).errno).to.equal(0);
    // Another zone would have to become active: the device refuses.
    expect(made.io('t', Op.write, 2 * ZONE, 8).errno).to.be.below(0);
    expect(made.io('t', Op.zoneReset, ZONE, 0).errno).to.equal(0);
    expect(made.io('t', Op.zoneAppend, 2 * ZONE, 8)).to.include({ errno: 0, sector: 2 * ZONE });
  });

  it('follows resets and finishes', () => {
    const made = guest();
    made.io('t', Op.write, ZONE, 16);
    expect(made.io('t', Op.zoneReset, ZONE, 0).errno).to.equal(0);
    expect(made.io('t', Op.zoneAppend, ZONE, 8).sector).to.equal(ZONE);
    expect(made.io('t', Op.zoneFinish, ZONE, 0).errno).to.equal(0);
    expect(made.io('t', Op.zoneAppend, ZONE, 8).errno).to.equal(-5);
  });

  it('starts from what a report says of zones written before the table', () => {
    const made = new Guest('v6.1', { nullb0: SMALL });
    made.io('nullb0', Op.write, 3 * ZONE, 24);
    expect(made.create('t', CRYPT)).to.equal(0);
    expect(made.io('t', Op.zoneAppend, 3 * ZONE, 8).sector).to.equal(3 * ZONE + 24);
  });

  it('leaves conventional zones alone', () => {
    const made = guest();
    expect(made.io('t', Op.write, 64, 8).errno).to.equal(0);
    expect(made.io('t', Op.write, 8, 8).errno).to.equal(0);
  });
});

describe('appends sent at once to one zone', () => {
  for (const kernel of ['v5.14', 'v6.1', 'v6.10', 'v6.12', '6.12.117', 'v7.3']) {
    it(`each get a place of their own, without gaps (${kernel})`, () => {
      fc.assert(
        fc.property(
          fc.array(fc.integer({ min: 1, max: 16 }), { minLength: 1, maxLength: 12 }),
          (blocks) => {
            const made = guest(kernel);
            const bios = blocks.map((n) => made.send('t', Op.zoneAppend, ZONE, n * 8));
            made.run();
            let next = ZONE;
            for (const bio of bios) {
              const { errno, sector } = ended(bio);
              expect({ errno, sector }).to.deep.equal({ errno: 0, sector: next });
              next += bio.sectors;
            }
            expect(made.zone('nullb0', ZONE).wp).to.equal(next);
          },
        ),
        { numRuns: 20 },
      );
    });
  }
});
