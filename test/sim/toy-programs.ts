/** Small programs over shared numbers, for tests and the bench of the explorer. */

import type { Outcome, Program } from '../../src/sim/explore.ts';
import { Loop } from '../../src/sim/loop.ts';

/** Writers that each take a place, prepare, and write there if the zone's pointer has come to it. */
export function zoneWriters(count: number): Program {
  return (run) => {
    const loop = new Loop();
    let next = 0;
    let pointer = 0;
    const results: string[] = new Array(count).fill('-');
    const take = (writer: number): void => {
      run.touch('allocator', '', 0, true);
      loop.post(prepare, { writer, place: next++ });
    };
    const prepare = (one: { writer: number; place: number }): void => loop.post(write, one);
    const write = ({ writer, place }: { writer: number; place: number }): void => {
      run.touch('zone', '', 0, true);
      results[writer] = place === pointer ? `at ${place}` : `${place} refused at ${pointer}`;
      if (place === pointer) pointer += 1;
    };
    run.begin(
      loop,
      Array.from(results, (_, i) => String(i + 1)),
    );
    for (let i = 0; i < count; i += 1) loop.post(take, i);
    while (loop.step());
    run.end();
    return { summary: results.join(', '), failing: results.some((one) => one.includes('refused')) };
  };
}

/** What one step of a made-up program does to a variable. */
export interface Action {
  readonly variable: number;
  readonly act: 'read' | 'write' | 'nothing' | 'choose' | 'wake';
}

/**
 * Threads of steps over shared variables: reads remember, writes depend on what was remembered, a choice is remembered,
 * a wake starts a short thread of its own. Deterministic under a schedule.
 */
export function madeUp(threads: readonly (readonly Action[])[]): Program {
  return (run) => {
    const loop = new Loop();
    const variables = [0, 0, 0];
    const memory = threads.map((_, i) => i + 1);
    const step = (at: { thread: number; next: number }): void => {
      const { thread, next } = at;
      const action = threads[thread]![next]!;
      const { variable, act } = action;
      if (act === 'choose') memory[thread] = memory[thread]! * 3 + run.choose('toss', ['a', 'b']);
      else if (act !== 'nothing') run.touch('variable', '', variable, act !== 'read');
      if (act === 'read') memory[thread] = (memory[thread]! * 31 + variables[variable]!) % 9973;
      if (act === 'write') {
        variables[variable] = (variables[variable]! * 7 + memory[thread]! * 5) % 9973;
      }
      if (act === 'wake') loop.post(bump, variable);
      if (next + 1 < threads[thread]!.length) loop.post(step, { thread, next: next + 1 });
    };
    const bump = (variable: number): void => {
      run.touch('variable', '', variable, true);
      variables[variable] = variables[variable]! * 2 + 1;
    };
    run.begin(
      loop,
      threads.map((_, i) => String(i)),
    );
    for (const thread of threads.keys()) loop.post(step, { thread, next: 0 });
    while (loop.step());
    run.end();
    const summary = `${variables.join()} ${memory.join()}${run.cut ? '' : ' whole'}`;
    return { summary, failing: memory[0]! % 2 === 0 };
  };
}

export function summaries(outcomes: readonly { readonly outcome: Outcome }[]): string[] {
  return outcomes.map(({ outcome }) => outcome.summary).sort();
}
