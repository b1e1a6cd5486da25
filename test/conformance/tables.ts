// Reads every table below a folder and compares with what its writers recorded:
// node test/conformance/tables.ts DIR [--min-tables N] [--min-checks N]
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { checkDelta, deltaTables } from './delta.ts'
import { checkIceberg, icebergTables } from './iceberg.ts'
import { createReport } from './report.ts'

/** Tables that are broken on purpose, by their path below the folder, with the reason. */
const BROKEN: Readonly<Record<string, string>> = {}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'min-tables': { type: 'string' }, 'min-checks': { type: 'string' } },
})
const root = positionals[0]
if (root === undefined || !fs.existsSync(root)) {
  console.error(
    'usage: node test/conformance/tables.ts DIR [--min-tables N] [--min-checks N]; DIR must exist',
  )
  process.exit(2)
}

const report = createReport(BROKEN)
const nameOf = (dir: string): string => path.relative(root, dir) || path.basename(dir)
for (const dir of deltaTables(root)) {
  report.table(nameOf(dir))
  await checkDelta(dir, report)
}
for (const dir of icebergTables(root)) {
  report.table(nameOf(dir))
  checkIceberg(dir, report)
}

const { tables, checks, failed } = report.totals
console.log(JSON.stringify({ tables, checks, failed }))
const enough = tables >= Number(values['min-tables'] ?? 1) && checks >= Number(values['min-checks'] ?? 1)
process.exit(failed === 0 && enough ? 0 : 1)
