/** Table lines nobody means: clear errors in the kernel's words, no crash, no key in any message. */

import { expect } from 'chai';
import { Machine, SystemCallError } from '../../../src/machine.ts';

const KEY = '00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff';

interface Answer {
  readonly errno: string;
  readonly log: string;
}

/** What the kernel answers to a table of one crypt line. */
function answer(words: string, kernel = '6.12.117'): Answer {
  const machine = new Machine({ kernel, disks: { nullb0: { size: 16, memory_backed: 1 } } });
  const logged = machine.dmesg().length;
  let errno = 'ok';
  try {
    machine.createMapping('t', `0 32768 crypt ${words}`);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    errno = error.code;
    expect(error.message, 'the error').not.to.include(KEY.slice(0, 16));
  }
  const log = machine.dmesg().slice(logged).join('\n');
  expect(log, 'the log').not.to.include(KEY.slice(0, 16));
  expect(JSON.stringify(machine.decisions)).not.to.include(KEY.slice(0, 16));
  return { errno, log };
}

describe('bad input to dm-crypt', () => {
  const kernels = ['5.10.262', '6.1.192', '6.12.117', '7.3.4'];
  const cases: [string, string, string, string][] = [
    [
      'a key too long for its cipher',
      `aes-cbc-plain ${KEY.repeat(100)} 0 /dev/nullb0 0`,
      'EINVAL',
      'Error decoding and setting key',
    ],
    [
      'a key too long for memory',
      `aes-cbc-plain ${'00'.repeat(4194304)} 0 /dev/nullb0 0`,
      'ENOMEM',
      'Cannot allocate encryption context',
    ],
    [
      'a key of the keyring too long for memory',
      'aes-cbc-plain :1000000000:logon:a:b 0 /dev/nullb0 0',
      'ENOMEM',
      'Cannot allocate encryption context',
    ],
    [
      'a key size beyond an int',
      'aes-cbc-plain :2147483648:logon:a:b 0 /dev/nullb0 0',
      'EINVAL',
      'Cannot parse key size',
    ],
    [
      'a million feature arguments',
      `aes-cbc-plain ${KEY} 0 /dev/nullb0 0 1000000${' allow_discards'.repeat(1000000)}`,
      'ENOMEM',
      "couldn't split parameters",
    ],
    [
      'a count of a million',
      `aes-cbc-plain ${KEY} 0 /dev/nullb0 0 1000000 allow_discards`,
      'EINVAL',
      'Invalid number of feature args',
    ],
    [
      'a cipher that is not ASCII',
      `aés-cbc-plain ${KEY} 0 /dev/nullb0 0`,
      'ENOENT',
      'Error allocating crypto tfm',
    ],
    [
      'an IV mode that is not ASCII',
      `aes-cbc-plaín ${KEY} 0 /dev/nullb0 0`,
      'EINVAL',
      'Invalid IV mode',
    ],
    [
      'a key that is not ASCII',
      `aes-cbc-plain ${'é'.repeat(64)} 0 /dev/nullb0 0`,
      'EINVAL',
      'Error decoding and setting key',
    ],
    [
      'a key with one bad digit',
      `aes-cbc-plain ${KEY.slice(0, -1)}g 0 /dev/nullb0 0`,
      'EINVAL',
      'Error decoding and setting key',
    ],
    [
      'an integrity tag of 4 GiB',
      `aes-cbc-plain ${KEY} 0 /dev/nullb0 0 1 integrity:4294967296:none`,
      'EINVAL',
      'Invalid integrity arguments',
    ],
    [
      'an integrity tag of 481 bytes',
      `aes-cbc-plain ${KEY} 0 /dev/nullb0 0 1 integrity:481:none`,
      'EINVAL',
      'Invalid integrity arguments',
    ],
    [
      'an unknown integrity profile',
      `aes-cbc-plain ${KEY} 0 /dev/nullb0 0 1 integrity:16:bogus`,
      'EINVAL',
      'Unknown integrity profile',
    ],
    [
      'an IV option with a NUL, where the string ends',
      `aes-cbc-essiv:sha\u0000256 ${KEY} 0 /dev/nullb0 0`,
      'EINVAL',
      'Not enough arguments',
    ],
    [
      'an iv_offset that is no number',
      `aes-cbc-plain ${KEY} -1 /dev/nullb0 0`,
      'EINVAL',
      'Invalid iv_offset sector',
    ],
    [
      'an offset that is no number',
      `aes-cbc-plain ${KEY} 0 /dev/nullb0 1x`,
      'EINVAL',
      'Invalid device sector',
    ],
    [
      'a device sector beyond 2^53',
      `aes-cbc-plain ${KEY} 0 /dev/nullb0 9007199254740992`,
      'EINVAL',
      'nullb0 too small for target: start=9007199254740992, len=32768, dev_size=32768',
    ],
  ];
  for (const [what, words, errno, text] of cases) {
    it(`${what} ends with ${errno} and "${text}" on every kernel`, () => {
      for (const kernel of kernels) {
        const found = answer(words, kernel);
        expect(found.errno, kernel).to.equal(errno);
        expect(found.log, kernel).to.include(text);
        expect(found.log.length).to.be.below(2000);
      }
    }).timeout(60000);
  }

  it('an iv_offset beyond 2^64 wraps, and from 7.3 on is the largest there is', () => {
    for (const [kernel, shown] of [
      ['6.12.117', '7'],
      ['7.3.4', '18446744073709551615'],
    ] as const) {
      const machine = new Machine({ kernel, disks: { nullb0: { size: 16, memory_backed: 1 } } });
      machine.createMapping(
        't',
        `0 32768 crypt aes-cbc-plain ${KEY} 18446744073709551623 /dev/nullb0 0`,
      );
      expect(machine.run('dmsetup table t').stdout).to.include(` ${shown} 253:0 0`);
    }
  });

  it('a key message with a bad digit takes the key away: the device does not resume', () => {
    const machine = new Machine({
      kernel: '6.12.117',
      disks: { nullb0: { size: 16, memory_backed: 1 } },
    });
    machine.createMapping('t', `0 32768 crypt aes-cbc-plain ${KEY} 0 /dev/nullb0 0`);
    machine.run('dmsetup suspend t');
    const changed = `ffff${KEY.slice(4, -2)}zz`;
    expect(machine.run(`dmsetup message t 0 key set ${changed}`).exit).to.equal(1);
    // As far as it was good it stands in the table.
    expect(machine.run('dmsetup table --showkeys t').stdout).to.include(` ffff${KEY.slice(4)} `);
    expect(machine.run('dmsetup resume t').stderr).to.include('Resource temporarily unavailable');
    expect(machine.run(`dmsetup message t 0 key set ${KEY}`).exit).to.equal(0);
    expect(machine.run('dmsetup resume t').exit).to.equal(0);
  });

  it('a message with a key of another length, or none of that name, leaves the old one', () => {
    const machine = new Machine({
      kernel: '6.12.117',
      disks: { nullb0: { size: 16, memory_backed: 1 } },
    });
    machine.createMapping('t', `0 32768 crypt aes-cbc-plain ${KEY} 0 /dev/nullb0 0`);
    machine.run('dmsetup suspend t');
    for (const key of ['00', '-', `${KEY}00`, ':32:logon:nosuch:x', ':16:logon:x:y']) {
      expect(machine.run(`dmsetup message t 0 key set ${key}`).exit, key).to.equal(1);
    }
    expect(machine.run('dmsetup resume t').exit).to.equal(0);
    expect(machine.run('dmsetup table --showkeys t').stdout).to.include(` ${KEY} `);
  });
});
