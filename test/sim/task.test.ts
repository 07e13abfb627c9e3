import { expect } from 'chai';
import { kernelByName } from '../../src/kernel/releases.ts';
import { Host } from '../../src/sim/host.ts';
import { FirstCome } from '../../src/sim/schedule.ts';
import { type Pending, type Runner, type Task, wake } from '../../src/sim/task.ts';

/** Work with parts, each an event; the last one wakes who waits. */
class Work implements Pending {
  remaining: number;
  sleeper: Runner | null = null;
  readonly says: () => void;

  constructor(parts: number, says: () => void) {
    this.remaining = parts;
    this.says = says;
  }
}

function newHost(): Host {
  return new Host(kernelByName('v6.12'), new FirstCome());
}

function partDone(work: Work): void {
  work.says();
  work.remaining -= 1;
  if (work.remaining === 0) wake(work);
}

/** Two tasks that each do three pieces of work; `ahead`: the loop may run while a task stands before its wait. */
function order(ahead: boolean, parts: (task: number, round: number) => number): string[] {
  const host = newHost();
  const seen: string[] = [];
  function* program(task: number): Task<void> {
    for (let round = 0; round < 3; round += 1) {
      seen.push(`${host.tasks.current?.comm} starts ${round}`);
      const work = new Work(parts(task, round), () => seen.push(`${host.tasks.comm} for ${task}`));
      for (let i = work.remaining; i > 0; i -= 1) host.loop.post(partDone, work);
      if (ahead) {
        for (let wait = host.settle(work); wait !== null; wait = host.settle(work)) yield wait;
      } else while (work.remaining > 0) yield work;
    }
    seen.push(`${host.tasks.current?.comm} ends`);
  }
  function* all(): Task<void> {
    const other = host.tasks.spawn('b', program(1));
    yield* program(0);
    while (!other.done) yield* pause();
  }
  function* pause(): Task<void> {
    const turn = new Work(1, () => {});
    host.loop.post(partDone, turn);
    while (turn.remaining > 0) yield turn;
  }
  host.tasks.runToEnd('a', all());
  return seen;
}

describe('a task that settles before it sleeps', () => {
  it('sees events in the order in which one that sleeps at once sees them', () => {
    for (const [first, second] of [
      [1, 1],
      [1, 3],
      [3, 1],
      [2, 2],
    ]) {
      const parts = (task: number, round: number): number =>
        (task === 0 ? first! : second!) + (round % 2);
      expect(order(true, parts)).to.deep.equal(order(false, parts));
    }
  });

  it('lets what an event throws end the run and not the task', () => {
    const host = newHost();
    let caught = false;
    function* program(): Task<void> {
      const work = new Work(1, () => {
        throw new Error('broken');
      });
      host.loop.post(partDone, work);
      try {
        for (let wait = host.settle(work); wait !== null; wait = host.settle(work)) yield wait;
      } catch {
        caught = true;
      }
    }
    expect(() => host.tasks.runToEnd('a', program())).to.throw('broken');
    expect(caught).to.equal(false);
  });

  it('is nobody while events run, and no call is their cause', () => {
    const host = newHost();
    const seen: unknown[] = [];
    function* program(): Task<void> {
      host.cause = 7;
      const work = new Work(1, () => seen.push(host.tasks.comm, host.cause));
      host.loop.post(partDone, work);
      for (let wait = host.settle(work); wait !== null; wait = host.settle(work)) yield wait;
      seen.push(host.tasks.comm, host.cause);
    }
    host.tasks.runToEnd('a', program());
    expect(seen).to.deep.equal(['kworker', -1, 'a', 7]);
  });
});
