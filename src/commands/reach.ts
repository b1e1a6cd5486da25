// Whether a source or a receiver of a configuration can be reached from here: asked once, nothing recorded, nothing sent.
import net from 'node:net'
import type { Collector } from '../collectors/collector.ts'
import { collectors } from '../collectors/index.ts'
import type { LoadedConfig, SourceConfig } from '../config/config.ts'
import { type Egress, guardedLookup, refuseLiteral } from '../io/egress.ts'
import type { Io } from '../io/io.ts'
import { explainError, reasonOf } from '../model/errors.ts'
import { Secret } from '../model/secret.ts'
import type { Timestamp } from '../model/units.ts'

export interface Finding {
  readonly what: 'source' | 'receiver'
  readonly name: string
  readonly state: 'ok' | 'bad' | 'unknown'
  readonly told: string
}

/** Enough to know that a source answers: a lake of ten thousand tables need not be read. */
const FACTS = 20

export interface Ask {
  readonly now: Timestamp
  readonly signal: AbortSignal
}

export async function reachSource(block: SourceConfig, io: Io, ask: Ask): Promise<Finding> {
  const { name, type, every, ...config } = block
  const finding = (state: Finding['state'], told: string): Finding => ({ what: 'source', name, state, told })
  const collector: Collector = collectors.find((one) => one.type === type)!
  try {
    const source = collector.connect({ name, every }, config, io)
    if (source.mode === 'push') {
      return finding('ok', `is told things at POST ${source.doors.map(({ path }) => path).join(', ')}`)
    }
    let facts = 0
    const problems: string[] = []
    for await (const fact of source.poll({ ...ask, cursor: undefined })) {
      if (fact.kind === 'problem') problems.push(`${fact.subject || name}: ${fact.reason}: ${fact.message}`)
      else facts += 1
      if (facts + problems.length >= FACTS) break
    }
    if (problems.length > 0) return finding('bad', problems.join('\n'))
    return facts === 0 ? finding('unknown', 'answers, and has nothing to tell') : finding('ok', 'answers')
  } catch (error) {
    return finding('bad', `${reasonOf(error)}: ${explainError(error)}`)
  }
}

type Block = LoadedConfig['notify']['receivers'][number]

/** Fields of receivers that name an address over HTTP. */
const URLS = ['url', 'webhook_url', 'api_url']

export async function reachReceiver(block: Block, egress: Egress, signal: AbortSignal): Promise<Finding[]> {
  const integrations = Object.entries(block).flatMap(([key, configs]) =>
    key.endsWith('_configs')
      ? (configs as Array<Record<string, unknown>>).map((config, i) => ({
          name: `${block.name}/${key.slice(0, -'_configs'.length)}[${i}]`,
          config,
        }))
      : [],
  )
  return Promise.all(integrations.map((one) => reachIntegration(one, egress, signal)))
}

/** That somebody takes connections there; whether they like what they are told can only be known by telling. */
async function reachIntegration(
  { name, config }: { name: string; config: Record<string, unknown> },
  egress: Egress,
  signal: AbortSignal,
): Promise<Finding> {
  const finding = (state: Finding['state'], told: string): Finding => ({
    what: 'receiver',
    name,
    state,
    told,
  })
  const url = URLS.map((field) => textOf(config[field])).find((text) => text !== '')
  const address = url === undefined ? textOf(config['smarthost']) : addressOf(url)
  if (address === '') return finding('unknown', 'can only be known by sending')
  try {
    await connects(address, egress, signal)
    return finding('ok', `${address} takes connections`)
  } catch (error) {
    return finding('bad', `${address}: ${explainError(error)}`)
  }
}

function addressOf(url: string): string {
  const { protocol, hostname, port } = new URL(url)
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
}

const textOf = (value: unknown): string =>
  value instanceof Secret
    ? value.reveal()
    : typeof value === 'string'
      ? value
      : value instanceof URL
        ? value.href
        : ''

async function connects(address: string, egress: Egress, signal: AbortSignal): Promise<void> {
  const at = address.lastIndexOf(':')
  const host = address.slice(0, at).replace(/^\[|\]$/g, '')
  // A notification would be refused there: that somebody listens is no answer.
  refuseLiteral(host, egress)
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const port = Number(address.slice(at + 1))
  const socket = net.connect({ host, port, signal, lookup: guardedLookup(egress) })
  socket.once('connect', () => resolve())
  socket.once('error', reject)
  return promise.finally(() => socket.destroy())
}
