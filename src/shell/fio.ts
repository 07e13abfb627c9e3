/**
 * fio of Debian 12 (3.33): jobs of reads and writes, each a process of its own, with a report in fio's words about the machine's
 * own time. Options in fio/options.ts, a job's files in fio/files.ts, its run in fio/job.ts, zones in fio/zone*.ts, the reports in
 * fio/report.ts and fio/report-json.ts.
 */

import { O } from '../fs/inode.ts';
import { Completion, type Runner, type Task } from '../sim/task.ts';
import { JobFiles } from './fio/files.ts';
import { errorText, JobRun } from './fio/job.ts';
import { parseJobs, type RunOptions } from './fio/jobs.ts';
import { type Plan, planJobs } from './fio/plan.ts';
import { normalReport, type Reported } from './fio/report.ts';
import { jsonReport } from './fio/report-json.ts';
import { JobStats } from './fio/stats.ts';
import { Assertion, ZoneRun } from './fio/zones.ts';
import { NEW_FILE_MODE } from './messages.ts';
import { FileOutput } from './output.ts';
import type { Process } from './program.ts';

/** What a shell says of SIGABRT. */
const ABORTED = 128 + 6;

/** Exits with the number of jobs that failed, or 1 when none was run. */
export function* fio(process: Process): Task<number> {
  const parsed = yield* parseJobs(process);
  if (!parsed.ok) return parsed.exit;
  const plan = yield* planJobs(process, parsed.jobs, parsed.run.format === 'json');
  if (plan === null) return 1;
  const { run } = parsed;
  const session = new Session(
    run.output === null ? process : yield* redirected(process, run),
    plan,
    run,
  );
  try {
    return yield* session.run(parsed.global);
  } catch (error) {
    if (!(error instanceof Assertion)) throw error;
    process.stderr.write(`${error.message}\n`);
    return ABORTED;
  }
}

/** `--output FILE`: what would go to standard output goes there. */
function* redirected(process: Process, { output }: RunOptions): Task<Process> {
  const { sys } = process.system;
  const fd = yield* sys.open(process, output!, O.WRONLY | O.CREAT | O.TRUNC, NEW_FILE_MODE);
  if (fd < 0) return process;
  return Object.assign(Object.create(process) as Process, {
    stdout: new FileOutput(sys, process, fd, 4096),
  });
}

/** What a job leaves for the report. */
type JobEnd = Pick<JobRun, 'job' | 'error' | 'context' | 'stats' | 'totalNs'>;

class Session {
  private readonly process: Process;
  private readonly plan: Plan;
  private readonly options: RunOptions;
  private readonly jobs: JobRun[] = [];
  /** All in order, those that could not even start as well. */
  private readonly ends: JobEnd[] = [];
  private refused = 0;
  private readonly zones = new ZoneRun();

  constructor(process: Process, plan: Plan, options: RunOptions) {
    this.process = process;
    this.plan = plan;
    this.options = options;
  }

  *run(global: readonly (readonly [string, string])[]): Task<number> {
    const { process, plan } = this;
    if (this.options.parseOnly) return 0;
    this.log(plan.header);
    this.log('fio-3.33\n');
    const count = plan.jobs.length;
    this.log(`Starting ${count} process${count === 1 ? '' : 'es'}\n`);
    yield* this.setUp();
    yield* this.runAll();
    const reported = this.reported();
    const { nowNs } = process.system.host.loop;
    const groups = new Set(plan.jobs.map(({ group }) => group));
    process.stdout.write(
      this.quiet ? jsonReport(reported, global, nowNs) : normalReport(reported, groups),
    );
    if (process.stdout instanceof FileOutput) yield* process.stdout.flush();
    if (this.jobs.some(({ aborted }) => aborted)) {
      process.stderr.write('fio: file hash not empty on exit\n');
    }
    return this.refused + this.jobs.filter(({ error }) => error !== null).length;
  }

  private get quiet(): boolean {
    return this.options.format === 'json';
  }

  private log(text: string): void {
    if (!this.quiet) this.process.stdout.write(text);
  }

  /** run_threads(): the files of all jobs first, one job after the other. */
  private *setUp(): Task<void> {
    for (const job of this.plan.jobs) {
      const files = new JobFiles(this.process, job, this.zones, this.quiet);
      if (yield* files.setUp()) {
        const run = new JobRun(this.process, job, files, this.quiet);
        this.jobs.push(run);
        this.ends.push(run);
        continue;
      }
      this.refused += 1;
      this.ends.push({ job, error: files.error, context: null, stats: new JobStats(), totalNs: 0 });
      if (files.error === null || files.error.number === 0) continue;
      this.process.stderr.write(`fio: pid=0, ${errorText(files.error)}\n`);
    }
  }

  /** All at once, but for stonewalls. */
  private *runAll(): Task<void> {
    for (let at = 0; at < this.jobs.length; ) {
      let end = at + 1;
      while (end < this.jobs.length && !this.jobs[end]!.job.waits) end += 1;
      yield* this.together(this.jobs.slice(at, end));
      at = end;
    }
  }

  private *together(jobs: readonly JobRun[]): Task<void> {
    const { tasks } = this.process.system.host;
    const all = new Completion();
    let left = jobs.length;
    function* child(job: JobRun): Task<void> {
      try {
        yield* job.main();
      } finally {
        left -= 1;
        if (left === 0) all.complete();
      }
    }
    const runners: Runner[] = jobs.map((job) => tasks.spawn('fio', child(job)));
    yield* all.wait();
    for (const { failure } of runners) if (failure !== null) throw failure;
  }

  private reported(): Reported[] {
    const { nowNs } = this.process.system.host.loop;
    const out: Reported[] = [];
    for (const run of this.ends) {
      const { job, error, context } = run;
      const last = out.at(-1);
      if (last !== undefined && job.options.group_reporting && last.group === job.group) {
        last.stats.join(run.stats);
        const totalNs = Math.max(last.totalNs, run.totalNs);
        const joined = { members: last.members + 1, error: last.error ?? error, totalNs };
        out[out.length - 1] = { ...last, ...joined };
        continue;
      }
      const stats = new JobStats();
      stats.join(run.stats);
      out.push({
        name: job.name,
        description: job.options.description,
        group: job.group,
        members: 1,
        error,
        pid: context?.pid ?? 0,
        stats,
        nowNs,
        depth: job.options.iodepth,
        totalNs: run.totalNs,
        given: job.options.given,
      });
    }
    return out;
  }
}
