// One dataset, one id: OpenLineage names as producers spell them → the id that the lake collector uses for it.
import { datasetId } from './facts.ts'

/** Systems that fold unquoted names, so that two spellings are one table. */
const UPPER = /^snowflake:/
const LOWER = /^(postgres|redshift|awsathena|trino|hive|unitycatalog):/
/** Stores whose names are paths: partition folders and trailing slashes are no part of a table's name. */
const PATHS = /^(file|s3|gs|abfss|wasbs|hdfs|dbfs)\b/
const PARTITION = /\/[^/=]+=[^/]*(?=\/|$)/g
const NAME_LIMIT = 1_000

export interface DatasetName {
  readonly namespace: string
  readonly name: string
  readonly id: string
}

export function datasetName(rawNamespace: string, rawName: string): DatasetName {
  const namespace = normalNamespace(rawNamespace.slice(0, NAME_LIMIT))
  const name = normalName(namespace, rawName.slice(0, NAME_LIMIT))
  return { namespace, name, id: datasetId(namespace, name) }
}

function normalNamespace(namespace: string): string {
  if (/^file:(\/\/(localhost)?)?\/*$/.test(namespace) || namespace === 'file') return 'file'
  return namespace.replace(/^s3[an]:/, 's3:').replace(/\/+$/, '')
}

function normalName(namespace: string, name: string): string {
  if (PATHS.test(namespace)) {
    const path = name.replace(PARTITION, '').replace(/\/+$/, '')
    return namespace === 'file' ? path : path.replace(/^\/+/, '')
  }
  if (UPPER.test(namespace)) return name.toUpperCase()
  return LOWER.test(namespace) ? name.toLowerCase() : name
}

/** A dataset given as one URI: `s3://lake/gold/orders`, `postgres://db:5432/shop.public.orders`, `file:/data/orders`. */
export function datasetOf(uri: string): DatasetName | undefined {
  const file = /^file:(?:\/\/)?(\/.*)$/.exec(uri)
  if (file) return datasetName('file', file[1]!)
  const parts = /^([a-z][a-z0-9+.-]*:\/\/[^/]+)\/(.+)$/i.exec(uri) ?? /^([a-z][a-z0-9_-]*)\/(.+)$/i.exec(uri)
  return parts ? datasetName(parts[1]!, parts[2]!) : undefined
}
