// Where OTLP goes: what the configuration does not say, the standard OTEL_* environment does.
import type { Secret } from '../model/secret.ts'
import type { Millis } from '../model/units.ts'
import type { Signal } from './figures.ts'

export type Protocol = 'http/protobuf' | 'grpc'

export interface OtlpConfig {
  readonly endpoint?: string | undefined
  readonly headers: Readonly<Record<string, Secret>>
  readonly protocol?: Protocol | undefined
  readonly every?: Millis | undefined
  readonly timeout: Millis
  readonly traces: boolean
  readonly alerts: boolean
  readonly logs: boolean
}

type Environment = Readonly<Record<string, string | undefined>>

/** What is sent where, once configuration and environment are put together; null where nothing is. */
export interface Destination {
  readonly protocol: (signal: Signal) => Protocol
  /** Our series. */
  readonly metrics: boolean
  /** Finished runs. */
  readonly traces: boolean
  /** Alerts that began or ended, as log records, and our own log. */
  readonly alerts: boolean
  readonly logs: boolean
  readonly every: number
  readonly url: (signal: Signal) => string | undefined
  readonly headers: Readonly<Record<string, string>> | undefined
  readonly timeout: number
  /** Unless the environment says how. */
  readonly gzip: (signal: Signal) => boolean
}

const DEFAULT_EVERY_MS = 60_000
const DEFAULT_TIMEOUT_MS = 10_000

export function destinationOf(config: OtlpConfig | undefined, env: Environment): Destination | null {
  if (env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return null
  const wanted = wantedOf(config, env)
  if (!Object.values(wanted).includes(true)) return null
  const protocol = (signal: Signal): Protocol =>
    (config?.protocol ?? said(env, 'PROTOCOL', signal)) === 'grpc' ? 'grpc' : 'http/protobuf'
  const endpoint = config?.endpoint?.replace(/\/+$/, '')
  const headers = Object.entries(config?.headers ?? {}).map(([name, value]) => [name, value.reveal()])
  return {
    ...wanted,
    protocol,
    every: config?.every ?? (Number(env['OTEL_METRIC_EXPORT_INTERVAL']) || DEFAULT_EVERY_MS),
    url: (signal) =>
      endpoint === undefined || protocol(signal) === 'grpc' ? endpoint : `${endpoint}/v1/${signal}`,
    headers: headers.length === 0 ? undefined : Object.fromEntries(headers),
    timeout: config?.timeout ?? (Number(env['OTEL_EXPORTER_OTLP_TIMEOUT']) || DEFAULT_TIMEOUT_MS),
    gzip: (signal) => said(env, 'COMPRESSION', signal) === undefined,
  }
}

/** Of one signal, else of all. */
const said = (env: Environment, name: string, signal: Signal): string | undefined =>
  env[`OTEL_EXPORTER_OTLP_${signal.toUpperCase()}_${name}`] ?? env[`OTEL_EXPORTER_OTLP_${name}`]

function wantedOf(config: OtlpConfig | undefined, env: Environment) {
  const to = (signal: Signal): boolean =>
    (config?.endpoint ?? said(env, 'ENDPOINT', signal)) !== undefined &&
    env[`OTEL_${signal.toUpperCase()}_EXPORTER`]?.trim() !== 'none'
  return {
    metrics: to('metrics'),
    traces: (config?.traces ?? true) && to('traces'),
    alerts: (config?.alerts ?? true) && to('logs'),
    logs: (config?.logs ?? true) && to('logs'),
  }
}
