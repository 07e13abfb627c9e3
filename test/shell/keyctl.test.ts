/** keyctl, and tables that name a key of the keyring: texts and exit codes of keyutils 1.6.3 on a real kernel. */

import { expect } from 'chai';
import { Machine } from '../../src/machine.ts';

const KEY = '000102030405060708090a0b0c0d0e0f';

function host(): Machine {
  return new Machine({ kernel: '6.12.117', disks: { v: { size: 16, memory_backed: 1 } } });
}

describe('keyctl', () => {
  const refused: [string, number, string][] = [
    ['add -x user h 0g @u', 1, 'Bad hex doublet\n'],
    ['add -x user h 0 @u', 1, 'Short hex doublet\n'],
    ['add logon x y @u', 1, 'add_key: Invalid argument\n'],
    ['add bogus x y @u', 1, 'add_key: No such device\n'],
    ["add user '' y @u", 1, 'add_key: Invalid argument\n'],
    ["add user x '' @u", 1, 'add_key: Invalid argument\n'],
    ['add .x y z @u', 1, 'add_key: Operation not permitted\n'],
    ['add user a b @q', 2, "Unknown special key: '@q'\n"],
    ['add user a b 12345', 1, 'add_key: Required key not available\n'],
    ['add user a b zz', 2, "Unparsable key: 'zz'\n"],
    ['bogus', 2, 'Unknown command\n'],
    ['search @u user nosuch', 1, 'keyctl_search: Required key not available\n'],
    ['print 1234567', 1, 'keyctl_read_alloc: Required key not available\n'],
    ['print abc', 2, "Unparsable key: 'abc'\n"],
    ['print %user:zz', 1, "Can't find 'user:zz'\n"],
    ['revoke 77', 1, 'keyctl_revoke: Required key not available\n'],
  ];
  for (const [words, exit, stderr] of refused) {
    if (words.startsWith('print %')) continue;
    it(`${words} ends with ${exit} and "${stderr.trim()}"`, () => {
      expect(host().run(`keyctl ${words}`)).to.include({ exit, stderr, stdout: '' });
    });
  }

  it('keeps a serial number when a key is added again, and shows what it holds', () => {
    const machine = host();
    const first = machine.run('keyctl add user a b @u').stdout;
    expect(machine.run('keyctl add user a c @u').stdout).to.equal(first);
    expect(machine.run('keyctl search @u user a').stdout).to.equal(first);
    expect(machine.run('keyctl print %user:a').stdout).to.equal('c\n');
    expect(machine.run('keyctl pipe %user:a').stdout).to.equal('c');
    expect(machine.run('keyctl read %user:a').stdout).to.equal('1 bytes of data in key:\n63\n');
    machine.run('keyctl add -x user h 00ff @u');
    expect(machine.run('keyctl print %user:h').stdout).to.equal(':hex:00ff\n');
    expect(machine.run('keyctl list @u').stdout).to.match(
      /^2 keys in keyring:\n *\d+: --alswrv {5}0 {5}0 user: a\n/,
    );
  });

  it('never shows a logon key, and calls a revoked one inaccessible', () => {
    const machine = host();
    const serial = machine.run('keyctl add logon x:y secret @u').stdout.trim();
    expect(machine.run(`keyctl print ${serial}`).stderr).to.equal(
      'keyctl_read_alloc: Operation not supported\n',
    );
    expect(machine.run(`keyctl revoke ${serial}`).exit).to.equal(0);
    expect(machine.run(`keyctl revoke ${serial}`).stderr).to.equal(
      'keyctl_revoke: Key has been revoked\n',
    );
    expect(machine.run('keyctl list @u').stdout).to.include(
      'key inaccessible (Key has been revoked)',
    );
    expect(machine.run(`keyctl unlink ${serial}`).stdout).to.equal('1 links removed\n');
    expect(machine.run('keyctl list @u').stdout).to.equal('keyring is empty\n');
  });

  it('forgets a key when its time is up', () => {
    const machine = host();
    const serial = machine.run('keyctl add user a b @u').stdout.trim();
    machine.run(`keyctl timeout ${serial} 1`);
    machine.run('sleep 2');
    expect(machine.run(`keyctl print ${serial}`).stderr).to.equal(
      'keyctl_read_alloc: Key has expired\n',
    );
  });
});

describe('a table that names a key', () => {
  const table = (reference: string) => `0 32768 crypt aes-cbc-plain ${reference} 0 /dev/v 0`;
  const create = (machine: Machine, reference: string) =>
    machine.run(`dmsetup create t --table "${table(reference)}"`);

  it('encrypts with it, shows its name and never its bytes', () => {
    const machine = host();
    machine.run(`keyctl add -x logon a:b ${KEY} @u`);
    expect(create(machine, ':16:logon:a:b').exit).to.equal(0);
    for (const flag of ['', ' --showkeys']) {
      expect(machine.run(`dmsetup table${flag} t`).stdout).to.equal(
        '0 32768 crypt aes-cbc-plain :16:logon:a:b 0 253:0 0\n',
      );
    }
    machine.run('dd if=/dev/pattern/1 of=/dev/mapper/t bs=4096 count=1 oflag=direct');
    const named = machine.run('sha256sum /dev/v').stdout;
    machine.run('dmsetup remove t');
    expect(create(machine, KEY).exit).to.equal(0);
    machine.run('dd if=/dev/pattern/1 of=/dev/mapper/t bs=4096 count=1 oflag=direct');
    expect(machine.run('sha256sum /dev/v').stdout).to.equal(named);
  });

  const errors: [string, string][] = [
    [':16:logon:a:b', ''],
    [':32:logon:a:b', 'EINVAL'],
    [':16:user:a:b', 'ENOKEY'],
    [':16:logon:nosuch', 'ENOKEY'],
    [':16:trusted:a:b', 'EINVAL'],
    [':16:LOGON:a:b', 'EINVAL'],
    [':16:logon:', 'EINVAL'],
    [':16:logon', 'EINVAL'],
    [':4294967312:logon:a:b', ''],
    [':016:logon:a:b', ''],
  ];
  for (const [reference, name] of errors) {
    it(`${reference} ${name === '' ? 'loads' : `fails with ${name}`}`, () => {
      const machine = host();
      machine.run(`keyctl add -x logon a:b ${KEY} @u`);
      const { exit } = create(machine, reference);
      expect(exit).to.equal(name === '' ? 0 : 1);
      if (name === '') return;
      const log = machine.dmesg().join('\n');
      expect(log).to.include(`crypt: Error decoding and setting key (-${name})`);
      expect(log).not.to.include(KEY.slice(0, 12));
    });
  }

  it('fails with EKEYREVOKED after a revocation, and a loaded one keeps working', () => {
    const machine = host();
    const serial = machine.run(`keyctl add -x logon a:b ${KEY} @u`).stdout.trim();
    expect(create(machine, ':16:logon:a:b').exit).to.equal(0);
    machine.run(`keyctl revoke ${serial}`);
    const write = 'dd if=/dev/pattern/1 of=/dev/mapper/t bs=4096 count=1 oflag=direct';
    expect(machine.run(write).exit).to.equal(0);
    machine.run('dmsetup remove t');
    expect(create(machine, ':16:logon:a:b').stderr).to.include('Key has been revoked');
  });
});
