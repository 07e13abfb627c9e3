/**
 * What is mounted where (fs/namespace.c, struct mount; fs/super.c, sget()). One file system can stand on several
 * mount points; it goes when the last one does. All eras are alike here.
 */

import type { OpenDescription } from './description.ts';
import type { MountedFs } from './inode.ts';

/** A mounted file system with all its mount points: the kernel's super block as the VFS counts it. */
export class SuperBlock {
  readonly fs: MountedFs;
  /** Descriptors open on it. */
  readonly files = new Set<OpenDescription>();
  mountPoints = 0;

  constructor(fs: MountedFs) {
    this.fs = fs;
  }
}

export interface MountEntry {
  readonly superBlock: SuperBlock;
  readonly fs: MountedFs;
  /** Canonical path of the mount point. */
  readonly target: string;
}

export class MountTable {
  /** By mount point, in order of mounting; the last of a list hides the others. */
  private readonly byTarget = new Map<string, MountEntry[]>();
  private readonly order: MountEntry[] = [];

  /** What is seen at `target`; null when nothing is mounted there. */
  top(target: string): MountEntry | null {
    const stack = this.byTarget.get(target);
    return stack === undefined ? null : stack[stack.length - 1]!;
  }

  get empty(): boolean {
    return this.order.length === 0;
  }

  /** In order of mounting, as /proc/mounts shows them. */
  list(): readonly MountEntry[] {
    return this.order;
  }

  /** Every mounted file system once, in order of its first mount. */
  superBlocks(): readonly SuperBlock[] {
    return [...new Set(this.order.map((entry) => entry.superBlock))];
  }

  add(superBlock: SuperBlock, target: string): MountEntry {
    const entry = { superBlock, fs: superBlock.fs, target };
    const stack = this.byTarget.get(target);
    if (stack === undefined) this.byTarget.set(target, [entry]);
    else stack.push(entry);
    this.order.push(entry);
    superBlock.mountPoints += 1;
    return entry;
  }

  remove(entry: MountEntry): void {
    const stack = this.byTarget.get(entry.target)!;
    stack.splice(stack.indexOf(entry), 1);
    if (stack.length === 0) this.byTarget.delete(entry.target);
    this.order.splice(this.order.indexOf(entry), 1);
    entry.superBlock.mountPoints -= 1;
  }

  /** Is something mounted below this mount point? */
  hasBelow(entry: MountEntry): boolean {
    const prefix = entry.target === '/' ? '/' : `${entry.target}/`;
    return this.order.some((other) => other !== entry && other.target.startsWith(prefix));
  }
}
