// Tables of sizes that hurt: cold reads of big Delta logs, many quiet tables. Each case has a process of its own,
// so that its peak memory is its own.
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { deltaCases } from './delta.ts'
import { icebergCases } from './iceberg-manifest.ts'
import { quietTables } from './quiet-tables.ts'

const CASES: Readonly<Record<string, () => Promise<void>>> = {
  ...deltaCases,
  ...icebergCases,
  'quiet-tables': quietTables,
}

/** As `npm start` runs the daemon. */
const DAEMON_FLAGS = ['--max-semi-space-size=4']

export async function run(only?: string): Promise<void> {
  if (only !== undefined) {
    const work = Object.hasOwn(CASES, only) ? CASES[only] : undefined
    if (work === undefined) throw new Error(`no case ${only}; there are: ${Object.keys(CASES).join(', ')}`)
    await work()
    return
  }
  for (const name of Object.keys(CASES)) {
    const bench = path.join(import.meta.dirname, 'bench.ts')
    const { status } = spawnSync(process.execPath, [...DAEMON_FLAGS, bench, 'tables', name], {
      stdio: 'inherit',
    })
    if (status !== 0) process.exitCode = 1
  }
}
