// A configured source, connected: what the loop polls, and what it cost so far.
import type { Collector, Source } from '../collectors/collector.ts'
import { collectors } from '../collectors/index.ts'
import type { SourceConfig } from '../config/config.ts'
import type { Io } from '../io/io.ts'
import type { Millis } from '../model/units.ts'

export interface ConnectedSource {
  readonly name: string
  readonly type: string
  readonly interval: Millis
  readonly poll: PollingSource['poll']
  /** Forgets what it has read: the next poll tells all there is. */
  readonly restart: () => void
  readonly objects: () => { requests: number; bytes: number }
}
type PollingSource = Extract<Source, { mode: 'poll' }>

export function connectSource(block: SourceConfig, io: Io): ConnectedSource {
  const { name, type, every: interval, ...config } = block
  const collector: Collector = collectors.find((one) => one.type === type)!
  const opened: Array<ReturnType<Io['objects']>> = []
  const counted: Io = {
    ...io,
    log: io.log.child({ source: name }),
    objects(location, options) {
      const objects = io.objects(location, options)
      opened.push(objects)
      return objects
    },
  }
  const open = (): PollingSource => {
    const source = collector.connect({ name, every: interval }, config, counted)
    if (source.mode !== 'poll') throw new Error(`the source ${name} of type ${type} is not polled`)
    return source
  }
  let source = open()
  return {
    name,
    type,
    interval,
    poll: (ask) => source.poll(ask),
    restart: () => (source = open()),
    objects: () => ({
      requests: opened.reduce(
        (sum, { counters }) => sum + counters.gets + counters.lists + counters.heads,
        0,
      ),
      bytes: opened.reduce((sum, { counters }) => sum + counters.bytes, 0),
    }),
  }
}
