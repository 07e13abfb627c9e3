/**
 * How far a buffered read reads ahead (mm/readahead.c, ondemand_readahead()), and how read errors shrink that
 * (mm/filemap.c, shrink_readahead_size_eio()). It decides which bios a read makes, and so how many lines a bad
 * sector gets. Pages throughout. From 5.12 on.
 */

/** Of an open file (struct file_ra_state). */
export interface ReadaheadState {
  start: number;
  size: number;
  asyncSize: number;
  /** The window's bound; a read error quarters it. */
  pages: number;
  /** The page that was read last; -1 before the first read. */
  previous: number;
}

/** open_ctree() raises the bound of the whole file system to 4 MiB. */
const RA_PAGES = 1024;

export function newReadahead(): ReadaheadState {
  return { start: 0, size: 0, asyncSize: 0, pages: RA_PAGES, previous: -1 };
}

/** Pages to read now, and from which of them on a mark asks for more (its distance from the end). */
export interface Window {
  readonly start: number;
  readonly size: number;
  readonly asyncSize: number;
}

export interface CacheView {
  /** Is this page in the cache, valid or not? */
  has(page: number): boolean;
}

/** What to read for a miss at `index` of a read of `wanted` pages, or for a mark hit there; null: nothing. */
export function readaheadWindow(
  state: ReadaheadState,
  index: number,
  wanted: number,
  hitMark: boolean,
  cache: CacheView,
): Window | null {
  const most = state.pages;
  if (most === 0) return null;
  if (index === 0) return initial(state, index, wanted, most);
  const next = state.start + state.size;
  if (index === next - state.asyncSize || index === next) {
    state.start = next;
    state.size = nextSize(state.size, most);
    state.asyncSize = state.size;
    return settled(state, index, most);
  }
  if (hitMark) {
    let start = index + 1;
    while (start <= index + most && cache.has(start)) start += 1;
    if (start - index > most) return null;
    state.start = start;
    state.size = nextSize(start - index + wanted, most);
    state.asyncSize = state.size;
    return settled(state, index, most);
  }
  if (wanted > most) return initial(state, index, wanted, most);
  if (state.previous >= 0 && index - state.previous <= 1 && index >= state.previous) {
    return initial(state, index, wanted, most);
  }
  let history = 0;
  while (history < most && index - 1 - history >= 0 && cache.has(index - 1 - history)) history += 1;
  if (history > wanted) {
    if (history >= index) history *= 2;
    state.start = index;
    state.size = Math.min(history + wanted, most);
    state.asyncSize = 1;
    return settled(state, index, most);
  }
  // A small read somewhere: as it is, without a window.
  return { start: index, size: wanted, asyncSize: 0 };
}

/** A page could not be read: read ahead less. */
export function shrinkReadahead(state: ReadaheadState): void {
  state.pages = Math.floor(state.pages / 4);
}

function initial(state: ReadaheadState, index: number, wanted: number, most: number): Window {
  state.start = index;
  state.size = initialSize(wanted, most);
  state.asyncSize = state.size > wanted ? state.size - wanted : state.size;
  return settled(state, index, most);
}

/** A window whose own mark this read would hit at once is merged with the next. */
function settled(state: ReadaheadState, index: number, most: number): Window {
  if (index === state.start && state.size === state.asyncSize) {
    const more = nextSize(state.size, most);
    if (state.size + more <= most) {
      state.asyncSize = more;
      state.size += more;
    } else {
      state.size = most;
      state.asyncSize = most >> 1;
    }
  }
  return { start: state.start, size: state.size, asyncSize: state.asyncSize };
}

function initialSize(wanted: number, most: number): number {
  let size = 1;
  while (size < wanted) size *= 2;
  if (size <= Math.floor(most / 32)) return size * 4;
  if (size <= Math.floor(most / 4)) return size * 2;
  return most;
}

function nextSize(size: number, most: number): number {
  if (size < Math.floor(most / 16)) return size * 4;
  if (size <= Math.floor(most / 2)) return size * 2;
  return most;
}
