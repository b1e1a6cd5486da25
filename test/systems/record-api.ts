// Polls a running Airflow or Prefect once and keeps what it answered, redacted, as a fixture:
// node test/systems/record-api.ts airflow|prefect URL OUT [USER PASSWORD]
import fs from 'node:fs'
import process from 'node:process'
import { airflow } from '../../src/collectors/airflow/airflow.ts'
import { prefect } from '../../src/collectors/prefect/prefect.ts'
import { systemClock } from '../../src/io/clock.ts'
import { connect, poll, testIo } from '../collectors/connect.ts'
import { recording } from '../collectors/recorded-http.ts'
import { memory } from '../ledger/memory.ts'
import { printLedger } from '../ledger/print.ts'

const [system, url, out, username, password] = process.argv.slice(2)
const io = testIo()
const { http, exchanges } = recording(io.http)
const auth = username === undefined ? {} : { auth: { username, password: password! } }
const source =
  system === 'airflow'
    ? connect(airflow, { url: url!, ...auth }, { ...io, http })
    : connect(prefect, { url: url! }, { ...io, http })
const known = memory()
known.take(await poll(source, { now: systemClock.now() }))
// Where this checkout lies is nobody's business.
const recorded = JSON.stringify(exchanges, null, 1).replaceAll(
  `${process.cwd()}/test/systems/airflow/dags`,
  '/opt/airflow/dags',
)
fs.writeFileSync(out!, `${recorded}\n`)
process.stdout.write(printLedger(known))
// Connections are kept alive.
process.exit()
