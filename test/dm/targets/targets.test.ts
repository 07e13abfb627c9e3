import { expect } from 'chai';
import { Op } from '../../../src/block/bio.ts';
import { FillPayload, PatternPayload, samePayload } from '../../../src/block/payload.ts';
import type { TargetLine } from '../../../src/dm/control.ts';
import { ended, Guest, SMALL, ZONE } from '../guest.ts';

const PLAIN = { size: 1, memory_backed: 1 };
const SECOND = 1_000_000_000;

function flakey(kernel: string, features: string): Guest {
  const made = new Guest(kernel, { nullb0: PLAIN });
  expect(made.create('t', `0 2048 flakey /dev/nullb0 0 10 5${features}`)).to.equal(0);
  return made;
}

/** Lets `seconds` of the machine's time pass. */
function wait(made: Guest, seconds: number): void {
  made.host.loop.post(() => {}, null, seconds * SECOND);
  made.run();
}

describe('dm-flakey', () => {
  it('is a linear device while it is up, and fails reads and writes while it is down', () => {
    for (const kernel of ['v5.10', 'v6.12']) {
      const made = flakey(kernel, '');
      expect(made.io('t', Op.write, 0, 8).errno).to.equal(0);
      wait(made, 10);
      expect(made.io('t', Op.write, 0, 8).errno).to.equal(-5);
      expect(made.io('t', Op.read, 0, 8).errno).to.equal(-5);
      wait(made, 5);
      expect(made.io('t', Op.read, 0, 8).errno).to.equal(0);
    }
  });

  it('drop_writes says OK without writing, so the write pointer of a zone stays', () => {
    const made = new Guest('v6.1', { nullb0: SMALL });
    made.create('t', `0 ${8 * ZONE} flakey /dev/nullb0 0 10 5 1 drop_writes`);
    expect(made.io('t', Op.write, ZONE, 8).errno).to.equal(0);
    wait(made, 10);
    expect(made.io('t', Op.write, ZONE + 8, 8).errno).to.equal(0);
    expect(made.zone('nullb0', ZONE).wp).to.equal(ZONE + 8);
    wait(made, 5);
    expect(made.io('t', Op.write, ZONE + 16, 8).errno).to.equal(-5);
  });

  it('error_writes fails writes and lets reads pass', () => {
    const made = flakey('v5.10', ' 1 error_writes');
    wait(made, 10);
    expect(made.io('t', Op.write, 0, 8).errno).to.equal(-5);
    expect(made.io('t', Op.read, 0, 8).errno).to.equal(0);
  });

  it('corrupt_bio_byte changes one byte of what is read or written', () => {
    for (const direction of ['r', 'w']) {
      const made = flakey('v6.1', ` 5 corrupt_bio_byte 3 ${direction} 119 0`);
      wait(made, 10);
      made.io('t', Op.write, 0, 8, 5);
      const got = made.io('t', Op.read, 0, 8).payload!.bytes();
      const want = Uint8Array.from(new PatternPayload(5, 0, 4096).bytes());
      want[2] = 119;
      expect(got).to.deep.equal(want);
    }
  });

  it('always passes zone management', () => {
    const made = new Guest('v6.1', { nullb0: SMALL });
    made.create('t', `0 ${8 * ZONE} flakey /dev/nullb0 0 0 5`);
    made.io('nullb0', Op.write, ZONE, 8);
    expect(made.io('t', Op.zoneReset, ZONE, 0).errno).to.equal(0);
    expect(made.zone('nullb0', ZONE).wp).to.equal(ZONE);
  });

  it('shows its features; without any, those that error_reads brought where it exists', () => {
    const shown = (kernel: string, features: string): unknown =>
      (flakey(kernel, features).dm.table('t') as readonly TargetLine[])[0]!.params;
    expect(shown('v5.10', '')).to.equal('253:0 0 10 5 0 ');
    expect(shown('v5.10', ' 1 drop_writes')).to.equal('253:0 0 10 5 1 drop_writes ');
    expect(shown('v6.12', '')).to.equal('253:0 0 10 5 2 error_reads error_writes');
    expect(shown('v6.12', ' 5 corrupt_bio_byte 1 w 2 0')).to.equal(
      '253:0 0 10 5 5 corrupt_bio_byte 1 w 2 0',
    );
  });

  for (const [words, text] of [
    ['', 'Invalid argument count'],
    [' 0 0 0', 'Total (up + down) interval is zero'],
    [' 0 x 1', 'Invalid up interval'],
    [' 0 1 1 9 drop_writes', 'Invalid number of feature args'],
    [' 0 1 1 1 nonsense', 'Unrecognised flakey feature requested'],
    [' 0 1 1 2 drop_writes drop_writes', 'Feature drop_writes duplicated'],
    [
      ' 0 1 1 2 drop_writes error_writes',
      'Feature error_writes conflicts with feature drop_writes',
    ],
    [' 0 1 1 5 corrupt_bio_byte 1 z 1 0', 'Invalid corrupt bio direction (r or w)'],
  ] as const) {
    it(`refuses "DEVICE${words}": ${text}`, () => {
      const made = new Guest('v6.1', { nullb0: PLAIN });
      expect(made.create('t', `0 2048 flakey /dev/nullb0${words}`)).to.equal(-22);
      expect(made.log()).to.include(`device-mapper: table: 252:0: flakey: ${text} (-EINVAL)`);
    });
  }
});

describe('dm-error', () => {
  it('fails every bio', () => {
    const made = new Guest('v5.10', {});
    expect(made.create('t', '0 64 error')).to.equal(0);
    expect(made.io('t', Op.read, 0, 8).errno).to.equal(-5);
    expect(made.io('t', Op.write, 0, 8).errno).to.equal(-5);
  });

  it('with a device looks like that device from 6.8 on; before, words are ignored', () => {
    const line = `0 ${8 * ZONE} error /dev/nullb0 0`;
    const later = new Guest('v6.12');
    expect(later.create('t', line)).to.equal(0);
    expect(later.device('t').nrZones).to.equal(8);
    expect(later.zone('t', ZONE).start).to.equal(ZONE);
    expect(later.io('t', Op.write, ZONE, 8).errno).to.equal(-5);
    const before = new Guest('v6.1');
    expect(before.create('t', line)).to.equal(0);
    expect(before.device('t').nrZones).to.equal(0);
  });
});

describe('dm-zero and dm-delay', () => {
  it('zero reads zeroes and drops writes', () => {
    const made = new Guest('v6.1', {});
    expect(made.create('t', '0 64 zero')).to.equal(0);
    expect(made.io('t', Op.write, 0, 8).errno).to.equal(0);
    const { payload } = made.io('t', Op.read, 0, 8);
    expect(samePayload(payload!, new FillPayload(0, 4096))).to.equal(true);
  });

  it('delay sends later by that many milliseconds', () => {
    const made = new Guest('v6.1', { nullb0: PLAIN });
    expect(made.create('t', '0 64 delay /dev/nullb0 0 20')).to.equal(0);
    const bio = made.send('t', Op.write, 0, 8, 9);
    expect(bio.context).to.equal(null);
    made.run();
    expect(ended(bio).errno).to.equal(0);
    expect(made.host.loop.nowNs).to.be.at.least(20_000_000);
    expect(made.dm.table('t')).to.deep.equal([
      { startSector: 0, sectors: 64, target: 'delay', params: '253:0 0 20' },
    ]);
  });

  it('delay is a zoned target in 7.3 only', () => {
    const line = `0 ${8 * ZONE} delay /dev/nullb0 0 1`;
    expect(new Guest('v6.12').create('t', line)).to.equal(-22);
    expect(new Guest('v7.3').create('t', line)).to.equal(0);
  });
});
