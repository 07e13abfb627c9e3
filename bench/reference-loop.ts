/**
 * The yardstick of all benchmarks: the smallest loop that could be called a simulated zoned disk, written the plain
 * way, with an object per bio, a closure per completion and a binary heap of events in virtual time. Submit, find the
 * zone, check condition and write pointer, complete after a delay, send the next; 64 in flight.
 * FROZEN: every result is a ratio to this loop, so a change here would change all of them.
 */

type Event = { at: number; sequence: number; run: () => void };
type PlainBio = { sector: number; sectors: number; status: number; end: (bio: PlainBio) => void };

const ZONE_SECTORS = 524288;
const IN_FLIGHT = 64;

/** Writes `bios` bios of 4 KiB, each zone filled, reset and filled again. Returns how many ended well. */
export function referenceLoop(bios: number): number {
  const heap: Event[] = [];
  const earlier = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
  const push = (event: Event): void => {
    let at = heap.push(event) - 1;
    for (let up = (at - 1) >> 1; at > 0 && earlier(event, heap[up]!); up = (at - 1) >> 1) {
      heap[at] = heap[up]!;
      at = up;
    }
    heap[at] = event;
  };
  const pop = (): Event | undefined => {
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let at = 0;
    for (let down = 1; down < heap.length; down = at * 2 + 1) {
      if (down + 1 < heap.length && earlier(heap[down + 1]!, heap[down]!)) down += 1;
      if (!earlier(heap[down]!, last)) break;
      heap[at] = heap[down]!;
      at = down;
    }
    heap[at] = last;
    return first;
  };
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
    push({ at: now + ((sent * 7919) % 1000), sequence: sent, run: () => bio.end(bio) });
  };
  const next = (): void => {
    if (sent === bios) return;
    const zone = zones[sent % IN_FLIGHT]!;
    sent += 1;
    if (zone.cond === 14) Object.assign(zone, { wp: zone.start, cond: 1 });
    submit({ sector: zone.wp, sectors: 8, status: 0, end });
  };
  const end = (bio: PlainBio): void => {
    if (bio.status === 0) done += 1;
    next();
  };
  for (let i = 0; i < IN_FLIGHT; i += 1) next();
  for (let event = pop(); event !== undefined; event = pop()) {
    now = event.at;
    event.run();
  }
  return done;
}
