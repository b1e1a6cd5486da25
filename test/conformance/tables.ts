// Reads every table below a folder and compares with what its writers recorded:
// node test/conformance/tables.ts DIR [--min-tables N] [--min-checks N]
import fs from 'node:fs'
import { parseArgs } from 'node:util'
import { checkDelta } from './delta.ts'
import { checkIceberg } from './iceberg.ts'
import { createReport } from './report.ts'

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

const report = createReport()
await checkDelta(root, report)
checkIceberg(root, report)

const { tables, checks, failed } = report.totals
console.log(JSON.stringify({ tables, checks, failed }))
const enough = tables >= Number(values['min-tables'] ?? 1) && checks >= Number(values['min-checks'] ?? 1)
process.exit(failed === 0 && enough ? 0 : 1)
