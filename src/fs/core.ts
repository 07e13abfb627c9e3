/** What the parts of the virtual file system share. */

import type { BlockSystem } from '../block/system.ts';
import type { CryptContext } from '../dm/crypt/cipher.ts';
import type { Host } from '../sim/host.ts';
import type { CallTrace } from './calls.ts';
import type { OpenDescription } from './description.ts';
import type { FileSystemType } from './inode.ts';
import type { MountTable } from './mounts.ts';
import type { Walker } from './place.ts';

export interface VfsCore {
  readonly host: Host;
  readonly block: BlockSystem;
  /** What the machine chose about its ciphers. */
  readonly crypt: CryptContext;
  readonly calls: CallTrace;
  readonly mounts: MountTable;
  readonly walker: Walker;
  /** Every open description of the machine: what a shutdown closes. */
  readonly openFiles: Set<OpenDescription>;
  /** What this kernel can mount, by name. */
  readonly types: ReadonlyMap<string, FileSystemType>;
}
