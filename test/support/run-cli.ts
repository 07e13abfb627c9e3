/** Runs a command line of zonestack in this process and returns what it printed, stream by stream. */

import { main } from '../../src/cli/main.ts';

export interface CliRun {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}

type Write = typeof process.stdout.write;

/** As `zonestack ARGS...`, without colours. One at a time: the streams of the process are borrowed. */
export async function runCli(...args: string[]): Promise<CliRun> {
  const { stdout, stderr } = process;
  const { NO_COLOR } = process.env;
  const texts = { stdout: '', stderr: '' };
  process.env.NO_COLOR = '1';
  stdout.write = ((text: string) => {
    texts.stdout += text;
    return true;
  }) as Write;
  stderr.write = ((text: string) => {
    texts.stderr += text;
    return true;
  }) as Write;
  try {
    const exit = await main(args);
    return { exit, ...texts };
  } finally {
    // What was put over the streams' own methods goes.
    Reflect.deleteProperty(stdout, 'write');
    Reflect.deleteProperty(stderr, 'write');
    if (NO_COLOR === undefined) delete process.env.NO_COLOR;
    else process.env.NO_COLOR = NO_COLOR;
  }
}
