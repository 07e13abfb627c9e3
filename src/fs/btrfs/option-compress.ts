/**
 * `compress` and `compress-force` (fs/btrfs/super.c): a type with an optional level (`zstd:7`), or `no`. Asking for
 * compression takes nodatacow and nodatasum back. Files are never compressed here: only what is shown and logged, and
 * the feature bit, follow.
 */

import { errno } from '../../kernel/errno.ts';
import type { CompressType, Option, OptionContext } from './option-state.ts';

const DEFAULT_LEVEL = 3;
const MAX_LEVEL: Record<CompressType, number> = { zlib: 9, lzo: 0, zstd: 15 };

/** The type that a value begins with; null for none known, `no` for off. */
function typeOf(value: string): CompressType | 'no' | null {
  if (value.startsWith('zlib')) return 'zlib';
  if (value.startsWith('lzo')) return 'lzo';
  if (value.startsWith('zstd')) return 'zstd';
  return value.startsWith('no') ? 'no' : null;
}

/** btrfs_compress_str2level(): what stands after the colon, bounded; the default without one. */
function levelOf(type: CompressType, value: string): number {
  if (type === 'lzo') return 0;
  const text = /^:([0-9]+)$/.exec(value.slice(type.length));
  const level = text === null ? 0 : Number(text[1]);
  return level === 0 ? DEFAULT_LEVEL : Math.min(level, MAX_LEVEL[type]);
}

function turnOff(context: OptionContext): void {
  const { state } = context;
  const was = state.flags.has('compress');
  state.flags.delete('compress');
  state.flags.delete('force_compress');
  state.compressType = null;
  state.compressLevel = 0;
  if (was || !context.api) context.say('use no compression');
}

export function compressOption(force: boolean): Option {
  return {
    value: 'optional',
    apply: (context, value) => {
      const { state } = context;
      const type = value === null ? 'zlib' : typeOf(value);
      if (type === null) {
        context.complain('err', `unrecognized compression value ${value}`);
        return -errno.EINVAL;
      }
      if (type === 'no') {
        turnOff(context);
        return 0;
      }
      const before = `${state.flags.has('force_compress')} ${state.compressType} ${state.compressLevel}`;
      state.compressType = type;
      state.compressLevel = levelOf(type, value ?? 'zlib');
      state.flags.add('compress');
      state.flags.delete('nodatacow');
      state.flags.delete('nodatasum');
      if (force) state.flags.add('force_compress');
      else state.flags.delete('force_compress');
      if (type === 'lzo') context.feature?.('COMPRESS_LZO');
      if (type === 'zstd') context.feature?.('COMPRESS_ZSTD');
      const after = `${force} ${type} ${state.compressLevel}`;
      if (after !== before) {
        context.say(`${force ? 'force' : 'use'} ${type} compression, level ${state.compressLevel}`);
      }
      return 0;
    },
  };
}
