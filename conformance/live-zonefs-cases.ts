/**
 * What live-zonefs.ts tries: disks, how they are formatted, and the commands that look at the mount. The commands are run
 * by the guest's shell and by ours, so each must mean the same to busybox and to GNU's tools.
 */

import { gzipSync } from 'node:zlib';
import { O } from '../src/fs/inode.ts';
import { SUPER_BYTES } from '../src/fs/zonefs/superblock.ts';
import { type DiskAttributes, Machine } from '../src/machine.ts';

export interface LiveCase {
  readonly id: string;
  readonly disk: DiskAttributes;
  /** Options of mkzonefs. */
  readonly format: string;
}

const BASE: DiskAttributes = {
  size: 64,
  zoned: 1,
  zone_size: 4,
  zone_nr_conv: 4,
  blocksize: 512,
  memory_backed: 1,
};

export const CASES: readonly LiveCase[] = [
  { id: 'default', disk: BASE, format: '' },
  { id: 'aggregated', disk: BASE, format: '-o aggr_cnv' },
  { id: 'owner', disk: BASE, format: '-o uid=1000,gid=100,perm=604' },
  { id: 'everything', disk: BASE, format: '-L live -o aggr_cnv,uid=7,gid=8,perm=4755' },
  { id: 'long-label', disk: BASE, format: `-L ${'0123456789abcdef'.repeat(4).slice(1)}` },
  { id: 'blocks-of-4k', disk: { ...BASE, blocksize: 4096 }, format: '' },
  { id: 'capacity', disk: { ...BASE, zone_capacity: 3 }, format: '-o aggr_cnv' },
  { id: 'no-conventional', disk: { ...BASE, zone_nr_conv: 0 }, format: '' },
  { id: 'one-conventional', disk: { ...BASE, zone_nr_conv: 1 }, format: '-o perm=0' },
  { id: 'limits', disk: { ...BASE, zone_max_open: 4, zone_max_active: 6 }, format: '' },
];

const DISK = 'nullb0';
/** mkzonefs writes the same under every kernel. */
const MKFS_KERNEL = '6.12.117';
const FOLDER = '/mnt/live';
const NAMES = ['', '/cnv', '/seq', '/cnv/0', '/cnv/2', '/seq/0', '/seq/11', '/seq/15'];

/** Each is followed by a line with its exit status. */
const LOOKS: readonly string[] = [
  `mount -t zonefs -o errors=repair /dev/${DISK} ${FOLDER}`,
  `find ${FOLDER}`,
  ...NAMES.map((name) => `stat -c '%n %i %h %a %u %g %s %b %o %F' ${FOLDER}${name}`),
  `stat -f -c '%t %s %b %f %a %c %d %l' ${FOLDER}`,
  'cat /proc/mounts',
  `dd if=/dev/zero of=${FOLDER}/seq/0 bs=4096 count=2 oflag=direct conv=notrunc`,
  `stat -c '%s' ${FOLDER}/seq/0`,
  `truncate -s 0 ${FOLDER}/seq/0`,
  `stat -c '%s' ${FOLDER}/seq/0`,
  `umount ${FOLDER}`,
  'dmesg',
];

const STATUS = '== ';

/** The lines of a look that say something about zonefs; what tools say about failures is theirs. */
export function looked(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.replace(/^(?:<\d+>)?\[ *\d+\.\d+\] /, ''))
    .filter(
      (line) =>
        line.startsWith(STATUS) ||
        line.startsWith('zonefs') ||
        line.startsWith(FOLDER) ||
        line.startsWith(`/dev/${DISK} ${FOLDER} `) ||
        /^[\da-f]+(?: [\da-f]+)*$/.test(line),
    );
}

/** The first 4096 bytes of the disk, as our mkzonefs writes them. */
export function ourSuper({ disk, format }: LiveCase): Uint8Array {
  const machine = new Machine({ kernel: MKFS_KERNEL, disks: { [DISK]: disk } });
  const made = machine.run(`mkzonefs -f ${format} /dev/${DISK}`);
  if (made.exit !== 0) throw new Error(`mkzonefs ${format} expected to work, got ${made.stderr}`);
  return machine.open(`/dev/${DISK}`).pread(SUPER_BYTES, 0);
}

/** What our machine shows of a disk with this super block. */
export function ourLook(kernel: string, { disk }: LiveCase, image: Uint8Array): string[] {
  const machine = new Machine({ kernel, disks: { [DISK]: disk } });
  const device = machine.open(`/dev/${DISK}`, O.RDWR | O.DIRECT);
  device.pwrite(image, 0);
  device.close();
  if (disk.zone_nr_conv === 0) machine.run(`blkzone finish -c 1 /dev/${DISK}`);
  machine.run(`mkdir ${FOLDER}`);
  const seen = machine.log.lines.length;
  const parts = LOOKS.map((line) => {
    if (line === 'dmesg') return `${machine.log.since(seen).join('\n')}\n`;
    const done = machine.run(line);
    return `${done.stdout}${STATUS}${done.exit === 0 ? 0 : 1}\n`;
  });
  return looked(parts.join(''));
}

/** Null when two super blocks differ in what is drawn (UUID, and so the checksum) and nothing else. */
export function sameSuper(real: Uint8Array, ours: Uint8Array): string | null {
  if (real.length !== SUPER_BYTES) return `${SUPER_BYTES} bytes expected, got ${real.length}`;
  const drawn = (at: number): boolean => (at >= 4 && at < 8) || (at >= 72 && at < 88);
  const at = real.findIndex((byte, i) => byte !== ours[i] && !drawn(i));
  return at < 0 ? null : `byte ${at}: real ${real[at]}, ours ${ours[at]}`;
}

/** The script for the guest: self-contained, for a POSIX shell with busybox's tools. */
export function guestScript(): string {
  return `# Formats and mounts zoned null_blk disks; what it sees goes to /out.
C=/sys/kernel/config/nullb
modprobe null_blk nr_devices=0 2>/dev/null
modprobe zonefs 2>/dev/null
mount -t configfs none /sys/kernel/config 2>/dev/null
mkdir -p ${FOLDER} /out
disk() { # CASE KEY=VALUE...
	id=$1; shift
	mkdir $C/${DISK} || { echo "no configfs" >/out/$id.refused; return 1; }
	echo 0 >$C/${DISK}/completion_nsec 2>/dev/null
	for kv in "$@"; do
		echo \${kv#*=} >$C/${DISK}/\${kv%%=*} || { echo $kv >/out/$id.refused; rmdir $C/${DISK}; return 1; }
	done
	echo 1 >$C/${DISK}/power || { echo power >/out/$id.refused; rmdir $C/${DISK}; return 1; }
	for i in 1 2 3 4 5; do [ -b /dev/${DISK} ] && return 0; sleep 1; done
	echo "no /dev/${DISK}" >/out/$id.refused; return 1
}
gone() { umount ${FOLDER} 2>/dev/null; echo 0 >$C/${DISK}/power; rmdir $C/${DISK}; }
look() {
	dmesg -c >/dev/null
${LOOKS.map((line) => (line === 'dmesg' ? '\tdmesg' : `\t${line} 2>/dev/null && echo "${STATUS}0" || echo "${STATUS}1"`)).join('\n')}
}
${CASES.map(guestCase).join('')}exit 0
`;
}

function guestCase(one: LiveCase): string {
  const { id, disk, format } = one;
  const attributes = Object.entries(disk).map(([key, value]) => `${key}=${value}`);
  const packed = gzipSync(ourSuper(one)).toString('base64');
  return `disk ${id} ${attributes.join(' ')} && {
	echo ${packed} | base64 -d | gunzip | dd of=/dev/${DISK} bs=4096 oflag=direct 2>/dev/null
	look >/out/${id}.ours
	gone; }
[ ! -e /out/${id}.refused ] && disk ${id} ${attributes.join(' ')} && {
	mkzonefs -f ${format} /dev/${DISK} >/dev/null && {
		dd if=/dev/${DISK} of=/out/${id}.img bs=4096 count=1 2>/dev/null
		look >/out/${id}.real; }
	gone; }
`;
}
