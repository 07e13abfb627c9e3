/**
 * What each mount option of btrfs does (fs/btrfs/super.c; Documentation: btrfs(5)). One table for all eras: an option
 * that a kernel no longer has stands in its `optionsGone`; words differ where `context.api` tells the eras apart.
 */

import type { BtrfsAnswers } from '../../kernel/answers/btrfs.ts';
import { errno } from '../../kernel/errno.ts';
import { compressOption } from './option-compress.ts';
import {
  clearAndSay,
  DEFAULT_COMMIT_SECONDS,
  type Option,
  type OptionContext,
  type OptionFlag,
  setAndSay,
} from './option-state.ts';

type Apply = (context: OptionContext) => void;

function flag(apply: Apply): Option {
  return {
    value: 'none',
    apply: (context) => {
      apply(context);
      return 0;
    },
  };
}

const sets = (name: OptionFlag, text: string): Option => flag((c) => setAndSay(c, name, text));
const clears = (name: OptionFlag, text: string): Option => flag((c) => clearAndSay(c, name, text));
const quietly = (name: OptionFlag): Option => flag((c) => void c.state.flags.add(name));
const nothing: Option = flag(() => {});

function number(apply: (context: OptionContext, value: number) => number): Option {
  return {
    value: 'required',
    number: true,
    apply: (context, value) => {
      const parsed = Number.parseInt(value ?? '', 10);
      return Number.isNaN(parsed) ? -errno.EINVAL : apply(context, parsed);
    },
  };
}

/** memparse(): a number with an optional K, M or G. */
function size(text: string): number {
  const match = /^([0-9]+)([kKmMgG]?)/.exec(text);
  if (match === null) return 0;
  const shift = { '': 0, k: 10, m: 20, g: 30 }[match[2]!.toLowerCase()] ?? 0;
  return Number(match[1]) * 2 ** shift;
}

const nodatacow = flag((c) => {
  const { flags } = c.state;
  if (!flags.has('nodatacow')) {
    const compressed = flags.has('compress') && flags.has('force_compress');
    c.say(compressed ? 'setting nodatacow' : 'setting nodatacow, compression disabled');
  }
  flags.delete('compress');
  flags.delete('force_compress');
  flags.add('nodatacow');
  flags.add('nodatasum');
});

const datasum = flag((c) => {
  const { flags } = c.state;
  if (flags.has('nodatasum')) {
    c.say(flags.has('nodatacow') ? 'setting datasum, datacow enabled' : 'setting datasum');
  }
  flags.delete('nodatacow');
  flags.delete('nodatasum');
});

const ssd = flag((c) => {
  setAndSay(c, 'ssd', 'enabling ssd optimizations');
  c.state.flags.delete('nossd');
});

const ssdSpread = flag((c) => {
  setAndSay(c, 'ssd', 'enabling ssd optimizations');
  setAndSay(c, 'ssd_spread', 'using spread ssd allocation scheme');
  c.state.flags.delete('nossd');
});

const nossd = flag((c) => {
  c.state.flags.add('nossd');
  clearAndSay(c, 'ssd', 'not using ssd optimizations');
  clearAndSay(c, 'ssd_spread', 'not using spread ssd allocation scheme');
});

const discard: Option = {
  value: 'optional',
  apply: (c, value) => {
    if (value === null || value === 'sync') {
      c.state.flags.delete('discard_async');
      setAndSay(c, 'discard', 'turning on sync discard');
    } else if (value === 'async') {
      c.state.flags.delete('discard');
      setAndSay(c, 'discard_async', 'turning on async discard');
    } else {
      c.complain('err', `unrecognized discard mode value ${value}`);
      return -errno.EINVAL;
    }
    c.state.flags.delete('nodiscard');
    return 0;
  },
};

const nodiscard = flag((c) => {
  clearAndSay(c, 'discard', 'turning off discard');
  clearAndSay(c, 'discard_async', 'turning off async discard');
  c.state.flags.add('nodiscard');
});

const nospaceCache = flag((c) => {
  clearAndSay(c, 'space_cache', 'disabling disk space caching');
  clearAndSay(c, 'free_space_tree', 'disabling free space tree');
  c.state.flags.add('no_space_cache');
});

const spaceCache: Option = {
  value: 'optional',
  apply: (c, value, name) => {
    if (value === null || value === 'v1') {
      if (c.answers.spaceCacheV1 === 'removed') {
        c.complain('warning', 'v1 space cache is deprecated, falling back to no space cache');
        return nospaceCache.apply(c, null, name);
      }
      c.state.flags.delete('free_space_tree');
      setAndSay(c, 'space_cache', 'enabling disk space caching');
    } else if (value === 'v2') {
      c.state.flags.delete('space_cache');
      setAndSay(c, 'free_space_tree', 'enabling free space tree');
    } else {
      c.complain('err', `unrecognized space_cache value ${value}`);
      return -errno.EINVAL;
    }
    c.state.flags.delete('no_space_cache');
    return 0;
  },
};

const commit = number((c, value) => {
  if (value === 0) c.say(`using default commit interval ${DEFAULT_COMMIT_SECONDS}s`);
  else if (value > 300) {
    const text = `excessive commit interval ${value}`;
    c.complain('warning', c.api ? `${text}, use with care` : text);
  }
  c.state.commitSeconds = value === 0 ? DEFAULT_COMMIT_SECONDS : value;
  return 0;
});

const threadPool = number((c, value) => {
  if (value === 0) {
    c.complain('err', 'invalid value 0 for thread_pool');
    return -errno.EINVAL;
  }
  c.state.threadPool = value;
  return 0;
});

const metadataRatio = number((c, value) => {
  c.state.metadataRatio = value;
  c.say(`metadata ratio ${value}`);
  return 0;
});

const maxInline: Option = {
  value: 'required',
  apply: (c, value) => {
    // Bounded by the sector size, 4096 wherever btrfs is mounted here.
    c.state.maxInlineBytes = Math.min(size(value ?? ''), 4096);
    c.say(`max_inline at ${c.state.maxInlineBytes}`);
    return 0;
  },
};

const fatalErrors: Option = {
  value: 'required',
  apply: (c, value) => {
    if (value === 'panic') c.state.flags.add('panic_on_fatal');
    else if (value === 'bug') c.state.flags.delete('panic_on_fatal');
    else {
      c.complain('err', `unrecognized fatal_errors value ${value}`);
      return -errno.EINVAL;
    }
    return 0;
  },
};

const backupRoot: Option = {
  value: 'none',
  apply: (c, _value, name) => {
    c.complain('warning', `'${name}' is deprecated, use 'rescue=usebackuproot' instead`);
    c.say('trying to use backup root at mount time');
    c.state.flags.add('usebackuproot');
    // The mount API distrusts the space cache from the start; before, only once a root was bad. rescue= does neither.
    if (c.api) c.state.flags.add('clear_cache');
    return 0;
  },
};

function noLogReplay(deprecated: boolean): Option {
  return flag((c) => {
    if (deprecated || !c.api) {
      c.complain('warning', "'nologreplay' is deprecated, use 'rescue=nologreplay' instead");
    } else {
      // norecovery went with the mount API and came back for compatibility (6.10).
      const advice = "recommended to use 'rescue=nologreplay'";
      c.complain('info', `'norecovery' is for compatibility only, ${advice}`);
    }
    setAndSay(c, 'nologreplay', 'disabling log replay at mount time');
  });
}

const RESCUE: Readonly<Record<string, readonly [OptionFlag, string]>> = {
  usebackuproot: ['usebackuproot', 'trying to use backup root at mount time'],
  nologreplay: ['nologreplay', 'disabling log replay at mount time'],
  ignorebadroots: ['ignorebadroots', 'ignoring bad roots'],
  ibadroots: ['ignorebadroots', 'ignoring bad roots'],
  ignoredatacsums: ['ignoredatacsums', 'ignoring data csums'],
  idatacsums: ['ignoredatacsums', 'ignoring data csums'],
  ignoremetacsums: ['ignoremetacsums', 'ignoring meta csums'],
  imetacsums: ['ignoremetacsums', 'ignoring meta csums'],
  ignoresuperflags: ['ignoresuperflags', 'ignoring unknown super block flags'],
  isuperflags: ['ignoresuperflags', 'ignoring unknown super block flags'],
};

/** Is it a value of `rescue=`? */
export function isRescueWord(word: string, answers: BtrfsAnswers): boolean {
  if (word === 'all') return answers.rescueAll.length > 0;
  const known = RESCUE[word];
  return known !== undefined && answers.rescueWords.includes(known[0]);
}

const rescue: Option = {
  value: 'required',
  apply: (c, value) => {
    // The mount API takes one word, and refuses an unknown one itself.
    const words = c.api ? [value ?? ''] : (value ?? '').split(':').filter((word) => word !== '');
    for (const word of words) {
      if (!isRescueWord(word, c.answers)) {
        c.complain('info', `unrecognized rescue option '${word}'`);
        c.complain('err', `unrecognized rescue value ${value}`);
        return -errno.EINVAL;
      }
      if (word === 'all') {
        c.say('enabling all of the rescue options');
        for (const each of c.answers.rescueAll) setAndSay(c, ...RESCUE[each]!);
      } else setAndSay(c, ...RESCUE[word]!);
    }
    return 0;
  },
};

const checkInt: Option = {
  value: 'none',
  atMountOnly: true,
  apply: (c) => {
    c.complain('err', 'support for check_integrity* not compiled in!');
    return -errno.EINVAL;
  },
};

const inodeCache = flag((c) => {
  c.complain('warning', "the 'inode_cache' option is deprecated and has no effect since 5.11");
});

const subvol: Option = {
  value: 'required',
  apply: (c, value) => {
    c.state.subvol = value;
    return 0;
  },
};

const subvolid: Option = {
  value: 'required',
  apply: (c, value) => {
    if (!/^[0-9]+$/.test(value ?? '')) return -errno.EINVAL;
    // 0 is the top level too.
    c.state.subvolid = Number(value) === 0 ? 5 : Number(value);
    return 0;
  },
};

const device: Option = {
  value: 'required',
  apply: (c, value) => {
    c.state.devices.push(value ?? '');
    return 0;
  },
};

export const OPTIONS: ReadonlyMap<string, Option> = new Map<string, Option>([
  ['acl', flag((c) => void c.state.flags.delete('noacl'))],
  ['noacl', quietly('noacl')],
  ['autodefrag', sets('autodefrag', 'enabling auto defrag')],
  ['noautodefrag', clears('autodefrag', 'disabling auto defrag')],
  ['barrier', clears('nobarrier', 'turning on barriers')],
  ['nobarrier', sets('nobarrier', 'turning off barriers')],
  ['clear_cache', sets('clear_cache', 'force clearing of disk cache')],
  ['commit', commit],
  ['compress', compressOption(false)],
  ['compress-force', compressOption(true)],
  ['datacow', clears('nodatacow', 'setting datacow')],
  ['nodatacow', nodatacow],
  ['datasum', datasum],
  ['nodatasum', sets('nodatasum', 'setting nodatasum')],
  ['degraded', sets('degraded', 'allowing degraded mounts')],
  ['device', device],
  ['discard', discard],
  ['nodiscard', nodiscard],
  ['enospc_debug', quietly('enospc_debug')],
  ['noenospc_debug', flag((c) => void c.state.flags.delete('enospc_debug'))],
  ['fatal_errors', fatalErrors],
  ['flushoncommit', sets('flushoncommit', 'turning on flush-on-commit')],
  ['noflushoncommit', clears('flushoncommit', 'turning off flush-on-commit')],
  ['inode_cache', inodeCache],
  ['noinode_cache', inodeCache],
  ['max_inline', maxInline],
  ['metadata_ratio', metadataRatio],
  ['norecovery', noLogReplay(false)],
  ['nologreplay', noLogReplay(true)],
  ['recovery', backupRoot],
  ['usebackuproot', backupRoot],
  ['rescan_uuid_tree', quietly('rescan_uuid_tree')],
  ['rescue', rescue],
  ['skip_balance', quietly('skip_balance')],
  ['space_cache', spaceCache],
  ['nospace_cache', nospaceCache],
  ['ssd', ssd],
  ['nossd', nossd],
  ['ssd_spread', ssdSpread],
  ['nossd_spread', clears('ssd_spread', 'not using spread ssd allocation scheme')],
  ['subvol', subvol],
  ['subvolid', subvolid],
  ['subvolrootid', { ...nothing, value: 'required', atMountOnly: true }],
  ['alloc_start', { ...nothing, value: 'required', atMountOnly: true }],
  ['thread_pool', threadPool],
  ['treelog', clears('notreelog', 'enabling tree log')],
  ['notreelog', sets('notreelog', 'disabling tree log')],
  ['user_subvol_rm_allowed', quietly('user_subvol_rm_allowed')],
  ['check_int', checkInt],
  ['check_int_data', checkInt],
]);
