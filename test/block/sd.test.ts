import { expect } from 'chai';
import { Op } from '../../src/block/bio.ts';
import { ZoneCond } from '../../src/block/device.ts';
import { PatternPayload } from '../../src/block/payload.ts';
import { createScsiDebug, type ScsiDisk, scsiDebugConfig } from '../../src/block/sd.ts';
import { readQueueAttribute } from '../../src/block/sysfs.ts';
import { errno } from '../../src/kernel/errno.ts';
import { Bench } from './support.ts';

const Z = 8192;

function disk(bench: Bench, attributes: Record<string, number> = {}): ScsiDisk {
  const config = scsiDebugConfig({ dev_size_mb: 64, zbc: 2, zone_size_mb: 4, ...attributes });
  if (!config.ok) throw new Error(`"config" expected ok, got ${JSON.stringify(config)}`);
  return createScsiDebug(bench.block, {
    name: 'sda',
    index: 0,
    major: 8,
    minor: 0,
    media: config.media,
  });
}

describe('an SMR disk behind sd', () => {
  it('has an append limit under every kernel, and appends end with their sector', () => {
    for (const kernel of ['v5.12', 'v6.1', 'v6.12', 'v7.3']) {
      const bench = new Bench(kernel);
      const sda = disk(bench);
      expect(sda.limits.max_zone_append_sectors.value).to.be.greaterThan(0);
      const start = bench.host.trace.length;
      for (const at of [0, 8]) {
        const bio = bench.send(sda, Op.zoneAppend, Z, new PatternPayload(1, 0, 4096));
        expect(bio).to.include({ status: 0, sector: Z + at });
      }
      expect(bench.events(start, ['appendEmulated'])).to.deep.equal([
        'appendEmulated 8192+8',
        'appendEmulated 8200+8',
      ]);
    }
  });

  it('sd emulates up to 6.9, the block layer from 6.10 on', () => {
    expect(disk(new Bench('v6.5')).plugs).to.equal(null);
    expect(disk(new Bench('v6.10')).plugs?.emulatesAppend).to.equal(true);
  });

  it("a misplaced write is the target's error", () => {
    const bench = new Bench('v6.1');
    const sda = disk(bench);
    expect(bench.write(sda, Z + 64)).to.equal(-errno.EREMOTEIO);
    expect(bench.host.log.since(0).at(-1)).to.match(
      /^critical target error, dev sda, sector 8256 /,
    );
  });

  it('commands that change nothing are no errors; a full zone shows its end', () => {
    const bench = new Bench('v6.1');
    const sda = disk(bench);
    expect(bench.manage(sda, Op.zoneClose, Z)).to.equal(0);
    for (let at = 0; at < Z; at += 1024) expect(bench.write(sda, Z + at, 1024)).to.equal(0);
    expect(bench.zone(sda, Z)).to.include({ cond: ZoneCond.full, wp: 2 * Z });
    expect(bench.manage(sda, Op.zoneOpen, Z)).to.equal(0);
    expect(bench.zone(sda, Z).cond).to.equal(ZoneCond.full);
  });

  it('explicitly open zones are in the way of others, implicitly open ones are closed', () => {
    const bench = new Bench('v6.1');
    const sda = disk(bench, { zone_max_open: 2 });
    for (const zone of [1, 2, 3]) expect(bench.write(sda, zone * Z)).to.equal(0);
    expect(bench.zone(sda, Z).cond).to.equal(ZoneCond.closed);
    expect(bench.manage(sda, Op.zoneOpen, 2 * Z)).to.equal(0);
    expect(bench.manage(sda, Op.zoneOpen, 3 * Z)).to.equal(0);
    expect(bench.write(sda, 4 * Z)).to.equal(-errno.ETOOMANYREFS);
  });

  it('parameters it does not have are errors', () => {
    expect(scsiDebugConfig({ zone_append_max_sectors: 0 })).to.include({
      ok: false,
      kind: 'no-attribute',
      attribute: 'zone_append_max_sectors',
    });
    expect(scsiDebugConfig({ zbc: 2, zone_size_mb: 3 })).to.include({ ok: false, kind: 'refused' });
  });
});

/** What scsi_debug's queues showed on 5.10.262, 6.1.192, 6.12.117 and 7.3.4, with logical blocks of 4096 and of 512 bytes. */
const KERNELS = ['5.10.262', '6.1.192', '6.12.117', '7.3.4'] as const;
const LATER = [
  '[mq-deadline] none',
  '[mq-deadline] none',
  'none [mq-deadline] ',
  'none [mq-deadline] ',
];
const QUEUES: readonly (readonly [number, string, readonly (number | string)[]])[] = [
  [4096, 'max_hw_sectors_kb', [2147483647, 2147483644, 2147483644, 2147483644]],
  [512, 'max_hw_sectors_kb', [2147483647, 2147483647, 2147483647, 2147483647]],
  [4096, 'max_sectors_kb', [4096, 4096, 4096, 4096]],
  [512, 'max_sectors_kb', [512, 512, 1280, 4096]],
  [4096, 'optimal_io_size', [4194304, 4194304, 4194304, 4194304]],
  [512, 'optimal_io_size', [524288, 524288, 524288, 524288]],
  [4096, 'read_ahead_kb', [8192, 8192, 8192, 8192]],
  [512, 'read_ahead_kb', [1024, 1024, 1024, 1024]],
  [4096, 'write_zeroes_max_bytes', [268431360, 268431360, 268431360, 268431360]],
  [512, 'write_zeroes_max_bytes', [33553920, 33553920, 33553920, 33553920]],
  [4096, 'write_same_max_bytes', [268431360, 0, 0, 0]],
  [4096, 'zone_append_max_bytes', [8388608, 8388608, 8388608, 8388608]],
  [4096, 'max_segments', [2048, 2048, 2048, 2048]],
  [4096, 'max_segment_size', [4294967295, 4294967295, 4294967295, 4294967295]],
  [4096, 'max_open_zones', [8, 8, 8, 8]],
  [4096, 'nr_requests', [256, 256, 256, 256]],
  [4096, 'io_timeout', [30000, 30000, 30000, 30000]],
  [4096, 'io_poll', [0, 0, 0, 0]],
  [4096, 'rotational', [0, 0, 0, 0]],
  [4096, 'write_cache', ['write back', 'write back', 'write back', 'write back']],
  [4096, 'scheduler', LATER],
];

/** The disk that was recorded: 32 zones of 8 MiB, three of them conventional. */
function recorded(kernel: string, sectorBytes: number): { bench: Bench; sda: ScsiDisk } {
  const bench = new Bench(kernel);
  const zones = { dev_size_mb: 256, zone_size_mb: 8, zone_nr_conv: 3 };
  return { bench, sda: disk(bench, { ...zones, sector_size: sectorBytes }) };
}

describe('scsi_debug, as recorded', () => {
  for (const [sectorBytes, name, values] of QUEUES) {
    it(`its queue shows ${name} as four kernels do, with blocks of ${sectorBytes} bytes`, () => {
      const shown = KERNELS.map((kernel) =>
        readQueueAttribute(recorded(kernel, sectorBytes).sda, name),
      );
      expect(shown).to.deep.equal(values.map((value) => `${value}\n`));
    });
  }

  it('conventional zones have a write pointer of all ones, in logical blocks', () => {
    for (const kernel of KERNELS) {
      for (const sectorBytes of [512, 4096]) {
        const { bench, sda } = recorded(kernel, sectorBytes);
        expect(bench.zone(sda, 16384).wp).to.equal(-sectorBytes / 512);
        expect(bench.zone(sda, 3 * 16384).wp).to.equal(3 * 16384);
      }
    }
  });

  it('a misplaced write first ends nothing of itself, and sd tells result, sense and command', () => {
    for (const kernel of KERNELS) {
      const { bench, sda } = recorded(kernel, 4096);
      const [records, lines] = [bench.host.trace.length, bench.host.log.lines.length];
      expect(bench.write(sda, 327808)).to.equal(-errno.EREMOTEIO);
      const ends = [...bench.host.trace.records(records)].filter(
        (one) => one.kind === 'rqComplete',
      );
      expect(ends.map(({ sectors, a }) => [sectors, a])).to.deep.equal([
        [0, 0],
        [8, -errno.EREMOTEIO],
      ]);
      const driverByte = kernel === '5.10.262' ? 'DRIVER_SENSE' : 'DRIVER_OK';
      expect(bench.host.log.since(lines).slice(0, 4)).to.deep.equal([
        `sd 0:0:0:0: [sda] tag#0 FAILED Result: hostbyte=DID_OK driverbyte=${driverByte} cmd_age=0s`,
        'sd 0:0:0:0: [sda] tag#0 Sense Key : Illegal Request [current] ',
        'sd 0:0:0:0: [sda] tag#0 Add. Sense: Unaligned write command',
        'sd 0:0:0:0: [sda] tag#0 CDB: Write(16) 8a 00 00 00 00 00 00 00 a0 10 00 00 00 01 00 00',
      ]);
    }
  });

  it('an open beyond the limit is told with its command, too', () => {
    const bench = new Bench('7.3.4');
    const shape = { dev_size_mb: 256, zone_size_mb: 8, zone_nr_conv: 3, zone_max_open: 4 };
    const sda = disk(bench, shape);
    for (const zone of [4, 5, 6, 7])
      expect(bench.manage(sda, Op.zoneOpen, zone * 16384)).to.equal(0);
    expect(bench.manage(sda, Op.zoneOpen, 8 * 16384)).to.equal(-errno.ETOOMANYREFS);
    expect(bench.host.log.since(0).slice(-4, -1)).to.deep.equal([
      'sd 0:0:0:0: [sda] tag#0 Sense Key : Data Protect [current] ',
      'sd 0:0:0:0: [sda] tag#0 Add. Sense: Insufficient zone resources',
      'sd 0:0:0:0: [sda] tag#0 CDB: opcode=0x94 94 03 00 00 00 00 00 02 00 00 00 00 00 00 00 00',
    ]);
  });
});
