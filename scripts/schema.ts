// Writes schema/scenario.json, what editors check scenario files with: node --import tsx scripts/schema.ts
import { realpathSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { scenarioSchema } from '../src/scenario/schema.ts';

const FILE = fileURLToPath(new URL('../schema/scenario.json', import.meta.url));

/** The text of schema/scenario.json. */
export function schemaText(): string {
  const schema = z.toJSONSchema(scenarioSchema, {
    io: 'input',
    target: 'draft-7',
    reused: 'ref',
  });
  const { $schema, ...rest } = schema;
  const titled = { $schema, title: 'zonestack scenario, version 1', ...rest };
  return `${JSON.stringify(titled, null, 2)}\n`;
}

if (realpathSync(process.argv[1] ?? '') === realpathSync(fileURLToPath(import.meta.url))) {
  writeFileSync(FILE, schemaText());
}
