/** What is known of one step of a run, each thing worked out when it is first asked for. */

import { hiderOf } from '../report/run-text.ts';
import { type WriteEvidence, writeEvidence } from '../report/write-evidence.ts';
import type { LoadedScenario } from '../scenario/load.ts';
import {
  type CellResult,
  type RunOptions,
  readBackStep,
  type StepReadback,
  type StepResult,
} from '../scenario/run.ts';

export class StepFacts {
  readonly loaded: LoadedScenario;
  readonly result: CellResult;
  readonly step: StepResult;
  /** How the run was made, to make it again. */
  private readonly options: RunOptions;
  private foundWrites: WriteEvidence[] | null = null;
  private foundAgain: StepReadback | null = null;

  constructor(loaded: LoadedScenario, result: CellResult, step: StepResult, options: RunOptions) {
    this.loaded = loaded;
    this.result = result;
    this.step = step;
    this.options = options;
  }

  /** Its writes of data, in order. */
  get writes(): readonly WriteEvidence[] {
    if (this.foundWrites === null) {
      const { machine, traceStart, traceEnd } = this.step;
      this.foundWrites = writeEvidence(this.result.machines[machine]!, traceStart, traceEnd);
    }
    return this.foundWrites;
  }

  /** A second run up to this step, and what reading back showed there. */
  get again(): StepReadback {
    this.foundAgain ??= readBackStep(this.loaded, this.result.cell, this.step.index, this.options);
    return this.foundAgain;
  }

  /** Takes keys out of a text that people read. */
  hide(text: string): string {
    return hiderOf(this.result)(text);
  }
}
