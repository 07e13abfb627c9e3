/** The file systems a machine can mount from a disk, in the order /proc/filesystems shows them. */

import { btrfsType } from './btrfs/type.ts';
import type { FileSystemType } from './inode.ts';
import { zonefsType } from './zonefs/type.ts';

export const fileSystemTypes: readonly FileSystemType[] = [btrfsType, zonefsType];
