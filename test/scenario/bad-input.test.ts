/** Bad input that shows when a scenario runs: disks, tables, keys, devices in use, commands without end. */

import { expect } from 'chai';
import { adviceOn } from '../../src/scenario/advice.ts';
import { loadScenario } from '../../src/scenario/load.ts';
import { KEY, ran, scenario, stopped } from './support.ts';

/** 20 TB, and a little less than the last zone. */
const HUGE = 'size: 19073486, zoned: 1, zone_size: 256, memory_backed: 1';
const disk = (attributes: string): string => scenario(['pwd'], { disk: attributes });

describe('a disk that cannot be', () => {
  it('of size 0, negative, not whole, or text is refused at its attribute', () => {
    for (const size of ['0', '-4', '1.5', '256M', '"256"']) {
      const error = stopped(disk(`size: ${size}, zoned: 1, zone_size: 4`), 'disk-attribute');
      expect([error.place.line, error.place.column], size).to.deep.equal([5, 13]);
      expect(error.message).to.include('"size"');
    }
  });

  it('larger than any, or of more zones than any, is refused before memory is taken', () => {
    expect(stopped(disk('size: 99999999999'), 'disk-attribute').message).to.include('1 PiB');
    const zones = stopped(disk('size: 19073486, zoned: 1, zone_size: 1'), 'disk-attribute');
    expect(zones.message).to.include('zones');
  });

  it('whose zones the driver refuses is refused with the errno and line of the kernel', () => {
    const refused = (attributes: string): string =>
      stopped(disk(attributes), 'disk-refused').message;
    expect(refused('size: 256, zoned: 1, zone_size: 3')).to.include(
      'zone_size must be power-of-two',
    );
    expect(refused('size: 256, zoned: 1, zone_size: 512')).to.include(
      'larger than device capacity',
    );
    expect(refused('size: 256, zoned: 1, zone_size: 4, zone_capacity: 5')).to.include(
      'zone capacity',
    );
  });

  it('with an attribute this kernel does not have is refused, with the one that was meant', () => {
    const typo = stopped(disk('size: 256, zonned: 1'), 'disk-attribute');
    expect(typo.suggestion).to.equal('zoned');
    const later = disk('size: 256, zoned: 1, zone_size: 4, zone_append_max_sectors: 0');
    expect(stopped(later, 'disk-attribute').message).to.include('v5.12');
    stopped(disk('size: 256, driver: nul_blk'), 'disk-attribute');
    stopped(disk('size: 256, zone_offline: 1'), 'disk-attribute');
  });

  it('with a number configfs does not take is refused: switches are 0 or 1, the rest unsigned ints', () => {
    for (const name of ['zoned', 'memory_backed', 'discard']) {
      const error = stopped(disk(`size: 256, ${name}: 2`), 'disk-attribute');
      expect(error.message).to.include(`"${name}" expected 0 or 1, got 2`);
    }
    const large = stopped(disk('size: 256, zoned: 1, zone_max_open: 4294967296'), 'disk-attribute');
    expect(large.message).to.include('"zone_max_open"').and.include('2^32');
  });

  it('whose size is no multiple of the zone ends in a runt zone, as in the kernel, and a note says so', () => {
    const text = disk('size: 257, zoned: 1, zone_size: 4');
    const [advice] = adviceOn(loadScenario('f', text));
    expect(advice!.message).to.include('1 of 4 MiB');
    expect(advice!.place.column).to.equal(13);
    expect(ran(text)[0]!.exit).to.equal(0);
  });

  it('of 20 TB works like any other', () => {
    const steps = [
      'mkzonefs -f /dev/nullb0',
      'mount -t zonefs /dev/nullb0 /mnt',
      'dd if=/dev/pattern/1 of=/mnt/seq/74000 bs=64k count=2 oflag=direct,sync conv=notrunc',
      'cmp -n 131072 /dev/pattern/1 /mnt/seq/74000',
    ];
    expect(ran(scenario(steps, { disk: HUGE })).map(({ exit }) => exit)).to.deep.equal([
      0, 0, 0, 0,
    ]);
  });
});

describe('a table that cannot be', () => {
  const create = (table: string) => {
    const lines = JSON.stringify(`dmsetup create c0 --table '${table}'`);
    const [step] = ran(scenario([`{ run: ${lines}, expect: any }`]));
    return { exit: step!.exit, text: `${step!.stderr}${step!.dmesg.join('\n')}` };
  };

  it('has a gap or an overlap', () => {
    const gap = create('0 8192 linear /dev/nullb0 0\n16384 8192 linear /dev/nullb0 16384');
    expect(gap.exit).to.equal(1);
    expect(gap.text).to.include('Gap in table');
    const overlap = create('0 16384 linear /dev/nullb0 0\n8192 8192 linear /dev/nullb0 16384');
    expect(overlap.exit).to.equal(1);
    expect(overlap.text).to.include('Gap in table');
  });

  it('is too long for its device, of no length, or not aligned to zones', () => {
    expect(create('0 532480 linear /dev/nullb0 0').text).to.include('too small for target');
    expect(create('0 0 linear /dev/nullb0 0').text).to.include('zero-length target');
    expect(create('0 8192 linear /dev/nullb0 8').text).to.include('not aligned to h/w zone size');
    expect(create('0 8200 linear /dev/nullb0 0').text).to.include('not aligned to h/w zone size');
  });

  it('names no target, no device, or is no table', () => {
    expect(create('0 8192 lineer /dev/nullb0 0').text).to.include('unknown target type');
    expect(create('0 8192 linear /dev/nullb9 0').exit).to.equal(1);
    expect(create('0 8192 linear').text).to.include('Invalid argument count');
    expect(create('a b linear /dev/nullb0 0').text).to.include('Invalid format');
    expect(create('0 -8 linear /dev/nullb0 0').exit).to.equal(1);
  });

  it('has a key that is no hex, too short or too long: the kernel says so, and leaves nothing behind', () => {
    for (const key of [KEY.replace('0', 'z'), KEY.slice(2), `${KEY}00`, KEY.slice(1)]) {
      const { exit, text } = create(`0 524288 crypt aes-xts-plain64 ${key} 0 /dev/nullb0 0`);
      expect(exit, key).to.equal(1);
      expect(text, key).to.include('Error decoding and setting key');
      expect(text, key).to.include('Invalid argument');
    }
  });

  it('has a key of odd length: the kernel ignores the last digit, and a note says so', () => {
    const command = `dmsetup create c0 --table "0 524288 crypt aes-xts-plain64 ${KEY}0 0 /dev/nullb0 0"`;
    const text = scenario([command]);
    expect(ran(text)[0]!.exit).to.equal(0);
    const [advice] = adviceOn(loadScenario('f', text));
    expect(advice!.message).to.include('65 hex digits');
    expect(advice!.place.line).to.equal(7);
  });
});

describe('a device used while it is mounted', () => {
  it('is busy for mkfs, for a mapping and for its removal', () => {
    const steps = [
      'dmsetup create l0 --table "0 524288 linear /dev/nullb0 0"',
      'mkzonefs -f /dev/mapper/l0',
      'mount -t zonefs /dev/mapper/l0 /mnt',
      '{ run: mkzonefs -f /dev/mapper/l0, expect: any }',
      '{ run: mkfs.btrfs -f -q -O zoned /dev/mapper/l0, expect: any }',
      '{ run: dmsetup remove l0, expect: any }',
      '{ run: mkzonefs -f /dev/nullb0, expect: any }',
    ];
    const texts = ran(scenario(steps)).slice(3);
    expect(texts.map(({ exit }) => exit)).to.deep.equal([1, 1, 1, 1]);
    for (const { stderr } of texts) expect(stderr).to.match(/is mounted|in use|busy/i);
  });
});

describe('a command without end is stopped, and the error says where', function () {
  this.timeout(120_000);
  const endless = (command: string, attributes?: string): string =>
    stopped(
      scenario(
        ['pwd', `{ run: '${command}' }`],
        attributes === undefined ? {} : { disk: attributes },
      ),
      'budget-exceeded',
    ).format();

  it('that prints without end', () => {
    for (const command of ['cat /dev/zero', 'cat /dev/nullb0', 'hexdump -v /dev/nullb0']) {
      const text = endless(command);
      expect(text, command)
        .to.include('1 MiB')
        .and.match(/^scenario\.yaml:8:\d+: /);
    }
    expect(endless('xfs_io -c "pread -b 1t -v 0 1t" /dev/zero')).to.include('512 MiB');
  });

  it('that looks at bytes without end', () => {
    expect(endless('sha256sum /dev/nullb0', HUGE)).to.include('512 MiB');
  });

  it('that moves bytes without end', () => {
    expect(endless('cat /dev/zero > /dev/null')).to.include('records');
  });

  it('that copies block after block: dd itself says that it needs a count', () => {
    const text = scenario(['dd if=/dev/zero of=/dev/null']);
    expect(stopped(text, 'not-modelled').message).to.include('count=');
  });

  it('and what fits is not changed by the bounds', () => {
    const steps = ['sha256sum /dev/nullb0', 'dd if=/dev/nullb0 of=/dev/null bs=1M'];
    const small = 'size: 16, zoned: 1, zone_size: 4, memory_backed: 1';
    expect(ran(scenario(steps, { disk: small })).map(({ exit }) => exit)).to.deep.equal([0, 0]);
  });
});

describe('what is not modelled and has no other way', () => {
  it('is said without one', () => {
    const { message } = stopped(scenario(['btrfs check /dev/nullb0']), 'not-modelled');
    expect(message).to.equal('not modelled: btrfs check /dev/nullb0');
  });
});

describe('what is not modelled stops the run and says so with its place', () => {
  it('an option of a command', () => {
    const error = stopped(scenario(['dmesg -w']), 'not-modelled');
    expect(error.place.line).to.equal(7);
    expect(error.message).to.include('dmesg -w');
  });
});

describe('a command that would hang on a real host, too', () => {
  const suspended = [
    'dmsetup create a --table "0 524288 linear /dev/nullb0 0"',
    'mkfs.btrfs -f -q -O zoned -d single -m single /dev/mapper/a',
    'mount -t btrfs /dev/mapper/a /mnt',
    'dd if=/dev/zero of=/mnt/f bs=64k count=1',
    'dmsetup suspend a',
  ];

  it('stops the run and names the device that is suspended', () => {
    const command = 'dd if=/dev/zero of=/dev/mapper/a bs=4k count=1 oflag=direct';
    const error = stopped(scenario([...suspended, command]), 'never-ends');
    expect(error.message).to.include('on a, which is suspended');
    expect(error.place.line).to.equal(12);
  });

  it('be it the shutdown of a reboot', () => {
    const error = stopped(scenario([...suspended, '{ reboot: {} }']), 'never-ends');
    expect(error.place.line).to.equal(12);
  });
});
