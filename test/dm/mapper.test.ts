import { expect } from 'chai';
import { Op } from '../../src/block/bio.ts';
import { NotModelled } from '../../src/kernel/not-modelled.ts';
import { Guest, SMALL, ZONE } from './guest.ts';

const SIZE = 8 * ZONE;
const WHOLE = `0 ${SIZE} linear /dev/nullb0 0`;
const PLAIN = { size: 8, memory_backed: 1 };

function guest(kernel = 'v6.12'): Guest {
  return new Guest(kernel, { nullb0: SMALL, nullb1: SMALL, nullb2: PLAIN });
}

describe('the control interface of device mapper', () => {
  it('gives the lowest free minor, and refuses a name or uuid that is taken with EBUSY', () => {
    const { dm } = guest();
    for (const name of ['a', 'b', 'c']) expect(dm.create(name, `uuid-${name}`)).to.equal(0);
    expect(dm.create('a')).to.equal(-16);
    expect(dm.create('d', 'uuid-b')).to.equal(-16);
    expect(dm.create('x/y')).to.equal(-22);
    expect(dm.remove('b')).to.equal(0);
    expect(dm.create('e')).to.equal(0);
    expect(dm.device('e')?.name).to.equal('dm-1');
    expect(dm.list().map(({ name, minor }) => `${name} ${minor}`)).to.deep.equal([
      'a 0',
      'c 2',
      'e 1',
    ]);
  });

  it('answers ENXIO for a name it does not know', () => {
    const { dm } = guest();
    for (const result of [
      dm.load('t', [WHOLE]),
      dm.resume('t'),
      dm.suspend('t'),
      dm.clear('t'),
      dm.remove('t'),
      dm.table('t'),
      dm.status('t'),
      dm.info('t'),
      dm.message('t', 0, 'x'),
      dm.rename('t', 'u'),
    ]) {
      expect(result).to.equal(-6);
    }
  });

  it('keeps a loaded table aside until resume', () => {
    const { dm } = guest();
    dm.create('t');
    expect(dm.load('t', [WHOLE])).to.equal(0);
    expect(dm.info('t')).to.include({ liveTable: false, inactiveTable: true });
    expect(dm.table('t')).to.deep.equal([]);
    expect(dm.table('t', 'inactive')).to.have.length(1);
    expect(dm.device('t')?.sizeSectors).to.equal(0);
    expect(dm.resume('t')).to.equal(0);
    expect(dm.info('t')).to.include({ liveTable: true, inactiveTable: false, targets: 1 });
    expect(dm.device('t')?.sizeSectors).to.equal(SIZE);
    expect(dm.table('t')).to.deep.equal([
      { startSector: 0, sectors: SIZE, target: 'linear', params: '253:0 0' },
    ]);
  });

  it('a resume with nothing to resume is 0, or EINVAL when the device was suspended without a table', () => {
    const { dm } = guest();
    dm.create('t');
    expect(dm.resume('t')).to.equal(0);
    dm.suspend('t');
    expect(dm.resume('t')).to.equal(-22);
  });

  it('will not remove what is open, mounted or below another mapping', () => {
    const made = guest();
    made.create('t', WHOLE);
    const device = made.device('t');
    made.block.opened(device);
    expect(made.dm.remove('t')).to.equal(-16);
    made.block.closed(device);
    device.holder = 'zonefs';
    expect(made.dm.remove('t')).to.equal(-16);
    device.holder = null;
    expect(made.create('u', `0 ${SIZE} linear /dev/mapper/t 0`)).to.equal(0);
    expect(made.dm.remove('t')).to.equal(-16);
    expect(made.dm.info('t')).to.include({ openCount: 1 });
    expect(made.dm.remove('u')).to.equal(0);
    expect(made.dm.remove('t')).to.equal(0);
    expect(made.device('nullb0').holder).to.equal(null);
    expect(made.block.openCount(made.device('nullb0'))).to.equal(0);
  });

  it('a device that a mount has is EBUSY for a table; two mappings may share one', () => {
    const made = guest();
    made.device('nullb0').holder = 'zonefs';
    expect(made.create('t', WHOLE)).to.equal(-16);
    expect(made.log()).to.include(
      'device-mapper: table: 252:0: linear: Device lookup failed (-EBUSY)',
    );
    made.device('nullb0').holder = null;
    made.dm.remove('t');
    expect(made.create('t', WHOLE)).to.equal(0);
    expect(made.create('u', WHOLE)).to.equal(0);
    expect(made.device('nullb0').holder).to.equal('device-mapper');
    made.dm.remove('t');
    expect(made.device('nullb0').holder).to.equal('device-mapper');
  });

  it('renames, but not onto another', () => {
    const made = guest();
    made.create('t', WHOLE);
    made.dm.create('u');
    expect(made.dm.rename('t', 'u')).to.equal(-16);
    expect(made.dm.rename('t', 'v')).to.equal(0);
    expect(made.dm.device('v')?.name).to.equal('dm-0');
    expect(made.dm.device('t')).to.equal(null);
  });

  it('holds no device after a refused table', () => {
    const made = guest();
    made.dm.create('t');
    expect(made.dm.load('t', [WHOLE, `${SIZE} 0 linear /dev/nullb1 0`])).to.equal(-22);
    expect(made.dm.load('t', [`0 ${SIZE} linear /dev/nullb0 8`])).to.equal(-22);
    expect(made.device('nullb0').holder).to.equal(null);
    expect(made.block.openCount(made.device('nullb0'))).to.equal(0);
  });

  it('a table cleared before resume never was', () => {
    const made = guest();
    made.create('t', WHOLE);
    made.dm.load('t', [`0 ${ZONE} linear /dev/nullb1 0`]);
    expect(made.dm.clear('t')).to.equal(0);
    expect(made.device('nullb1').holder).to.equal(null);
    made.dm.resume('t');
    expect(made.device('t').sizeSectors).to.equal(SIZE);
  });
});

describe('tables that the kernel refuses', () => {
  const refused: readonly (readonly [string, readonly string[], string])[] = [
    ['nothing', [], 'device-mapper: ioctl: populate_table: no targets specified'],
    [
      'a gap',
      [`8 ${ZONE} linear /dev/nullb2 0`],
      'device-mapper: table: 252:0: linear: Gap in table (-EINVAL)',
    ],
    ['no length', ['0 0 linear /dev/nullb2 0'], 'device-mapper: table: 252:0: zero-length target'],
    [
      'an unknown target',
      ['0 8 nosuch'],
      'device-mapper: table: 252:0: nosuch: unknown target type',
    ],
    [
      'a missing argument',
      ['0 8 linear /dev/nullb2'],
      'device-mapper: table: 252:0: linear: Invalid argument count (-EINVAL)',
    ],
    [
      'a word for a sector',
      ['0 8 linear /dev/nullb2 x'],
      'device-mapper: table: 252:0: linear: Invalid device sector (-EINVAL)',
    ],
    [
      'a device that is none',
      ['0 8 linear /dev/nosuch 0'],
      'device-mapper: table: 252:0: linear: Device lookup failed (-ENOENT)',
    ],
    [
      'an area beyond the end',
      [`0 ${2 * SIZE} linear /dev/nullb2 0`],
      `device-mapper: table: 252:0: nullb2 too small for target: start=0, len=${2 * SIZE}, dev_size=${SIZE}`,
    ],
    [
      'a start inside a zone',
      [`0 ${ZONE} linear /dev/nullb0 8`],
      `device-mapper: table: 252:0: start=8 not aligned to h/w zone size ${ZONE} of nullb0`,
    ],
    [
      'part of a zone',
      ['0 8 linear /dev/nullb0 0'],
      `device-mapper: table: 252:0: len=8 not aligned to h/w zone size ${ZONE} of nullb0`,
    ],
    [
      'a zoned and a regular device',
      [WHOLE, `${SIZE} ${ZONE} linear /dev/nullb2 0`],
      'device-mapper: table: 252:0: zoned model is not consistent across all devices',
    ],
    [
      'a target without zones over zones',
      [`0 ${SIZE} striped 1 8 /dev/nullb0 0`],
      'device-mapper: table: 252:0: zoned model is not consistent across all devices',
    ],
  ];
  for (const [what, lines, line] of refused) {
    it(`${what}: ${line.replace('device-mapper: ', '')}`, () => {
      const made = guest();
      made.dm.create('t');
      const result = made.dm.load('t', lines);
      expect(result).to.equal(line.includes('ENOENT') ? -2 : -22);
      expect(made.log()).to.include(line);
    });
  }

  it('leaves a decision for every area check asked, passed or not, and none of them shows a key', () => {
    const made = guest();
    made.create('t', WHOLE);
    const asked = made.host.decisions.map(({ rule }) => rule);
    expect(asked).to.include.members(['dm.area.size', 'dm.area.zone-start', 'dm.zoned.model']);
    const secret = 'aabbccddeeff00112233445566778899aabbccddeeff00112233445566778899';
    made.create('u', `0 ${SIZE} crypt aes-cbc-plain64 ${secret} 0 /dev/nullb1`);
    expect(JSON.stringify(made.host.decisions)).not.to.include(secret);
  });
});

describe('a table that replaces another on a device with zone write plugs', () => {
  const key = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';
  const crypt = `0 ${SIZE} crypt aes-cbc-plain64 ${key} 0 /dev/nullb0 0`;

  for (const [what, line, text] of [
    ['a regular device', '0 64 linear /dev/nullb2 0', 'Cannot switch to non-zoned table.'],
    ['native appends', WHOLE, 'New table must emulate zone append'],
  ] as const) {
    it(`may not bring ${what}`, () => {
      const made = guest('6.12.117');
      expect(made.create('t', crypt)).to.equal(0);
      expect(made.dm.load('t', [line])).to.equal(0);
      expect(made.dm.resume('t')).to.equal(-22);
      expect(made.log().at(-1)).to.include(text);
    });
  }

  it('may be one of dm-error, or the same again', () => {
    const made = guest('6.12.117');
    made.create('t', crypt);
    made.io('t', Op.write, ZONE, 8);
    made.dm.load('t', [crypt]);
    expect(made.dm.resume('t')).to.equal(0);
    expect(made.io('t', Op.zoneAppend, ZONE, 8).sector).to.equal(ZONE + 8);
  });
});

describe('what is not modelled', () => {
  it('says so instead of loading, and holds nothing', () => {
    const made = guest();
    made.dm.create('t');
    for (const line of ['0 64 striped 1 8 /dev/nullb2 0', '0 64 raid raid1 1 0 1 - /dev/nullb2']) {
      expect(() => made.dm.load('t', [line])).to.throw(NotModelled, 'is not modelled');
      expect(made.device('nullb2').holder).to.equal(null);
    }
  });
});
