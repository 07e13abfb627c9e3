// Writes schema/*.json, what editors check scenario and comparison files with: node --import tsx scripts/schema.ts
import { realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { compareSchema } from '../src/compare/schema.ts';
import { scenarioSchema } from '../src/scenario/schema.ts';

function textOf(schema: z.ZodType, title: string): string {
  const made = z.toJSONSchema(schema, { io: 'input', target: 'draft-7', reused: 'ref' });
  const { $schema, ...rest } = made;
  return `${JSON.stringify({ $schema, title, ...rest }, null, 2)}\n`;
}

/** The text of schema/scenario.json. */
export function schemaText(): string {
  return textOf(scenarioSchema, 'zonestack scenario, version 1');
}

/** The text of schema/compare.json. */
export function compareSchemaText(): string {
  return textOf(compareSchema, 'zonestack comparison, version 1');
}

if (realpathSync(process.argv[1] ?? '') === realpathSync(fileURLToPath(import.meta.url))) {
  const folder = new URL('../schema/', import.meta.url);
  writeFileSync(fileURLToPath(new URL('scenario.json', folder)), schemaText());
  writeFileSync(fileURLToPath(new URL('compare.json', folder)), compareSchemaText());
}
