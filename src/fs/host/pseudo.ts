/**
 * The building blocks of the host's own file systems (fs/kernfs/, fs/proc/, drivers/char/mem.c): text files computed
 * when read, directories whose names are computed, symbolic links, character devices. All eras are alike here.
 */

import { utf8ToBytes } from '@noble/hashes/utils.js';
import { BytesPayload, EMPTY, type Payload } from '../../block/payload.ts';
import { errno } from '../../kernel/errno.ts';
import { PAGE_BYTES } from '../../kernel/units.ts';
import type { Task } from '../../sim/task.ts';
import { type Inode, O, type OpenFile, S, type Stat } from '../inode.ts';

/** Hands out inode numbers of the host's own file systems. */
export class InodeNumbers {
  private last = 1;

  next(): number {
    this.last += 1;
    return this.last;
  }
}

/** A stat of something that takes no room; `size` in bytes. */
export function plainStat(ino: number, mode: number, size = 0, nlink = 1): Stat {
  return { ino, mode, nlink, uid: 0, gid: 0, size, blksize: PAGE_BYTES, blocks: 0 };
}

export function isDirectory(inode: Inode): boolean {
  return (inode.stat().mode & S.IFMT) === S.IFDIR;
}

export function isLink(inode: Inode): boolean {
  return inode.readlink !== undefined && (inode.stat().mode & S.IFMT) === S.IFLNK;
}

export class LinkInode implements Inode {
  readonly mount = null;
  readonly ino: number;
  private readonly target: string;

  constructor(ino: number, target: string) {
    this.ino = ino;
    this.target = target;
  }

  stat(): Stat {
    return plainStat(this.ino, S.IFLNK | 0o777, this.target.length);
  }

  readlink(): string {
    return this.target;
  }
}

/** What a text file does. `show` gives the whole text; `store` takes one write(2) and returns 0 or a negative errno. */
export interface TextFileBody {
  readonly show?: () => string;
  readonly store?: (text: string, file: OpenFile) => Task<number> | number;
}

/** A file of /sys or /proc. Opening it for what it cannot do is EACCES, for root too (kernfs_fop_open()). */
export class TextFile implements Inode {
  readonly mount = null;
  readonly refusesDirect = true;
  readonly ino: number;
  private readonly body: TextFileBody;

  constructor(ino: number, body: TextFileBody) {
    this.ino = ino;
    this.body = body;
  }

  stat(): Stat {
    const mode = (this.body.show === undefined ? 0 : 0o444) | (this.body.store ? 0o200 : 0);
    return plainStat(this.ino, S.IFREG | mode, PAGE_BYTES);
  }

  *open(file: OpenFile): Task<number> {
    const access = file.flags & O.ACCMODE;
    if (access !== O.RDONLY && this.body.store === undefined) return -errno.EACCES;
    if (access !== O.WRONLY && this.body.show === undefined) return -errno.EACCES;
    return 0;
  }

  *read(_file: OpenFile, position: number, length: number): Task<Payload | number> {
    const bytes = utf8ToBytes(this.body.show?.() ?? '');
    if (position >= bytes.length) return EMPTY;
    return new BytesPayload(bytes.subarray(position, position + length));
  }

  *write(file: OpenFile, _position: number, data: Payload): Task<number> {
    const stored = this.body.store!(asciiText(data.bytes()), file);
    const result = typeof stored === 'number' ? stored : yield* stored;
    return result < 0 ? result : data.lengthBytes;
  }

  /** `> file` opens with O_TRUNC, which such files accept and ignore. */
  *setSize(): Task<number> {
    return 0;
  }
}

/** Attributes are written in ASCII; other bytes come out as the characters of Latin-1 and match nothing. */
function asciiText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

export interface DirectoryBody {
  /** In the order of readdir. Names that `behind` knows need not be listed. */
  names(): readonly string[];
  /** What stands behind a name; null when nothing does. The inode is made anew when the answer is another one. */
  behind(name: string): unknown;
  make(name: string): Inode;
}

/** A directory whose names and inodes are computed. */
export class ComputedDirectory implements Inode {
  readonly mount = null;
  readonly ino: number;
  private readonly body: DirectoryBody;
  private readonly known = new Map<string, { readonly behind: unknown; readonly inode: Inode }>();

  constructor(ino: number, body: DirectoryBody) {
    this.ino = ino;
    this.body = body;
  }

  stat(): Stat {
    return plainStat(this.ino, S.IFDIR | 0o755, 0, 2);
  }

  lookup(name: string): Inode | number {
    const behind = this.body.behind(name);
    if (behind === null) {
      this.known.delete(name);
      return -errno.ENOENT;
    }
    const known = this.known.get(name);
    if (known !== undefined && known.behind === behind) return known.inode;
    const inode = this.body.make(name);
    this.known.set(name, { behind, inode });
    return inode;
  }

  entries(): readonly string[] {
    return this.body.names();
  }
}

/** A directory with the same content for ever. */
export function fixedDirectory(
  numbers: InodeNumbers,
  content: Readonly<Record<string, Inode>>,
): ComputedDirectory {
  const byName = new Map(Object.entries(content));
  return new ComputedDirectory(numbers.next(), {
    names: () => [...byName.keys()],
    behind: (name) => byName.get(name) ?? null,
    make: (name) => byName.get(name)!,
  });
}

/** A directory of text files that stays the same: names to bodies. */
export function textDirectory(
  numbers: InodeNumbers,
  bodies: Readonly<Record<string, TextFileBody>>,
): ComputedDirectory {
  const files = Object.entries(bodies).map(
    ([name, body]) => [name, new TextFile(numbers.next(), body)] as const,
  );
  return fixedDirectory(numbers, Object.fromEntries(files));
}
