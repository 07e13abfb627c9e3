/**
 * The scenario format, version 1, as a zod schema: what a cell's document must be after its matrix values are put in.
 * `schema/scenario.json` is made from it.
 */

import * as z from 'zod';
import { FAULT_CONDITIONS, FAULT_OPS, FAULT_STATUSES, type FaultStatus } from '../block/faults.ts';
import { COST_SOURCES, type Costs } from '../sim/cpu.ts';

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const text = z
  .union([z.string(), z.number().transform(String), z.boolean().transform(String)])
  .describe('Text; a bare number or word is taken as typed.');

const texts = z.union([text, z.array(text)]);

const matcher = z.strictObject({
  contains: texts.optional().describe('All of these stand somewhere in the text.'),
  matches: texts
    .optional()
    .describe('Regular expressions of the linear-time subset; ^ and $ are ends of a line.'),
  absent: texts.optional().describe('None of these stands anywhere in the text.'),
});

const textExpectation = z
  .union([text, matcher, z.array(z.union([text, matcher]))])
  .describe(
    'The exact text, a matcher, or a list: all must hold, and bare text is one whole line.',
  );

export const PATHS = ['append', 'emulated-append', 'regular', 'mixed', 'none'] as const;
export const READBACKS = ['same', 'different', 'error', 'nothing'] as const;
/** What a column of a table can say of a step (src/report/measure.ts). */
export const MEASURES = [
  'path',
  'readback',
  'wrong',
  'equal-before',
  'equal-within',
  'time',
] as const;

const when = z
  .record(z.string(), z.union([scalar, z.array(scalar)]))
  .describe(
    'The kernel that runs at this step and matrix values; a list stands for any of its values.',
  );

const decision = z.strictObject({ rule: z.string(), verdict: z.enum(['passes', 'refuses']) });

const expectation = z.strictObject({
  when: when.optional(),
  exit: z.int().min(0).max(255).optional().describe('0 unless said.'),
  stdout: textExpectation.optional(),
  stderr: textExpectation.optional(),
  dmesg: textExpectation
    .optional()
    .describe('Kernel log lines of this step, without time stamps; as stdout otherwise.'),
  path: z.enum(PATHS).optional().describe('How data bios of this step left the file system.'),
  readback: z
    .enum(READBACKS)
    .optional()
    .describe('What this step wrote, read again past all caches.'),
  decision: decision.optional().describe('A rule that was asked in this step, and its answer.'),
});

const expect = z
  .union([z.literal('any'), expectation, z.array(expectation).min(1)])
  .describe('One expectation, or a list of which the first whose `when` fits counts.');

const needs = z
  .string()
  .describe('Name of an earlier step: this one runs only if that one ran and exited with 0.');

const kernel = z
  .union([
    z.string(),
    z.strictObject({ base: z.string(), patches: z.array(z.string()).default([]) }),
  ])
  .describe('A release or recorded build and +patches: v5.12, 6.12.117, v5.12+series[1-2].');

const common = {
  name: z.string().optional(),
  when: when.optional().describe('The step is left out where this does not fit.'),
  needs: needs.optional(),
  expect: expect.optional(),
};

const runStep = z.strictObject({
  run: z.string().min(1).describe('A command as a user types it.'),
  background: z
    .boolean()
    .optional()
    .describe('Nobody waits for it: the step ends with 0, it goes on.'),
  ...common,
});

const itemExpectation = z.strictObject({
  exit: z.int().min(0).max(255).optional().describe('0 unless said.'),
  stdout: textExpectation.optional(),
  stderr: textExpectation.optional(),
});

const parallelItem = z.strictObject({
  run: z.string().min(1).describe('A command as a user types it.'),
  name: z.string().optional().describe('What schedules and reports call it.'),
  expect: z
    .union([z.literal('any'), itemExpectation])
    .optional()
    .describe('Of this command alone.'),
});

const parallelStep = z.strictObject({
  parallel: z
    .array(parallelItem)
    .min(1)
    .max(64)
    .describe('Commands started at one instant; the step ends when all have.'),
  ...common,
});

const rebootStep = z.strictObject({
  reboot: z
    .strictObject({
      kernel: kernel.optional().describe('The same kernel unless given.'),
      how: z.enum(['clean', 'power-cut']).default('clean'),
    })
    .describe('Keeps the disks; mappings and mounts are gone.'),
  ...common,
});

const fault = z.strictObject({
  disk: z.string().describe('Which disk.'),
  op: z
    .enum(FAULT_OPS)
    .optional()
    .describe('Requests it can befall; write means appends too, zone open, close, finish, reset.'),
  zone: z.int().min(0).optional().describe('Only requests in the zone of this number.'),
  after: z.int().min(0).max(1e9).optional().describe('So many of them pass first; 0 unless given.'),
  times: z.int().min(1).max(1e9).optional().describe('How often; once unless given.'),
  status: z
    .enum(Object.keys(FAULT_STATUSES) as [FaultStatus, ...FaultStatus[]])
    .optional()
    .describe("The request ends with this, a kernel's BLK_STS_ name in small letters."),
  done: z.boolean().optional().describe('With status: it took effect all the same.'),
  condition: z
    .enum(FAULT_CONDITIONS)
    .optional()
    .describe("The request's zone goes read-only or offline before it is done."),
  power: z.literal('cut').optional().describe('The power is cut before the request is done.'),
  clear: z.literal(true).optional().describe('Nothing is planned for this disk any more.'),
});

const faultStep = z.strictObject({
  fault: fault.describe('Plans what goes wrong with a disk in the steps after this one.'),
  ...common,
});

const exploreExpectation = z.strictObject({
  when: when.optional(),
  failing: z.boolean().describe('Is there a schedule under which an expectation is not met?'),
  law: z.string().optional().describe('Stands in the name of an expectation some schedule breaks.'),
  outcomes: z.array(text).optional().describe('What schedules come to, in any order: all of it.'),
});

const explore = z
  .strictObject({
    power_cut: z.boolean().optional().describe('The power may be cut before any step.'),
    faults: z
      .array(fault)
      .min(1)
      .max(16)
      .optional()
      .describe('Each may happen, at any request it can befall, while parallel steps run.'),
    max: z.int().min(1).max(1_000_000).optional().describe('Schedules to run at most.'),
    expect: z.union([exploreExpectation, z.array(exploreExpectation).min(1)]).optional(),
  })
  .describe('What `zonestack explore` does with the parallel steps, and what it is to find.');

/** By the names of src/sim/cpu.ts. */
const someCosts = z.strictObject(
  Object.fromEntries(
    (Object.keys(COST_SOURCES) as (keyof Costs)[]).map((name) => [
      name,
      z.number().min(0).max(1e9).optional(),
    ]),
  ) as Record<keyof Costs, z.ZodOptional<z.ZodNumber>>,
);

const column = z.union([
  z.strictObject({ title: z.string().min(1), value: text }),
  z.strictObject({
    title: z.string().min(1),
    step: z.string().describe('The name of a step.'),
    measure: z.enum(MEASURES),
  }),
]);

const diskName = z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/);

export const diskAttributes = z.record(z.string(), z.union([z.number(), z.string()]));

export const costs = z.union([z.literal('default'), someCosts]);

export const scenarioSchema = z.strictObject({
  version: z.literal(1),
  title: z.string().min(1),
  description: z.string().optional(),
  kernel,
  disks: z
    .record(diskName, diskAttributes)
    .describe(
      'nullb0, nullb1, ... with the attributes of null_blk; sda, ... with driver: scsi_debug; profile: whose times it has.',
    ),
  costs: costs
    .optional()
    .describe("What the kernel's work takes: cited defaults, or some times with all others 0."),
  matrix: z.unknown().optional().describe('Axes, rows, include, exclude.'),
  seed: z.int().min(0).optional().describe('Of everything the machine draws; 0 unless given.'),
  explore: explore.optional(),
  table: z
    .array(column)
    .min(1)
    .max(12)
    .optional()
    .describe('Columns of a table with a row for each cell, which `zonestack run` prints.'),
  steps: z
    .array(z.union([runStep, parallelStep, rebootStep, faultStep]))
    .min(1)
    .max(1000),
});

export type Scenario = z.infer<typeof scenarioSchema>;
export type Step = Scenario['steps'][number];
export type ParallelStep = Extract<Step, { parallel: unknown }>;
export type ParallelItem = ParallelStep['parallel'][number];
export type Column = z.infer<typeof column>;
export type Measure = (typeof MEASURES)[number];
export type FaultSpec = z.infer<typeof fault>;
export type ExploreExpectation = z.infer<typeof exploreExpectation>;
export type Expectation = z.infer<typeof expectation>;
export type Expect = z.infer<typeof expect>;
export type TextExpectation = z.infer<typeof textExpectation>;
export type When = z.infer<typeof when>;

export const TOP_KEYS = Object.keys(scenarioSchema.shape);
export const COLUMN_KEYS = ['title', 'value', 'step', 'measure'];
export const STEP_KEYS = [
  ...new Set(
    [runStep, parallelStep, rebootStep, faultStep].flatMap(({ shape }) => Object.keys(shape)),
  ),
];
export const ITEM_KEYS = Object.keys(parallelItem.shape);
export const ITEM_EXPECTATION_KEYS = Object.keys(itemExpectation.shape);
export const COST_KEYS = Object.keys(someCosts.shape);
export const EXPLORE_KEYS = ['power_cut', 'faults', 'max', 'expect'];
export const FAULT_KEYS = Object.keys(fault.shape);
export const EXPLORE_EXPECTATION_KEYS = Object.keys(exploreExpectation.shape);
export const EXPECTATION_KEYS = Object.keys(expectation.shape);
export const MATCHER_KEYS = Object.keys(matcher.shape);
export const DECISION_KEYS = Object.keys(decision.shape);
