// Cold reads of Delta tables with all their facts, beside DuckDB asking the same file for its totals.
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { openDeltaTable } from '../../src/collectors/lake/delta-table.ts'
import { createFileObjects } from '../../src/io/file-objects.ts'
import { createLimiter } from '../../src/io/limiter.ts'
import { timestamp } from '../../src/model/units.ts'

const HERE = import.meta.dirname
const CACHE = path.join(os.tmpdir(), 'tidemark-bench')
const FORMS = {
  'delta-checkpoint-zstd': 'Delta checkpoint, 1,000,000 adds, zstd, 9 row groups',
  'delta-checkpoint-snappy': 'Delta checkpoint, 1,000,000 adds, snappy, 1 row group',
  'delta-json': 'Delta JSON log, 300,000 adds with statistics, 124 MB',
  'delta-json-lean': 'Delta JSON log, 300,000 adds without statistics, 51 MB',
}

export const deltaCases: Readonly<Record<string, () => Promise<void>>> = Object.fromEntries(
  Object.entries(FORMS).map(([form, title]) => [form, () => coldRead(form.replace('delta-', ''), title)]),
)

async function coldRead(form: string, title: string): Promise<void> {
  const python = pythonWithDuckdb()
  const dir = path.join(CACHE, form)
  if (!fs.existsSync(path.join(dir, 'done'))) {
    runPython(python, ['generate-delta.py', form, dir])
    fs.writeFileSync(path.join(dir, 'done'), '')
  }
  const identity = {
    source: 'bench',
    table: form,
    namespace: 'file',
    name: dir,
    id: `file:${dir}`,
    location: `file://${dir}`,
  }
  const table = openDeltaTable(createFileObjects(dir, createLimiter(64)), identity)
  const from = performance.now()
  const cpu = process.cpuUsage()
  const news = await table.refresh({ now: timestamp(Date.now()), signal: new AbortController().signal })
  const seconds = (performance.now() - from) / 1e3
  const { user, system } = process.cpuUsage(cpu)
  const peakMb = Math.round(process.resourceUsage().maxRSS / 1e3)
  const { files, rows, bytes, partitions } = news.table!
  const peer = JSON.parse(runPython(python, ['peer-delta.py', form, dir])) as Peer
  const ours = { files, rows, bytes, partitions: partitions?.count }
  const theirs = { files: peer.files, rows: peer.rows, bytes: peer.bytes, partitions: peer.partitions }
  if (JSON.stringify(ours) !== JSON.stringify(theirs)) {
    throw new Error(`${title}: we have ${JSON.stringify(ours)}, DuckDB ${JSON.stringify(theirs)}`)
  }
  console.log(
    JSON.stringify({
      case: title,
      ours: { seconds: round(seconds), cpuSeconds: round((user + system) / 1e6), peakMb },
      peer: { name: `DuckDB ${peer.version}`, seconds: round(peer.seconds), peakMb: peer.peakMb },
      ratio: round(seconds / peer.seconds),
    }),
  )
}

interface Peer {
  readonly version: string
  readonly seconds: number
  readonly peakMb: number
  readonly files: number
  readonly rows: number | null
  readonly bytes: number
  readonly partitions: number
}

const round = (value: number): number => Math.round(value * 100) / 100

/** A Python with DuckDB, in a virtual environment of the temporary folder; made at the first use. */
function pythonWithDuckdb(): string {
  const venv = path.join(os.tmpdir(), 'tidemark-bench-venv')
  const python = path.join(venv, 'bin', 'python')
  if (spawnSync(python, ['-c', 'import duckdb']).status === 0) return python
  const made =
    spawnSync('python3', ['-m', 'venv', venv]).status === 0 &&
    spawnSync(python, ['-m', 'pip', 'install', '-q', 'duckdb']).status === 0
  if (!made)
    throw new Error('this bench needs python3 with venv, and pip to install duckdb: it writes the inputs')
  return python
}

function runPython(python: string, [script, ...args]: readonly [string, ...string[]]): string {
  const { status, stdout, stderr } = spawnSync(python, [path.join(HERE, script), ...args], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Error(`${script} failed: ${stderr.slice(-2_000)}`)
  return stdout
}
