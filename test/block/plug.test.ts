import { expect } from 'chai';
import { type Bio, Op } from '../../src/block/bio.ts';
import type { NullBlk } from '../../src/block/null-blk.ts';
import { PatternPayload } from '../../src/block/payload.ts';
import { statusToErrno } from '../../src/block/status.ts';
import { errno } from '../../src/kernel/errno.ts';
import { Bench } from './support.ts';

const Z = 8192;
const EIO = -errno.EIO;
const EVENTS = ['bioQueue', 'rqIssue', 'rqComplete', 'rqError', 'bioComplete'];

/** Sends without waiting; the results come in `ends`. */
function post(bench: Bench, disk: NullBlk, op: Bio['op'], sector: number, ends: number[]): Bio {
  const bio = bench.block.newBio(disk);
  bio.op = op;
  bio.sector = sector;
  bio.sectors = 8;
  bio.payload = new PatternPayload(1, 0, 4096);
  bio.onEnd = ({ status }) => ends.push(statusToErrno(status));
  disk.submit(bio);
  return bio;
}

describe('zone write plugs', () => {
  for (const kernel of ['6.12.117', '7.3.4']) {
    it(`${kernel}: after a misplaced write the zone refuses writes until it is reported`, () => {
      const bench = new Bench(kernel);
      const disk = bench.disk();
      expect(bench.write(disk, Z)).to.equal(0);
      const start = bench.host.trace.length;
      const logged = bench.host.log.lines.length;
      expect(bench.write(disk, Z + 32)).to.equal(EIO);
      expect(bench.write(disk, Z + 8)).to.equal(EIO);
      expect(bench.events(start, EVENTS)).to.deep.equal([
        'bioQueue 8224+8',
        'bioComplete 8224+8',
        'bioQueue 8200+8',
        'bioComplete 8200+8',
      ]);
      expect(bench.host.log.since(logged)).to.deep.equal([]);
      expect([...disk.plugs!.views()]).to.deep.include({
        zone: 1,
        wpOffset: 8,
        plugged: false,
        needsUpdate: true,
        waiting: 0,
      });
      bench.zone(disk, Z);
      expect(bench.write(disk, Z + 8)).to.equal(0);
    });

    it(`${kernel}: a reset repairs it too`, () => {
      const bench = new Bench(kernel);
      const disk = bench.disk();
      bench.write(disk, Z);
      bench.write(disk, Z + 32);
      expect(bench.manage(disk, Op.zoneReset, Z)).to.equal(0);
      expect(bench.write(disk, Z)).to.equal(0);
    });
  }

  it('6.10 to 6.12 repair by themselves: the next correct write works', () => {
    const bench = new Bench('v6.12');
    const disk = bench.disk();
    expect(bench.write(disk, Z)).to.equal(0);
    expect(bench.write(disk, Z + 32)).to.equal(EIO);
    expect(bench.write(disk, Z + 8)).to.equal(0);
  });

  it('the first write of an empty zone is believed: misplaced, it reaches the device and fails there', () => {
    const bench = new Bench('6.12.117');
    const disk = bench.disk();
    const start = bench.host.trace.length;
    expect(bench.write(disk, 2 * Z + 8)).to.equal(EIO);
    expect(bench.events(start, EVENTS)).to.deep.equal([
      'bioQueue 16392+8',
      'rqIssue 16392+8',
      'rqComplete 16392+8',
      'rqError 16392+8',
    ]);
    expect([...disk.plugs!.views()][0]).to.include({ zone: 2, wpOffset: 16, needsUpdate: true });
    expect(bench.write(disk, 2 * Z)).to.equal(EIO);
  });

  it('a write that starts below the capacity and runs past it fails at the device', () => {
    for (const kernel of ['6.12.117', '7.3.4']) {
      const bench = new Bench(kernel);
      const disk = bench.disk({ zone_capacity: 3 });
      for (let at = 0; at < 6136; at += 104) expect(bench.write(disk, Z + at, 104)).to.equal(0);
      const logged = bench.host.log.lines.length;
      expect(bench.write(disk, Z + 6136, 16)).to.equal(EIO);
      expect(bench.host.log.since(logged)[0]).to.match(/sector 14328 .* phys_seg 2 /);
      bench.zone(disk, Z);
      expect(bench.write(disk, Z + 6136, 8)).to.equal(0);
    }
  });

  it('appends a device cannot do become writes at the pointer and end with their sector', () => {
    for (const kernel of ['6.12.117', '7.3.4']) {
      const bench = new Bench(kernel);
      const disk = bench.disk({ zone_append_max_sectors: 0 });
      const start = bench.host.trace.length;
      const ends: number[] = [];
      const bios = [0, 1, 2].map(() => post(bench, disk, Op.zoneAppend, Z, ends));
      bench.settle();
      expect(ends).to.deep.equal([0, 0, 0]);
      expect(bios.map(({ op, sector }) => [op, sector])).to.deep.equal([
        [Op.zoneAppend, Z],
        [Op.zoneAppend, Z + 8],
        [Op.zoneAppend, Z + 16],
      ]);
      expect(bench.events(start, ['plugAdd'])).to.have.length(2);
      expect(bench.events(start, ['appendEmulated'])).to.deep.equal([
        'appendEmulated 8192+8',
        'appendEmulated 8200+8',
        'appendEmulated 8208+8',
      ]);
    }
  });

  it('a failure fails what waits behind it, with one line in the log', () => {
    const bench = new Bench('6.12.117');
    const disk = bench.disk();
    const ends: number[] = [];
    for (const at of [64, 72, 80]) post(bench, disk, Op.write, 2 * Z + at, ends);
    bench.settle();
    expect(ends).to.deep.equal([EIO, EIO, EIO]);
    const aborts = bench.host.log.since(0).filter((line) => line.includes('Aborting'));
    expect(aborts).to.deep.equal(['nullb0: zone 2: Aborting plugged BIOs']);
  });

  it('resetting or finishing a conventional zone is EIO; from 6.10 on no request is made', () => {
    for (const [kernel, issued] of [
      ['6.1.192', 1],
      ['6.12.117', 0],
      ['7.3.4', 0],
    ] as const) {
      const bench = new Bench(kernel);
      const disk = bench.disk();
      const start = bench.host.trace.length;
      expect(bench.manage(disk, Op.zoneReset, 0)).to.equal(EIO);
      expect(bench.events(start, ['rqIssue'])).to.have.length(issued);
    }
  });

  it('a regular write may not wait while the device appends by itself', () => {
    const bench = new Bench('6.12.117');
    const disk = bench.disk();
    const ends: number[] = [];
    post(bench, disk, Op.write, Z, ends);
    post(bench, disk, Op.write, Z + 8, ends);
    post(bench, disk, Op.zoneAppend, Z, ends);
    bench.settle();
    expect(ends.filter((end) => end === EIO)).to.have.length(1);
    expect(bench.host.log.since(0)).to.include(
      'nullb0: zone 1: Invalid mix of zone append and regular writes',
    );
  });
});
