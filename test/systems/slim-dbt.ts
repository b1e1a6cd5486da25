// Recorded dbt artifacts → fixtures: only what the collector may read, no paths and no environment.
// node test/systems/slim-dbt.ts RECORDED OUT
import fs from 'node:fs'
import path from 'node:path'
import process from 'node:process'

type Json = Record<string, unknown>
const [from, to] = process.argv.slice(2) as [string, string]

const pick = (value: unknown, keys: readonly string[]): Json =>
  Object.fromEntries(Object.entries(value as Json).filter(([key]) => keys.includes(key)))
const each = (value: unknown, slim: (one: Json) => Json): Json =>
  Object.fromEntries(Object.entries(value as Json).map(([key, one]) => [key, slim(one as Json)]))

const NODE = [
  'resource_type',
  'name',
  'database',
  'schema',
  'alias',
  'identifier',
  'tags',
  'owner',
  'depends_on',
]
const TEST = ['attached_node', 'column_name', 'test_metadata']
const RESULT = [
  'unique_id',
  'status',
  'timing',
  'execution_time',
  'adapter_response',
  'message',
  'failures',
].concat(['max_loaded_at', 'snapshotted_at', 'criteria', 'error'])
const slimNode = (node: Json): Json => ({
  ...pick(node, [...NODE, ...TEST]),
  config: pick(node['config'] ?? {}, ['materialized', 'meta', 'severity']),
})

function slim(file: string, json: Json): Json {
  const metadata = pick(json['metadata'], [
    'dbt_schema_version',
    'dbt_version',
    'generated_at',
    'invocation_id',
    'invocation_started_at',
    'project_name',
    'adapter_type',
  ])
  if (file !== 'manifest.json') {
    const results = (json['results'] as Json[]).map((result) => pick(result, RESULT))
    const args = pick(json['args'] ?? {}, ['which', 'select', 'full_refresh'])
    return { ...json, metadata, args, results }
  }
  return {
    metadata,
    nodes: each(json['nodes'], slimNode),
    sources: each(json['sources'], slimNode),
    exposures: each(json['exposures'], slimNode),
    unit_tests: each(json['unit_tests'], slimNode),
  }
}

for (const name of fs.globSync('**/*.json', { cwd: from })) {
  const json = JSON.parse(fs.readFileSync(path.join(from, name), 'utf8')) as Json
  const text = JSON.stringify(slim(path.basename(name), json), null, 1).replaceAll(
    /\/(tmp|root|home)\/[^"\s]*/g,
    '/redacted',
  )
  fs.mkdirSync(path.dirname(path.join(to, name)), { recursive: true })
  fs.writeFileSync(path.join(to, name), `${text}\n`)
}
