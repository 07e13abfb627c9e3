/**
 * The yardstick of all benchmarks: the smallest loop that could be called a simulated zoned disk, written the plain
 * way, with an object per bio, a closure per completion and a binary heap of events in virtual time. Submit, find the
 * zone, check condition and write pointer, complete after a delay, send the next; 64 in flight.
 * FROZEN: every result is a ratio to this loop, so a change here would change all of them.
 */

interface Event {
  at: number;
  sequence: number;
  run: () => void;
}

interface PlainBio {
  sector: number;
  sectors: number;
  status: number;
  end: (bio: PlainBio) => void;
}

const ZONE_SECTORS = 524288;
const IN_FLIGHT = 64;

function earlier(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}

function push(heap: Event[], time: number, sequence: number, run: () => void): void {
  const event = { at: time, sequence, run };
  let at = heap.length;
  heap.push(event);
  while (at > 0) {
    const up = (at - 1) >> 1;
    if (!earlier(event, heap[up]!)) break;
    heap[at] = heap[up]!;
    at = up;
  }
  heap[at] = event;
}

function pop(heap: Event[]): Event {
  const first = heap[0]!;
  const last = heap.pop()!;
  if (heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let down = at * 2 + 1;
    if (down >= heap.length) break;
    if (down + 1 < heap.length && earlier(heap[down + 1]!, heap[down]!)) down += 1;
    if (!earlier(heap[down]!, last)) break;
    heap[at] = heap[down]!;
    at = down;
  }
  heap[at] = last;
  return first;
}

/** Writes `bios` bios of 4 KiB, each zone filled, reset and filled again. Returns how many ended well. */
export function referenceLoop(bios: number): number {
  const heap: Event[] = [];
  const zones = Array.from({ length: IN_FLIGHT }, (_, i) => ({
    start: i * ZONE_SECTORS,
    wp: i * ZONE_SECTORS,
    cond: 1,
  }));
  let now = 0;
  let sent = 0;
  let done = 0;
  const submit = (bio: PlainBio): void => {
    const zone = zones[Math.floor(bio.sector / ZONE_SECTORS)]!;
    if (zone.cond === 14 || bio.sector !== zone.wp) bio.status = 10;
    else {
      zone.cond = 2;
      zone.wp += bio.sectors;
      if (zone.wp === zone.start + ZONE_SECTORS) zone.cond = 14;
    }
    const delay = sent & 1 ? 0 : (sent * 7919) & 1023;
    // A closure passed as an argument stays anonymous: some loaders wrap named ones, which costs more than the loop.
    push(heap, now + delay, sent, () => bio.end(bio));
  };
  const next = (): void => {
    if (sent === bios) return;
    const zone = zones[sent % IN_FLIGHT]!;
    sent += 1;
    if (zone.cond === 14) {
      zone.wp = zone.start;
      zone.cond = 1;
    }
    submit({ sector: zone.wp, sectors: 8, status: 0, end });
  };
  const end = (bio: PlainBio): void => {
    if (bio.status === 0) done += 1;
    next();
  };
  for (let i = 0; i < IN_FLIGHT; i += 1) next();
  while (heap.length > 0) {
    const event = pop(heap);
    now = event.at;
    event.run();
  }
  return done;
}
