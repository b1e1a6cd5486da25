// Configuration → what notifications run on: routes, calendars, inhibition, integrations with their connections.
import { createHash } from 'node:crypto'
import type { Egress } from '../io/egress.ts'
import type { HttpClient } from '../io/http.ts'
import type { Log } from '../io/log.ts'
import { REDACTED, Secret } from '../model/secret.ts'
import type { NotifyConfig } from './config.ts'
import type { Integration } from './deliver.ts'
import { type InhibitRule, compileInhibitRule } from './mute.ts'
import { receivers } from './receivers/index.ts'
import type { Receiver, ReceiverIo } from './receivers/receiver.ts'
import type { Wording } from './receivers/wording.ts'
import { type Route, compileRoute } from './route.ts'
import { type TimeIntervals, compileTimeInterval } from './time-interval.ts'

export interface World {
  readonly http: HttpClient
  readonly egress: Egress
  readonly log: Log
  readonly wording: Wording
  readSecret(file: string): string
}

export interface Plan {
  readonly root: Route
  readonly intervals: TimeIntervals
  readonly inhibitRules: readonly InhibitRule[]
  /** By receiver name. */
  readonly integrations: ReadonlyMap<string, readonly Integration[]>
}

export function connect(config: NotifyConfig, world: World): Plan {
  const io: ReceiverIo = { ...world, global: config.global }
  return {
    root: compileRoute(config.route),
    intervals: new Map(
      [...config.mute_time_intervals, ...config.time_intervals].map(({ name, time_intervals }) => [
        name,
        time_intervals.map(compileTimeInterval),
      ]),
    ),
    inhibitRules: config.inhibit_rules.map(compileInhibitRule),
    integrations: new Map(
      config.receivers.map((block) => [
        block.name,
        receivers.flatMap((receiver) => integrationsOf(block, receiver, io)),
      ]),
    ),
  }
}

type Block = NotifyConfig['receivers'][number]

function integrationsOf(block: Block, receiver: Receiver, io: ReceiverIo): Integration[] {
  // The schema of the block was made from the same registry, so these are what the receiver's Config gives.
  const configs = (block[`${receiver.type}_configs`] ?? []) as { send_resolved: boolean }[]
  return configs.map(({ send_resolved: sendResolved, ...config }, i) => ({
    id: `${block.name}/${receiver.type}[${i}]`,
    receiver: block.name,
    key: `${receiver.type}[${i}]`,
    sendResolved,
    send: receiver.connect(config, io),
    config: hashOf(config),
  }))
}

/** Changes when anything changes, secrets included; says nothing about them. */
const hashOf = (config: unknown): string =>
  createHash('sha256')
    .update(
      JSON.stringify(config, (_, value: unknown) =>
        value instanceof Secret ? value.reveal() : value,
      ).replaceAll(REDACTED, ''),
    )
    .digest('hex')
    .slice(0, 16)
