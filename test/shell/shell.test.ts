import { expect } from 'chai';
import { Machine } from '../../src/machine.ts';
import { knownCommands, suggestCommand } from '../../src/shell/shell.ts';

const disks = {
  nullb0: { size: 64, zoned: 1, zone_size: 4, zone_nr_conv: 4, blocksize: 4096, memory_backed: 1 },
};

function machine(kernel = 'v5.12'): Machine {
  return new Machine({ kernel, disks });
}

describe('the shell', () => {
  it('says 127 for a command that is not there, and which one was meant', () => {
    const result = machine().run('dmsteup table');
    expect(result).to.include({ exit: 127, stderr: 'sh: 1: dmsteup: not found\n' });
    expect(result.problem).to.deep.equal({
      kind: 'not-found',
      name: 'dmsteup',
      suggestion: 'dmsetup',
    });
    expect(suggestCommand('xyzzyxyzzy')).to.equal(null);
    expect(knownCommands()).to.include.members(['dd', 'mkfs.btrfs', 'mkzonefs', 'xfs_io']);
  });

  it('a path into the usual folders is the command itself', () => {
    expect(machine().run('/usr/bin/uname -r').stdout).to.equal('5.12.0\n');
    expect(machine().run('/sbin/dmsetup ls').stdout).to.equal('No devices found\n');
  });

  it('hands back where a line cannot be split, and runs nothing', () => {
    const result = machine().run('echo a | cat');
    expect(result.exit).to.equal(2);
    expect(result.problem).to.have.property('kind', 'syntax');
    expect(result.problem).to.have.nested.property('error.position', 7);
  });

  it('truncate counts to the largest off_t, and tells what is beyond as coreutils does', () => {
    const made = machine();
    made.run('truncate -s 5 /tmp/t');
    const says = (size: string): string => made.run(`truncate -s ${size} /tmp/t`).stderr;
    for (const size of ['8E', '+8E', '1Y', '99999999999999999999']) {
      expect(says(size)).to.equal(
        `truncate: Invalid number: '${size}': Value too large for defined data type\n`,
      );
    }
    expect(says('8191P')).to.equal(
      "truncate: failed to truncate '/tmp/t' at 9222246136947933184 bytes: File too large\n",
    );
    expect(says('+9223372036854775807')).to.equal(
      "truncate: overflow extending size of file '/tmp/t'\n",
    );
    expect(says('%7')).to.equal('');
    expect(made.run('stat -c %s /tmp/t').stdout).to.equal('7\n');
    expect(says('-8E')).to.equal('');
    expect(made.run('stat -c %s /tmp/t').stdout).to.equal('0\n');
  });

  it('answers "not modelled" with exit 125 and a way out', () => {
    const result = machine().run('ls -R /');
    expect(result.exit).to.equal(125);
    expect(result.stderr).to.match(/^zonestack: not modelled: ls -R \(.+\)\n$/);
    expect(result.problem).to.include({ kind: 'not-modelled', what: 'ls -R' });
  });

  it('ends a program that prints more than 1 MiB, and says which', () => {
    const result = machine().run('cat /dev/zero');
    expect(result.exit).to.equal(125);
    expect(result.stderr).to.equal('zonestack: output of `cat /dev/zero` is larger than 1 MiB\n');
  });

  it('ends a copy that has no end', () => {
    const result = machine().run('dd if=/dev/zero of=/dev/null bs=1M');
    expect(result.exit).to.equal(125);
    expect(result.stderr).to.include('a dd of more than');
  });

  it('after an ended command no descriptor is left open', () => {
    const host = machine();
    host.run('cat /dev/nullb0');
    host.run('dmsetup create c0 --table "0 131072 linear /dev/nullb0 0"');
    expect(host.run('dmsetup remove c0').exit).to.equal(0);
  });

  it('sends both streams where 2>&1 says, in the order written', () => {
    const host = machine();
    host.run('cat /proc/version /nosuch /proc/version > /tmp/both 2>&1');
    const lines = host.run('cat /tmp/both').stdout.split('\n');
    expect(lines).to.have.length(4);
    expect(lines[1]).to.equal('cat: /nosuch: No such file or directory');
    expect(host.run('cat /nosuch 2>&1 >/dev/null').stdout).to.equal(
      'cat: /nosuch: No such file or directory\n',
    );
  });

  it('streams a pattern to a file without the bound on printed text', () => {
    const host = machine();
    expect(host.run('pattern 7 8M > /tmp/p').exit).to.equal(0);
    expect(host.run('stat -c %s /tmp/p').stdout).to.equal('8388608\n');
    host.run('dd if=/dev/pattern/7 of=/tmp/q bs=1M count=8');
    expect(host.run('cmp /tmp/p /tmp/q').exit).to.equal(0);
    host.run('cat /tmp/p > /tmp/r');
    expect(host.run('cmp /tmp/p /tmp/r').exit).to.equal(0);
  });

  it('a pattern is the same bytes everywhere', () => {
    expect(machine().run('pattern 1 16').stdoutBytes()).to.deep.equal(
      machine('v7.3').run('dd if=/dev/pattern/1 bs=16 count=1 status=none').stdoutBytes(),
    );
    expect(machine().run('pattern x 16')).to.include({ exit: 2 });
    expect(machine().run('pattern 1')).to.include({ exit: 2 });
  });

  it('text that is no UTF-8 shows as U+FFFD and keeps its bytes', () => {
    const result = machine().run('echo -n "\\0377A"');
    expect(result.stdout).to.equal('\ufffdA');
    expect([...result.stdoutBytes()]).to.deep.equal([0xff, 0x41]);
  });

  it('the trace shows a program under its own name, a built-in under the shell’s', () => {
    const host = machine();
    host.run('dd if=/dev/zero of=/dev/nullb0 bs=4k count=1 oflag=direct');
    host.run('echo 3 > /proc/sys/vm/drop_caches');
    const names = new Set([...host.trace.records()].map((record) => record.comm));
    expect([...names]).to.include.members(['dd', 'sh']);
  });

  it('gives standard input to who reads it', () => {
    const host = machine();
    const table = '0 65536 linear /dev/nullb0 0\n65536 65536 linear /dev/nullb0 65536\n';
    expect(host.run('dmsetup create two', { stdin: table }).exit).to.equal(0);
    expect(host.run('dmsetup table two').stdout.split('\n')).to.have.length(3);
    expect(host.run('dd bs=2', { stdin: 'abc' })).to.include({ stdout: 'abc', exit: 0 });
  });

  it('starts relative paths at the directory asked for', () => {
    const host = machine();
    host.run('echo hi > /tmp/rel');
    expect(host.run('cat rel', { cwd: '/tmp' }).stdout).to.equal('hi\n');
  });

  it('sleep passes the model’s time, not ours', () => {
    const host = machine();
    host.run('sleep 1h 0.5');
    expect(host.host.loop.nowNs).to.be.at.least(3600.5e9);
  });
});
