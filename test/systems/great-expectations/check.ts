// Great Expectations for real: each expectation is the check it really was. check.ts BIN EXPECTATIONS
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'
import { greatExpectations } from '../../../src/collectors/great-expectations/great-expectations.ts'
import { DAY, timestamp } from '../../../src/model/units.ts'
import { connect, poll } from '../../collectors/connect.ts'
import { memory } from '../../ledger/memory.ts'
import { command, scratch } from '../process.ts'

const [bin, count] = process.argv.slice(2)
const out = scratch('gx')
command(path.join(import.meta.dirname, 'record.sh'), [bin!, out], {})
const known = memory()
known.take(await poll(connect(greatExpectations, { path: out }), { now: timestamp(Date.now() + DAY) }))
const checks = Object.fromEntries(known.facts('check').map((check) => [check.type, check]))
assert.equal(known.facts('check').length, Number(count))
assert.equal(checks['expect_column_values_to_be_unique']?.result, 'pass')
const missing = checks['expect_column_values_to_not_be_null']
assert.equal(missing?.failing, 1)
assert.equal(missing?.result, missing?.severity === 'warn' ? 'warn' : 'fail')
assert.equal(checks['expect_table_row_count_to_be_between']?.observed, '4')
assert.equal(checks['expect_column_min_to_be_between']?.result, Number(count) === 4 ? 'error' : undefined)
fs.rmSync(out, { recursive: true })
console.log(`Great Expectations: ${known.facts('check').length} checks`)
