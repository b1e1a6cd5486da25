// A configured source, connected: what the loop polls and what it cost so far, or what is told and through which doors.
import type { Collector, Source } from '../collectors/collector.ts'
import { collectors } from '../collectors/index.ts'
import type { SourceConfig } from '../config/config.ts'
import type { Io } from '../io/io.ts'
import type { ObjectCounters } from '../io/object-store.ts'
import type { Millis } from '../model/units.ts'
import { type PushedSource, pushedSource } from './pushed.ts'

export interface PollingSource {
  readonly mode: 'poll'
  readonly name: string
  readonly type: string
  readonly interval: Millis
  readonly poll: Polled['poll']
  /** Forgets what it has read: the next poll tells all there is. */
  readonly restart: () => void
  readonly objects: () => { requests: number; bytes: number }
}
type Polled = Extract<Source, { mode: 'poll' }>

export function connectSource(block: SourceConfig, io: Io): PollingSource | PushedSource {
  const { name, type, every: interval, ...config } = block
  const collector: Collector = collectors.find((one) => one.type === type)!
  const opened: Array<{ readonly counters: Readonly<ObjectCounters> }> = []
  /** What counts nothing but its requests. */
  const services: Array<{ readonly counters: { readonly requests: number } }> = []
  let asked = 0
  let received = 0
  const counted: Io = {
    ...io,
    log: io.log.child({ source: name }),
    async http(request) {
      asked += 1
      const answer = await io.http(request)
      received += answer.body.byteLength
      return answer
    },
    cloudWatch: (options) => noted(services, io.cloudWatch(options)),
    priceList: (options) => noted(services, io.priceList(options)),
    objects: (location, options) => noted(opened, io.objects(location, options)),
    buckets: (options) => noted(opened, io.buckets(options)),
  }
  const open = () => collector.connect({ name, every: interval }, config, counted)
  const first = open()
  if (first.mode === 'push') return pushedSource({ name, type, interval }, first.doors)
  let source: Polled = first
  return {
    mode: 'poll',
    name,
    type,
    interval,
    poll: (ask) => source.poll(ask),
    restart() {
      const again = open()
      if (again.mode === 'poll') source = again
    },
    objects: () => ({
      requests: opened.reduce(
        (sum, { counters }) => sum + counters.gets + counters.lists + counters.heads,
        asked + services.reduce((sum, { counters }) => sum + counters.requests, 0),
      ),
      bytes: opened.reduce((sum, { counters }) => sum + counters.bytes, received),
    }),
  }
}

/** Opened for a source: its counters are read later. */
function noted<T extends C, C>(list: C[], one: T): T {
  list.push(one)
  return one
}
