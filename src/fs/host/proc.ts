/**
 * /proc, as far as storage tools read it (fs/proc_namespace.c, fs/filesystems.c, fs/drop_caches.c). All eras are
 * alike here; what differs (`/proc/version`) comes from the kernel record.
 */

import type { BlockSystem } from '../../block/system.ts';
import { errno } from '../../kernel/errno.ts';
import type { Host } from '../../sim/host.ts';
import type { OpenDescription } from '../description.ts';
import type { FileSystemType, Inode, OpenFile } from '../inode.ts';
import type { MountTable } from '../mounts.ts';
import { dropDeviceCache } from './blockdev-file.ts';
import { fixedDirectory, type InodeNumbers, LinkInode, TextFile, textDirectory } from './pseudo.ts';

export interface ProcSource {
  readonly host: Host;
  readonly block: BlockSystem;
  readonly mounts: MountTable;
  readonly types: ReadonlyMap<string, FileSystemType>;
}

/** What stands before the mounts of the model: the host's own file systems, as a small system shows them. */
const HOST_MOUNTS = [
  'tmpfs / tmpfs rw,relatime 0 0',
  'proc /proc proc rw,relatime 0 0',
  'sysfs /sys sysfs rw,relatime 0 0',
  'configfs /sys/kernel/config configfs rw,relatime 0 0',
  'devtmpfs /dev devtmpfs rw,relatime 0 0',
];
const HOST_TYPES = ['sysfs', 'tmpfs', 'proc', 'configfs', 'devtmpfs'];

export function procDirectory(numbers: InodeNumbers, source: ProcSource): Inode {
  const { host, block } = source;
  return fixedDirectory(numbers, {
    mounts: new LinkInode(numbers.next(), 'self/mounts'),
    self: textDirectory(numbers, { mounts: { show: () => mountsText(source.mounts) } }),
    filesystems: new TextFile(numbers.next(), { show: () => typesText(source.types) }),
    partitions: new TextFile(numbers.next(), { show: () => partitionsText(block) }),
    version: new TextFile(numbers.next(), {
      show: () => `Linux version ${host.kernel.release} (zonestack) #1 SMP\n`,
    }),
    sys: fixedDirectory(numbers, {
      kernel: textDirectory(numbers, {
        osrelease: { show: () => `${host.kernel.release}\n` },
        ostype: { show: () => 'Linux\n' },
      }),
      vm: textDirectory(numbers, {
        drop_caches: { store: (text, file) => dropCaches(source, text, file) },
      }),
    }),
  });
}

/** Blanks and backslashes in names are shown in octal (mangle()). */
function mangled(text: string): string {
  return text.replace(/[ \t\n\\]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

function mountsText(mounts: MountTable): string {
  const lines = mounts.list().map(({ fs, target }) => {
    const shown = fs.shownOptions();
    const options = `${fs.readOnly ? 'ro' : 'rw'},relatime${shown === '' ? '' : `,${shown}`}`;
    return `${mangled(fs.source)} ${mangled(target)} ${fs.typeName} ${options} 0 0`;
  });
  return `${[...HOST_MOUNTS, ...lines].join('\n')}\n`;
}

function typesText(types: ReadonlyMap<string, FileSystemType>): string {
  const host = HOST_TYPES.map((name) => `nodev\t${name}\n`);
  return [...host, ...[...types.keys()].map((name) => `\t${name}\n`)].join('');
}

function partitionsText(block: BlockSystem): string {
  let text = 'major minor  #blocks  name\n\n';
  for (const { major, minor, sizeSectors, name } of block.devices.values()) {
    const kib = Math.floor(sizeSectors / 2);
    text += `${pad(major, 4)}  ${pad(minor, 7)} ${pad(kib, 10)} ${name}\n`;
  }
  return text;
}

function pad(value: number, width: number): string {
  return String(value).padStart(width);
}

/** 1: clean pages; 2: directory entries and inodes, of which the model keeps none; 3: both. Dirty pages stay. */
function dropCaches(source: ProcSource, text: string, file: OpenFile): number {
  const match = /^\s*([1-4])\s*$/.exec(text);
  if (match === null) return -errno.EINVAL;
  const { host, block, mounts } = source;
  const what = Number(match[1]);
  if (what & 1) {
    for (const { fs } of mounts.superBlocks()) fs.dropCaches();
    for (const device of block.devices.values()) dropDeviceCache(block, device);
  }
  const { pid } = (file as OpenDescription).process;
  if (!(what & 4)) host.printk('info', `${host.tasks.comm} (${pid}): drop_caches: ${what}`);
  return 0;
}
