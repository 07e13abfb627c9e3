/** Messages to dm-crypt, through the mapper that suspends and resumes it. */

import { expect } from 'chai';
import { Machine } from '../../src/machine.ts';

const DISK = { size: 64, zoned: 1, zone_size: 4, zone_nr_conv: 1, memory_backed: 1 };
const KEY = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';

function machine(): Machine {
  const made = new Machine({ kernel: 'v6.1', disks: { nullb0: DISK } });
  made.createMapping('c', `0 131072 crypt aes-cbc-essiv:sha256 ${KEY} 0 /dev/nullb0 0`);
  return made;
}

describe('key messages to dm-crypt', () => {
  it('are refused while the mapping is live', () => {
    expect(machine().run('dmsetup message c 0 key wipe').exit).to.equal(1);
  });

  it('a wiped key keeps a suspended mapping from resuming with EAGAIN, and a key set again lets it', () => {
    const host = machine();
    expect(host.run('dmsetup suspend c').exit).to.equal(0);
    expect(host.run('dmsetup message c 0 key wipe').exit).to.equal(0);
    const refused = host.run('dmsetup resume c');
    expect(refused.exit).to.equal(1);
    expect(refused.stderr).to.include('Resource temporarily unavailable');
    expect(host.dmesg().join('\n')).to.include('aborting resume - crypt key is not set.');
    expect(host.run(`dmsetup message c 0 key set ${KEY}`).exit).to.equal(0);
    expect(host.run('dmsetup resume c').exit).to.equal(0);
  });
});
