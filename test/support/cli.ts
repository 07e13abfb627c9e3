/** The CLI from source: what bin/zonestack.js runs from dist. */

import { main } from '../../src/cli/main.ts';

process.exitCode = await main(process.argv.slice(2));
