/**
 * The tree: a root, `cnv` and `seq` where there is a zone for them, and numbers as names (fs/zonefs/super.c). To 6.2 all
 * inodes were made at mount and kept in the dentry cache, whose generic listing goes newest first; since 6.3 zonefs looks
 * names up and lists them itself.
 */

import { errno } from '../../kernel/errno.ts';
import type { Task } from '../../sim/task.ts';
import { type Inode, S, type Stat } from '../inode.ts';
import { ZonefsFile } from './file.ts';
import { NAME_MAX, type Zonefs } from './fs.ts';
import type { FileZones } from './zone.ts';

const DIRECTORY_MODE = 0o555;
const WRITE_BITS = 0o222;

abstract class ZonefsDirectory implements Inode {
  readonly mount: Zonefs;
  readonly ino: number;
  private mode = DIRECTORY_MODE;
  private uid = 0;
  private gid = 0;

  constructor(fs: Zonefs, ino: number) {
    this.mount = fs;
    this.ino = ino;
  }

  abstract names(): string[];
  abstract lookup(name: string): Inode | number;
  protected abstract readonly nlink: number;
  protected abstract readonly size: number;

  stat(): Stat {
    return {
      ino: this.ino,
      mode: S.IFDIR | this.mode,
      nlink: this.nlink,
      uid: this.uid,
      gid: this.gid,
      size: this.size,
      blksize: this.mount.blockBytes,
      blocks: 0,
    };
  }

  entries(): readonly string[] {
    return this.onDemand ? this.names() : this.names().reverse();
  }

  /** Names are zones, and there is nothing to make: an operation that is missing, or since 6.3 a lookup that fails. */
  get refusesUnknown(): boolean {
    return this.onDemand;
  }

  get seeksFromEnd(): boolean {
    return this.onDemand;
  }

  /** A directory can lose permissions but never gain a write bit (zonefs_inode_setattr()). */
  *chmod(mode: number): Task<number> {
    if ((mode & WRITE_BITS) !== 0) return -errno.EPERM;
    this.mode = mode & 0o7777;
    return 0;
  }

  *chown(uid: number, gid: number): Task<number> {
    if (uid >= 0) this.uid = uid;
    if (gid >= 0) this.gid = gid;
    return 0;
  }

  protected get onDemand(): boolean {
    return this.mount.answers.inodes === 'on-demand';
  }

  protected unknown(name: string): number {
    return this.onDemand && name.length > NAME_MAX ? -errno.ENAMETOOLONG : -errno.ENOENT;
  }
}

/** `cnv` or `seq`. Files come to be when somebody asks for them and stay: their state must outlive the inode cache. */
export class GroupDirectory extends ZonefsDirectory {
  readonly name: string;
  private readonly zones: FileZones;
  private readonly made = new Map<number, ZonefsFile>();

  constructor(fs: Zonefs, ino: number, name: string, zones: FileZones) {
    super(fs, ino);
    this.name = name;
    this.zones = zones;
  }

  protected readonly nlink = 2;

  protected get size(): number {
    return this.zones.length;
  }

  names(): string[] {
    return Array.from({ length: this.zones.length }, (_, number) => String(number));
  }

  /** Decimal, without leading zeroes, in range: all other names are unknown. */
  lookup(name: string): Inode | number {
    if (!/^(?:0|[1-9][0-9]{0,15})$/.test(name)) return this.unknown(name);
    const number = Number(name);
    const zone = this.zones.at(number);
    if (zone === undefined) return this.unknown(name);
    let file = this.made.get(number);
    if (file === undefined) {
      file = new ZonefsFile(this.mount, zone, `${this.name}/${name}`);
      this.made.set(number, file);
      this.mount.files.push(file);
    }
    return file;
  }
}

export class RootDirectory extends ZonefsDirectory {
  private readonly groups: readonly GroupDirectory[];

  constructor(fs: Zonefs, ino: number, groups: readonly GroupDirectory[]) {
    super(fs, ino);
    this.groups = groups;
  }

  protected get nlink(): number {
    return 2 + this.groups.length;
  }

  /** Its groups; since 6.3 `.` and `..` count as well. */
  protected get size(): number {
    return this.groups.length + (this.onDemand ? 2 : 0);
  }

  names(): string[] {
    return this.groups.map((group) => group.name);
  }

  lookup(name: string): Inode | number {
    return this.groups.find((group) => group.name === name) ?? this.unknown(name);
  }
}
