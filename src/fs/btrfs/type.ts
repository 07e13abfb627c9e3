/** btrfs as the kernel's table of file systems knows it (fs/btrfs/super.c, btrfs_fs_type). */

import type { FileSystemType } from '../inode.ts';
import { openFilesystem } from './filesystem.ts';
import { makeBtrfsType } from './mount.ts';

export const btrfsType: FileSystemType = makeBtrfsType({ openFilesystem });
