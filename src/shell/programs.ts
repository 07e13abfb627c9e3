/** The commands of the host, by name. A new command is a file of its own and a line here. */

import { blkzone } from './blkzone.ts';
import { btrfs } from './btrfs.ts';
import { cat } from './cat.ts';
import { md5sum, sha256sum } from './checksum.ts';
import { chmod, chown } from './chmod.ts';
import { cmp } from './cmp.ts';
import { cryptsetup } from './cryptsetup.ts';
import { dd } from './dd.ts';
import { df } from './df.ts';
import { dmesg } from './dmesg.ts';
import { dmsetup } from './dmsetup.ts';
import { echo } from './echo.ts';
import { fallocate } from './fallocate.ts';
import { find } from './find.ts';
import { fio } from './fio.ts';
import { hexdump } from './hexdump.ts';
import { keyctl } from './keyctl.ts';
import { ls } from './ls.ts';
import { lsblk } from './lsblk.ts';
import { mkdir, rmdir } from './mkdir.ts';
import { mkfsBtrfs } from './mkfs-btrfs.ts';
import { mkzonefs } from './mkzonefs.ts';
import { mount } from './mount.ts';
import { mv } from './mv.ts';
import { pattern } from './pattern.ts';
import { pkill } from './pkill.ts';
import type { Program, ProgramTable } from './program.ts';
import { pwd } from './pwd.ts';
import { readlink } from './readlink.ts';
import { rm } from './rm.ts';
import { sleep } from './sleep.ts';
import { stat } from './stat.ts';
import { swapon } from './swapon.ts';
import { sync } from './sync.ts';
import { touch } from './touch.ts';
import { failure, success } from './true.ts';
import { truncate } from './truncate.ts';
import { umount } from './umount.ts';
import { uname } from './uname.ts';
import { wc } from './wc.ts';
import { xfsIo } from './xfs-io.ts';
import { zio } from './zio.ts';
import { zopen } from './zopen.ts';

export const programs: ProgramTable = new Map<string, Program>([
  ['blkzone', blkzone],
  ['btrfs', btrfs],
  ['cat', cat],
  ['chmod', chmod],
  ['chown', chown],
  ['cmp', cmp],
  ['cryptsetup', cryptsetup],
  ['dd', dd],
  ['dmesg', dmesg],
  ['dmsetup', dmsetup],
  ['echo', echo],
  ['false', failure],
  ['fio', fio],
  ['hexdump', hexdump],
  ['keyctl', keyctl],
  ['ls', ls],
  ['lsblk', lsblk],
  ['md5sum', md5sum],
  ['mkdir', mkdir],
  ['mkfs.btrfs', mkfsBtrfs],
  ['mkzonefs', mkzonefs],
  ['mount', mount],
  ['mv', mv],
  ['pattern', pattern],
  ['pwd', pwd],
  ['readlink', readlink],
  ['rm', rm],
  ['rmdir', rmdir],
  ['sha256sum', sha256sum],
  ['sleep', sleep],
  ['stat', stat],
  ['sync', sync],
  ['touch', touch],
  ['true', success],
  ['truncate', truncate],
  ['umount', umount],
  ['uname', uname],
  ['wc', wc],
  ['df', df],
  ['fallocate', fallocate],
  ['find', find],
  ['pkill', pkill],
  ['swapon', swapon],
  ['zio', zio],
  ['zopen', zopen],
  ['xfs_io', xfsIo],
]);

/** Built into dash: they run in the shell's own process and their names appear in its messages. */
export const builtins: ReadonlySet<string> = new Set(['echo', 'false', 'pwd', 'true']);
