// node test/conformance/promql.ts DIR [--min-passed N]: runs every .test script of DIR; the last line counts eval cases.
import fs from 'node:fs'
import path from 'node:path'
import { runScript } from '../promql/script.ts'

const [dir, ...rest] = process.argv.slice(2)
if (dir === undefined || !fs.existsSync(dir)) {
  console.error('usage: node test/conformance/promql.ts DIR [--min-passed N]')
  process.exit(2)
}
const atLeast = rest[0] === '--min-passed' ? Number(rest[1]) : 0

const counts = { passed: 0, failed: 0, skipped: 0 }
for (const file of fs
  .readdirSync(dir)
  .filter((name) => name.endsWith('.test'))
  .sort()) {
  for (const { line, expr, failure, skipped } of runScript(fs.readFileSync(path.join(dir, file), 'utf8'))) {
    counts[skipped ? 'skipped' : failure === null ? 'passed' : 'failed'] += 1
    if (failure !== null) console.log(`${file}:${line}: ${expr}\n    ${failure}`)
  }
}
if (counts.passed < atLeast) console.log(`passed ${counts.passed}, at least ${atLeast} were asked for`)
console.log(JSON.stringify(counts))
process.exitCode = counts.failed > 0 || counts.passed < atLeast ? 1 : 0
