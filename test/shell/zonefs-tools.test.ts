/** Commands that tests of zonefs are written with. */

import { expect } from 'chai';
import { Machine } from '../../src/machine.ts';

const disks = {
  nullb0: {
    size: 64,
    zoned: 1,
    zone_size: 4,
    zone_nr_conv: 4,
    blocksize: 4096,
    memory_backed: 1,
    zone_max_open: 4,
  },
};

function mounted(kernel = '6.12.117', options = ''): Machine {
  const machine = new Machine({ kernel, disks });
  expect(machine.run('mkzonefs -f /dev/nullb0').exit).to.equal(0);
  const given = options === '' ? '' : `-o ${options} `;
  expect(machine.run(`mount -t zonefs ${given}/dev/nullb0 /mnt`).exit).to.equal(0);
  return machine;
}

/** Standard output, or exit code and standard error. */
function said(machine: Machine, line: string): string {
  const { exit, stdout, stderr } = machine.run(line);
  return exit === 0 ? stdout : `${exit}: ${stderr}`;
}

describe('find', () => {
  it('walks in the order of the directory and bounds its depth', () => {
    expect(said(mounted('v6.1'), 'find /mnt -maxdepth 1')).to.equal('/mnt\n/mnt/seq\n/mnt/cnv\n');
    const machine = mounted();
    expect(said(machine, 'find /mnt/cnv')).to.equal(
      '/mnt/cnv\n/mnt/cnv/0\n/mnt/cnv/1\n/mnt/cnv/2\n',
    );
    expect(said(machine, 'find /mnt -mindepth 2 -type f -name "1[01]"')).to.equal(
      '/mnt/seq/10\n/mnt/seq/11\n',
    );
    expect(said(machine, 'find /mnt /nowhere -type d -name "?nt"')).to.equal(
      '1: find: \u2018/nowhere\u2019: No such file or directory\n',
    );
    expect(said(machine, 'find /mnt -type q')).to.equal('1: find: Unknown argument to -type: q\n');
    expect(machine.run('find /mnt -delete').exit).to.equal(125);
  });
});

describe('df', () => {
  it('counts blocks in the unit asked for, rounded up, and inodes', () => {
    const machine = mounted();
    expect(said(machine, 'df /mnt/seq/0')).to.equal(
      'Filesystem     1K-blocks  Used Available Use% Mounted on\n' +
        '/dev/nullb0        61440 12288     49152  20% /mnt\n',
    );
    expect(said(machine, 'df -T -B1M')).to.equal(
      'Filesystem     Type   1M-blocks  Used Available Use% Mounted on\n' +
        '/dev/nullb0    zonefs        60    12        48  20% /mnt\n',
    );
    expect(said(machine, 'df -i /mnt')).to.equal(
      'Filesystem     Inodes IUsed IFree IUse% Mounted on\n' +
        '/dev/nullb0        17    17     0  100% /mnt\n',
    );
    expect(said(machine, 'df /nowhere')).to.equal('1: df: /nowhere: No such file or directory\n');
  });
});

describe('fallocate and falloc', () => {
  it('are refused on every file of zonefs', () => {
    const machine = mounted();
    const wanted = '1: fallocate: fallocate failed: Operation not supported\n';
    expect(said(machine, 'fallocate -l 4096 /mnt/seq/0')).to.equal(wanted);
    expect(said(machine, 'fallocate -p -o 4K -l 4KiB /mnt/cnv/0')).to.equal(wanted);
    for (const verb of ['falloc', 'falloc -k', 'fpunch', 'fzero', 'fcollapse', 'finsert']) {
      expect(said(machine, `xfs_io -c "${verb} 0 4096" /mnt/cnv/0`), verb).to.equal(
        '1: fallocate: Operation not supported\n',
      );
    }
    expect(said(machine, 'fallocate -l 8M /tmp/file')).to.equal('');
    expect(said(machine, 'stat -c %s /tmp/file')).to.equal('8388608\n');
  });
});

describe('the mmap verbs of xfs_io', () => {
  it('write a conventional file through memory', () => {
    const machine = mounted();
    const line = 'xfs_io -c "mmap 0 8192" -c "mwrite -S 0x41 4090 12" -c "msync -s" /mnt/cnv/0';
    expect(said(machine, line)).to.equal('');
    expect(said(machine, 'xfs_io -r -c "mmap -r 4080 32" /mnt/cnv/0')).to.equal(
      '1: mmap: Invalid argument\n',
    );
    expect(
      said(machine, 'xfs_io -r -c "mmap -r 0 8192" -c "mread -v 4088 16" /mnt/cnv/0'),
    ).to.equal('00000ff8:  00 00 41 41 41 41 41 41 41 41 41 41 41 41 00 00  ..AAAAAAAAAAAA..\n');
  });

  it('complain about ranges outside the mapping, and die of what is behind the file', () => {
    const machine = mounted();
    const map = 'xfs_io -r -c "mmap -r 4096 4096"';
    expect(machine.run(`${map} -c "mread 0 1" /mnt/cnv/0`)).to.include({
      exit: 1,
      stdout: 'offset (0) is before start of mapping (4096)\n',
    });
    expect(machine.run(`${map} -c "mread 4096 8192" /mnt/cnv/0`).stdout).to.equal(
      'range (4096:8192) is beyond mapping (4096:4096)\n',
    );
    expect(said(machine, `${map} -c "mread 4096 1" /mnt/seq/0`)).to.equal('135: Bus error\n');
    expect(said(machine, 'xfs_io -c "mmap 0 4096" /mnt/seq/0')).to.equal(
      '1: mmap: Invalid argument\n',
    );
  });
});

describe('zio and zopen', () => {
  it('fill a file in pieces, one at a time or several at once', () => {
    const machine = mounted();
    for (const how of [
      '--size=135168',
      '--size=135168 --async=8',
      '--fflag=dsync --size=2097152',
    ]) {
      expect(said(machine, `zio --write --fflag=direct ${how} /mnt/seq/0`), how).to.equal('');
      expect(said(machine, 'stat -c %s /mnt/seq/0')).to.equal('4194304\n');
      machine.run('truncate -s 0 /mnt/seq/0');
    }
    expect(said(machine, 'zio --write --fflag=direct --ofst=4096 /mnt/seq/0')).to.equal(
      '1: 00000: WRITE 4096 B at 4096 (1 vector) failed 22 (Invalid argument)\n',
    );
    expect(said(machine, 'zio --write --ioflag=what /mnt/seq/0')).to.equal('1: Invalid IO flag\n');
  });

  it('hold files until they are signalled', () => {
    const machine = mounted('6.12.117', 'explicit-open');
    const pausing = 'zopen --nrfiles=3 --fflag=write --pause /mnt/seq';
    expect(machine.run(pausing, { background: true })).to.include({ exit: 0, stdout: '' });
    machine.run('sleep 1');
    expect(said(machine, 'cat /sys/fs/zonefs/nullb0/nr_wro_seq_files')).to.equal('3\n');
    expect(machine.run('umount /mnt').exit).to.equal(32);
    expect(said(machine, 'pkill zopen')).to.equal('');
    machine.run('sleep 1');
    expect(said(machine, 'cat /sys/fs/zonefs/nullb0/nr_wro_seq_files')).to.equal('0\n');
    expect(machine.run('pkill zopen').exit).to.equal(1);
    expect(said(machine, 'zopen --nrfiles=5 --fflag=write /mnt/seq')).to.equal(
      '1: Open /mnt/seq/4 failed 16 (Device or resource busy)\n',
    );
  });
});

describe('swapon', () => {
  it('is refused on a sequential file, by name from 5.13 on', () => {
    for (const [kernel, line] of [
      ['v5.12', 'swapon: swapfile has holes'],
      ['6.12.117', 'zonefs (nullb0) ERROR: swap file: not a conventional zone file'],
    ] as const) {
      const machine = mounted(kernel);
      machine.run('dd if=/dev/zero of=/tmp/header bs=4086 count=1');
      machine.run('echo -n SWAPSPACE2 >> /tmp/header');
      machine.run('dd if=/tmp/header of=/mnt/seq/0 bs=4096 oflag=direct');
      expect(said(machine, 'swapon /mnt/seq/0')).to.equal(
        '255: swapon: /mnt/seq/0: insecure permissions 0640, 0600 suggested.\n' +
          'swapon: /mnt/seq/0: swapon failed: Invalid argument\n',
      );
      expect(machine.log.lines.at(-1)!.text).to.equal(line);
    }
    expect(said(mounted(), 'swapon /mnt/cnv/0')).to.include('read swap header failed');
  });
});

describe('statfs', () => {
  it('shows the halves of the UUID on one another as the id of a zonefs', () => {
    const machine = mounted();
    machine.run('dd if=/dev/nullb0 of=/tmp/super bs=4096 count=1 iflag=direct');
    const bytes = machine.run('cat /tmp/super').stdoutBytes().slice(72, 88);
    const id = [3, 2, 1, 0, 7, 6, 5, 4].map((at) =>
      (bytes[at]! ^ bytes[at + 8]!).toString(16).padStart(2, '0'),
    );
    expect(said(machine, 'stat -f -c %i /mnt')).to.equal(`${id.join('').replace(/^0+/, '')}\n`);
  });
});

describe('mkzonefs', () => {
  it('prints each zone with -v, and its options with -h', () => {
    const machine = new Machine({ kernel: 'v6.12', disks });
    const { stdout } = machine.run('mkzonefs -f -v /dev/nullb0');
    expect(stdout).to.include('Zone 00000: Conventional, sector 0, 8192 sectors\n');
    expect(stdout).to.include(
      'Zone 00004: type 0x2 (Sequential-write-required), cond 0x1 (Empty), sector 32768, 8192 sectors, wp sector 32768\n',
    );
    expect(said(machine, 'mkzonefs -h')).to.match(/^Usage: mkzonefs \[options\] <device path>\n/);
  });
});
