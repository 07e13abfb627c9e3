/** The front matter of a lesson, as a zod schema. */

import * as z from 'zod';

const scalar = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const line = z.string().min(1).max(2000);
const values = z.record(z.string(), scalar);

const choice = z.strictObject({
  answer: line,
  reply: line,
  when: z.record(z.string(), z.union([scalar, z.array(scalar).min(1)])).optional(),
});

const source = z.strictObject({
  what: line,
  file: z.string().optional(),
  functions: z.array(z.string()).optional(),
  commit: z
    .string()
    .regex(/^[0-9a-f]{12}$/, 'the first 12 digits of a commit id')
    .optional(),
  message: z
    .string()
    .regex(/^[^\s@<>]+@[^\s@<>]+$/, 'the id of a mail, without < and >')
    .optional(),
  page: z
    .string()
    .regex(/^https:\/\/[^\s]+$/, 'an address that begins with https://')
    .optional(),
});

export const lessonSchema = z.strictObject({
  lesson: z.int().min(0).max(99),
  aim: line,
  minutes: z.int().min(1).max(60),
  ask: z.array(line).min(1),
  question: line,
  choices: z.array(choice).min(2).max(6),
  runs: z.record(z.string(), values).optional(),
  explored: z.array(z.string()).optional(),
  try: z.strictObject({ set: values }),
  sources: z.array(source).min(1),
});

export const LESSON_KEYS = Object.keys(lessonSchema.shape);
export const CHOICE_KEYS = Object.keys(choice.shape);
export const SOURCE_KEYS = Object.keys(source.shape);

export type FrontMatter = z.infer<typeof lessonSchema>;
