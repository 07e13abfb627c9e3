/** One run with its own timeline: what a lesson shows of the machine. */

import { Column } from '../column.ts';
import { h } from '../dom.ts';
import { recordAt } from '../model/moments.ts';
import type { Plan } from '../model/run.ts';
import { say } from '../model/say.ts';
import { runView } from './run.ts';
import { timeline } from './timeline.ts';

/** `name`: what to call the run. */
export function explorer(id: string, name: string, plan: Plan, telling: number): HTMLElement {
  let every = false;
  let now = plan;
  let column = new Column(() => now, telling, every);
  let place = column.telling;
  const again = (to: (column: Column) => number): void => {
    column = new Column(() => now, telling, every);
    show(to(column));
  };
  const view = runView(id, {
    onStep: (step) => show(column.endOf(step)),
    onFork: null,
    onCommand: (text) => {
      now = { ...now, commands: [...now.commands, text] };
      again((one) => one.moments.length - 1);
    },
  });
  const time = timeline(id, {
    onMove: (to) => show(to),
    onStep: (by) => {
      const steps = column.run?.steps.length ?? 1;
      const step = (column.moments[place]?.step ?? 0) + by;
      show(column.endOf(Math.min(Math.max(step, 0), steps - 1)));
    },
    onEvery: (on) => {
      const moment = column.moments[place];
      every = on;
      again((one) => (moment === undefined ? 0 : one.placeOf(moment.step, moment.record)));
    },
    onShare: null,
  });
  const show = (to: number): void => {
    place = Math.max(Math.min(to, column.moments.length - 1), 0);
    view.show(column, place);
    const moment = column.moments[place];
    const { run } = column;
    if (moment === undefined || run === null) return;
    const where = `step ${moment.step + 1} of ${run.steps.length}`;
    time.show(place, column.moments.length, say(run, moment.step, recordAt(run, moment)), where);
  };
  show(place);
  return h(
    'section',
    { class: 'explorer', 'aria-label': `The machine, ${name}` },
    time.node,
    view.node,
  );
}
