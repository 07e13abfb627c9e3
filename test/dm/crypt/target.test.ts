/** The crypt target alone: what it sends below, what it tells above, and what kernels and what-ifs change. */

import { bytesToHex } from '@noble/hashes/utils.js';
import { expect } from 'chai';
import { Op } from '../../../src/block/bio.ts';
import { patternBytes } from '../../../src/block/pattern.ts';
import { FillPayload, PatternPayload, samePayload } from '../../../src/block/payload.ts';
import { Status } from '../../../src/block/status.ts';
import { cipherOf } from '../../../src/dm/crypt/cipher.ts';
import { encryptExtent } from '../../../src/dm/crypt/modes.ts';
import { parseSpec } from '../../../src/dm/crypt/spec.ts';
import { NotModelled } from '../../../src/kernel/not-modelled.ts';
import { TraceKind } from '../../../src/sim/trace.ts';
import { KEY32, KEY64, Stand, ZONE_SECTORS } from './stand.ts';

const XTS = `aes-xts-plain64 ${KEY64} 0 /dev/nullb0 0`;
const NULL_IV = `aes-cbc-null ${KEY32} 0 /dev/nullb0 0`;
const ZONE = 4 * ZONE_SECTORS;

const pattern = (seed: number, bytes = 65536) => new PatternPayload(seed, 0, bytes);

/** Two appends to one zone and what a read of each gives back: `true` where it is what was written. */
function twoAppends(stand: Stand, table: string): { sectors: number[]; right: boolean[] } {
  const target = stand.target(table);
  const sectors = [1, 2].map((seed) => {
    return stand.write(target, ZONE, pattern(seed), Op.zoneAppend).sector;
  });
  const right = [1, 2].map((seed, i) => {
    return samePayload(stand.read(target, ZONE + i * 128, 65536), pattern(seed));
  });
  return { sectors, right };
}

describe('a write that dm-crypt takes whole', () => {
  const tables = [XTS, NULL_IV, `${XTS} 2 sector_size:4096 iv_large_sectors`];
  /** What a write comes to: status, trace, what was sent below, what is on the disk then. */
  const written = (table: string, sector: number, whole: boolean, fails: boolean) => {
    const stand = new Stand('v5.12');
    const target = stand.target(table);
    const bio = stand.bio(Op.write, sector, pattern(1, 4096));
    stand.device.failNext = fails;
    const taken = whole ? target.mapWhole!(bio) : target.map(bio) === 'submitted';
    const sent = [...stand.host.trace.records()];
    const disk = bytesToHex(stand.device.read(sector, 8).bytes());
    return { taken, status: bio.status, sent, below: stand.device.seen, disk };
  };

  it('is encrypted, sent, shown and ended as one of which a clone is mapped', () => {
    for (const table of tables) {
      for (const fails of [false, true]) {
        const whole = written(table, ZONE, true, fails);
        expect(whole.taken).to.equal(true);
        expect(whole).to.deep.equal(written(table, ZONE, false, fails));
      }
    }
  });

  it('is not taken, and nothing is done with it, where its units are cut or it has no data', () => {
    const stand = new Stand('v5.12');
    const target = stand.target(tables[2]!);
    for (const bio of [
      stand.bio(Op.write, ZONE + 1, pattern(1, 4096)),
      stand.bio(Op.write, ZONE, pattern(1, 2048)),
      stand.bio(Op.write, ZONE, 0),
    ]) {
      expect(target.mapWhole!(bio)).to.equal(false);
    }
    expect(stand.device.seen).to.have.length(0);
    expect(stand.host.trace.length).to.equal(0);
  });
});

describe('an append through dm-crypt', () => {
  it('is encrypted with the IV of the zone start, so the second of a zone reads back as garbage', () => {
    const result = twoAppends(new Stand('v5.12'), XTS);
    expect(result.right).to.deep.equal([true, false]);
  });

  it('is right with a null IV and one key', () => {
    expect(twoAppends(new Stand('v5.12'), NULL_IV).right).to.deep.equal([true, true]);
  });

  it('reports the zone start whatever the IV is, because only the status travels back', () => {
    for (const table of [XTS, NULL_IV]) {
      expect(twoAppends(new Stand('v5.12'), table).sectors).to.deep.equal([ZONE, ZONE]);
    }
  });

  it('reports the sector written when dm-crypt hands it back (what-if)', () => {
    const stand = new Stand('v5.12+crypt-returns-written-sector');
    expect(twoAppends(stand, NULL_IV).sectors).to.deep.equal([ZONE, ZONE + 128]);
  });

  it('reads back right when a zone has one IV (what-if)', () => {
    const result = twoAppends(new Stand('v5.12+iv-per-zone'), XTS);
    expect(result.right).to.deep.equal([true, true]);
  });

  it('stores the ciphertext of the zone start at the place the device chose', () => {
    const stand = new Stand('v5.12');
    const target = stand.target(XTS);
    stand.write(target, ZONE, pattern(1), Op.zoneAppend);
    stand.write(target, ZONE, pattern(2), Op.zoneAppend);
    const raw = stand.device.read(ZONE + 128, 128).bytes();
    const wrong = stand.target(`aes-xts-plain64 ${KEY64} ${ZONE} /dev/nullb1 0`);
    stand.devices.get('/dev/nullb1')!.write(0, stand.device.read(ZONE + 128, 128));
    expect(samePayload(stand.read(wrong, 0, 65536), pattern(2))).to.equal(true);
    expect(raw.length).to.equal(65536);
  });

  it('with two keys and a null IV still follows the sector', () => {
    const stand = new Stand('v5.12');
    const target = stand.target(`aes:2-cbc-null ${KEY64} 0 /dev/nullb0 0`);
    stand.write(target, ZONE, pattern(1, 512), Op.zoneAppend);
    stand.write(target, ZONE, pattern(2, 512), Op.zoneAppend);
    expect(samePayload(stand.read(target, ZONE + 1, 512), pattern(2, 512))).to.equal(false);
  });

  it('that should not have come is killed by the series, and the decision says so', () => {
    const stand = new Stand('v5.12+series[1-2]');
    const target = stand.target(XTS);
    expect(stand.write(target, ZONE, pattern(1), Op.zoneAppend).status).to.equal(Status.ioError);
    expect(stand.device.seen).to.have.length(0);
    expect(stand.host.decisions.at(-1)).to.include({ rule: 'crypt.stray-append', errno: 'EIO' });
  });
});

describe('what dm-crypt tells device mapper about append', () => {
  const WARNING = 'Zone append is not supported with';
  it('is nothing up to 5.13, "not supported" for sector IVs in the series, "emulate" from 5.14 on', () => {
    expect(new Stand('v5.12').target(XTS).flags).not.to.have.any.keys(
      'zoneAppendNotSupported',
      'emulateZoneAppend',
    );
    const series = new Stand('v5.12+series[1-2]');
    expect(series.target(XTS).flags.zoneAppendNotSupported).to.equal(true);
    for (const table of [NULL_IV, `aes-ecb ${KEY32} 0 /dev/nullb0 0`]) {
      expect(series.target(table).flags.zoneAppendNotSupported).to.equal(undefined);
      expect(new Stand('v5.14').target(table).flags.emulateZoneAppend).to.equal(true);
    }
  });

  it('warns in the words of the version', () => {
    const first = new Stand('v5.12+series[1-2]');
    first.target(XTS);
    expect(first.host.log.since(0)).to.deep.equal([
      `device-mapper: crypt: ${WARNING} sector-based IV cyphers`,
    ]);
    const second = new Stand('v5.12+dm-zone-append-support-control+dm-crypt-fix-zoned-v2');
    second.target(XTS);
    expect(second.host.log.since(0)).to.deep.equal([
      `device-mapper: crypt: ${WARNING} the selected IV mode`,
    ]);
  });

  it('is nothing on a device that is not zoned', () => {
    const stand = new Stand('v5.12+series[1-2]', false);
    expect(stand.target(XTS).flags.zoneAppendNotSupported).to.equal(undefined);
    expect(stand.host.log.lines).to.have.length(0);
  });
});

describe('a bio through dm-crypt', () => {
  it('reads back what was written, at the place below that the table says', () => {
    const stand = new Stand('v6.12');
    const table = `aes-cbc-essiv:sha256 ${KEY32} 24 /dev/nullb0 ${ZONE}`;
    const target = stand.target(table, 8 * ZONE_SECTORS, ZONE_SECTORS);
    stand.write(target, ZONE_SECTORS + 8, patternBytes(3, 0, 4096));
    expect(stand.device.seen[0]).to.deep.equal({ op: Op.write, sector: ZONE + 8, sectors: 8 });
    expect(samePayload(stand.read(target, ZONE_SECTORS + 8, 4096), pattern(3, 4096))).to.equal(
      true,
    );
  });

  it('has the IV of its sector in the target plus iv_offset', () => {
    const stand = new Stand('v6.12');
    const table = `aes-xts-plain64 ${KEY64} 24 /dev/nullb0 ${ZONE}`;
    const target = stand.target(table, 8 * ZONE_SECTORS, ZONE_SECTORS);
    stand.write(target, ZONE_SECTORS + 8, pattern(3, 4096));
    const step = parseSpec(table.split(' '), 8, {
      answers: stand.host.kernel.crypt,
      keyring: null,
      log: () => undefined,
    });
    if (!step.ok) throw new Error(step.error);
    const cipher = cipherOf(step.value, false);
    if (cipher.kind !== 'identity') throw new Error('not modelled');
    const expected = encryptExtent(cipher.identity, patternBytes(3, 0, 4096), 8 + 24);
    expect(bytesToHex(stand.device.read(ZONE + 8, 8).bytes())).to.equal(bytesToHex(expected));
  });

  it('leaves one trace record with the first IV sector, units, step and direction', () => {
    const stand = new Stand('v6.12');
    const tail = '2 sector_size:4096 iv_large_sectors';
    const target = stand.target(`aes-xts-plain64 ${KEY64} 8 /dev/nullb0 0 ${tail}`);
    stand.write(target, 64, pattern(1, 8192));
    stand.read(target, 64, 8192);
    const records = [...stand.host.trace.records()].filter((one) => one.kind === 'crypt');
    expect(TraceKind.crypt).to.equal(11);
    expect(
      records.map(({ device, sector, sectors, a, b }) => [device, sector, sectors, a, b]),
    ).to.deep.equal([
      ['dm-0', 9, 2, 1, 1],
      ['dm-0', 9, 2, 1, 0],
    ]);
  });

  it('that is not aligned to sector_size is killed before the device sees it', () => {
    const stand = new Stand('v6.12');
    const target = stand.target(`aes-xts-plain64 ${KEY64} 0 /dev/nullb0 0 1 sector_size:4096`);
    expect(stand.write(target, 4, pattern(1, 4096)).status).to.equal(Status.ioError);
    expect(stand.write(target, 8, pattern(1, 512)).status).to.equal(Status.ioError);
    expect(stand.device.seen).to.have.length(0);
    expect(stand.host.decisions.at(-1)).to.include({ rule: 'crypt.unit-alignment' });
  });

  it('carries the error of the device up, and leaves the caller its data', () => {
    const stand = new Stand('v5.10');
    const target = stand.target(XTS);
    stand.device.failNext = true;
    const data = pattern(1, 4096);
    const bio = stand.write(target, ZONE, data);
    expect(bio.status).to.equal(Status.ioError);
    expect(bio.payload).to.equal(data);
  });

  it('decrypts what lies above a write pointer like any other data', () => {
    const stand = new Stand('v6.12');
    const read = stand.read(stand.target(XTS), ZONE, 4096);
    expect(samePayload(read, new FillPayload(0xff, 4096))).to.equal(false);
    const through = stand.target('cipher_null-ecb - 0 /dev/nullb0 0');
    expect(samePayload(stand.read(through, ZONE, 4096), new FillPayload(0xff, 4096))).to.equal(
      true,
    );
  });

  it('of a mode that is not computed throws NotModelled, while the table loads', () => {
    const stand = new Stand('v6.12');
    const target = stand.target(`serpent-cbc-plain64 ${KEY32} 0 /dev/nullb0 0`);
    expect(() => stand.write(target, 0, pattern(1, 4096))).to.throw(NotModelled, /serpent/);
    expect(() => stand.read(target, 0, 4096)).to.throw(NotModelled, /serpent/);
    const reset = stand.bio(Op.zoneReset, ZONE, 0);
    expect(target.map(reset)).to.equal('submitted');
  });

  it('is remapped without a cipher when it is a flush or a discard', () => {
    const stand = new Stand('v6.12');
    const target = stand.target(`${XTS.replace(/0$/, '8')} 1 allow_discards`);
    const discard = stand.bio(Op.discard, 16, 4096);
    expect(target.map(discard)).to.equal('remapped');
    expect(discard.sector).to.equal(24);
    expect(target.map(stand.bio(Op.flush, 0, 0))).to.equal('remapped');
    expect(target.flags.discards).to.equal(true);
  });
});

describe('the length dm-crypt takes at once', () => {
  const cut = (kernel: string, op: 0 | 1, bytes: number, zoned = true): number[] => {
    const stand = new Stand(kernel, zoned);
    const target = stand.target(XTS);
    if (op === Op.read) stand.read(target, ZONE, bytes);
    else stand.write(target, ZONE, pattern(1, bytes));
    return stand.cuts;
  };

  it('is 1 MiB for writes and any for reads up to 6.10', () => {
    expect(cut('6.1.192', Op.write, 2097152)).to.deep.equal([2048]);
    expect(cut('6.1.192', Op.read, 2097152)).to.deep.equal([]);
  });

  it('is 128 KiB for both from 6.11 on, but whole for zoned writes where cutting them was found to deadlock', () => {
    expect(cut('7.3.4', Op.read, 262144)).to.deep.equal([256]);
    expect(cut('7.3.4', Op.write, 262144, false)).to.deep.equal([256]);
    expect(cut('7.3.4', Op.write, 262144)).to.deep.equal([]);
    expect(cut('v6.12', Op.write, 262144)).to.deep.equal([256]);
    expect(cut('6.12.117', Op.write, 262144)).to.deep.equal([]);
  });
});

describe('the key of a mapping', () => {
  it('is shown to who asks for it, and zeroed otherwise', () => {
    const target = new Stand('v6.12').target(XTS);
    expect(target.status('table', true)).to.equal(
      `aes-xts-plain64 ${KEY64} 0 253:0 0 1 no_write_workqueue`,
    );
    expect(target.status('table', false)).to.contain(` ${'0'.repeat(128)} `);
    expect(target.status('info', true)).to.equal('');
  });

  it('can be changed and wiped only while suspended, and has to be there to resume', () => {
    const stand = new Stand('5.10.262');
    const target = stand.target(NULL_IV);
    expect(target.message!(['key', 'wipe'])).to.equal(-22);
    target.postsuspend!();
    expect(target.message!(['key', 'wipe'])).to.equal(0);
    expect(target.preresume!()).to.equal(-11);
    expect(target.message!(['key', 'set', KEY64])).to.equal(-22);
    expect(target.message!(['key', 'set', KEY32.replace('00', 'ff')])).to.equal(0);
    expect(target.preresume!()).to.equal(0);
    target.resume!();
    expect(target.message!(['bogus', 'x'])).to.equal(-22);
    expect(stand.host.log.since(0)).to.deep.equal([
      'device-mapper: crypt: not suspended during key manipulation.',
      'device-mapper: crypt: aborting resume - crypt key is not set.',
      'device-mapper: crypt: unrecognised message received.',
    ]);
    expect(target.status('table', true)).to.match(/^aes-cbc-null ff01/);
  });

  it('changed, no longer decrypts what the old one encrypted', () => {
    const stand = new Stand('v6.12');
    const target = stand.target(NULL_IV);
    stand.write(target, 0, pattern(1, 4096));
    target.postsuspend!();
    target.message!(['key', 'set', KEY32.replace('00', 'ff')]);
    expect(samePayload(stand.read(target, 0, 4096), pattern(1, 4096))).to.equal(false);
  });

  it('may come from the keyring, whose refusals are the errno', () => {
    const crypt = { keyring: { lookUp: (_type: string, name: string) => keyring(name) } };
    const stand = new Stand('v6.12', true, crypt);
    const table = (key: string): string => `aes-cbc-plain64 ${key} 0 /dev/nullb0 0`;
    expect(stand.target(table(':32:logon:mine')).status('table', false)).to.match(
      /^aes-cbc-plain64 :32:logon:mine 0 /,
    );
    expect(stand.create(table(':32:user:gone'))).to.include({ ok: false, errno: 'ENOKEY' });
    expect(stand.create(table(':16:user:mine'))).to.include({ ok: false, errno: 'EINVAL' });
    expect(stand.create(table(':32:asymmetric:mine'))).to.include({ ok: false, errno: 'EINVAL' });
    expect(stand.create(table(':x:user:mine'))).to.include({ error: 'Cannot parse key size' });
  });
});

function keyring(name: string): Uint8Array | 'ENOKEY' {
  return name === 'mine' ? patternBytes(1, 0, 32) : 'ENOKEY';
}

describe('the limits dm-crypt asks for', () => {
  it('are at least one unit, with single-page segments up to 6.9 and a DMA alignment from 6.1 on', () => {
    const of = (kernel: string): Record<string, number> => {
      const stand = new Stand(kernel);
      const target = stand.target(`${XTS} 1 sector_size:4096`);
      const limits = target.ioHints!(stand.device.limits);
      return {
        block: limits.logical_block_size.value,
        physical: limits.physical_block_size.value,
        segment: limits.max_segment_size.value,
        dma: limits.dma_alignment.value,
      };
    };
    expect(of('v5.10')).to.deep.equal({ block: 4096, physical: 4096, segment: 4096, dma: 0 });
    expect(of('v6.1')).to.deep.equal({ block: 4096, physical: 4096, segment: 4096, dma: 4095 });
    expect(of('v6.12')).to.deep.equal({ block: 4096, physical: 4096, segment: 0, dma: 4095 });
  });
});
