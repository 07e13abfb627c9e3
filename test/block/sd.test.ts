import { expect } from 'chai';
import { Op } from '../../src/block/bio.ts';
import { ZoneCond } from '../../src/block/device.ts';
import { PatternPayload } from '../../src/block/payload.ts';
import { createScsiDebug, type ScsiDisk, scsiDebugConfig } from '../../src/block/sd.ts';
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
