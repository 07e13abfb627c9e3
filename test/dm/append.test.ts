import { expect } from 'chai';
import { Op } from '../../src/block/bio.ts';
import { PatternPayload, samePayload } from '../../src/block/payload.ts';
import { Guest, SMALL, ZONE } from './guest.ts';

const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
const SIZE = 8 * ZONE;
const LINEAR = `0 ${SIZE} linear /dev/nullb0 0`;
const CRYPT = `0 ${SIZE} crypt aes-cbc-plain64 ${KEY} 0 /dev/nullb0 0`;
const CRYPT_NULL = `0 ${SIZE} crypt aes-cbc-null ${KEY} 0 /dev/nullb0 0`;

function guest(kernel: string, ...lines: string[]): Guest {
  const made = new Guest(kernel, { nullb0: SMALL, nullb1: SMALL });
  expect(made.create('t', ...lines)).to.equal(0);
  return made;
}

/** Two appends of 8 sectors to zone 1; where each says it landed. */
function twoAppends(made: Guest): number[] {
  return [1, 2].map((seed) => {
    const { errno, sector } = made.io('t', Op.zoneAppend, ZONE, 8, seed);
    expect(errno).to.equal(0);
    return sector;
  });
}

const ERAS = [
  'v5.10',
  'v5.12',
  'v5.12+series[1]',
  'v5.14',
  'v6.1',
  'v6.10',
  'v6.12',
  '6.12.117',
  'v7.3',
];

describe('zone append through device mapper', () => {
  for (const kernel of ERAS) {
    it(`reports the sector written through linear (${kernel})`, () => {
      expect(twoAppends(guest(kernel, LINEAR))).to.deep.equal([ZONE, ZONE + 8]);
    });
  }

  it('reports a place on the mapped device, not on the one below', () => {
    const made = guest('v5.12', `0 ${2 * ZONE} linear /dev/nullb0 ${4 * ZONE}`);
    expect(twoAppends(made)).to.deep.equal([ZONE, ZONE + 8]);
    expect(made.zone('nullb0', 5 * ZONE).wp).to.equal(5 * ZONE + 16);
  });

  for (const kernel of ['v5.10', 'v5.12', 'v5.12+series[1]', 'v5.13']) {
    it(`reports the zone start through dm-crypt, whatever the IV, because its own bio knows the place (${kernel})`, () => {
      for (const line of [CRYPT, CRYPT_NULL]) {
        const made = guest(kernel, line);
        expect(twoAppends(made)).to.deep.equal([ZONE, ZONE]);
        expect(made.zone('nullb0', ZONE).wp).to.equal(ZONE + 16);
      }
    });
  }

  for (const kernel of [
    'v5.14',
    'v6.1',
    'v6.10',
    'v6.12',
    '6.12.117',
    'v7.3',
    'v5.12+crypt-returns-written-sector',
  ]) {
    it(`reports the sector written through dm-crypt (${kernel})`, () => {
      expect(twoAppends(guest(kernel, CRYPT))).to.deep.equal([ZONE, ZONE + 8]);
    });
  }

  for (const kernel of ['v5.14', 'v6.1', 'v6.10', 'v6.12', 'v7.3']) {
    it(`becomes a write at a known sector before dm-crypt sees it, so a read gets the data back (${kernel})`, () => {
      const made = guest(kernel, CRYPT);
      const from = made.now;
      twoAppends(made);
      const below = made.events(from, 'bioQueue').filter((line) => line.includes('nullb0'));
      expect(below).to.deep.equal([
        `bioQueue nullb0 ${Op.write} ${ZONE}+8`,
        `bioQueue nullb0 ${Op.write} ${ZONE + 8}+8`,
      ]);
      const { payload } = made.io('t', Op.read, ZONE + 8, 8);
      expect(samePayload(payload!, new PatternPayload(2, 0, 4096))).to.equal(true);
    });
  }

  it('is passed to the disk as an append at the zone start up to 5.13, so its data is not read back', () => {
    const made = guest('v5.12', CRYPT);
    const from = made.now;
    twoAppends(made);
    const below = made.events(from, 'bioQueue').filter((line) => line.includes('nullb0'));
    expect(below).to.deep.equal(Array(2).fill(`bioQueue nullb0 ${Op.zoneAppend} ${ZONE}+8`));
    const { payload } = made.io('t', Op.read, ZONE + 8, 8);
    expect(samePayload(payload!, new PatternPayload(2, 0, 4096))).to.equal(false);
  });

  it('shows a remap for bios that dm-crypt sends only where dm_submit_bio_remap() exists', () => {
    for (const [kernel, remaps] of [
      ['v5.12', 0],
      ['v5.14', 0],
      ['v6.1', 1],
      ['v6.12', 1],
    ] as const) {
      const made = guest(kernel, CRYPT);
      const from = made.now;
      made.io('t', Op.write, ZONE, 8);
      expect(made.events(from, 'bioRemap'), kernel).to.have.length(remaps);
    }
    const linear = guest('v5.10', LINEAR);
    const from = linear.now;
    linear.io('t', Op.write, ZONE, 8);
    expect(linear.events(from)).to.deep.equal([
      `bioQueue dm-0 ${Op.write} ${ZONE}+8`,
      `bioRemap nullb0 ${Op.write} ${ZONE}+8`,
      `bioQueue nullb0 ${Op.write} ${ZONE}+8`,
      `rqIssue nullb0 ${Op.write} ${ZONE}+8`,
      `rqComplete nullb0 ${Op.write} ${ZONE}+8`,
      `bioComplete dm-0 ${Op.write} ${ZONE}+8`,
    ]);
  });

  it('completes on dm with the sector written, and with the letters of an append', () => {
    for (const kernel of ['v5.14', 'v6.12']) {
      const made = guest(kernel, CRYPT);
      made.io('t', Op.zoneAppend, ZONE, 8);
      const from = made.now;
      made.io('t', Op.zoneAppend, ZONE, 8);
      const events = made.events(from, 'bioQueue', 'bioComplete');
      expect(events[0]).to.equal(`bioQueue dm-0 ${Op.zoneAppend} ${ZONE}+8`);
      expect(events.at(-1), kernel).to.equal(`bioComplete dm-0 ${Op.zoneAppend} ${ZONE + 8}+8`);
    }
  });
});

describe("the series' zone append support control", () => {
  it('changes nothing by itself: no target says no', () => {
    for (const line of [LINEAR, CRYPT]) {
      const without = guest('v5.12', line).device('t').limits.max_zone_append_sectors;
      const made = guest('v5.12+series[1]', line).device('t').limits.max_zone_append_sectors;
      expect(made).to.deep.equal(without);
    }
  });

  it('with patch 2, sets the limit of a sector IV to 0, and the origin names dm-crypt', () => {
    const made = guest('v5.12+series[1-2]', CRYPT);
    const limit = made.device('t').limits.max_zone_append_sectors;
    expect(limit.value).to.equal(0);
    expect(limit.origin).to.deep.equal({
      floor: 'dm-0',
      rule: 'dm.zone-append-support',
      from: { floor: 'dm-0/crypt', rule: 'zone_append_not_supported' },
    });
    expect(
      guest('v5.12+series[1-2]', CRYPT_NULL).device('t').limits.max_zone_append_sectors.value,
    ).to.equal(255);
  });

  it('fails an append with EIO once the limit is 0, and sends nothing below', () => {
    const made = guest('v5.12+series[1-2]', CRYPT);
    const from = made.now;
    expect(made.io('t', Op.zoneAppend, ZONE, 8).errno).to.equal(-5);
    expect(made.events(from)).to.deep.equal([]);
    expect(made.host.decisions.at(-1)).to.include({
      rule: 'block.append.limit',
      verdict: 'refuses',
    });
  });

  it('one target without it takes it from the whole table, and from all tables above', () => {
    const half = SIZE / 2;
    const made = guest(
      'v5.12+series[1-2]',
      `0 ${half} linear /dev/nullb0 0`,
      `${half} ${half} crypt aes-cbc-plain64 ${KEY} 0 /dev/nullb0 ${half}`,
    );
    expect(made.device('t').limits.max_zone_append_sectors.value).to.equal(0);
    expect(made.create('u', `0 ${SIZE} linear /dev/mapper/t 0`)).to.equal(0);
    const above = made.device('u').limits.max_zone_append_sectors;
    expect(above.value).to.equal(0);
    expect(JSON.stringify(above.origin)).to.include('dm-0/crypt');
  });

  it("Patocka's alternative leaves it to linear alone", () => {
    const kernel = 'v5.12+no-append-but-linear';
    const limit = (line: string): number =>
      guest(kernel, line).device('t').limits.max_zone_append_sectors.value;
    expect(limit(LINEAR)).to.equal(255);
    expect(limit(CRYPT_NULL)).to.equal(0);
    expect(limit(`0 ${SIZE} flakey /dev/nullb0 0 1 0`)).to.equal(0);
  });

  it("Hellwig's alternative refuses the table: dm-crypt is no zoned target", () => {
    const made = new Guest('v5.12+crypt-not-zoned');
    expect(made.create('t', CRYPT)).to.equal(-22);
    expect(made.log()).to.include(
      'device-mapper: table: 252:0: zoned model is not consistent across all devices',
    );
  });
});
