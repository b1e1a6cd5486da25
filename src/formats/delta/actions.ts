// The actions of a Delta log (protocol, "Actions"): one line of JSON → one of ours, or null for what we do not need.
import {
  type Json,
  type JsonObject,
  type JsonOrigin,
  arrayOf,
  booleanOf,
  isObject,
  numberOf,
  objectOf,
  parseQuickJsonObject,
  stringOf,
} from '../json.ts'
import { SourceError } from '../../model/errors.ts'

export interface DeletionVector {
  /** Storage type, path or inline bytes, and offset: what tells two vectors of one file apart. */
  readonly id: string
  /** Rows it marks as deleted. */
  readonly cardinality: number
}

export interface Add {
  readonly kind: 'add'
  readonly path: string
  readonly partitionValues: Readonly<Record<string, string | null>>
  readonly size: number
  readonly modified: number | null
  readonly dataChange: boolean
  /** As the log has it: a JSON text. */
  readonly stats: string | null
  readonly vector: DeletionVector | null
  readonly tags: JsonObject
}

export interface Remove {
  readonly kind: 'remove'
  readonly path: string
  readonly deleted: number | null
  readonly dataChange: boolean
  readonly size: number | null
  readonly vector: DeletionVector | null
}

export interface Metadata {
  readonly kind: 'metadata'
  readonly tableId: string | null
  /** Empty where the writer left it out (Delta Live Tables do at version 0): the schema is unknown. */
  readonly schemaString: string
  readonly partitionColumns: readonly string[]
  readonly configuration: Readonly<Record<string, string>>
  readonly created: number | null
}

export interface Protocol {
  readonly kind: 'protocol'
  readonly reader: number
  readonly writer: number
  readonly readerFeatures: readonly string[]
  readonly writerFeatures: readonly string[]
}

export interface CommitInfo {
  readonly kind: 'commitInfo'
  readonly timestamp: number | null
  readonly inCommitTimestamp: number | null
  readonly operation: string | null
  readonly parameters: JsonObject
  readonly metrics: JsonObject
  readonly engine: string | null
}

export interface Domain {
  readonly kind: 'domain'
  readonly domain: string
  readonly configuration: string
  readonly removed: boolean
}

export interface Sidecar {
  readonly kind: 'sidecar'
  readonly path: string
  readonly size: number | null
}

export type Action = Add | Remove | Metadata | Protocol | CommitInfo | Domain | Sidecar

/** A line that is not a JSON object with the fields an action must have is corrupt; an action we do not know is null. */
export function readAction(line: string, origin: JsonOrigin): Action | null {
  return actionOf(parseQuickJsonObject(line, origin), origin)
}

function actionOf(line: JsonObject, origin: JsonOrigin): Action | null {
  for (const name in line) {
    const body = line[name]
    // Some writers spell every action in every line, the absent ones as null.
    if (!isObject(body)) continue
    const read = Object.hasOwn(READERS, name) ? READERS[name] : undefined
    if (read !== undefined) return read(body, origin)
  }
  return null
}

const READERS: Readonly<Record<string, (body: JsonObject, origin: JsonOrigin) => Action>> = {
  add: (body, origin) => ({
    kind: 'add',
    path: required(stringOf(body['path']), 'add.path', origin),
    partitionValues: textsOf(body['partitionValues']),
    size: sizeOf(body['size'], origin),
    modified: numberOf(body['modificationTime']),
    dataChange: booleanOf(body['dataChange']) ?? true,
    stats: stringOf(body['stats']),
    vector: vectorOf(body['deletionVector']),
    tags: objectOf(body['tags']),
  }),
  remove: (body, origin) => ({
    kind: 'remove',
    path: required(stringOf(body['path']), 'remove.path', origin),
    deleted: numberOf(body['deletionTimestamp']),
    dataChange: booleanOf(body['dataChange']) ?? true,
    size: numberOf(body['size']),
    vector: vectorOf(body['deletionVector']),
  }),
  metaData: (body) => ({
    kind: 'metadata',
    tableId: stringOf(body['id']),
    schemaString: stringOf(body['schemaString']) ?? '',
    partitionColumns: stringsOf(body['partitionColumns']),
    configuration: configurationOf(body['configuration']),
    created: numberOf(body['createdTime']),
  }),
  protocol: (body, origin) => ({
    kind: 'protocol',
    reader: required(numberOf(body['minReaderVersion']), 'protocol.minReaderVersion', origin),
    writer: required(numberOf(body['minWriterVersion']), 'protocol.minWriterVersion', origin),
    readerFeatures: stringsOf(body['readerFeatures']),
    writerFeatures: stringsOf(body['writerFeatures']),
  }),
  commitInfo: (body) => ({
    kind: 'commitInfo',
    timestamp: numberOf(body['timestamp']),
    inCommitTimestamp: numberOf(body['inCommitTimestamp']),
    operation: stringOf(body['operation']),
    parameters: objectOf(body['operationParameters']),
    metrics: objectOf(body['operationMetrics']),
    engine: stringOf(body['engineInfo']),
  }),
  domainMetadata: (body, origin) => ({
    kind: 'domain',
    domain: required(stringOf(body['domain']), 'domainMetadata.domain', origin),
    configuration: stringOf(body['configuration']) ?? '',
    removed: booleanOf(body['removed']) ?? false,
  }),
  sidecar: (body, origin) => ({
    kind: 'sidecar',
    path: required(stringOf(body['path']), 'sidecar.path', origin),
    size: numberOf(body['sizeInBytes']),
  }),
}

function required<T>(value: T | null, field: string, origin: JsonOrigin): T {
  if (value !== null) return value
  throw new SourceError('corrupt', `${origin.subject}: an action without ${field}`, origin)
}

function sizeOf(value: Json | undefined, origin: JsonOrigin): number {
  const size = required(numberOf(value), 'add.size', origin)
  if (size >= 0) return size
  throw new SourceError('corrupt', `${origin.subject}: add.size is ${size}`, origin)
}

function vectorOf(value: Json | undefined): DeletionVector | null {
  if (!isObject(value)) return null
  return vectorFrom(
    stringOf(value['storageType']) ?? '',
    stringOf(value['pathOrInlineDv']) ?? '',
    numberOf(value['offset']),
    numberOf(value['cardinality']),
  )
}

/** The protocol's unique id of a vector: storage type, path or inline bytes, `@offset` where there is one. */
export function vectorFrom(
  storage: string,
  path: string,
  offset: number | null,
  cardinality: number | null,
): DeletionVector {
  return {
    id: `${storage}${path}${offset === null ? '' : `@${offset}`}`,
    cardinality: cardinality ?? Number.NaN,
  }
}

const stringsOf = (value: Json | undefined): readonly string[] =>
  arrayOf(value).filter((one) => typeof one === 'string')

/** Partition values: the empty string means null, as the protocol says. */
function textsOf(value: Json | undefined): Record<string, string | null> {
  const texts: Record<string, string | null> = {}
  if (!isObject(value)) return texts
  for (const name in value) texts[name] = stringOf(value[name]) || null
  return texts
}

const configurationOf = (value: Json | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(objectOf(value)).flatMap(([key, one]) => (typeof one === 'string' ? [[key, one]] : [])),
  )
