/** The tree a machine boots with: a root in memory with the usual directories, /dev, /proc and /sys. */

import type { BlockSystem } from '../../block/system.ts';
import type { DmControl } from '../../dm/control.ts';
import type { Host } from '../../sim/host.ts';
import type { FileSystemType, Inode } from '../inode.ts';
import type { MountTable } from '../mounts.ts';
import { devDirectory } from './dev.ts';
import { procDirectory } from './proc.ts';
import { InodeNumbers } from './pseudo.ts';
import { RamDirectory, RamSpace } from './ram.ts';
import { sysDirectory } from './sys.ts';

export interface RootSource {
  readonly host: Host;
  readonly block: BlockSystem;
  readonly dm: DmControl | null;
  readonly mounts: MountTable;
  readonly types: ReadonlyMap<string, FileSystemType>;
}

/** /mnt/b and /mnt/z are where the recordings of real kernels mount; any other is made with mkdir. */
const MOUNT_POINTS = 'abcxyz';

export function buildRoot(source: RootSource): Inode {
  const numbers = new InodeNumbers();
  const root = new RamDirectory(new RamSpace(numbers));
  const mnt = root.ensure('mnt');
  for (const name of MOUNT_POINTS) mnt.ensure(name);
  for (const name of ['tmp', 'root', 'home', 'run', 'etc', 'var']) root.ensure(name);
  root.add('dev', devDirectory(numbers, source));
  root.add('proc', procDirectory(numbers, source));
  root.add('sys', sysDirectory(numbers, source));
  return root;
}
