// Reads every Spark event log below a folder, prints what it comes to, and compares the logs of known numbers with them:
// node test/conformance/spark.ts DIR [--min-logs N]
import fs from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { type EventLog, readEventLog } from '../../src/formats/spark/event-log.ts'
import { type LogFiles, logFilesOf } from '../../src/formats/spark/log-files.ts'
import { measure, stageFindings } from '../../src/formats/spark/measures.ts'
import { planOf, simulate } from '../../src/formats/spark/simulate.ts'
import { SourceError } from '../../src/model/errors.ts'

/**
 * Numbers found by an earlier, independent study of these public logs, spelled with the digits it gives; error: of the
 * simulated against the real wall time at the real number of cores, in percent.
 */
const RECORDED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'nds_q72_dataproc_2_2.zstd': {
    tasks: '13504',
    cores: '128',
    wall: '116.7',
    utilisation: '.62',
    cpu: '.72',
    gc: '.02',
    error: '-1.1',
    'skew of stage 13': '18.9',
  },
  'nds_q88_photon_db_13_3.zstd': {
    tasks: '4896',
    cores: '16',
    wall: '401',
    utilisation: '.69',
    cpu: '.68',
    gc: '.004',
    error: '-0.3',
  },
  'eventlog_4nodes_8cores_dynamic_alloc.zstd': {
    tasks: '235',
    cores: '60',
    wall: '205',
    utilisation: '.09',
    cpu: '.70',
    gc: '.15',
    error: '-8.4',
  },
  'xgboost_eventlog.zstd': {
    tasks: '155',
    cores: '16',
    wall: '824',
    utilisation: '.29',
    cpu: '.73',
    gc: '.04',
    error: '-0.1',
  },
  'db_subExecution_id.zstd': {
    tasks: '137',
    cores: '16',
    wall: '345',
    utilisation: '.67',
    cpu: '.84',
    gc: '.03',
    error: '-0.4',
  },
  'jdbc_eventlog.zstd': {
    tasks: '203',
    cores: '16',
    wall: '572',
    utilisation: '.001',
    cpu: '.30',
    gc: '.35',
  },
}
/** Core hours of the q72 log on fewer cores: waves make 96 dearer than the 128 it had. */
const CORE_HOURS: ReadonlyArray<readonly [cores: number, recorded: string]> = [
  [128, '4.10'],
  [96, '4.26'],
  [64, '3.27'],
]
/** The same job four times: 42.5 to 44.3 s. */
const SAME_JOB = { folder: 'multiple_attempts', shortest: 42.5, longest: 44.3 }
/** Logs that end before their application does. */
const CUT_SHORT = ['nds_q72_dataproc_2_2.zstd', 'truncated_eventlog']

const TOLERANCE = 0.02

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { 'min-logs': { type: 'string' } },
})
const root = positionals[0] ?? ''
if (!fs.existsSync(root)) {
  console.error('usage: node test/conformance/spark.ts DIR [--min-logs N]; DIR must exist')
  process.exit(2)
}
const totals = { logs: 0, checks: 0, failed: 0 }

const check = (log: string, what: string, recorded: string, found: string, holds: boolean): void => {
  totals.checks += 1
  if (holds) return
  totals.failed += 1
  console.log(`${log}: ${what}: recorded ${recorded}, found ${found}`)
}

/** Within 2 %, or what the recorded digits round to. */
function checkNumber(log: string, what: string, recorded: string, found: number): void {
  const expected = Number(recorded)
  const lastDigit = 10 ** -(recorded.split('.')[1]?.length ?? 0)
  const allowed = Math.max(Math.abs(expected) * TOLERANCE, lastDigit / 2)
  check(log, what, recorded, String(found), Math.abs(found - expected) <= allowed * 1.000_001)
}

const read = (files: LogFiles): Promise<EventLog> =>
  readEventLog(
    files.parts.map((part) => ({
      pieces: fs.createReadStream(path.join(root, part)) as AsyncIterable<Uint8Array>,
      origin: { subject: part },
    })),
    { subject: files.name },
    files.doubts,
  )

const number = (value: number | null | undefined, digits: number): string =>
  value === null || value === undefined ? 'unknown' : value.toFixed(digits)

async function checkLog(files: LogFiles): Promise<void> {
  const { application, damage } = await read(files)
  const name = path.basename(files.name)
  const measures = measure(application)
  const { wallMs, cores, peakCores, slotUtilisation, cpuEfficiency, gcShare } = measures
  const simulated = cores === 0 ? null : simulate(planOf(application), cores)
  console.log(
    `${files.name}: ${application.appId} tasks=${application.totals.tasks} cores=${cores} (${peakCores} at once) ` +
      `wall=${number(wallMs / 1_000, 1)}s slots=${number(slotUtilisation, 3)} ` +
      `simulated=${number(simulated === null ? null : simulated / 1_000, 1)}s` +
      (application.partial.length > 0 ? ` partial: ${application.partial.join('; ')}` : ''),
  )
  check(files.name, 'undamaged', 'yes', String(damage?.message), damage === null)
  if (CUT_SHORT.includes(name))
    check(files.name, 'said to be partial', 'yes', 'no', application.partial.length > 0)
  if (path.basename(path.dirname(files.name)) === SAME_JOB.folder) {
    const seconds = wallMs / 1_000
    const within = seconds > SAME_JOB.shortest * 0.98 && seconds < SAME_JOB.longest * 1.02
    check(files.name, 'wall', `${SAME_JOB.shortest} to ${SAME_JOB.longest}`, String(seconds), within)
  }
  if (name === 'nds_q72_dataproc_2_2.zstd')
    for (const [count, hours] of CORE_HOURS)
      checkNumber(
        files.name,
        `core hours on ${count} cores`,
        hours,
        (simulate(planOf(application), count) * count) / 3_600_000,
      )
  const recorded = RECORDED[name]
  if (recorded === undefined) return
  const stage = stageFindings(application, Infinity).find(({ id }) => id === 13)
  const found: Readonly<Record<string, number | null | undefined>> = {
    tasks: application.totals.tasks,
    cores,
    wall: wallMs / 1_000,
    utilisation: slotUtilisation,
    cpu: cpuEfficiency,
    gc: gcShare,
    'skew of stage 13': stage?.skew,
  }
  for (const [what, text] of Object.entries(recorded)) {
    if (what !== 'error') checkNumber(files.name, what, text, found[what] ?? NaN)
    else {
      const expected = Number(recorded['wall']) * (1 + Number(text) / 100)
      const seconds = (simulated ?? NaN) / 1_000
      const holds = Math.abs(seconds - expected) <= expected * TOLERANCE
      check(files.name, 'simulated', `${expected.toFixed(1)}s`, `${seconds}s`, holds)
    }
  }
}

/** What any log becomes when it is damaged: a typed error, or a partial application that says so. */
async function checkBroken(files: LogFiles): Promise<void> {
  const whole = fs.readFileSync(path.join(root, files.parts[0]!))
  const broken: Readonly<Record<string, Uint8Array>> = {
    empty: whole.subarray(0, 0),
    'cut after 10 bytes': whole.subarray(0, 10),
    'cut in half': whole.subarray(0, whole.length >> 1),
    'a byte flipped': whole.map((byte, i) => (i === whole.length >> 1 ? byte ^ 0x55 : byte)),
    'not a log': new TextEncoder().encode('<html>nothing here</html>'),
  }
  for (const [what, content] of Object.entries(broken)) {
    const subject = `${files.name}, ${what}`
    const pieces = (async function* () {
      yield content
    })()
    try {
      const { application } = await readEventLog([{ pieces, origin: { subject } }], { subject })
      const harmless = what === 'a byte flipped' || application.partial.length > 0
      check(subject, 'said to be partial', 'yes', 'no', harmless)
    } catch (error) {
      check(subject, 'the error', 'SourceError', String(error), error instanceof SourceError)
    }
  }
}

const keys = fs
  .globSync('**/*', { cwd: root })
  .filter((key) => fs.statSync(path.join(root, key)).isFile())
  .map((key) => key.replaceAll(path.sep, '/'))
for (const files of logFilesOf(keys)) {
  totals.logs += 1
  try {
    await checkLog(files)
    await checkBroken(files)
  } catch (error) {
    const typed = error instanceof SourceError
    check(files.name, 'readable', 'yes', `${typed ? error.reason : 'untyped'}: ${String(error)}`, false)
  }
}
console.log(JSON.stringify(totals))
process.exit(totals.failed === 0 && totals.logs >= Number(values['min-logs'] ?? 1) ? 0 : 1)
