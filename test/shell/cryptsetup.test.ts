/** cryptsetup open --type plain, against what the real tool did on a real kernel. */

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { Machine } from '../../src/machine.ts';

interface Run {
  readonly stdin: boolean;
  readonly args: string;
  readonly out: readonly string[];
}

const FILE = new URL('../../conformance/recorded/cryptsetup-plain.json', import.meta.url);
const { runs } = JSON.parse(readFileSync(FILE, 'utf8')) as { runs: Run[] };

function host(): Machine {
  const machine = new Machine({
    kernel: '6.12.117',
    disks: {
      v: { size: 16, memory_backed: 1 },
      z: { size: 64, zoned: 1, zone_size: 4, zone_nr_conv: 2, memory_backed: 1 },
    },
  });
  machine.run('mkdir -p /tmp');
  for (const [name, bytes] of [
    ['/tmp/kf', new Uint8Array(100).fill(75)],
    ['/tmp/kshort', Uint8Array.from([115, 104, 111, 114, 116])],
  ] as const) {
    const file = machine.open(name, 0o1101, 0o644);
    file.pwrite(bytes, 0);
    file.close();
  }
  return machine;
}

const lines = (text: string) => text.split('\n').filter((line) => line !== '');
/** What the recording leaves out of the log. */
const LEFT_OUT = /PCLMUL|emulated zone append|unable to set up|error adding target/;

describe('cryptsetup', () => {
  for (const { stdin, args, out } of runs) {
    it(`${args} prints, maps and ends as the real one${stdin ? ' given a passphrase' : ''}`, () => {
      const machine = host();
      const logged = machine.dmesg().length;
      const command = `cryptsetup ${args.replace(/capi:(\S+)/, "'capi:$1'")}`;
      const result = machine.run(command, stdin ? { stdin: 'secret\n' } : {});
      const tables = machine.run('dmsetup table --showkeys').stdout;
      const got = [
        ...lines(result.stdout + result.stderr),
        `rc ${result.exit}`,
        ...lines(tables).filter((line) => line !== 'No devices found'),
        ...machine
          .dmesg()
          .slice(logged)
          .filter((line) => !LEFT_OUT.test(line)),
      ];
      expect(got.sort()).to.deep.equal([...out].sort());
    });
  }

  it('refuses a name or a device that is taken with exit code 5, unless the device is shared', () => {
    const machine = host();
    const open = (rest: string) => machine.run(`cryptsetup open --type plain -d /tmp/kf ${rest}`);
    expect(open('/dev/v t').exit).to.equal(0);
    expect(open('/dev/v t')).to.include({ exit: 5, stderr: 'Device t already exists.\n' });
    expect(open('/dev/v x')).to.include({
      exit: 5,
      stderr: 'Cannot use device /dev/v which is in use (already mapped or mounted).\n',
    });
    expect(open('--shared /dev/v x').exit).to.equal(0);
    expect(machine.run('dmsetup info x').stdout).to.include('CRYPT-PLAIN-x');
  });

  it('shows the state of a mapping, and takes it away', () => {
    const machine = host();
    expect(machine.run('cryptsetup status t')).to.include({
      exit: 4,
      stdout: '/dev/mapper/t is inactive.\n',
    });
    machine.run('cryptsetup open --type plain -d /tmp/kf /dev/v t');
    expect(machine.run('cryptsetup status t').stdout).to.equal(`/dev/mapper/t is active.
  type:    PLAIN
  cipher:  aes-cbc-essiv:sha256
  keysize: 256 bits
  key location: dm-crypt
  device:  /dev/v
  sector size:  512
  offset:  0 sectors
  size:    32768 sectors
  mode:    read/write
`);
    const held = machine.open('/dev/mapper/t', 0);
    const busy = machine.run('cryptsetup close t');
    expect(busy.exit).to.equal(5);
    expect(lines(busy.stderr)).to.have.length(26);
    held.close();
    expect(machine.run('cryptsetup close t').exit).to.equal(0);
    expect(machine.run('cryptsetup close t')).to.include({
      exit: 4,
      stderr: 'Device t is not active.\n',
    });
  });
});
