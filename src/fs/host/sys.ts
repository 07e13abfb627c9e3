/**
 * /sys, as far as storage tools read it: /sys/block/DEV with its queue, its place in the stack and what dm says of
 * it, /sys/class/block, /sys/dev/block, /sys/fs/TYPE/DEV, and null_blk's configfs items
 * (block/genhd.c, block/blk-sysfs.c, drivers/md/dm-sysfs.c, drivers/block/null_blk/main.c).
 */

import type { BlockDevice } from '../../block/device.ts';
import { NullBlk } from '../../block/null-blk.ts';
import {
  isQueueAttributeWritable,
  queueAttributeNames,
  readQueueAttribute,
  writeQueueAttribute,
} from '../../block/sysfs.ts';
import type { BlockSystem } from '../../block/system.ts';
import type { DmControl } from '../../dm/control.ts';
import type { Task } from '../../sim/task.ts';
import type { Inode } from '../inode.ts';
import type { MountTable } from '../mounts.ts';
import {
  ComputedDirectory,
  fixedDirectory,
  type InodeNumbers,
  LinkInode,
  TextFile,
  textDirectory,
} from './pseudo.ts';

export interface SysSource {
  readonly block: BlockSystem;
  readonly dm: DmControl | null;
  readonly mounts: MountTable;
}

export function sysDirectory(numbers: InodeNumbers, source: SysSource): Inode {
  const { block } = source;
  const names = (): string[] => [...block.devices.keys()].sort();
  const blockDirectory = deviceNames(numbers, source, names);
  const numbersOf = (): string[] =>
    [...block.devices.values()].map(({ major, minor }) => `${major}:${minor}`);
  const byNumber = (name: string): BlockDevice | null => {
    const [major, minor] = name.split(':').map(Number);
    return block.byNumber(major ?? -1, minor ?? -1);
  };
  return fixedDirectory(numbers, {
    block: blockDirectory,
    class: fixedDirectory(numbers, {
      block: linksTo(numbers, names, (name) =>
        block.devices.has(name) ? `../../block/${name}` : null,
      ),
    }),
    dev: fixedDirectory(numbers, {
      block: linksTo(numbers, numbersOf, (name) => {
        const device = byNumber(name);
        return device === null ? null : `../../block/${device.name}`;
      }),
    }),
    fs: mountedTypes(numbers, source.mounts),
    kernel: fixedDirectory(numbers, {
      config: fixedDirectory(numbers, { nullb: configItems(numbers, block) }),
    }),
  });
}

/** A directory of links; `target` answers null where there is nothing. */
function linksTo(
  numbers: InodeNumbers,
  names: () => readonly string[],
  target: (name: string) => string | null,
): Inode {
  return new ComputedDirectory(numbers.next(), {
    names,
    behind: target,
    make: (name) => new LinkInode(numbers.next(), target(name)!),
  });
}

function deviceNames(numbers: InodeNumbers, source: SysSource, names: () => string[]): Inode {
  const { block } = source;
  return new ComputedDirectory(numbers.next(), {
    names,
    behind: (name) => block.devices.get(name) ?? null,
    make: (name) => deviceDirectory(numbers, source, block.devices.get(name)!),
  });
}

function deviceDirectory(numbers: InodeNumbers, source: SysSource, device: BlockDevice): Inode {
  const { block, dm } = source;
  const holders = (): string[] =>
    [...block.devices.values()].filter((d) => d.slaves.includes(device)).map((d) => d.name);
  const slaves = (): string[] => device.slaves.map((slave) => slave.name);
  const mapping = dm?.list().find(({ name }) => dm.device(name) === device);
  const file = (show: () => string): TextFile =>
    new TextFile(numbers.next(), { show: () => `${show()}\n` });
  return fixedDirectory(numbers, {
    dev: file(() => `${device.major}:${device.minor}`),
    holders: linksTo(numbers, holders, besideDevice(holders)),
    queue: queueDirectory(numbers, device),
    removable: file(() => '0'),
    ro: file(() => (device.readOnly ? '1' : '0')),
    size: file(() => String(device.sizeSectors)),
    slaves: linksTo(numbers, slaves, besideDevice(slaves)),
    ...(mapping === undefined ? {} : { dm: mappingDirectory(numbers, dm!, device) }),
  });
}

function besideDevice(names: () => readonly string[]): (name: string) => string | null {
  return (name) => (names().includes(name) ? `../../${name}` : null);
}

function mappingDirectory(numbers: InodeNumbers, dm: DmControl, device: BlockDevice): Inode {
  const info = () => dm.list().find(({ name }) => dm.device(name) === device);
  return textDirectory(numbers, {
    name: { show: () => `${info()?.name ?? ''}\n` },
    suspended: { show: () => `${info()?.suspended === true ? 1 : 0}\n` },
    uuid: { show: () => `${info()?.uuid ?? ''}\n` },
  });
}

function queueDirectory(numbers: InodeNumbers, device: BlockDevice): Inode {
  return new ComputedDirectory(numbers.next(), {
    names: () => queueAttributeNames(device),
    behind: (name) => (queueAttributeNames(device).includes(name) ? name : null),
    make: (name) =>
      new TextFile(numbers.next(), {
        show: () => readQueueAttribute(device, name) ?? '',
        // A file without a store method cannot even be opened for writing (kernfs_fop_open()).
        ...(isQueueAttributeWritable(name)
          ? {
              store: (text: string) =>
                stored(device, () => writeQueueAttribute(device, name, text)),
            }
          : {}),
      }),
  });
}

/** queue_attr_store(): later kernels freeze the queue around it. */
function stored(device: BlockDevice, act: () => number): Task<number> | number {
  return device.whileFrozen === undefined ? act() : device.whileFrozen(act);
}

/** /sys/fs/zonefs/dm-0/max_wro_seq_files: what mounts show of themselves. */
function mountedTypes(numbers: InodeNumbers, mounts: MountTable): Inode {
  const shown = () => mounts.superBlocks().filter(({ fs }) => fs.sysfsAttributes !== undefined);
  const types = (): string[] => [...new Set(shown().map(({ fs }) => fs.typeName))];
  const of = (type: string, name: string) =>
    shown().find(({ fs }) => fs.typeName === type && fs.device.name === name)?.fs ?? null;
  const typeDirectory = (type: string): Inode =>
    new ComputedDirectory(numbers.next(), {
      names: () =>
        shown()
          .filter(({ fs }) => fs.typeName === type)
          .map(({ fs }) => fs.device.name),
      behind: (name) => of(type, name),
      make: (name) => {
        const fs = of(type, name)!;
        const attributes = Object.keys(fs.sysfsAttributes!());
        return textDirectory(
          numbers,
          Object.fromEntries(
            attributes.map((attribute) => [
              attribute,
              { show: () => `${fs.sysfsAttributes!()[attribute] ?? ''}\n` },
            ]),
          ),
        );
      },
    });
  return new ComputedDirectory(numbers.next(), {
    names: types,
    behind: (type) => (types().includes(type) ? type : null),
    make: typeDirectory,
  });
}

/** The items of null_blk disks: the attributes they were made with, and the two that take orders. */
function configItems(numbers: InodeNumbers, block: BlockSystem): Inode {
  const disk = (name: string): NullBlk | null => {
    const device = block.devices.get(name);
    return device instanceof NullBlk ? device : null;
  };
  return new ComputedDirectory(numbers.next(), {
    names: () => [...block.devices.keys()].filter((name) => disk(name) !== null),
    behind: disk,
    make: (name) => configItem(numbers, disk(name)!),
  });
}

function configItem(numbers: InodeNumbers, disk: NullBlk): Inode {
  return new ComputedDirectory(numbers.next(), {
    names: () => disk.configNames(),
    behind: (name) => (disk.configNames().includes(name) ? name : null),
    make: (name) =>
      new TextFile(numbers.next(), {
        show: () => `${disk.configRead(name) ?? ''}\n`,
        store: (text) => disk.configWrite(name, text.trim()),
      }),
  });
}
