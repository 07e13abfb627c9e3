import { expect } from 'chai';
import { Flag } from '../../../../src/block/bio.ts';
import { Machine } from '../../../../src/machine.ts';

/** Sectors of the data bios of `line`, run on btrfs of a disk that takes `maxSectors` at once. */
function mounted(kernel: string, zoned: boolean, maxSectors: number) {
  const zones = zoned ? { zoned: 1, zone_size: 16, zone_nr_conv: 2 } : {};
  const disk = { size: 256, memory_backed: 1, max_sectors: maxSectors, ...zones };
  const machine = new Machine({ kernel, disks: { nullb0: disk } });
  const options = `${zoned ? '-O zoned ' : ''}-d single -m single`;
  expect(machine.run(`mkfs.btrfs -f -q ${options} /dev/nullb0`).exit).to.equal(0);
  expect(machine.mount('/dev/nullb0', '/mnt', 'btrfs').ok).to.equal(true);
  const bios = (line: string): number[] => {
    const start = machine.trace.length;
    expect(machine.run(line)).to.include({ exit: 0, stderr: '' });
    return [...machine.trace.records(start)]
      .filter(({ kind, flags }) => kind === 'bioQueue' && (flags & Flag.data) !== 0)
      .map(({ sectors }) => sectors);
  };
  return { machine, bios };
}

const BUFFERED = 'dd if=/dev/pattern/1 of=/mnt/f bs=4M count=1 conv=fsync status=none';
const DIRECT = 'dd if=/dev/pattern/1 of=/mnt/g bs=2M count=1 oflag=direct status=none';
const times = (count: number, ...sizes: number[]): number[] =>
  Array.from({ length: count }, () => sizes).flat();

/** 4 MiB through the page cache, as 7.3.4 sent them: max_sectors, on a regular disk, on a zoned one. */
const RECORDED: readonly (readonly [number, readonly number[], readonly number[]])[] = [
  [64, times(128, 64), times(128, 64)],
  [500, [...times(16, 504), 128], [496, 8, 488, ...times(14, 496), 256]],
  [700, [...times(11, 704), 448], [...times(11, 696), 536]],
  [1000, [...times(8, 1000), 192], [...times(8, 1000), 192]],
  [1500, [...times(5, 1504), 672], times(8, 1024)],
  [2048, times(4, 2048), times(8, 1024)],
  [8192, [8192], times(8, 1024)],
];

describe('how long bios of btrfs data are', () => {
  for (const [maxSectors, regular, zoned] of RECORDED) {
    it(`on 7.3.4 what the device takes at once in whole pages, and where zones want appends what fits one: max_sectors ${maxSectors}`, () => {
      expect(mounted('7.3.4', false, maxSectors).bios(BUFFERED)).to.deep.equal(regular);
      expect(mounted('7.3.4', true, maxSectors).bios(BUFFERED)).to.deep.equal(zoned);
    });
  }

  it('direct writes are cut by the append limit alone, on 6.12.117 and 7.3.4', () => {
    for (const kernel of ['6.12.117', '7.3.4']) {
      expect(mounted(kernel, true, 2048).bios(DIRECT)).to.deep.equal(times(4, 1024));
    }
  });

  it('on 7.3.4 the limit is asked when the file system is mounted', () => {
    const { machine, bios } = mounted('7.3.4', false, 2048);
    machine.run('echo 64 > /sys/block/nullb0/queue/max_sectors_kb');
    expect(machine.run('cat /sys/block/nullb0/queue/max_sectors_kb').stdout).to.equal('64\n');
    expect(bios(BUFFERED)).to.deep.equal(times(4, 2048));
    machine.umount('/mnt');
    machine.mount('/dev/nullb0', '/mnt', 'btrfs');
    expect(bios(BUFFERED.replace('/mnt/f', '/mnt/g'))).to.deep.equal(times(64, 128));
  });

  it('on 6.12.117 a bio of single pages holds 256 of them, whatever the device takes', () => {
    for (const maxSectors of [64, 2048, 8192]) {
      expect(mounted('6.12.117', false, maxSectors).bios(BUFFERED)).to.deep.equal(times(4, 2048));
    }
  });
});
