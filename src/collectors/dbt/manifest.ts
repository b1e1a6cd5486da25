// manifest.json → which node is which dataset, what depends on what, what a test is about. Only that is kept of it.
import { type Json, type JsonObject, arrayOf, objectOf, stringOf } from '../../formats/json.ts'
import { type DatasetName, datasetName } from '../../model/dataset.ts'
import type { Fact } from '../../model/facts.ts'
import type { Known } from '../../model/known.ts'
import { edgeOf, jobId } from '../../model/run-facts.ts'
import type { Timestamp } from '../../model/units.ts'
import { uniqueId } from './metadata.ts'

export interface Naming {
  readonly source: string
  /** Of the warehouse's datasets; null: the adapter's type. */
  readonly namespace: Known<string>
  readonly jobNamespace: string
}

export interface Node {
  readonly id: string
  readonly type: string
  readonly name: string
  readonly dataset: DatasetName
  readonly dependsOn: readonly string[]
  readonly owner: Known<string>
  readonly tags: readonly string[]
}

export interface Test {
  readonly name: string
  readonly type: string
  readonly column: Known<string>
  readonly severity: string
  /** The node that it tests. */
  readonly of: Known<string>
  /** Its arguments, for people. */
  readonly expected: Known<string>
}

export interface Manifest {
  readonly project: string
  readonly nodes: ReadonlyMap<string, Node>
  readonly tests: ReadonlyMap<string, Test>
}

const TESTS = new Set(['test', 'unit_test'])
/** Nodes without data of their own. */
const WITHOUT_DATA = new Set(['operation', 'analysis', 'sql_operation', 'rpc', 'documentation'])
const TEXT = 300

export function readManifest(json: JsonObject, naming: Naming): Manifest {
  const metadata = objectOf(json['metadata'])
  const namespace = naming.namespace ?? stringOf(metadata['adapter_type']) ?? 'dbt'
  const nodes = new Map<string, Node>()
  const tests = new Map<string, Test>()
  const groups = ['nodes', 'sources', 'exposures', 'unit_tests'].map((key) => objectOf(json[key]))
  for (const [id, value] of groups.flatMap((group) => Object.entries(group))) {
    const raw = objectOf(value)
    const type = stringOf(raw['resource_type']) ?? uniqueId(id).type
    if (TESTS.has(type)) tests.set(id, testOf(id, raw))
    else if (!WITHOUT_DATA.has(type)) nodes.set(id, nodeOf(id, type, raw, namespace))
  }
  const [first] = nodes.values()
  const project = stringOf(metadata['project_name']) ?? uniqueId(first?.id ?? '').project
  return { project: project || 'dbt', nodes, tests }
}

function nodeOf(id: string, type: string, raw: JsonObject, namespace: string): Node {
  const meta = objectOf(objectOf(raw['config'])['meta'] ?? raw['meta'])
  const owner = objectOf(raw['owner'])
  const relation = ['database', 'schema']
    .map((key) => stringOf(raw[key]))
    .concat(stringOf(raw['identifier']) ?? stringOf(raw['alias']) ?? stringOf(raw['name']))
  const stored = type !== 'exposure' && stringOf(objectOf(raw['config'])['materialized']) !== 'ephemeral'
  return {
    id,
    type,
    name: uniqueId(id).name,
    // What is not stored is known to dbt only.
    dataset: stored
      ? datasetName(namespace, relation.filter((part) => part !== null && part !== '').join('.'))
      : datasetName('dbt', id),
    dependsOn: strings(objectOf(raw['depends_on'])['nodes']),
    owner:
      (stringOf(meta['owner']) ?? stringOf(owner['name']) ?? stringOf(owner['email']))?.slice(0, TEXT) ??
      null,
    tags: strings(raw['tags']).slice(0, 20),
  }
}

function testOf(id: string, raw: JsonObject): Test {
  const metadata = objectOf(raw['test_metadata'])
  const { column_name: _, model: __, ...kwargs } = objectOf(metadata['kwargs'])
  const attached = stringOf(raw['attached_node'])
  const { type, name } = uniqueId(id)
  return {
    name: stringOf(raw['name']) ?? name,
    type: stringOf(metadata['name']) ?? (type === 'unit_test' ? 'unit_test' : 'sql'),
    column: stringOf(raw['column_name']),
    severity: (stringOf(objectOf(raw['config'])['severity']) ?? 'error').toLowerCase().slice(0, 20),
    of: attached ?? strings(objectOf(raw['depends_on'])['nodes'])[0] ?? null,
    expected: Object.keys(kwargs).length === 0 ? null : JSON.stringify(kwargs).slice(0, TEXT),
  }
}

const strings = (list: Json | undefined): string[] =>
  arrayOf(list).filter((one): one is string => typeof one === 'string')

export const nodeJob = ({ jobNamespace }: Naming, node: Node): string => jobId(jobNamespace, node.id)

/** `ref` and `source`: what each node is made of, and what uses it. */
export function* lineageFacts(manifest: Manifest, naming: Naming, at: Timestamp): Generator<Fact> {
  for (const node of manifest.nodes.values()) {
    if (node.dependsOn.length === 0) continue
    const job = nodeJob(naming, node)
    for (const id of node.dependsOn) {
      const upstream = manifest.nodes.get(id)
      if (upstream !== undefined) yield edgeOf(naming.source, 'reads', upstream.dataset.id, job, at)
    }
    if (node.type !== 'exposure') yield edgeOf(naming.source, 'writes', job, node.dataset.id, at)
  }
}
