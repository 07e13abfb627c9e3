import { expect } from 'chai';
import fc from 'fast-check';
import { Flag, Op } from '../../src/block/bio.ts';
import { PatternPayload } from '../../src/block/payload.ts';
import { statusToErrno } from '../../src/block/status.ts';
import { errno } from '../../src/kernel/errno.ts';
import { Bench, BUILDS } from './support.ts';

const Z = 8192;
const DISK_EVENTS = ['bioQueue', 'bioSplit', 'rqIssue', 'rqComplete', 'bioComplete'];

describe('request queue', () => {
  it('a bio over the limit is cut, each part done before the next is cut', () => {
    const bench = new Bench('6.1.192');
    const disk = bench.disk();
    const start = bench.host.trace.length;
    expect(bench.write(disk, Z, 600)).to.equal(0);
    expect(bench.events(start, DISK_EVENTS)).to.deep.equal([
      'bioQueue 8192+600',
      'bioSplit 8192+255',
      'rqIssue 8192+255',
      'rqComplete 8192+255',
      'bioSplit 8447+255',
      'rqIssue 8447+255',
      'rqComplete 8447+255',
      'rqIssue 8702+90',
      'rqComplete 8702+90',
    ]);
  });

  function cutsOfPluggedWrite(kernel: string): string[] {
    const bench = new Bench(kernel);
    const disk = bench.disk();
    const start = bench.host.trace.length;
    const bio = bench.block.newBio(disk);
    bio.op = Op.write;
    bio.flags = Flag.sync;
    bio.sector = Z;
    bio.sectors = 600;
    bio.payload = new PatternPayload(1, 0, 600 * 512);
    const sent = bench.block.submitAndWait(bio);
    bench.run(
      (function* () {
        bench.block.startPlug();
        const first = sent.next();
        bench.block.finishPlug();
        if (first.done !== true) yield first.value;
        yield* sent;
      })(),
    );
    return bench.events(start, ['bioSplit', 'rqIssue']).map((event) => event.slice(0, 3));
  }

  it('parts of a write that a plugged task sent are all cut first', () => {
    expect(cutsOfPluggedWrite('v6.12')).to.deep.equal(['bio', 'bio', 'rqI', 'rqI', 'rqI']);
  });

  it('up to 6.9 writes to a zoned disk pass the plug by: each part is cut when the one before is done', () => {
    expect(cutsOfPluggedWrite('v5.12')).to.deep.equal(['bio', 'rqI', 'bio', 'rqI', 'rqI']);
  });

  it('readahead is cut at once, and its parts come back as one', () => {
    const bench = new Bench('v5.12');
    const disk = bench.disk();
    bench.write(disk, Z, 600);
    const start = bench.host.trace.length;
    const bio = bench.block.newBio(disk);
    bio.flags |= Flag.readahead;
    bio.sector = Z;
    bio.sectors = 600;
    bench.run(bench.block.submitAndWait(bio));
    const kinds = bench.events(start, ['bioSplit', 'rqIssue']).map((event) => event.slice(0, 3));
    expect(kinds).to.deep.equal(['bio', 'bio', 'rqI', 'rqI', 'rqI']);
    const data = new PatternPayload(1, Z * 512, 600 * 512);
    expect(bio.payload!.bytes()).to.deep.equal(data.bytes());
  });

  it('a write across a zone boundary fails in the first zone and still writes the second', () => {
    for (const kernel of BUILDS) {
      const bench = new Bench(kernel);
      const disk = bench.disk();
      const flags = '0xc800';
      expect(bench.write(disk, 3 * Z - 8, 16)).to.equal(-errno.EIO);
      expect(bench.zone(disk, 3 * Z).wp).to.equal(3 * Z + 8);
      const [line] = bench.host.log.since(0).slice(-1);
      const prefix = kernel === '5.10.262' ? 'blk_update_request: ' : '';
      const prio = kernel === '5.10.262' ? 0 : 2;
      expect(line).to.equal(
        `${prefix}I/O error, dev nullb0, sector ${3 * Z - 8} op 0x1:(WRITE) flags ${flags} phys_seg 1 prio class ${prio}`,
      );
    }
  });

  it('bios of a plugged task are merged from 6.10 on, writes to zones not before', () => {
    const issued = (kernel: string): string[] => {
      const bench = new Bench(kernel);
      const disk = bench.disk();
      const start = bench.host.trace.length;
      bench.block.startPlug();
      for (let i = 0; i < 4; i += 1) {
        const bio = bench.block.newBio(disk);
        bio.op = Op.write;
        bio.sector = Z + i * 8;
        bio.sectors = 8;
        bio.payload = new PatternPayload(1, i * 4096, 4096);
        disk.submit(bio);
      }
      bench.block.finishPlug();
      bench.settle();
      expect(bench.zone(disk, Z).wp).to.equal(Z + 32);
      return bench.events(start, ['rqIssue']);
    };
    expect(issued('6.12.117')).to.deep.equal(['rqIssue 8192+32']);
    expect(issued('6.1.192')).to.have.length(4);
  });

  it('under the zone lock writes to one zone go one by one, lowest sector first', () => {
    const bench = new Bench('5.10.262');
    const disk = bench.disk();
    const ends: number[] = [];
    const start = bench.host.trace.length;
    for (const at of [0, 16, 8]) {
      const bio = bench.block.newBio(disk);
      bio.op = Op.write;
      bio.sector = Z + at;
      bio.sectors = 8;
      bio.payload = new PatternPayload(1, at * 512, 4096);
      bio.onEnd = ({ status }) => ends.push(statusToErrno(status));
      disk.submit(bio);
    }
    bench.settle();
    expect(ends).to.deep.equal([0, 0, 0]);
    expect(bench.events(start, ['rqIssue'])).to.deep.equal([
      'rqIssue 8192+8',
      'rqIssue 8200+8',
      'rqIssue 8208+8',
    ]);
  });

  it('an append ends with the sector written', () => {
    for (const kernel of BUILDS) {
      const bench = new Bench(kernel);
      const disk = bench.disk();
      for (const at of [0, 8, 16]) {
        const bio = bench.send(disk, Op.zoneAppend, Z, new PatternPayload(1, 0, 4096));
        expect(bio).to.include({ status: 0, sector: Z + at });
      }
    }
  });

  it('appends are refused before they are queued, with a decision that names the rule', () => {
    const refusals: [sector: number, sectors: number, rule: string][] = [
      [Z + 8, 8, 'block.append.zone-start'],
      [Z, Z + 8, 'block.append.zone-size'],
      [Z, 256, 'block.append.limit'],
    ];
    for (const kernel of BUILDS) {
      for (const [sector, sectors, rule] of refusals) {
        const bench = new Bench(kernel);
        const disk = bench.disk();
        const start = bench.host.trace.length;
        const data = new PatternPayload(1, 0, sectors * 512);
        expect(statusToErrno(bench.send(disk, Op.zoneAppend, sector, data).status)).to.equal(
          -errno.EIO,
        );
        expect(bench.host.decisions.at(-1)).to.include({
          rule,
          subject: 'nullb0',
          verdict: 'refuses',
        });
        expect(bench.events(start, DISK_EVENTS)).to.deep.equal([]);
      }
    }
  });

  it('a conventional zone takes no append: refused by a rule to 6.9, by the driver later', () => {
    for (const [kernel, issued] of [
      ['5.10.262', 0],
      ['6.1.192', 0],
      ['6.12.117', 1],
    ] as const) {
      const bench = new Bench(kernel);
      const disk = bench.disk();
      const start = bench.host.trace.length;
      const bio = bench.send(disk, Op.zoneAppend, 0, new PatternPayload(1, 0, 4096));
      expect(statusToErrno(bio.status)).to.equal(-errno.EIO);
      expect(bench.events(start, ['rqIssue'])).to.have.length(issued);
    }
  });

  it('zone commands on a regular disk are EOPNOTSUPP, discards without a limit too', () => {
    const bench = new Bench('6.12.117');
    const disk = bench.disk({ zoned: 0, zone_nr_conv: 0 });
    expect(bench.manage(disk, Op.zoneReset, 0)).to.equal(-errno.EOPNOTSUPP);
    expect(statusToErrno(bench.send(disk, Op.discard, 0, 8).status)).to.equal(-errno.EOPNOTSUPP);
    expect(statusToErrno(bench.send(disk, Op.zoneAppend, 0, 8).status)).to.equal(-errno.EOPNOTSUPP);
  });

  it('behind the end is EIO and a line in the log', () => {
    const lines = (kernel: string): string[] => {
      const bench = new Bench(kernel);
      const disk = bench.disk();
      expect(bench.write(disk, 131072 - 8, 16)).to.equal(-errno.EIO);
      return bench.host.log.since(0).slice(-2);
    };
    expect(lines('5.10.262')).to.deep.equal([
      'attempt to access beyond end of device',
      'nullb0: rw=34817, want=131080, limit=131072',
    ]);
    expect(lines('6.1.192')).to.deep.equal([
      'test: attempt to access beyond end of device',
      'nullb0: rw=34817, sector=131064, nr_sectors = 16 limit=131072',
    ]);
  });

  it('what was written is what is read, however writes lie over one another', () => {
    const write = fc.record({
      at: fc.nat(2047),
      sectors: fc.integer({ min: 1, max: 700 }),
      seed: fc.nat(9),
    });
    fc.assert(
      fc.property(fc.array(write, { maxLength: 20 }), (writes) => {
        const bench = new Bench('v6.1');
        const disk = bench.disk({ zoned: 0, zone_nr_conv: 0, size: 4 });
        const image = new Uint8Array(2800 * 512);
        for (const { at, sectors, seed } of writes) {
          const data = new PatternPayload(seed, at * 512, sectors * 512);
          expect(bench.send(disk, Op.write, at, data).status).to.equal(0);
          image.set(data.bytes(), at * 512);
        }
        expect(bench.read(disk, 0, 2800)).to.deep.equal(image);
      }),
      { numRuns: 40 },
    );
  });
});
