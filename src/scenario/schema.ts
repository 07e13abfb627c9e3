/**
 * The scenario format, version 1, as a zod schema: what a cell's document must be after its matrix values are put in.
 */

import * as z from 'zod';

const scalar = z.union([z.string(), z.number(), z.boolean()]);

const text = z
  .union([z.string(), z.number().transform(String), z.boolean().transform(String)])
  .describe('Text; a bare number or word is taken as typed.');

const matcher = z.strictObject({
  contains: z.union([text, z.array(text)]).optional(),
  matches: z.union([text, z.array(text)]).optional(),
  absent: z.union([text, z.array(text)]).optional(),
});

const textExpectation = z.union([text, matcher, z.array(z.union([text, matcher]))]);

export const PATHS = ['append', 'emulated-append', 'regular', 'mixed', 'none'] as const;
export const READBACKS = ['same', 'different', 'error', 'nothing'] as const;

const expectation = z.strictObject({
  when: z
    .record(z.string(), z.union([scalar, z.array(scalar)]))
    .optional()
    .describe(
      'Kernel running at this step and matrix values; a list stands for any of its values.',
    ),
  exit: z.int().min(0).max(255).optional(),
  stdout: textExpectation.optional(),
  stderr: textExpectation.optional(),
  dmesg: textExpectation.optional(),
  path: z.enum(PATHS).optional(),
  readback: z.enum(READBACKS).optional(),
  decision: z.strictObject({ rule: z.string(), verdict: z.enum(['passes', 'refuses']) }).optional(),
});

const expect = z.union([z.literal('any'), expectation, z.array(expectation)]);

const when = z.record(z.string(), z.union([scalar, z.array(scalar)]));

const needs = z
  .string()
  .describe('Name of an earlier step: this one runs only if that one ran and exited with 0.');

const kernel = z.union([
  z.string(),
  z.strictObject({ base: z.string(), patches: z.array(z.string()).default([]) }),
]);

const runStep = z.strictObject({
  run: z.string().min(1),
  name: z.string().optional(),
  when: when.optional(),
  needs: needs.optional(),
  expect: expect.optional(),
});

const rebootStep = z.strictObject({
  reboot: z.strictObject({
    kernel: kernel.optional(),
    how: z.enum(['clean', 'power-cut']).default('clean'),
  }),
  name: z.string().optional(),
  when: when.optional(),
  needs: needs.optional(),
  expect: expect.optional(),
});

export const scenarioSchema = z.strictObject({
  version: z.literal(1),
  title: z.string().min(1),
  description: z.string().optional(),
  kernel,
  disks: z.record(
    z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/),
    z.record(z.string(), z.union([z.number(), z.string()])),
  ),
  matrix: z.unknown().optional(),
  seed: z.int().min(0).optional(),
  steps: z
    .array(z.union([runStep, rebootStep]))
    .min(1)
    .max(1000),
});

export type Scenario = z.infer<typeof scenarioSchema>;
export type Step = Scenario['steps'][number];
export type Expectation = z.infer<typeof expectation>;
export type Expect = z.infer<typeof expect>;
export type TextExpectation = z.infer<typeof textExpectation>;
export type When = z.infer<typeof when>;

export const TOP_KEYS = Object.keys(scenarioSchema.shape);
export const STEP_KEYS = ['run', 'reboot', 'name', 'when', 'needs', 'expect'];
export const EXPECTATION_KEYS = Object.keys(expectation.shape);
