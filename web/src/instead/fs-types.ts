/**
 * In the place of src/fs/types.ts: the page is there before btrfs is. late.ts puts it first, as /proc/filesystems has it.
 */

import type { FileSystemType } from '../../../src/fs/inode.ts';
import { zonefsType } from '../../../src/fs/zonefs/type.ts';

export const fileSystemTypes: FileSystemType[] = [zonefsType];
